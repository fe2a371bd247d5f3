"""Files of playbooks: how deep they may be nested."""

from pathlib import Path
from typing import Any

import pytest

from sandbox.playbooks.documents import read_yaml_object
from sandbox.playbooks.playbook import DEEPEST, PlaybookError, is_deep, read_json_object


def _nested(levels: int) -> Any:
    """A list in lists."""
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_depth() -> None:
    """As many levels as there may be are not too many, one more is, and a list that holds itself has no end."""
    assert not is_deep(_nested(DEEPEST))
    assert is_deep(_nested(DEEPEST + 1))
    assert is_deep({"a": _nested(5000)})
    endless: list[Any] = []
    endless += [endless, endless]
    assert is_deep(endless)
    assert not is_deep("text")


@pytest.mark.parametrize("levels", [DEEPEST, 100_000])
def test_files_that_are_nested_too_deep(tmp_path: Path, levels: int) -> None:
    """JSON and YAML are refused in a sentence that names the file."""
    (path := tmp_path / "deep.json").write_text('{"a": ' + "[" * levels + "]" * levels + "}")
    for read in (read_json_object, lambda path: read_yaml_object(path, "is empty")):
        with pytest.raises(
            PlaybookError, match=r"deep\.json is nested (too deep to be read|deeper than 100 levels)\.$"
        ):
            read(path)
        if levels > DEEPEST:
            break  # YAML takes a while for it
