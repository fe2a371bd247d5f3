"""The kill chains that indicators can refer to, and how people write their phases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from sekoia_cti.indicators.input_errors import InputError

__all__ = ["KILL_CHAINS", "KillChain", "Phase", "known_phase", "phase"]


@dataclass(frozen=True)
class Phase:
    """A phase, by the name that indicators carry and the one that people read."""

    name: str
    display_name: str | None = None


@dataclass(frozen=True)
class KillChain:
    """A kill chain and its phases, as Sekoia lists them (contract, ``GET /kill-chains``)."""

    name: str
    phases: tuple[Phase, ...]
    display_name: str | None = None


def _kill_chain(name: str, display_name: str, phases: str) -> KillChain:
    return KillChain(name, tuple(Phase(phase) for phase in phases.split()), display_name)


KILL_CHAINS = (
    _kill_chain(
        "lockheed-martin-cyber-kill-chain",
        "Lockheed Martin Cyber Kill Chain",
        "reconnaissance weaponization delivery exploitation installation command-and-control actions-on-objectives",
    ),
    _kill_chain(
        "mitre-attack",
        "MITRE ATT&CK",
        "reconnaissance resource-development initial-access execution persistence privilege-escalation defense-evasion "
        "credential-access discovery lateral-movement collection command-and-control exfiltration impact",
    ),
)
"""Kill chains that Sekoia is certain to know; if two have a phase of the same name, the first one is meant."""


def known_phase(text: str, kill_chains: Sequence[KillChain] = KILL_CHAINS) -> tuple[str, str] | None:
    """The names of the kill chain and the phase that ``phase`` or ``kill-chain:phase`` means, or None.

    Args:
        text: Names or display names, in any case, with blanks, underscores or hyphens between their words.
        kill_chains: Where to look; of several phases with this name, the first is meant.

    Raises:
        InputError: A name is missing before or after the colon.
    """
    chain, phase = _split(text)
    for candidate in kill_chains:
        if chain is None or _is_named(candidate, chain):
            for known in candidate.phases:
                if _is_named(known, phase):
                    return candidate.name, known.name
    return None


def phase(text: str, kill_chains: Sequence[KillChain] | None = None) -> tuple[str, str]:
    """The same for a phase that must exist.

    Args:
        text: See :func:`known_phase`.
        kill_chains: All that Sekoia knows; None if it did not list them. Then a kill chain that :data:`KILL_CHAINS` does
            not hold is taken as it is written, in lowercase with hyphens, since Sekoia may know more of them.

    Raises:
        InputError: There is no such phase; the error suggests the nearest names.
    """
    chain, name = _split(text)
    known = (*KILL_CHAINS, *(kill_chains or ()))
    if found := known_phase(text, known):
        return found
    chains = [candidate for candidate in known if chain is None or _is_named(candidate, chain)]
    if not chains and chain is not None:
        if kill_chains is None:
            return _slug(chain), _slug(name)
        near = _nearest(chain, (candidate.name for candidate in known))
        advice = f"; did you mean {near}?" if near else ""
        raise InputError(f"“{text}” is not a kill chain phase, since Sekoia has no such kill chain{advice}")
    near = _nearest(name, (phase.name for candidate in chains for phase in candidate.phases))
    advice = f"did you mean {near}?" if near else "write a phase such as “delivery” or “mitre-attack:impact”"
    raise InputError(f"“{text}” is not a kill chain phase; {advice}")


def _split(text: str) -> tuple[str | None, str]:
    chain, colon, name = (part.strip() for part in text.rpartition(":"))
    if not name or (colon and not _slug(chain)):
        raise InputError(f"“{text}” is not a kill chain phase: write “phase” or “kill-chain:phase”")
    return chain if colon else None, name


def _is_named(known: KillChain | Phase, name: str) -> bool:
    return _slug(name) in (_slug(known.name), _slug(known.display_name or known.name))


_MEANT = {
    **dict.fromkeys(("c2", "c-c", "cnc", "c-and-c", "c2c", "command-control"), "command-and-control"),
    "recon": "reconnaissance",
    "weaponisation": "weaponization",
    "actions-on-objective": "actions-on-objectives",
    "privesc": "privilege-escalation",
    "defence-evasion": "defense-evasion",
    "exfil": "exfiltration",
}
"""What people call phases."""


def _slug(name: str) -> str:
    slug = re.sub(r"[\s_&+-]+", "-", name.lower()).strip("-")
    return _MEANT.get(slug, slug)


def _nearest(name: str, names: Iterable[str]) -> str:
    known = list(dict.fromkeys(names))
    near = get_close_matches(_slug(name), known, n=3, cutoff=0.6)
    return " or ".join(f"“{name}”" for name in near)
