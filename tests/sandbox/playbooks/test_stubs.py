"""Stubs are read strictly: what a file says and the playbook cannot use is an error that names the file."""

from pathlib import Path

import pytest

from sandbox.playbooks.playbook import Playbook, PlaybookError
from sandbox.playbooks.stubs import Stub, load_stubs

PLAYBOOK = Playbook.model_validate(
    {
        "name": "Test",
        "nodes": {
            "0": {"name": "Start", "type": "trigger", "outputs": {"default": ["1"]}},
            "1": {"name": "Ask", "type": "action", "outputs": {"default": ["2", "3"]}},
            "2": {"name": "Comment", "type": "action", "outputs": {}},
            "3": {"name": "Comment", "type": "action", "outputs": {}},
        },
    }
)


def test_nodes_are_named_by_key_or_name(tmp_path: Path) -> None:
    """A key may be written as a number, a name must be the only one, and an empty entry answers with nothing."""
    (path := tmp_path / "x.stubs.yaml").write_text(
        "Ask: {results: {score: 5}, outputs: {known: true}}\n2: {error: Refused.}\n'3':\nStart: {files: {a/b.csv: x}}\n"
    )
    assert load_stubs(path, PLAYBOOK) == {
        "1": Stub(results={"score": 5}, outputs={"known": True}),
        "2": Stub(error="Refused."),
        "3": Stub(),
        "0": Stub(files={"a/b.csv": "x"}),
    }


def test_values_are_as_in_json(tmp_path: Path) -> None:
    """A date stays the text that it is, for results are JSON."""
    (path := tmp_path / "x.stubs.yaml").write_text("Ask: {results: {at: 2026-01-05T08:12:44Z, day: 2026-01-05, n: 1}}")
    assert load_stubs(path, PLAYBOOK)["1"].results == {"at": "2026-01-05T08:12:44Z", "day": "2026-01-05", "n": 1}


def test_storage_that_takes_no_file(tmp_path: Path) -> None:
    """A file where a folder is needed is told by its name."""
    (tmp_path / "feed").touch()
    with pytest.raises(PlaybookError, match=r"feed/a\.csv cannot be written, which the stubs ask for: (File|Not a)"):
        Stub(files={"feed/a.csv": "x"}).store(tmp_path)


def test_files_go_into_the_storage(tmp_path: Path) -> None:
    """A file's folder is made, and its content is written as it is."""
    Stub(files={"feed/a.csv": "é\r\n", "b.txt": ""}).store(tmp_path)
    assert (tmp_path / "feed" / "a.csv").read_bytes() == "é\r\n".encode()
    assert (tmp_path / "b.txt").read_bytes() == b""


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read: No such file or directory."),
        ("a: [", "is not valid YAML: while parsing a flow node"),
        ("\x00", "is not valid YAML: "),
        ("[]", "holds no stubs: it must name nodes, and say what each answers."),
        ("", "holds no stubs: it must name nodes, and say what each answers."),
        ("Other: {}", "cannot be used: The playbook has no node Other."),
        ("9: {}", "cannot be used: The playbook has no node 9."),
        ("Comment: {}", "cannot be used: Nodes 2 and 3 are all called Comment: give the number."),
        ("1: {}\nAsk: {}", "says twice what node 1 answers."),
        ("Ask: {}\nAsk: {}", "is not valid YAML: Ask is there twice"),
        ("Ask: {result: {}}", "is unusable at Ask: result: Extra inputs are not permitted."),
        ("Ask: {results: 5}", "is unusable at Ask: results: Input should be a valid dictionary."),
        ("Ask: text", "is unusable at Ask: Input should be a valid dictionary or instance of Stub."),
        ("Ask: {files: {../x: ''}}", "is unusable at Ask: files: '../x' is not a path inside the storage."),
        ("Ask: {files: {/x: ''}}", "is unusable at Ask: files: '/x' is not a path inside the storage."),
        ("Asc: {}", "cannot be used: The playbook has no node Asc. Did you mean Ask?"),
        ("Start: {error: No.}", "is unusable at Start: a trigger can only have results and files."),
    ],
)
def test_stubs_that_cannot_be_used(tmp_path: Path, content: str | None, reason: str) -> None:
    """Whatever is wrong is said in one sentence that begins with the file's name."""
    path = tmp_path / "x.stubs.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(PlaybookError) as raised:
        load_stubs(path, PLAYBOOK)
    assert str(raised.value).startswith(f"{path} {reason}")
    assert "\n" not in str(raised.value)
