"""Undoes what people do to indicators so that nobody clicks on them: ``hxxp://evil[.]example`` is
``http://evil.example``."""

from __future__ import annotations

import re

__all__ = ["STIX_START", "joined", "refang"]

STIX_START = re.compile(r"\[\s*[a-z][a-z0-9-]*:[a-z_][^\s=]*\s*[=!<>A-Z]")
"""How a STIX comparison begins; an IPv6 address in brackets does not."""

_STIX_LITERAL = re.compile(r"(?<==)(\s*')((?:[^'\\]|\\.)*)(?=')")

_DEFANGED_SCHEMES = {
    "http": "hxxp h_tp tttp hxtp htxp hxxtp hxttp httx hxxx htpp h**p h*tp ht*p htt* h__p h--p h-t-t-p "
    "hzzp hyyp hppt ttp meow xxxx xxxp",
    "ftp": "fxp fxxp f*p f**p ftx fxtp f_p",
    "sftp": "sfxp",
    "tcp": "txp t*p",
}
_SCHEMES = {
    written + secure: meant + secure
    for meant, forms in _DEFANGED_SCHEMES.items()
    for written in forms.split()
    for secure in ("", "s")
}
"""The scheme that was meant, by how it is known to be written; what is not here is left as it is."""


def _bracketed(form: str, *, slips: bool = True) -> str:
    # Blanks are bounded: an unbounded run would be scanned anew from each of its blanks.
    inner = rf"\s{{0,3}}(?:{form})\s{{0,3}}"
    # The second bracket behind a colon may be that of an IPv6 address.
    square = rf"\[\[?{inner}\]?\]" if slips else rf"\[\[{inner}\]\]|\[{inner}\]"
    return rf"\s{{0,3}}(?:{square}|\({inner}\)|\{{{inner}\}}|<{inner}>|\[{inner}\)|\({inner}\])\s{{0,3}}"


_DOTS = r"[.]|d[o0]t|point|punkt|punto"
# Also a bracket around a label and its dot, and half a bracket between two letters, which is a slip of the pen.
_DOT = re.compile(
    rf"{_bracketed(_DOTS)}|\[\.(?P<label>[A-Za-z0-9-]{{1,63}})\]|\.\[(?P<after>[A-Za-z0-9-]{{1,63}})\]"
    r"|(?<=[\w-])[\[({]\.(?=\w)|(?<=[\w-])\.[\])}](?=\w)|\\\.",
    re.IGNORECASE,
)
_COLON = re.compile(rf"{_bracketed(':', slips=False)}|(?<=\w)(?:\[:|:\])(?=\w)")
_AT = re.compile(rf"{_bracketed('@|at|arobase|arroba')}|(?<=\w)(?:\[@|@\])(?=\w)", re.IGNORECASE)
_SLASH = re.compile(r"\[/\]|\(/\)|\{/\}|\[/(?=\w)")
_SCHEME = re.compile(
    rf"(?P<name>[A-Za-z](?:[A-Za-z0-9+.*_-]|\[[a-z]\]|\([a-z]\)){{0,24}}|\[h(?:xx|tt)ps?\])"
    rf"(?:(?::|{_COLON.pattern})(?://|{_bracketed('//')}|\[//|/?\[/\]/?(?:\[/\])?)|{_bracketed('://')}|\[:/\]/|\[://)\s{{0,3}}"
)
# One mark too few, the other slash, or two lines in place of marks, where the scheme says that a URL is meant.
_SLIP = re.compile(r"h(?:xx|tt)p(?P<secure>s?)(?::/|//|__|(?P<slashes>:\\\\))(?=[^/\\\s_])", re.IGNORECASE)
_LETTER_MARKS = re.compile(r"[\[\]()]")
# The same in a path, where nothing but these marks can be defanging, and blanks around them are not.
_IN_PATH = re.compile(
    r"[\[({](?P<mark>\.|d[o0]t|/|:|@|at|//|://)[\])}]|(?<=\w)\[\.(?=\w)|\\(?=\.)|\bhxxp(?P<secure>s?)(?=://)",
    re.IGNORECASE,
)
_WORDS = {"dot": ".", "d0t": ".", "at": "@"}
# Words for dots are clear where there are two of them: “quantum dot technology” is none of a name.
_IN_WORDS = re.compile(
    r"[\w.+-]{1,64} {1,3}at {1,3}[\w-]{1,63}(?: {1,3}dot {1,3}[\w-]{1,63}){1,10}"
    r"|[\w-]{1,63}(?: {1,3}dot {1,3}[\w-]{1,63}){2,10}",
    re.IGNORECASE,
)
_WORD_APART = re.compile(r" {1,3}(dot|at) {1,3}", re.IGNORECASE)
_DOTS_APART = re.compile(r"[\w-]{1,63}(?: {1,3}\. {0,3}[\w-]{1,63}){2,10}")

# A host or an address and nothing else. Of brackets only those of an IPv6 literal are left, never a defanged form, so
# that refanging twice is refanging once.
_PLAIN_AUTHORITY = re.compile(
    r"""(?:[^\s\x00-\x20"#$()*,/;<>?\[\\\]^`{|}\x7f]|\[(?=[^\]]*[0-9A-Fa-f:]{2})[0-9A-Fa-f:.]+\])+"""
)

# Nearly all lines of nearly all feeds; the same as the long way, in a third of the time.
_COMMON = re.compile(
    r"(?:(h(?:xx|XX|tt)p)(s?)://)?((?:[A-Za-z0-9_-]++(?:\.|\[(?:\.|dot)\]|\((?:\.|dot)\)|\\\.))++[A-Za-z0-9_-]++)"
    r"((?::[0-9]++)?(?:[/?#].*+)?)",
    re.DOTALL | re.ASCII,
)

_WIDE: dict[int, int | str] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **dict.fromkeys((0x2024, 0x3002, 0xFE52, 0xFF61), "."),
}
_ANY_WIDE = re.compile("[\uff01-\uff5e\u2024\u3002\ufe52\uff61]")
_NEEDS_NO_LOOK = re.compile(r"[^\[\](){}<>\\\uff01-\uff5e\u2024\u3002\ufe52\uff61]*+")


def refang(text: str) -> str:
    """An indicator as it was before it was defanged; text without a defanged indicator is returned unchanged.

    The forms are ``hxxp`` and its kin, ``[.]``, ``[dot]``, ``[:]``, ``[://]``, ``[/]``, ``[@]``, ``[at]`` with any of the
    brackets ``[]``, ``()``, ``{}`` and ``<>``, in any case, half a bracket, a backslash before a dot, and full-width
    characters. They are undone in scheme, host and address; in path and query only of a URL whose host was defanged, since
    they are part of what was seen otherwise. An IPv6 literal keeps its brackets.

    Args:
        text: One indicator, or a STIX comparison, whose values are refanged.
    """
    slip = _SLIP.match(text)
    if slip is None and "://" not in text and _NEEDS_NO_LOOK.fullmatch(text):
        return _closed_up(text) if " " in text else text
    if slip is None and (common := _COMMON.fullmatch(text)):
        name, secure, written, rest = common.groups()
        host = written.replace("[.]", ".")
        if "[" in host or "(" in host or "\\" in host:
            host = _DOT.sub(".", host)
        rest = rest if host == written else _in_path(rest)
        return f"{f'http{secure}://' if name else ''}{host}{rest}"
    if STIX_START.match(text):
        return _STIX_LITERAL.sub(lambda match: match[1] + refang(match[2]), text)
    return _long_way(_narrow(text))


def _closed_up(text: str) -> str:
    """A name or an address whose dots are words, or stand behind a blank; any other text as it is."""
    if _DOTS_APART.fullmatch(text):
        return text.replace(" ", "")
    return _WORD_APART.sub(_word, text) if _IN_WORDS.fullmatch(text) else text


def _word(match: re.Match[str]) -> str:
    return _WORDS[match[1].lower()]


def _long_way(text: str) -> str:
    scheme, start = "", 0
    if match := _SCHEME.match(text):
        name = _LETTER_MARKS.sub("", match["name"])
        scheme = _SCHEMES.get(name.lower(), name) + "://"
        start = match.end()
    elif match := _SLIP.match(text):
        scheme, start = f"http{match['secure']}://", match.end()
        if match["slashes"]:
            text = text.replace("\\", "/")
    slash = _SLASH.search(text, start)
    ends = [at for mark in "/?#" if (at := text.find(mark, start)) >= 0]
    end = min([*ends, slash.start() if slash else len(text)], default=len(text))
    authority, rest = text[start:end], text[end:]
    plain = _AT.sub("@", _COLON.sub(":", _DOT.sub(_dot, authority)))
    if slash and slash.start() == end and (scheme or plain != authority):
        rest = "/" + text[slash.end() :]
    elif plain == authority:
        return scheme + text[start:]
    if not (_PLAIN_AUTHORITY.fullmatch(plain) and ("." in plain or ":" in plain) and any(map(str.isalnum, plain))):
        return scheme + text[start:]  # prose or a file name, where a bracket means itself
    return scheme + plain + _in_path(rest)


def _dot(match: re.Match[str]) -> str:
    return "." + (match["label"] or match["after"] or "")


def _in_path(rest: str) -> str:
    return _IN_PATH.sub(_in_path_mark, rest)


def _in_path_mark(match: re.Match[str]) -> str:
    if (secure := match["secure"]) is not None:
        return f"http{secure}"
    if mark := match["mark"]:
        return _WORDS.get(mark.lower(), mark)
    return "" if match[0] == "\\" else "."


def _narrow(text: str) -> str:
    """Full-width characters and other scripts' full stops in scheme and host as what they stand for."""
    if not _ANY_WIDE.search(text):
        return text
    narrow = text.translate(_WIDE)
    scheme = narrow.find("://")
    end = re.compile(r"[/?#]|\Z").search(narrow, scheme + 3 if scheme >= 0 else 0)
    at = end.start() if end else len(narrow)
    return text if re.search(r"\s", narrow[:at]) else narrow[:at] + text[at:]


_APART = re.compile(
    r"[ \t]{0,3}(?:\[[ ]?(?P<a>[.:@/]|//|://|dot|at)[ ]?\]|\([ ]?(?P<b>[.:@]|dot|at)[ ]?\)|\{[ ]?(?P<c>[.:@]|dot|at)[ ]?\}"
    r"|<(?P<d>[.:@]|dot|at)>)[ \t]{0,3}(?=[\w\[({/:])",
    re.IGNORECASE,
)


def joined(text: str) -> str:
    """A text without blanks in and around defanged marks, which would part a word: ``evil [ . ] example``."""
    return _APART.sub(lambda match: f"[{match['a'] or match['b'] or match['c'] or match['d']}]", text)
