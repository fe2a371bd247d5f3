"""The kill chains that Sekoia names, and their phases."""

import uuid

__all__ = ["KILL_CHAINS", "find_phase"]

_PHASES = {
    ("lockheed-martin-cyber-kill-chain", "Lockheed Martin Cyber Kill Chain"): (
        "Reconnaissance",
        "Weaponization",
        "Delivery",
        "Exploitation",
        "Installation",
        "Command and Control",
        "Actions on Objectives",
    ),
    ("mitre-attack", "MITRE ATT&CK"): (
        "Reconnaissance",
        "Resource Development",
        "Initial Access",
        "Execution",
        "Persistence",
        "Privilege Escalation",
        "Defense Evasion",
        "Credential Access",
        "Discovery",
        "Lateral Movement",
        "Collection",
        "Command and Control",
        "Exfiltration",
        "Impact",
    ),
}


def _slug(display_name: str) -> str:
    return "-".join(display_name.lower().split())


KILL_CHAINS: list[dict[str, object]] = [
    {
        "id": f"kill-chain--{uuid.uuid5(uuid.NAMESPACE_DNS, name)}",
        "name": name,
        "display_name": display_name,
        "description": f"The phases of {display_name}.",
        "phases": [{"name": _slug(phase), "display_name": phase} for phase in phases],
    }
    for (name, display_name), phases in _PHASES.items()
]

# Lockheed Martin's come last, since they win where both have a phase of that name.
_BY_SLUG = {
    _slug(phase): {"kill_chain_name": name, "phase_name": _slug(phase)}
    for (name, _), phases in reversed(_PHASES.items())
    for phase in phases
}


def find_phase(name: str) -> dict[str, str] | None:
    """The phase of this name or display name, as indicators carry it; None when there is none."""
    return _BY_SLUG.get(_slug(name))
