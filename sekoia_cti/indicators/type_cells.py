"""What a column of types, or one that says what is for detection, says of the indicator in its row."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from sekoia_cti.indicators.headers import Role

__all__ = ["FLAGS", "not_taken", "withheld"]

FLAGS: tuple[Role, ...] = ("to_ids", "active", "revoked", "status")
"""Roles of columns that say whether an indicator counts."""

_REFERENCES = frozenset("""
    link links reference references externalreference report reporturl source
    lien liens rapport verweis referenz bericht enlace referencia informe collegamento riferimento koppeling
    """.split())

_NOT_TAKEN = re.compile(
    r"""
    filenames? | filepath.* | path | folder.* | process.* | command.* | service.* | scheduledtask.*
    | regkey.* | registry.* | windowsregistrykey.* | mutex.* | mutant | namedpipe | pipe.* | useragent.* | httpmethod | uripath
    | android.* | package.* | app | application.* | bundleid | mobileapp.* | ios
    | cve.* | vulnerability.* | yara.* | sigma.* | snort.* | pattern.* | pdb.* | text | comment | description | other | note
    | port | asn? | autonomoussystem | cidr | network.* | country.*
    | btc | xmr | bitcoin.* | .*wallet.* | cryptocurrency.* | iban | bic | phone.*
    | imphash | ssdeep | tlsh | telfhash | authentihash | ja3.* | jarm.* | x509.* | certificate.* | .*serial.*
    # The same in other tongues.
    | nom(?:de)?fichier | chemin.* | processus | cle(?:de)?registre | commentaire
    | dateiname | dateipfad | prozess | registrierungs.* | kommentar
    | nombre(?:de)?(?:l)?archivo | archivo | ruta.* | proceso | clave(?:de)?registro
    | nomefile | percorso.* | processo | chiave(?:di)?registro | nome(?:do|de)?arquivo | caminho.* | chave(?:do|de)?registro
    | bestandsnaam | bestandspad | registersleutel
    | threatactor | actor | malwaretype | malwarefamily | campaign.* | person.* | username | account.* | identity | tool
    """,
    re.VERBOSE,
).fullmatch
_NO = frozenset("0 0.0 false f no n off non nein falsch faux falso nao não nee".split())
_YES = frozenset("1 1.0 true t yes y on x oui ja wahr vrai si sí sim".split())
_NO_LONGER = frozenset("""
    revoked inactive disabled deleted removed withdrawn retired falsepositive whitelisted allowlisted benign notactive
    revoque revoquee inactif widerrufen inaktiv revocado revocada inactivo inactiva revocato inattivo revogado inativo
    ingetrokken inactief
    """.split())
_BETWEEN = re.compile(r"[\W_]+")


def not_taken(cell: str) -> str | None:
    """Why an indicator of a type is not imported, whatever its value looks like; None when it may be."""
    key = _key(cell)
    if key in _REFERENCES:
        return "reference"
    # MISP's composites, such as filename|sha256, have a value of another type in them.
    if "|" in cell:
        return None
    return "type" if _NOT_TAKEN(key) else None


def withheld(flags: Iterable[tuple[int, Role]], row: Sequence[str]) -> tuple[int, str] | None:
    """The column that says that the indicator of a row does not count, and why; None if none says so.

    Args:
        flags: Columns and their roles, of :data:`FLAGS`.
        row: The cells.
    """
    for at, role in flags:
        if at < len(row) and _says_no(role, row[at]):
            return at, "not for detection" if role == "to_ids" else "revoked or not active, as this cell says"
    return None


def _says_no(role: Role, cell: str) -> bool:
    if role == "status":
        return _key(cell) in _NO_LONGER
    return cell.strip().casefold() in (_YES if role == "revoked" else _NO)


def _key(cell: str) -> str:
    letters = unicodedata.normalize("NFKD", cell)
    return _BETWEEN.sub("", "".join(one for one in letters if not unicodedata.combining(one))).casefold()
