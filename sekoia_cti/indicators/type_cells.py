"""What a column of types, or one that says what is for detection, says of the indicator in its row."""

from __future__ import annotations

import re

__all__ = ["is_for_detection", "not_taken"]

_REFERENCES = frozenset("link links reference references externalreference report reporturl source".split())

_NOT_TAKEN = re.compile(
    r"""
    filenames? | filepath.* | path | folder.* | process.* | command.* | service.* | scheduledtask.*
    | regkey.* | registry.* | windowsregistrykey.* | mutex.* | mutant | namedpipe | pipe.* | useragent.* | httpmethod | uripath
    | android.* | package.* | app | application.* | bundleid | mobileapp.* | ios
    | cve.* | vulnerability.* | yara.* | sigma.* | snort.* | pattern.* | pdb.* | text | comment | description | other | note
    | port | asn? | autonomoussystem | cidr | network.* | country.*
    | btc | xmr | bitcoin.* | .*wallet.* | cryptocurrency.* | iban | bic | phone.*
    | imphash | ssdeep | tlsh | telfhash | authentihash | ja3.* | jarm.* | x509.* | certificate.* | .*serial.*
    | threatactor | actor | malwaretype | malwarefamily | campaign.* | person.* | username | account.* | identity | tool
    """,
    re.VERBOSE,
).fullmatch
_NO = frozenset("0 0.0 false no n off non nein falsch faux falso".split())
_BETWEEN = re.compile(r"[\W_]+")


def not_taken(cell: str) -> str | None:
    """Why an indicator of a type is not imported, whatever its value looks like; None when it may be."""
    key = _BETWEEN.sub("", cell).casefold()
    if key in _REFERENCES:
        return "reference"
    # MISP's composites, such as filename|sha256, have a value of another type in them.
    if "|" in cell:
        return None
    return "type" if _NOT_TAKEN(key) else None


def is_for_detection(cell: str) -> bool:
    """Whether a cell of ``to_ids`` does not say that the indicator is for information alone."""
    return cell.strip().casefold() not in _NO
