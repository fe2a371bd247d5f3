"""The playbook's storage on a disk that fails or is changed by others: nothing is imported partially."""

from __future__ import annotations

import errno
import io
import os
import resource
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from sekoia_cti.actions.import_file import ImportIndicatorsFromFile
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from sekoia_cti.actions.preview_file import PreviewIndicatorsFile
from sekoia_cti.actions.search_indicators import SearchIndicators
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.platform import storage
from sekoia_cti.platform.action import SekoiaAction
from tests.conftest import Platform

DEFANGED = "ioc,note\nhxxp://a[.]example/,x\nb[.]example,y\n"
REFANGED = {"http://a.example/", "b.example"}


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "PAUSE", 0.0)


class Disk:
    """The calls that open files, some of which fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self.failures: list[OSError] = []
        self.read_failures: list[OSError] = []
        self._name = name
        self._open, self._fdopen = os.open, os.fdopen
        self._opened: set[int] = set()
        monkeypatch.setattr(os, "open", self.open)
        monkeypatch.setattr(os, "fdopen", self.fdopen)

    def open(self, path: Any, *arguments: Any, **more: Any) -> int:
        """As ``os.open``, but for the file in question."""
        if path == self._name and self.failures:
            raise self.failures.pop(0)
        descriptor = self._open(path, *arguments, **more)
        if path == self._name:
            self._opened.add(descriptor)
        return descriptor

    def fdopen(self, descriptor: int, *arguments: Any, **more: Any) -> Any:
        """As ``os.fdopen``, but for the file in question."""
        file = self._fdopen(descriptor, *arguments, **more)
        if descriptor in self._opened and self.read_failures:
            self._opened.clear()
            with file:
                return Unreadable(file.read(), self.read_failures.pop(0))
        return file


class Unreadable(io.BytesIO):
    """A file whose first piece can be read, and the second cannot."""

    def __init__(self, content: bytes, failure: OSError) -> None:
        super().__init__(content)
        self._failure = failure

    def read(self, _size: int | None = -1) -> bytes:
        """A piece, or the failure."""
        if self.tell():
            raise self._failure
        return super().read(10)


def failure(number: int) -> OSError:
    """As the system raises it."""
    return OSError(number, os.strerror(number))


ACTIONS = [(ImportIndicatorsFromFile, "file_path"), (ImportIndicatorsFromText, "text_path")]


@pytest.mark.fault(
    "Reading a file from the storage fails once (EIO, ENOENT, ESTALE)", "The file is read again; completed"
)
@pytest.mark.parametrize(("action", "argument"), ACTIONS)
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOENT, errno.ESTALE])
def test_a_failure_that_passes(
    sandbox: Sandbox,
    platform: Platform,
    collection_id: str,
    monkeypatch: pytest.MonkeyPatch,
    action: type[SekoiaAction],
    argument: str,
    number: int,
) -> None:
    """A file whose reading fails once is read again: its values are sent as they are meant."""
    (platform.storage / "feed.csv").write_text("ioc\nhxxp://a[.]example/\nb[.]example\n")
    disk = Disk(monkeypatch, "feed.csv")
    disk.read_failures = [failure(number)]
    run = platform.run(action, collection_id=collection_id, **{argument: "feed.csv"})
    assert run.error is None
    assert disk.read_failures == []
    assert {indicator["name"] for indicator in sandbox.indicators(collection_id)} == REFANGED


@pytest.mark.fault("Reading a file keeps failing", "An error with the reason; nothing is uploaded unread")
@pytest.mark.parametrize(("action", "argument"), ACTIONS)
def test_a_failure_that_stays(
    sandbox: Sandbox,
    platform: Platform,
    collection_id: str,
    monkeypatch: pytest.MonkeyPatch,
    action: type[SekoiaAction],
    argument: str,
) -> None:
    """A file that cannot be read is an error that says why; it is never uploaded unread, whatever the user's arguments
    are."""
    (platform.storage / "feed.csv").write_text(DEFANGED)
    disk = Disk(monkeypatch, "feed.csv")
    disk.read_failures = [failure(errno.EIO)] * storage.TRIES
    asked: dict[str, Any] = {"send_unrecognized": True}
    if action is ImportIndicatorsFromFile:
        asked |= {"mapping": "observable,ignore", "ignore_first_line": True}
    run = platform.run(action, collection_id=collection_id, **{argument: "feed.csv"}, **asked)
    assert run.error == (
        "The file feed.csv cannot be read from the playbook's storage (input/output error): run the action again later."
    )
    assert not [request for request in sandbox.requests if request.method == "POST"]


@pytest.mark.parametrize(
    ("number", "tries", "sentence"),
    [
        (errno.EIO, storage.TRIES, "which cannot be read from the playbook's storage (input/output error)"),
        (errno.EMFILE, storage.TRIES, "which cannot be read from the playbook's storage (too many open files)"),
        (errno.EACCES, 1, "which cannot be read from the playbook's storage (permission denied)"),
        (errno.ENOENT, 1, "which is not in the playbook's storage: check the step that creates it"),
        (errno.ENAMETOOLONG, storage.TRIES, "which cannot be read from the playbook's storage (file name too long)"),
    ],
)
def test_a_file_that_cannot_be_opened(
    sandbox: Sandbox,
    platform: Platform,
    collection_id: str,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    tries: int,
    sentence: str,
) -> None:
    """One sentence before any request; what may pass is tried again first."""
    (platform.storage / "feed.csv").write_text(DEFANGED)
    disk = Disk(monkeypatch, "feed.csv")
    disk.failures = [failure(number)] * tries
    run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path="feed.csv")
    assert run.error == f"file_path names “feed.csv”, {sentence}."
    assert disk.failures == []
    assert sandbox.requests == []


def test_no_storage_at_all(platform: Platform, collection_id: str, tmp_path: Path) -> None:
    """Who runs an action by hand, where nothing made the SDK's folder, is told how to name another."""
    platform.storage = tmp_path / "symphony_data"
    run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path="feed.csv")
    assert run.error == (
        "file_path names “feed.csv”, which is not in the playbook's storage: check the step that creates it, or set "
        "SUB_FOLDER to a "
        f"folder that exists, since {platform.storage} does not."
    )


def swap_the_file(folder: Path, outside: Path) -> None:
    """Put a link in the place of the file."""
    (folder / "feed.csv").unlink()
    (folder / "feed.csv").symlink_to(outside / "feed.csv")


def swap_the_folder(folder: Path, outside: Path) -> None:
    """Put a link in the place of its folder."""
    (folder / "feed.csv").unlink()
    folder.rmdir()
    folder.symlink_to(outside)


@pytest.mark.fault("A file or its folder is replaced with a link after it was found", "An error; no link is followed")
@pytest.mark.parametrize("swap", [swap_the_file, swap_the_folder])
def test_a_link_that_is_swapped_in(tmp_path: Path, swap: Callable[[Path, Path], None]) -> None:
    """No link is followed, even if it was put there after the file was found."""
    outside, folder = tmp_path / "outside", tmp_path / "storage" / "folder"
    for path in (outside, folder):
        path.mkdir(parents=True)
        (path / "feed.csv").write_text(DEFANGED)
    file = storage.find(tmp_path / "storage", "folder/feed.csv", "file_path")
    swap(folder, outside)
    for read in (file.read, file.check_unchanged, lambda: file.copy(tmp_path / "copy")):
        with pytest.raises(InputError, match="cannot be read from the playbook's storage"):
            read()


@pytest.mark.fault("A loop of links, or a link to a folder", "An error that says so")
@pytest.mark.parametrize("relative", ["loop", "loop/feed.csv", "folder/link/feed.csv"])
def test_links_are_not_followed(platform: Platform, collection_id: str, tmp_path: Path, relative: str) -> None:
    """Not those that lead to themselves, nor those of folders, even within the storage."""
    (platform.storage / "loop").symlink_to("pool")
    (platform.storage / "pool").symlink_to("loop")
    (platform.storage / "folder").mkdir()
    (platform.storage / "folder" / "link").symlink_to(tmp_path)
    (platform.storage / "feed.csv").write_text(DEFANGED)
    run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path=relative)
    assert run.error == (
        f"file_path must name a file in the playbook's storage, but “{relative}” is outside it: links are not "
        "followed."
    )


def test_a_pipe_is_no_file(platform: Platform, collection_id: str) -> None:
    """Nobody writes into it, and reading it would wait forever."""
    os.mkfifo(platform.storage / "pipe")
    run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path="pipe")
    assert run.error == (
        "file_path names “pipe”, which cannot be read from the playbook's storage (it is not a regular file)."
    )


class Meanwhile(ImportIndicatorsFromFile):
    """An import during whose upload somebody changes the file."""

    def tell(self, message: str, level: Any = "info") -> None:
        """Change it when the upload is told."""
        super().tell(message, level)
        if message.startswith("Uploading"):
            self.change(self.data_path / "feed.csv")

    @staticmethod
    def change(path: Path) -> None:
        """Add a row."""
        path.write_text(path.read_text() + "c.example,z\n")


class Shrinking(Meanwhile):
    """The same, with a file that loses its end."""

    @staticmethod
    def change(path: Path) -> None:
        """Remove the end."""
        os.truncate(path, 12)


class Replaced(Meanwhile):
    """The same, with another file of the same size."""

    @staticmethod
    def change(path: Path) -> None:
        """Put another one in its place."""
        content = path.read_text()
        path.unlink()
        path.write_text(content.replace("b.example", "c.example"))


@pytest.mark.fault("A file grows, shrinks or is replaced during the upload", "An error, and no import is started")
@pytest.mark.parametrize("action", [Meanwhile, Shrinking, Replaced])
@pytest.mark.parametrize("content", [DEFANGED, "ioc,note\na.example,x\nb.example,y\n"])
def test_a_file_that_changes_while_it_is_uploaded(
    sandbox: Sandbox, platform: Platform, collection_id: str, action: type[Meanwhile], content: str
) -> None:
    """The file that was read is uploaded, but its import is not started."""
    (platform.storage / "feed.csv").write_text(content)
    run = platform.run(action, collection_id=collection_id, file_path="feed.csv")
    assert run.error == (
        "The file feed.csv changed while it was being read, and nothing was imported: run the action again once the file is "
        "complete."
    )
    assert [request.path.rpartition("/")[2] for request in sandbox.requests if request.method == "POST"] == ["preview"]
    assert sandbox.indicators(collection_id) == []


@pytest.mark.parametrize("size", [3, 100])
def test_a_file_that_changed_since_it_was_found(tmp_path: Path, size: int) -> None:
    """It is not read at all, whether it grew or shrank."""
    path = tmp_path / "feed.csv"
    path.write_text(DEFANGED)
    file = storage.find(tmp_path, "feed.csv", "file_path")
    path.write_bytes(bytes(size))
    for read in (file.read, file.check_unchanged, lambda: file.copy(tmp_path / "copy")):
        with pytest.raises(InputError, match="changed while it was being read, and nothing was imported"):
            read()


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file may hold more bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.fault("There is no room for the copy of a file", "An error in one sentence; nothing is sent")
@pytest.mark.parametrize("content", [DEFANGED * 1_000, "ioc\n" + "a.example\n" * 5_000])
def test_a_full_disk(sandbox: Sandbox, platform: Platform, collection_id: str, content: str) -> None:
    """No room for the copy of a file is one sentence, and nothing is sent."""
    (platform.storage / "feed.csv").write_text(content)
    with full_disk(10_000):
        run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path="feed.csv")
    assert run.error == (
        "The file feed.csv cannot be processed in the temporary folder (file too large), and nothing was imported: make room "
        "there, and run the action again."
    )
    assert not [request for request in sandbox.requests if request.method == "POST"]


def test_no_room_for_what_is_sent(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """The same where the copy fits, and the CSV of the rows to be sent does not."""
    values = "; ".join(f"d{number}.example" for number in range(40))
    (platform.storage / "feed.csv").write_text(f"ioc,note\n{values},{'x' * 400}\n")
    with full_disk(2_000):
        run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path="feed.csv")
    assert run.error and "cannot be processed in the temporary folder (file too large)" in run.error
    assert not [request for request in sandbox.requests if request.method == "POST"]


@pytest.mark.fault("There is no room for results", "An error in one sentence, and no part of them is left behind")
def test_no_room_for_results(
    sandbox: Sandbox, platform: Platform, collection_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list of results that does not fit is one sentence, and no part of it stays."""
    monkeypatch.setattr(SearchIndicators, "most_inline", 10)
    platform.run(
        ImportIndicatorsFromText,
        collection_id=collection_id,
        indicators=[f"d{number}.example.com" for number in range(200)],
        known_good="import",
    )
    with full_disk(4_000):
        run = platform.run(SearchIndicators, collection_id=collection_id)
    assert run.error is not None
    assert run.error.startswith("The file indicators-")
    assert run.error.endswith(
        ".json could not be written to the playbook's storage (file too large), and no part of it was kept: free up "
        "space or check the permissions there, and run the action again."
    )
    assert list(platform.storage.iterdir()) == []


@pytest.mark.fault(
    "The temporary folder is not writable", "The playbook's storage or memory is used instead; completed"
)
def test_a_temporary_folder_that_cannot_be_written(
    sandbox: Sandbox, platform: Platform, collection_id: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The playbook's storage is used instead, and nothing is left behind there."""
    (platform.storage / "feed.csv").write_text(DEFANGED)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path="feed.csv")
    assert run.error is None
    assert {indicator["name"] for indicator in sandbox.indicators(collection_id)} == REFANGED
    assert [path.name for path in platform.storage.iterdir()] == ["feed.csv"]
    assert (
        "warning: The temporary folder is not writable (no such file or directory): the file is processed in the"
        in run.logs
    )


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the temporary folder, nor the storage, nor memory can be written."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    monkeypatch.setattr(storage, "_MEMORY", str(tmp_path / "missing"))
    made = tempfile.TemporaryDirectory

    def refused(**options: Any) -> tempfile.TemporaryDirectory[str]:
        return made(**options | {"dir": tmp_path / "missing"})

    monkeypatch.setattr(tempfile, "TemporaryDirectory", refused)


@pytest.mark.usefixtures("nowhere")
@pytest.mark.fault(
    "Neither the temporary folder, nor the storage, nor memory can be used",
    "The file is uploaded unchanged, with a warning, and only Sekoia's counts say what is in; anything that requires "
    "reading the file is refused",
)
def test_a_file_that_cannot_be_copied(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Sekoia reads it, and which values are in is not known here."""
    (platform.storage / "feed.csv").write_text("ioc\na.example\nb.example\n")
    given = {"collection_id": collection_id, "file_path": "feed.csv"}
    run = platform.run(ImportIndicatorsFromFile, **given)
    assert run.results and run.error is None
    assert (run.results["status"], run.results["missing_count"], run.results["submitted"]) == ("completed", None, None)
    assert len(sandbox.indicators(collection_id)) == 2
    assert (
        "warning: feed.csv is sent to Sekoia without a check of its indicators: The file cannot be processed"
        in run.logs
    )
    for refused_run in (
        platform.run(ImportIndicatorsFromFile, **given, strict=True),
        platform.run(ImportIndicatorsFromFile, **given, exclude="a.example"),
        platform.run(PreviewIndicatorsFile, **given),
    ):
        assert refused_run.error
    assert len([each for each in sandbox.requests if each.path.endswith("/preview")]) == 1
    (platform.storage / "feed.csv").write_text("<!doctype html><html><p>Sign in</p></html>")
    assert "HTML" in (platform.run(ImportIndicatorsFromFile, **given).error or "")


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("action", [Meanwhile, Shrinking, Replaced])
def test_a_file_without_a_copy_that_changes(
    sandbox: Sandbox, platform: Platform, collection_id: str, action: type[Meanwhile]
) -> None:
    """No import of it is started, be it of another size, or another file of the same size."""
    (platform.storage / "feed.csv").write_text("ioc,note\na.example,x\nb.example,y\n")
    run = platform.run(action, collection_id=collection_id, file_path="feed.csv")
    assert run.error and run.error.startswith("The file feed.csv changed while it was being ")
    assert not [request for request in sandbox.requests if request.path.endswith("/process")]


def test_nowhere_to_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where nothing can be written, the memory is the last place; without it, one sentence says what to do."""
    warnings: list[str] = []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with storage.scratch(tmp_path / "missing", warnings.append) as folder:
        (folder / "file").touch()
    assert not folder.exists()
    assert warnings == [
        "The temporary folder is not writable (no such file or directory): the file is processed in memory instead"
    ]
    monkeypatch.setattr(storage, "_MEMORY", str(tmp_path / "missing"))
    with pytest.raises(InputError, match="neither the temporary folder nor the playbook's storage is writable"):
        with storage.scratch(tmp_path / "missing", warnings.append):
            pass
