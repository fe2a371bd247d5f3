"""Formats of blocklists, whose lines name a domain or an address in their own syntax.

They are tried before a line is split: ``0.0.0.0 evil.example`` is one domain, not an address and a domain.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from sekoia_cti.indicators.kinds import is_foreign_kind
from sekoia_cti.indicators.labels import is_told_apart
from sekoia_cti.indicators.recognize import recognize

__all__ = ["Piece", "pieces", "without_wildcard"]

Piece: TypeAlias = tuple[str, str | None]
"""A part of a line that should be one value, and why it is only a part; None if nothing that matters is left out."""

OneLine: TypeAlias = tuple[Piece, ...]
"""What a line names."""

_LONGEST = 1_000
_WILDCARD = "without the wildcard: an indicator is one name"
_WILDCARD_MARK = re.compile(r"[*+]?(?:\.|\[\.\]|\(\.\)|\[dot\])(?=[^\W\d]|\w+[.-]*[^\W\d])")
_RECORD = "only the name of a DNS record"
_LOCAL = frozenset("""
    localhost localhost.localdomain localhost4 localhost4.localdomain4 localhost6 localhost6.localdomain6 local localdomain
    broadcasthost loopback 0.0.0.0 127.0.0.1 ip6-localhost ip6-loopback ip6-localnet ip6-mcastprefix ip6-allnodes
    ip6-allrouters ip6-allhosts
    """.split())
_SINK = (
    r"(?:0(?:\.0\.0\.0)?|127(?:\.[0-9]{1,3}){3}|255\.255\.255\.255|\[?(?:0{0,4}:){2,7}0{0,3}[01]?\]?"
    r"|::ffff:(?:0\.0\.0\.0|127\.0\.0\.1)|fe80::1%\w+|f[ef]0[0-2]::[0-3])"
)
_NAME = r"[^\s/|^$\"',;()#]+"
_TTL = r"(?:[0-9]+[smhdw]?\s+)?(?:IN\s+)?(?:[0-9]+\s+)?"


def pieces(line: str) -> OneLine | None:
    """The names in a line of a blocklist, none if the line contains a comment or a local name; None if it is not such
    a line.

    Understood are hosts files, filter lists (Adblock Plus), dnsmasq, unbound, BIND and response policy zones, wildcards, rules of
    firewalls and servers that deny something, Tor's list of exits, Sysmon's hashes, and MISP's composites (``domain|ip``).

    Args:
        line: The line, without surrounding whitespace.
    """
    if len(line) > _LONGEST:
        return None
    for pattern, read in _FORMATS:
        if (match := pattern.fullmatch(line)) and (found := read(match)) is not None:
            return found
    return None


def without_wildcard(name: str) -> Piece:
    """The name that a wildcard covers with everything below it, defanged or not; a text without a wildcard is returned
    unchanged."""
    wildcard = _WILDCARD_MARK.match(name)
    return (name[wildcard.end() :], _WILDCARD) if wildcard else (name, None)


def _hosts(match: re.Match[str]) -> OneLine | None:
    names = match["names"].split()
    kept = [name for name in names if name.lower() not in _LOCAL]
    if any("." in name.strip(".") for name in kept):
        return tuple(map(without_wildcard, kept))
    # A machine's own name; but “127.0.0.1 is loopback” is not a line of a hosts file.
    return () if len(names) == 1 or (names and names[0].lower() in _LOCAL) else None


def _suffix(match: re.Match[str]) -> OneLine:
    return ((match["name"], _WILDCARD),)


def _filter(match: re.Match[str]) -> OneLine:
    return (without_wildcard(match["name"]),)


def _allowed(match: re.Match[str]) -> OneLine:
    return ((f"@@{match['name'].removesuffix('.')}", None),)


def _several(match: re.Match[str]) -> OneLine:
    return tuple(map(without_wildcard, filter(None, match["names"].split("/"))))


def _zone(match: re.Match[str]) -> OneLine | None:
    name, target = match["name"].removesuffix("."), match["target"] or ""
    if "." not in name.removeprefix("*."):
        return None
    if target.lower().startswith("rpz-passthru"):
        return _allowed(match)
    if trigger := re.fullmatch(r"(.+)\.rpz-(?:ip|nsip)", name, re.IGNORECASE):
        return _trigger(trigger[1])
    found, why = without_wildcard(name)
    is_policy = not match["address"] or re.fullmatch(_SINK, match["address"])
    return ((found, why or (None if is_policy else _RECORD)),)


def _trigger(name: str) -> OneLine:
    """The address of a trigger: ``32.1.2.0.192`` is 192.0.2.1, ``128.1.zz.db8.2001`` is 2001:db8::1."""
    length, *parts = name.split(".")
    parts.reverse()
    address = ".".join(parts) if len(parts) == 4 and "zz" not in parts else ":".join(parts).replace("zz", "")
    address = f":{address}" if parts[:1] == ["zz"] else address
    return ((f"{address}/{length}" if length not in ("32", "128") else address, None),)


def _composite(match: re.Match[str]) -> OneLine:
    return ((match["kept"], f"without what is joined to it, “{match['rest'][:60]}”"),)


def _file_composite(match: re.Match[str]) -> OneLine | None:
    # A domain and a hash are two values, and “imphash|…” is not a hash of a file.
    if is_foreign_kind(match["rest"].strip()) or is_told_apart(match["rest"]):
        return None
    return None if recognize(match["rest"], may_be_defanged=True)[0] else _composite(match)


def _firewall(match: re.Match[str]) -> OneLine | None:
    """The one address of a rule of iptables, if the rule drops what it matches."""
    addresses = _RULE_ADDRESS.findall(match["rule"])
    return ((addresses[0], None),) if len(addresses) == 1 and _RULE_DROPS.search(match["rule"]) else None


def _in_set(match: re.Match[str]) -> OneLine | None:
    return None if is_told_apart(match["set"].replace("_", " ").replace("-", " ")) else ((match["name"], None),)


def _hash_fields(match: re.Match[str]) -> OneLine | None:
    """The hashes of one file, without those of something else."""
    fields = [field.partition("=") for field in match["fields"].split(",")]
    hashes = [value for name, _, value in fields if not is_foreign_kind(name)]
    others = [name for name, _, _ in fields if is_foreign_kind(name)]
    why = f"without its {' and '.join(others)}, which is not a hash of the file" if others else None
    return ((",".join(hashes), why),) if hashes else None


def _nothing(_: re.Match[str]) -> OneLine:
    return ()


_HASH = r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})"
_DOT = r"(?:\.|\[\.\]|\(\.\)|\[dot\])"
_QUAD = rf"[0-9]{{1,3}}(?:{_DOT}[0-9]{{1,3}}){{3}}"
_IPV6 = "[0-9a-f]{0,4}:[0-9a-f:.]{1,44}"
_HOST = rf"[\w-]+(?:{_DOT}[\w-]+)+"
_ADDRESS = rf"(?:{_QUAD}|{_IPV6})(?:/[0-9]{{1,3}})?"
_RULE_ADDRESS = re.compile(
    rf"(?:\s|\A)(?:-[sd]|--s(?:ou)?rc(?:e)?|--de?st(?:ination)?)\s+({_ADDRESS})(?=\s|\Z)", re.IGNORECASE
)
_RULE_DROPS = re.compile(r"\s-(?:j|-jump)\s+(?:DROP|REJECT|TARPIT)\b")
_DAY_AND_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}\s[0-9:]{8}"
_TARGET = (
    rf"(?-i:A)\s+(?P<address>{_QUAD})|(?-i:AAAA)\s+{_IPV6}|(?-i:TXT)\s+\S.*"
    r"|(?-i:CNAME|cname|DNAME)\s+(?P<target>[^\s;\"']+)"
)
_FORMATS: list[tuple[re.Pattern[str], Callable[[re.Match[str]], OneLine | None]]] = [
    (re.compile(pattern, re.IGNORECASE), read)
    for pattern, read in (
        # Hosts files
        (rf"{_SINK}\s+(?P<names>(?![\[({{<])[^#;]*)(?:[#;].*)?", _hosts),
        # Filter lists, whose comments begin with an exclamation mark
        (r"!(?:[\s#!+-].*|\w+:.*|)|\[(?:Adblock|uBlock|AdGuard)[^\]]*\]", _nothing),
        (r"\|\|(?P<name>[^|^$]+)\^?\|?\$(?:.*,)?badfilter(?:,.*)?", _allowed),
        (rf"\|\|(?P<name>{_HOST}(?=:)|{_NAME})(?::[0-9]{{1,5}})?\^?\|?(?:\$.*)?", _filter),
        (r"@@(?P<name>.+)", _allowed),
        (r"\|(?P<name>https?://[^|^]+)\^?\|?", _filter),
        # dnsmasq
        (rf"(?:address|server|local|ipset|nftset)=/(?P<names>(?:{_NAME}/)+)[^/]*", _several),
        (rf"bogus-nxdomain=(?P<name>{_NAME})", _filter),
        # unbound
        (
            rf"local-zone:\s*[\"']?(?P<name>{_NAME}?)\.?[\"']?\s+(?:always_)?(?:type)?(?:transparent|nodefault)\s*(?:#.*)?",
            _allowed,
        ),
        (rf"local-zone:\s*[\"']?(?P<name>{_NAME}?)\.?[\"']?(?:\s+\w+)?\s*(?:#.*)?", _filter),
        (rf"local-data:\s*[\"'](?P<name>{_NAME})\s+{_TTL}(?:{_TARGET})[\"']\s*(?:#.*)?", _zone),
        (r"(?:server|forward-zone|auth-zone|rpz|view|payload):|local-data-ptr:.*", _nothing),
        # BIND, and zones of policies
        (rf"zone\s+\"(?P<name>{_NAME}?)\.?\"\s*(?:IN\s*)?\{{.*", _filter),
        (rf"\$(?:TTL|ORIGIN|INCLUDE)\s.*|@?\s*{_TTL}(?-i:SOA|NS)\s+\S+\.(?:\s.*)?", _nothing),
        (r"[0-9]+[smhdw]?\s*(?:\)|;\s*(?:serial|refresh|retry|expir|minimum|negative|ttl).*|\)\s*;.*)|\)", _nothing),
        (rf"(?P<name>(?:\*\.)?{_NAME})\s+{_TTL}(?:{_TARGET})(?:\s*;.*)?", _zone),
        # Wildcards
        (rf"(?:\*|https?)://(?P<name>\*\.{_HOST})(?:/\*?)?", _filter),
        # Rules of proxies, such as Clash, Surge and V2Ray
        (rf"full:(?P<name>{_HOST})(?::@\w+)*", _filter),
        (rf"(?-i:DOMAIN|HOST)-SUFFIX,\s*(?P<name>{_NAME})(?:,.*)?", _suffix),
        (
            r"(?-i:DOMAIN|HOST|IP-CIDR6?|IP6-CIDR),\s*(?P<name>[^\s,]+)(?:,\s*(?:REJECT[\w-]*|DIRECT|PROXY|no-resolve))*",
            _filter,
        ),
        # Firewalls and servers: rules of nginx, Apache, ufw, Cisco, iptables, ipset and Postfix
        (
            r"(?:access-list\s+\S+\s+)?(?:ufw\s+)?(?:deny|block|drop|reject|ban):?\s+"
            r"(?:(?:from|to|in|out|ip|host|any|drop|quick|log)\s+){0,6}"
            rf"(?P<name>{_ADDRESS}|{_HOST})(?:\s+(?:to\s+)?any)?;?",
            _filter,
        ),
        (rf"Require\s+not\s+(?:ip|host)\s+(?P<name>{_ADDRESS}|{_HOST})", _filter),
        (r"(?:sudo\s+)?(?:ip6?tables\s+|(?=-[AI]\s))(?P<rule>.+)", _firewall),
        (
            rf"(?:ipset\s+)?add\s+(?P<set>[\w.-]+)\s+(?P<name>{_ADDRESS})(?:\s+(?:timeout|comment|-exist)\b.*)?",
            _in_set,
        ),
        (r"(?:ipset\s+)?create\s+\S+\s+hash:\S+(?:\s.*)?", _nothing),
        (rf"(?P<name>{_ADDRESS}|{_HOST}|[\w.+-]+@{_HOST})\s+(?-i:REJECT|DISCARD|DENY|DROP)(?:\s.*)?", _filter),
        # Tor's list of exits
        (rf"ExitAddress\s+(?P<name>{_ADDRESS})\s+{_DAY_AND_TIME}", _filter),
        (rf"ExitNode\s+[0-9A-F]{{40}}|(?:Published|LastStatus)\s+{_DAY_AND_TIME}", _nothing),
        # Sysmon's hashes
        (rf"(?:Hashes\s*[:=]\s*)?(?P<fields>\w+={_HASH}(?:,\w+={_HASH})+)", _hash_fields),
        # MISP: filename|hash, ip|port, hostname|port, domain|ip
        (rf"(?!{_HASH}\||{_QUAD}\|)(?P<rest>[^|]+)\|(?P<kept>{_HASH})", _file_composite),
        (rf"(?P<kept>{_HOST}|{_IPV6})\|(?P<rest>[0-9]{{1,5}})", _composite),
        (rf"(?!{_QUAD}\|)(?P<kept>{_HOST})\|(?P<rest>{_QUAD}|{_IPV6})", _composite),
    )
]
