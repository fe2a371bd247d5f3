"""One spelling, American, in the code, its comments and the documentation."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT

FOLDERS = ("sekoia_cti", "sandbox", "benchmarks", "examples", "scripts", "tests", "docs")
ENDINGS = {".py", ".md", ".html", ".js", ".css"}
QUOTING = {
    "sekoia_cti/indicators/kill_chains.py",  # what people write
    "tests/indicators/test_kill_chains.py",
    "tests/test_names.py",
    "tests/test_spelling.py",
}
FILES = [
    *ROOT.glob("*.md"),
    *(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")) if path.suffix in ENDINGS),
]
BRITISH = re.compile(
    r"\b(?:\w*(?:colour|behaviour|favour|honour|neighbour|recognis|normalis|organis|serialis|initialis|summaris|synchronis)\w*"
    r"|licence\w*|defence\w*|catalogue\w*|cancelled|labelled|modelled|analysed?|judgement|misspelt|spelt|learnt|whilst"
    r"|afterwards|towards|grey)\b",
    re.IGNORECASE,
)


def test_spelling_is_american() -> None:
    """No British spelling in any file, other than where one is quoted."""
    assert len(FILES) > 100
    found = {
        f"{name}: {match[0]}"
        for path in FILES
        if (name := path.relative_to(ROOT).as_posix()) not in QUOTING and not name.startswith("tests/data/")
        for match in BRITISH.finditer(path.read_text("utf-8"))
    }
    assert not found, f"British spelling: {', '.join(sorted(found))}."


@pytest.mark.parametrize("word", ["behaviour", "Unrecognised", "misspelt", "synchronisation"])
def test_british_words_are_found(word: str) -> None:
    """The rule above can fail."""
    assert BRITISH.search(f"its {word}.")
