"""The calls that nothing depends on."""

from __future__ import annotations

from sekoia_cti.client.rest.endpoints import RestClient


def test_kill_chains_are_listed(sekoia: RestClient) -> None:
    """Names and display names of kill chains and phases."""
    lockheed, mitre = sekoia.kill_chains()
    assert (lockheed.name, mitre.display_name) == ("lockheed-martin-cyber-kill-chain", "MITRE ATT&CK")
    assert ("command-and-control", "Command and Control") in [
        (phase.name, phase.display_name) for phase in mitre.phases
    ]
