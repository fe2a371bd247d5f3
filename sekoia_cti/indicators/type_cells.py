"""What a column of types, or a column that says what is for detection, says about the indicator in its row."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from sekoia_cti.indicators.headers import Role

__all__ = ["FLAGS", "is_allowing", "is_flag", "is_harmless", "not_taken", "withheld"]

FLAGS: tuple[Role, ...] = ("to_ids", "active", "revoked", "status", "action")
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
    revoked inactive disabled deleted removed withdrawn retired notactive
    revoque revoquee inactif widerrufen inaktiv revocado revocada inactivo inactiva revocato inattivo revogado inativo
    ingetrokken inactief
    """.split())
_HARMLESS = frozenset("""
    benign clean harmless goodware safe good knowngood legitimate legit trusted nonmalicious notmalicious falsepositive fp
    whitelist whitelisted allowlist allowlisted
    benin benigne legitime inoffensif fauxpositif gutartig harmlos legitim unbedenklich benigno benigna legitimo legitima
    falsopositivo innocuo
    """.split())
_ALLOWING = frozenset("""
    allow allowed permit permitted whitelist whitelisted allowlist allowlisted exclude excluded noaction
    """.split())
_OVER = "revoked or not active, as this cell says"
_BETWEEN = re.compile(r"[\W_]+")


def not_taken(cell: str) -> str | None:
    """Why an indicator of a type is not imported, whatever its value looks like; None if it may be imported."""
    key = _key(cell)
    if key in _REFERENCES:
        return "reference"
    # MISP's composites, such as filename|sha256, have a value of another type in them.
    if "|" in cell:
        return None
    return "type" if _NOT_TAKEN(key) else None


def is_harmless(verdict: str) -> bool:
    """Whether a verdict or a status says that an indicator is not to be blocked, in any of several languages."""
    return _key(verdict) in _HARMLESS


def is_allowing(action: str) -> bool:
    """Whether an action is not to block."""
    return _key(action) in _ALLOWING


def is_flag(role: Role, of: Role | None) -> bool:
    """Whether a column of :data:`FLAGS` says something of the indicators in a column with the other role.

    In a list of indicators an action is what is to be done about them; in a log of addresses, it is what was done.
    """
    return role != "action" or of == "observable"


def withheld(flags: Iterable[tuple[int, Role]], row: Sequence[str]) -> tuple[int, str] | None:
    """The column that says that the indicator of a row does not count, and why; None if none says so.

    Args:
        flags: Columns and their roles, of :data:`FLAGS`.
        row: The cells.
    """
    for at, role in flags:
        if at < len(row) and (why := _why_not(role, row[at])):
            return at, why
    return None


def _why_not(role: Role, cell: str) -> str | None:
    """Why a cell says that the indicator of its row does not count; None if it does not say so."""
    if is_harmless(cell) if role == "status" else role == "action" and is_allowing(cell):
        return "not to be blocked, as this cell says"
    if role in ("status", "action"):
        return _OVER if role == "status" and _key(cell) in _NO_LONGER else None
    if cell.strip().casefold() not in (_YES if role == "revoked" else _NO):
        return None
    return "not for detection" if role == "to_ids" else _OVER


def _key(cell: str) -> str:
    letters = unicodedata.normalize("NFKD", cell)
    return _BETWEEN.sub("", "".join(one for one in letters if not unicodedata.combining(one))).casefold()
