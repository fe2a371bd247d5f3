"""The kill chains that indicators can refer to, and how people write their phases."""

from __future__ import annotations

from difflib import get_close_matches

from sekoia_cti.indicators.errors import InputError

__all__ = ["KILL_CHAINS", "phase"]

KILL_CHAINS = {
    "lockheed-martin-cyber-kill-chain": (
        "reconnaissance",
        "weaponization",
        "delivery",
        "exploitation",
        "installation",
        "command-and-control",
        "actions-on-objectives",
    ),
    "mitre-attack": (
        "reconnaissance",
        "resource-development",
        "initial-access",
        "execution",
        "persistence",
        "privilege-escalation",
        "defense-evasion",
        "credential-access",
        "discovery",
        "lateral-movement",
        "collection",
        "command-and-control",
        "exfiltration",
        "impact",
    ),
}
"""Kill chains and their phases; where two share a bare name, the first is meant. Sekoia knows at least these."""


def phase(text: str) -> tuple[str, str]:
    """The kill chain and the phase that ``phase`` or ``kill-chain:phase`` names.

    A kill chain that this table does not hold is taken as it is written, since Sekoia may know more of them.

    Raises:
        InputError: No such phase; the nearest names are in the sentence.
    """
    chain, colon, name = (part.strip() for part in text.lower().rpartition(":"))
    if colon and chain not in KILL_CHAINS:
        if chain and name:
            return chain, name
        raise InputError(f"“{text}” is no kill chain phase: write “phase” or “kill-chain:phase”")
    chains = [chain] if chain else list(KILL_CHAINS)
    for candidate in chains:
        if name in KILL_CHAINS[candidate]:
            return candidate, name
    known = dict.fromkeys(phase for candidate in chains for phase in KILL_CHAINS[candidate])
    near = get_close_matches(name, known, n=3, cutoff=0.5) or list(known)[:3]
    raise InputError(f"“{text}” is no kill chain phase; did you mean {' or '.join(f'“{name}”' for name in near)}?")
