"""Kill chain phases as people write them."""

from __future__ import annotations

import pytest

from sekoia_cti.indicators.errors import InputError
from sekoia_cti.indicators.kill_chains import phase

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
        ("diamond-model:infrastructure", ("diamond-model", "infrastructure")),
    ],
)
def test_a_phase_is_found_in_its_kill_chain(text: str, expected: tuple[str, str]) -> None:
    """A name that both kill chains have means Lockheed Martin's; a kill chain that we do not know is taken as written."""
    assert phase(text) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("delivry", "“delivry” is no kill chain phase; did you mean “delivery” or “discovery”?"),
        ("mitre-attack:delivery", "“mitre-attack:delivery” is no kill chain phase; did you mean “discovery”?"),
        ("mitre-attack:", "“mitre-attack:” is no kill chain phase; did you mean"),
        (":impact:", "“:impact:” is no kill chain phase: write “phase” or “kill-chain:phase”"),
    ],
)
def test_what_is_no_phase_is_refused(text: str, sentence: str) -> None:
    """The refusal names the nearest phases."""
    with pytest.raises(InputError) as caught:
        phase(text)
    assert str(caught.value).startswith(sentence)
