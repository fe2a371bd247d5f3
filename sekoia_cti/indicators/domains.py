"""Domain names: recognizes them, and knows their suffixes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from unicodedata import category

from publicsuffixlist import PSLFILE

from sekoia_cti.indicators.canonical import name_of
from sekoia_cti.indicators.types import Finding

__all__ = [
    "FILE_EXTENSIONS",
    "LABEL",
    "LONGEST",
    "certain_endings",
    "domain",
    "is_name",
    "suffixes",
    "uncertain_names",
]

LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?+"
"""A label of a canonical name."""

LONGEST = 253
"""Characters that a name may have."""

_SPECIAL_USE = frozenset(
    (
        "example",  # RFC 6761: documentation, and what the tests of others hold
        "test",
        "invalid",
        "localhost",
        "local",  # RFC 6762: multicast DNS, and many a company's internal network
        "onion",  # RFC 7686: leak sites and C2 in Tor
        "alt",  # RFC 9476: names outside of the DNS
        "internal",  # reserved by ICANN in 2024 for internal networks
        "i2p",  # no reservation, but C2 is published under these names: I2P,
        "bit",  # Namecoin,
        "bazar",  # and EmerDNS, which gave a loader its name
    )
)

# Top-level domains that are extensions of files too, where feeds name more files than domains: ``7145-2021.zip`` and
# ``form.zip`` in a published list of Emotet are attachments, ``bins.sh`` and ``libx.so`` are what botnets download.
# Nothing in ``invoice.zip`` tells which it is, so without a hint it is reported instead of guessed. A hint is whatever only a
# domain has: see :func:`_is_surely_domain`. Under .pl, .rs, .md, .cc, .app, .one and .com it is the other way round: next to
# their millions of domains, files with such names do not count.
_ALSO_FILES = frozenset(("zip", "mov", "sh", "py", "so", "cab", "dot"))

# Files of these names lie in every repository; nobody could have a domain of such a name that is worth a mistake.
_FILES = frozenset("""
    readme.md changelog.md license.md contributing.md security.md todo.md code_of_conduct.md
    main.rs lib.rs mod.rs build.rs
    """.split())

_EXTENSIONS = """
    7z ace apk arj asp aspx avi bak bat bin bmp bz2 cfg chm class cmd conf cpl cpp csv dat db deb dll dmg doc docm docx
    dotm dylib elf eml exe gif gz hta htm html ico img ini ipa iso jar jpeg jpg js jse json jsp lnk log lua mht mkv mp3
    mp4 msg msi msp ocx pdf pem php pif png ppam pps ppsx ppt pptm pptx ps1 psm1 pyc pyw rar rb reg rpm rtf scr svg swf sys
    tar tgz tmp txt vbe vbs vhd vhdx war webp wsf wsh xhtml xlam xll xls xlsb xlsm xlsx xml xz yaml yml
"""
FILE_EXTENSIONS = _ALSO_FILES.union(_EXTENSIONS.split())
"""What a file's name ends with; some are top-level domains as well."""


@cache
def suffixes() -> frozenset[str]:
    """ICANN's part of the public suffix list, the last labels of its rules, and the special-use names, in canonical form.

    The data comes with the package, so nothing is fetched. It is read here and not by the package's class, which takes
    ten times as long and answers in microseconds where a set answers in tens of nanoseconds.
    """
    icann = Path(PSLFILE).read_text("utf-8").partition("// ===END ICANN DOMAINS===")[0]
    rules = {line.split()[0] for line in icann.splitlines() if line and not line.startswith(("//", "!"))}
    names = {rule.removeprefix("*.") for rule in rules}
    # Some top-level domains, such as za, have no rule of their own.
    names |= {name.rpartition(".")[2] for name in names}
    return frozenset({name if name.isascii() else name_of(name) for name in names} | _SPECIAL_USE)


@cache
def uncertain_names() -> frozenset[str]:
    """Names that need a closer look although their last label is one of :func:`certain_endings`."""
    return suffixes() | _FILES


@cache
def certain_endings() -> frozenset[str]:
    """Last labels that make a well-formed name a domain without a closer look."""
    return frozenset(name for name in suffixes() if "." not in name) - _ALSO_FILES


_WORD = r"[^\x00-/:-@\[-^`{-\x7f]"  # ASCII letters, digits, underscore; of the others see _belongs_in_name()
_NAME = re.compile(rf"(?:{_WORD}(?:(?:{_WORD}|-){{0,61}}{_WORD})?\.)*{_WORD}(?:(?:{_WORD}|-){{0,61}}{_WORD})?")
_CANONICAL = re.compile(rf"(?:{LABEL}\.)*{LABEL}")
_JOINERS = "\u200c\u200d\u00b7\u30fb"  # without which some scripts cannot be written (RFC 5892)


def is_name(name: str) -> bool:
    """Whether a text can be the name of a host in its canonical form."""
    if len(name) > LONGEST or _NAME.fullmatch(name) is None:
        return False
    if name.isascii():
        return True
    canonical = name_of(name)
    return (
        len(canonical) <= LONGEST and _CANONICAL.fullmatch(canonical) is not None and all(map(_belongs_in_name, name))
    )


def _belongs_in_name(letter: str) -> bool:
    return letter.isascii() or letter in _JOINERS or category(letter)[0] in "LMN" or category(letter) == "So"


def domain(value: str, *, is_host: bool) -> Finding | None:
    """The domain that a text is; a finding without a kind where it could be one, and None where it is not a name at all.

    Args:
        is_host: Whether something besides the value says that it names no file, such as that it was defanged.
    """
    name = value.removesuffix(".")
    if "." not in name or not is_name(name):
        return None
    canonical = name_of(name)
    ending = canonical.rpartition(".")[2]
    if ending not in suffixes():
        return None
    if canonical in suffixes():
        return None, value, "a public suffix, below which anyone can register a domain, not a domain itself", None
    if (ending in _ALSO_FILES or canonical in _FILES) and not (is_host or _is_surely_domain(value, canonical)):
        return (
            None,
            value,
            f"a file name or a domain: to import it as a domain, write it as [.]{ending} or as a URL",
            None,
        )
    return "domain", canonical, canonical, None


def _is_surely_domain(value: str, canonical: str) -> bool:
    """Whether a name that could be a file's has the root's dot, a host's ``www.``, or a registry such as com.py."""
    return (
        value.endswith(".") or canonical.startswith("www.") or any(map(suffixes().__contains__, _parents(canonical)))
    )


def _parents(name: str) -> Iterator[str]:
    _, _, parent = name.partition(".")
    while "." in parent:
        yield parent
        _, _, parent = parent.partition(".")
