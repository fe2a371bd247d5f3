"""Kill chain phases as people write them."""

from __future__ import annotations

import pytest

from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.indicators.kill_chains import KillChain, Phase, phase

LOCKHEED = "lockheed-martin-cyber-kill-chain"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("delivery", (LOCKHEED, "delivery")),
        ("reconnaissance", (LOCKHEED, "reconnaissance")),
        ("command-and-control", (LOCKHEED, "command-and-control")),
        ("initial-access", ("mitre-attack", "initial-access")),
        ("mitre-attack:command-and-control", ("mitre-attack", "command-and-control")),
        (" Mitre-Attack : Impact ", ("mitre-attack", "impact")),
        ("Command and Control", (LOCKHEED, "command-and-control")),
        ("initial_access", ("mitre-attack", "initial-access")),
        ("mitre-attack:Initial Access", ("mitre-attack", "initial-access")),
        ("MITRE ATT&CK: Resource  Development", ("mitre-attack", "resource-development")),
        ("Lockheed Martin Cyber Kill Chain:delivery", (LOCKHEED, "delivery")),
        ("Diamond Model:infrastructure", ("diamond-model", "infrastructure")),
        ("Recon", (LOCKHEED, "reconnaissance")),
        ("Weaponisation", (LOCKHEED, "weaponization")),
        ("Actions on Objective", (LOCKHEED, "actions-on-objectives")),
        ("privesc", ("mitre-attack", "privilege-escalation")),
        ("mitre-attack:Defence Evasion", ("mitre-attack", "defense-evasion")),
        ("exfil", ("mitre-attack", "exfiltration")),
    ],
)
def test_a_phase_is_found_in_its_kill_chain(text: str, expected: tuple[str, str]) -> None:
    """A name that both kill chains have means Lockheed Martin's; a kill chain that we do not know is taken as written."""
    assert phase(text) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("delivry", "“delivry” is not a kill chain phase; did you mean “delivery” or “discovery”?"),
        ("mitre-attack:delivery", "“mitre-attack:delivery” is not a kill chain phase; did you mean “discovery”?"),
        ("mitre-attack:", "“mitre-attack:” is not a kill chain phase: write “phase” or “kill-chain:phase”"),
        ("-", "“-” is not a kill chain phase; write a phase such as “delivery” or “mitre-attack:impact”"),
        (":impact:", "“:impact:” is not a kill chain phase: write “phase” or “kill-chain:phase”"),
    ],
)
def test_what_is_no_phase_is_refused(text: str, sentence: str) -> None:
    """The refusal names the nearest phases."""
    with pytest.raises(InputError) as caught:
        phase(text)
    assert str(caught.value).startswith(sentence)


OURS = KillChain("our-model", (Phase("p-1", "First Step"), Phase("p-2")), "Our Model")


@pytest.mark.parametrize("text", ["p-1", "First Step", "first_step", "our-model:p-1", "Our Model:First step"])
def test_a_phase_that_only_sekoia_knows(text: str) -> None:
    """Names and display names of Sekoia's own list are understood alike."""
    assert phase(text, [OURS]) == ("our-model", "p-1")


def test_what_is_known_here_is_known_in_any_case() -> None:
    """What Sekoia tells adds to the names, and takes none away."""
    assert phase("delivery", [OURS]) == (LOCKHEED, "delivery")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("p-3", "“p-3” is not a kill chain phase; did you mean “p-2” or “p-1”?"),
        ("delivry", "“delivry” is not a kill chain phase; did you mean “delivery” or “discovery”?"),
        (
            "our-model:delivery",
            "“our-model:delivery” is not a kill chain phase; write a phase such as “delivery” or “mitre-attack:impact”",
        ),
        (
            "our-modl:p-1",
            "“our-modl:p-1” is not a kill chain phase, since Sekoia has no such kill chain; did you mean “our-model”?",
        ),
    ],
)
def test_what_sekoia_does_not_know_is_refused(text: str, sentence: str) -> None:
    """When Sekoia told its kill chains, a kill chain that is not among them is no longer taken as written."""
    with pytest.raises(InputError) as caught:
        phase(text, [OURS])
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "name", ["C2", "c&c", "C & C", "CnC", "Command & Control", "command and control", "Command/Control"]
)
def test_what_people_call_a_phase(name: str) -> None:
    """Command and control has many names."""
    expected = ("lockheed-martin-cyber-kill-chain", "command-and-control")
    assert phase(name.replace("/", " ")) == expected
