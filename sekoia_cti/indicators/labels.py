"""Removes what people write before a value to say what it is: ``IP:``, ``SHA-256 hash –``, ``[URL]``, ``**C2**:``."""

from __future__ import annotations

import re

__all__ = ["is_disowned", "is_told_apart", "without_label"]

# Whose it is whom no indicator is of.
_DISOWNED = re.compile(
    r"""
    \b(?:not?|non|legit\w*|benign|clean|good|safe|false|allow\w*|white\w*|exclu\w*|ignor\w*|victims?|our|own|internal|sinkholes?
        |(?:name|dns)(?=\ ?servers?)|gateway|abuse)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
# What a hash can be of besides a file. Of an address such words tell what it was seen doing: “SSH scanner”.
_OF_NO_FILE = re.compile(
    r"""
    \b(?:ja[34]\w?|imphash|impfuzzy|icon|favicon|rich|header|cert\w*|tls|ssl|ssh|x509\w*|fingerprints?|thumbprints?
        |authentihash|hassh\w*|jarm|ssdeep|tlsh|pehash|vhash|dkim|commit|serial|guid|uuid|etag|token|key)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"""
    \b(?:references?|refs?|reports?|reporting|blogs?|articles?|advisor\w+|see|via|docs?|documentation|source(?=\ (?:url|link)))\b
    """,
    re.VERBOSE | re.IGNORECASE,
)

_ALGORITHM = r"(?:md5|sha[-_\ ]?(?:2-)?(?:1|256|512))"
# Behind the noun, where the language has it there.
_EVIL = r"(?:malveillante?|malicios[ao]|malign[ao]|dannos[ao]|suspecte?|sospechos[ao]|sospett[ao]|suspeit[ao])"
_KIND = rf"""(?:
    ioc|indicator|observable|value|indicat(?:eur|ore)|indikator|indicador|valeur|wert|valore?
    |(?:ioc|indicator|observable)[\ _-]value
    |ip|ipv4|ipv6|ip[\s-]?v[46]|ip[-_](?:src|dst)(?:\|port)?|ipv[46]-addr|(?:ip[\ _-])?addr(?:ess)?(?:es)?|de?st(?:[_.]ip)?
    |src(?:_ip)?|remote|(?:adresse|direcci[oó]n|indirizzo|endere[cç]o)[\ _]ip|ip[\ -]?(?:adresse|adres|адрес|地址)
    |domain|domain[\ _-]?name|nom\ de\ domaine|domaine|dom(?:ain|äne|aene)|(?:nombre\ de\ )?dom[ií]nio|домен|域名
    |hostname\|port|domain\|ip|filename\|{_ALGORITHM}|fqdn|host|hostname|h[ôo]te|dns\.question\.name
    |url|uri|url\.(?:full|original|domain)|link|lien|enlace
    |e-?mail|e-?mail[\ _-]?(?:addr(?:ess)?(?:es)?|adresse)|email-(?:src|dst)|mail|mailto|courriel|correo|sender|from
    |expéditeur|absender|remitente
    |mac|mac[\ _-]?addr(?:ess)?(?:es)?
    |c2|c&c|cnc|(?:c2|command\ (?:and|&)\ control)(?:\ (?:server|domain|ip|url|address))?|server|serveur
    |(?:destination|dst|dest)[._]?(?:ip|domain|host(?:name)?)?|(?:query|remote|c2)[._]?(?:name|host(?:name)?|ip)
    |file:hashes\.'?{_ALGORITHM}'?
    |(?:file[\ _.-]?)?(?:hash|checksum)(?:[\ _.-]{_ALGORITHM})?|hash(?:wert)?|hachage|empreinte|prüfsumme
    |(?:hash|file)?[\ _]?\(?{_ALGORITHM}\)?(?:[\ _]?(?:hash|sum|hash\ value))?
)"""
_LABEL = re.compile(
    rf"""
    ["'`\[(]?(?:[\w&/-]{{1,20}}\ ){{0,2}}{_KIND}s?(?:\(s\))?(?:\ {_EVIL}s?)?
    (?:\ ?\#?[0-9]{{1,3}}|\ \([^()]{{1,30}}\))?["'`\])]?\ *+(?:[:=：,;|\t]|(?<=\s)[-–—](?=\s)|-{{1,2}}>|=>|→)\s*+
    """,
    re.VERBOSE | re.IGNORECASE,
)
# Without a mark behind it a label needs brackets around it, or no more than one word behind it.
_BARE_LABEL = re.compile(
    rf"""
    [\[(]{_KIND}s?[\])]\s+
    |(?:ioc|ip|ip-dst|ipv[46]|ip\ address|domain(?:\ name)?|fqdn|hostname|ur[li]|c2|c&c|e-?mail|mac)\s+(?=\S+\Z)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_HASH_LABEL = re.compile(
    rf"[\[(]?{_ALGORITHM}[\])]?(?:\s*\([^()]*\)\s*=\s*|\s+|\()(?=[0-9a-f]{{32}})", re.VERBOSE | re.IGNORECASE
)
_HASH_BEHIND = re.compile(r"\W*[0-9A-Fa-f]{32}")
_BOLD_LABEL = re.compile(r"(\*\*|__|[*_])(?P<label>[^*_]{1,40})\1(?P<mark>:?)\s*")


def without_label(text: str) -> str | None:
    """What follows a label; None if no label says that an indicator follows.

    Args:
        text: A clean line or a part of one.
    """
    if bold := _BOLD_LABEL.match(text):
        return f"{bold['label']}{bold['mark']} {text[bold.end():]}"
    for label in (_LABEL, _HASH_LABEL, _BARE_LABEL):
        if (match := label.match(text)) and not is_told_apart(
            match[0], of_hash=_HASH_BEHIND.match(text, match.end()) is not None
        ):
            return text[match.end() :]
    return None


def is_told_apart(words: str, *, of_hash: bool = True) -> bool:
    """Whether words before a value say that it is not an indicator: somebody's own, a reference, or not the hash of a file.

    Args:
        words: What stands before it.
        of_hash: Whether it is a hash.
    """
    return is_disowned(words, of_hash=of_hash) or _REFERENCE.search(words) is not None


def is_disowned(words: str, *, of_hash: bool = True) -> bool:
    """The same for words behind a value, where a reference is one of the value's."""
    return _DISOWNED.search(words) is not None or (of_hash and _OF_NO_FILE.search(words) is not None)
