"""What Hypothesis makes: valid indicators and how people defang them, and text that looks like either."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv6Address

from hypothesis import strategies as st

__all__ = ["decorated", "defanged", "hash_lines", "text_like_indicators", "usually_defanged"]

_DOTS = (".", "[.]", "(.)", "{.}", "[dot]", "(dot)", "{DOT}", "[ dot ]", " [.] ", " (dot) ", "\\.")
_COLONS = (":", "[:]", "(:)", "{:}", " [:] ")
_ATS = ("@", "[@]", "(at)", "{AT}", "[ at ]", " [at] ")
_SCHEMES = {
    "http": ("http", "hxxp", "hXXp", "HXXP"),
    "https": ("https", "hxxps", "hXXps", "HxXpS"),
    "ftp": ("ftp", "fxp", "FXP"),
}
_SEPARATORS = ("://", "[://]", "[:]//", "(:)//", "{://}")
_LABEL = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,8}[a-z0-9_])?", fullmatch=True)
_LOCAL = st.from_regex(r"[a-z0-9][a-z0-9_+-]{0,8}(\.[a-z0-9_+-]{1,8})?", fullmatch=True)
_PATH = st.from_regex(r"([/?#][a-z0-9.:@/?=&%-]{0,20}[a-z0-9/])?", fullmatch=True)

_NAMES = st.tuples(_LABEL, st.sampled_from(["example", "example.com", "a.test", "example.co.uk"])).map(".".join)
_IPV4 = st.integers(1, 254).map(lambda number: f"203.0.113.{number}")
_IPV6 = st.integers(1, 2**96 - 1).map(lambda number: str(IPv6Address((0x20010DB8 << 96) + number)))
_KINDS = ("domain", "ipv4", "ipv6", "email", "url")

_FRAGMENTS = (
    *"ab.:/\\@[](){}<>'\"`,;#*-•– 1\t\n\u00a0\u200b\u200d",
    *("[.]", "(dot)", "[:]", "[at]", "hxxp", "://", "evil", ".example", ".zip", "192.0.2.1", "2001:db8::", "0" * 32),
    *("1" * 40, "[url:value = '", "' OR ", "']", " # ", " // ", "1. ", "- "),
)


def text_like_indicators() -> st.SearchStrategy[str]:
    """Text of pieces of indicators, of their defanged forms, and of what is written around them."""
    return st.lists(st.sampled_from(_FRAGMENTS), max_size=12).map("".join)


@st.composite
def defanged(draw: st.DrawFn, kinds: Sequence[str] = _KINDS) -> tuple[str, str]:
    """A valid indicator, and how someone may have written it: each mark in a form of its own, or as it is."""

    def written(text: str) -> str:
        forms = {".": _DOTS, ":": _COLONS}
        return re.sub("[.:]", lambda mark: draw(st.sampled_from(forms[mark[0]])), text)

    kind = draw(st.sampled_from(kinds))
    if kind == "domain" or kind == "ipv4" or kind == "ipv6":
        value = draw({"domain": _NAMES, "ipv4": _IPV4, "ipv6": _IPV6}[kind])
        return value, written(value)
    if kind == "email":
        local, domain = draw(_LOCAL), draw(_NAMES)
        return f"{local}@{domain}", written(local) + draw(st.sampled_from(_ATS)) + written(domain)
    scheme = draw(st.sampled_from(sorted(_SCHEMES)))
    host = draw(_NAMES | _IPV4 | _IPV6.map(lambda address: f"[{address}]"))
    host += draw(st.sampled_from(["", ":8080"]))
    path = draw(_PATH)
    start = draw(st.sampled_from(_SCHEMES[scheme])) + draw(st.sampled_from(_SEPARATORS))
    return f"{scheme}://{host}{path}", f"{start}{written(host)}{path}"


@st.composite
def usually_defanged(draw: st.DrawFn) -> str:
    """A domain, an address or a URL in the forms that most feeds have, or nearly so."""
    name = draw(_NAMES | _IPV4 | st.sampled_from(["co.uk", "invoice.zip", "a.nosuchtld", "-a.example", "192.0.2.256"]))
    host = re.sub("[.]", lambda _: draw(st.sampled_from([".", "[.]"])), name)
    scheme = draw(st.sampled_from(["", "hxxp://", "hxxps://", "hXXp://", "http://", "https://", "HXXP://", "ftp://"]))
    return (
        scheme
        + host
        + draw(st.sampled_from(["", ":8080", ":80800"]))
        + draw(_PATH)
        + draw(st.sampled_from(["", "", ","]))
    )


@st.composite
def hash_lines(draw: st.DrawFn) -> str:
    """The hashes of one file, or nearly so, with all that can stand between them and behind them."""
    sizes = draw(st.permutations([32, 40, 64, 128]))[: draw(st.integers(1, 4))]
    odd = draw(st.sampled_from([None, None, None, 4, 24, 31, 33, 40, 96]))
    words = [draw(st.sampled_from("0aF")) * size for size in ([*sizes, odd] if odd else sizes)]
    marks = st.sampled_from([" ", ",", ";", "|", ", ", " | ", "  ", ",,", "\t", "-"])
    return (
        "".join(word + draw(marks) for word in words[:-1]) + words[-1] + draw(st.sampled_from(["", "", "", "|", " "]))
    )


_BULLETS = (
    "",
    "- ",
    "* ",
    "+ ",
    "• ",
    "1. ",
    "12) ",
    "(3) ",
    "> ",
    "- [ ] ",
    "→ ",
    "☠ ",
    "🔴 ",
    "§ ",
    "•",
    "[4] ",
    "7: ",
)
_LABELS = {
    "domain": (
        "Domain: ",
        "domain - ",
        "FQDN = ",
        "C2: ",
        "**Domain:** ",
        "Nom de domaine : ",
        '"domain": ',
        "[Domain] ",
        "Domain #2: ",
    ),
    "ipv4": (
        "IP: ",
        "IPv4 - ",
        "IP Address = ",
        "C&C: ",
        "**IP**: ",
        "Adresse IP : ",
        "ip-dst: ",
        "(IP) ",
        "IP-Adresse: ",
    ),
    "ipv6": ("IP: ", "IPv6: ", "Remote address: "),
    "email": ("Email: ", "Sender: ", "From: "),
    "url": ("URL: ", "url - ", "Download URL: ", "Link: "),
    "hash": ("SHA256: ", "MD5=", "sha1 - ", "File hash: ", "SHA-256 -> "),
}
_WRAPPINGS = (
    "{}",
    '"{}"',
    "'{}'",
    "`{}`",
    "“{}”",
    "«{}»",
    "({})",
    "[{}]",
    "<{}>",
    "**{}**",
    "({}).",
    "{},",
    "{};",
    "<b>{}</b>",
    "「{}」",
    '"{}',
    "{})",
    "<td class='ioc'>{}</td>",
)
_NOTES = (
    "",
    "\tC2",
    "  C2",
    " - C2",
    " – seen in May",
    " (phish)",
    "; relay",
    " ― relay",
    " # a comment",
    " // a comment",
)
_LINES = {
    "domain": (
        "0.0.0.0 {}",
        "127.0.0.1\t{}",
        ":: {}",
        "||{}^",
        "*.{}",
        ".{}",
        "address=/{}/0.0.0.0",
        "{} CNAME .",
        "{}:8443",
        "*.{} - C2",
        "::0 {}",
        "{}|443",
    ),
    "ipv4": ("{}:8080", "{}:80,443", "{}/", "{}|443", "{}/32", "{},C2", "{} → C2", "{} port 443", "||{}^"),
    "ipv6": ("[{}]:443", "{}|443", "{}/128"),
    "hash": ("{}  invoice.exe", "{} *invoice.exe", "invoice.exe|{}", "invoice.exe: {}", "SHA256(invoice.exe)= {}"),
}


@st.composite
def decorated(draw: st.DrawFn) -> tuple[str, str]:
    """A valid indicator in canonical form, and how a list or a person may have written it, defanged or not."""
    kind = draw(st.sampled_from(sorted(_LABELS)))
    if kind == "hash":
        value = draw(
            st.sampled_from([32, 40, 64, 128]).flatmap(
                lambda size: st.text("0123456789abcdef", min_size=size, max_size=size)
            )
        )
        written = draw(st.sampled_from([value, value.upper()]))
    else:
        value, written = draw(defanged([kind]))
        if draw(st.booleans()):
            written = value
    if kind in _LINES and draw(st.booleans()):
        # The formats of lists have values in them as they are.
        return value, draw(st.sampled_from(_LINES[kind])).format(value)
    inner = draw(st.sampled_from(_WRAPPINGS)).format(written)
    label = draw(st.sampled_from(("", *_LABELS[kind])))
    note = draw(st.sampled_from(_NOTES)) if inner == written else ""
    return value, draw(st.sampled_from(_BULLETS)) + label + inner + note
