"""URLs: recognizes them, and brings them into canonical form."""

from __future__ import annotations

import re

from sekoia_cti.indicators.addresses import IPV4, ipv6
from sekoia_cti.indicators.canonical import escaped, name_of
from sekoia_cti.indicators.domains import is_name
from sekoia_cti.indicators.types import Finding

__all__ = ["url"]

_SCHEMES = frozenset("""
    http https ftp ftps sftp tftp scp ssh telnet tcp udp tls ssl dtls quic ws wss
    file smb cifs nfs afp webdav webdavs dav davs rsync git svn cvs ldap ldaps kerberos
    smtp smtps imap imaps pop pop3 pop3s nntp news irc ircs irc6 xmpp sip sips rtsp rtmp rtmps rtmpe mms rtp
    rdp vnc socks socks4 socks4a socks5 socks5h proxy ss ssr trojan vmess vless hysteria hysteria2 tuic wireguard openvpn
    dns doh dot mqtt mqtts amqp amqps coap coaps redis rediss mysql postgres postgresql mongodb mongodb+srv jdbc
    rmi iiop corba gopher finger dict magnet ed2k torrent tor ipfs ipns stratum stratum+tcp stratum+ssl stratum+tls
    git+ssh git+https svn+ssh http+unix view-source ms-appinstaller search-ms android-app feed whois
    """.split())
"""The schemes of URLs on the Internet and in malware. Any other word may be an unknown way of defanging."""

_START = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*+://")
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*+)://(?P<user>[^/?#]*@)?(?P<host>\[[^\]/?#]*\]|[^/?#:@\[\]]*)"
    r"(?::(?P<port>[0-9]*))?(?P<rest>[/?#].*)?",
    re.DOTALL,
)
_BLANK = re.compile(r"[\s\x00-\x1f\x7f]")
# Quotes, a colon, and marks of Markdown, tables and lists, which end no path.
_MARKS_AFTER = re.compile(r"(?:[\"<>`^|\\”’»›…:]|\*\*)+\Z")
# The end of a tag of pages and feeds around it.
_TAG_AFTER = re.compile(r"</(?:a|b|i|p|li|td|em|code|span|strong|div|url|link|loc|item|value)>?\Z", re.IGNORECASE)
_NUMBER_HOST = re.compile(r"[0-9]{1,10}|0x[0-9A-Fa-f]{1,8}")  # an IPv4 address as one number, which browsers take
_ADDRESS = re.compile(IPV4)


def url(value: str) -> Finding | None:
    """The URL that a text is; a finding without a kind if it begins like one but cannot be used."""
    start = _START.match(value)
    if start is None:
        return None
    if _BLANK.search(value):
        return None, value, "a URL with spaces in it", None
    if start[0][:-3].lower() not in _SCHEMES:
        return None, value, f"a URL with an unknown scheme, “{start[0]}”", None
    meant, why = _without_punctuation(value)
    match = _URL.fullmatch(meant)
    host = _host(match["host"]) if match else None
    if match is None or host is None:
        return None, value, "a URL without a valid host", None
    port = match["port"]
    if port and (len(port) > 5 or int(port) > 65_535):
        return None, value, "a URL with an invalid port", None
    sent = f"{match['scheme'].lower()}://{match['user'] or ''}{host}{meant[match.end('host') :]}"
    return "url", sent, escaped(sent), why


def _without_punctuation(value: str) -> tuple[str, str | None]:
    """The URL without what ends a sentence or a bracket around it, which is not part of a published path."""
    if (bare := _TAG_AFTER.sub("", value)) != value:
        return _without_punctuation(bare)[0], "without the tag after it"
    if value.endswith((".", "!")) and "/" in value[8:]:
        return _without_punctuation(value.rstrip(".!"))[0], "without the punctuation after it"
    if (bare := _MARKS_AFTER.sub("", value)) != value:
        return _without_punctuation(bare)[0], "without the punctuation after it"
    for closing, opening in (")", "("), ("]", "["), ("}", "{"):
        if value.endswith(closing) and opening not in value:
            return _without_punctuation(value.removesuffix(closing))[0], "without the bracket after it"
    return value, None


def _host(host: str) -> str | None:
    """The canonical form of a URL's host; None if it is not a host."""
    if host.startswith("["):
        found = ipv6(host)
        return f"[{found[1]}]" if found and found[0] else None
    name = host.removesuffix(".")
    if _ADDRESS.fullmatch(name) or _NUMBER_HOST.fullmatch(name):
        return host.lower()
    if not is_name(name) or name.rpartition(".")[2].isdigit():
        return None
    return name_of(name) + host[len(name) :]
