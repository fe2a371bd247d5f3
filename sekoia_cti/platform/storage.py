"""Files in the playbook's storage, in a local folder or S3: found safely, and read completely or not at all."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO, TypeVar, cast

from botocore.exceptions import BotoCoreError, ClientError
from s3path import PureS3Path

from sekoia_cti.indicators.input_errors import InputError

__all__ = ["UNREADABLE", "NowhereToWork", "StoredFile", "absent", "find", "reason", "scratch"]

UNREADABLE = (OSError, BotoCoreError, ClientError)
"""The errors that opening, reading or writing a file can raise, in either storage."""

TRIES = 3
"""How often a file is read before the storage counts as failing: a network share or S3 can refuse once."""

PAUSE = 0.2
"""Seconds before the second attempt; twice as many before the third."""

_PIECE = 1024 * 1024
_MEMORY = "/dev/shm"  # noqa: S108  # a separate folder with a random name is created inside it

Result = TypeVar("Result")


@dataclass(frozen=True)
class StoredFile:
    """A file that existed in the storage, and was not empty, when it was looked up.

    Attributes:
        storage: The action's ``data_path``: a local folder, or an ``S3Path``.
        relative: The path of the file relative to it.
        size: The size of the file in bytes.
        modified: What distinguishes one state of the file from another, besides its size.
    """

    storage: Path
    relative: PurePath
    size: int
    modified: object

    @property
    def name(self) -> str:
        """The file's name, without folders."""
        return self.relative.name

    def open(self) -> BinaryIO:
        """Open the file for reading; its size may have changed by then.

        Raises:
            OSError, BotoCoreError, ClientError: The storage fails; see :data:`UNREADABLE`.
        """
        return _open(self.storage, self.relative)

    def read(self) -> bytes:
        """The whole content of the file.

        Raises:
            InputError: The storage fails, or the file changes in the meantime.
        """
        return self._read(lambda: b"".join(self._pieces()))

    def copy(self, to: Path) -> None:
        """Copy the file into a local file, in pieces.

        Raises:
            InputError: The storage fails, or the file changes in the meantime.
            OSError: The copy cannot be written.
        """

        def copy() -> None:
            with to.open("wb") as target:
                for piece in self._pieces():
                    try:
                        target.write(piece)
                    except OSError as error:  # not the storage's fault, so another attempt would not help
                        raise _NotWritten(error) from None

        try:
            self._read(copy)
        except _NotWritten as error:
            raise error.why from None

    def check_unchanged(self) -> None:
        """Make sure that the file is still the same as when it was looked up.

        Raises:
            InputError: It has changed, or the storage fails.
        """
        if self._read(lambda: _stat(self.storage, self.relative)) != (self.size, self.modified):
            raise self._changed()

    def _pieces(self) -> Iterator[bytes]:
        done = 0
        with _open(self.storage, self.relative) as file:
            # One byte more than announced shows whether the file has grown.
            while piece := file.read(min(_PIECE, self.size + 1 - done)):
                done += len(piece)
                yield piece
        if done != self.size:
            raise self._changed()

    def _read(self, read: Callable[[], Result]) -> Result:
        try:
            return _again(read)
        except UNREADABLE as error:
            raise InputError(
                f"The file {self.name} cannot be read from the playbook's storage ({reason(error)}): run the action again later"
            ) from None

    def _changed(self) -> InputError:
        return InputError(
            f"The file {self.name} changed while it was being read, and nothing was imported: run the action again once the "
            "file is complete"
        )


class NowhereToWork(InputError):
    """No copy of a file can be written, so it cannot be examined."""


class _NotWritten(Exception):
    """Carries an error in writing the copy past the handling of the storage's errors."""

    def __init__(self, why: OSError) -> None:
        super().__init__(str(why))
        self.why = why


def find(storage: Path, relative: str, argument: str) -> StoredFile:
    """Find the file at a path in the storage.

    Args:
        storage: The action's ``data_path`` (contract, "Playbooks").
        relative: The path, as an earlier action of the playbook returned it.
        argument: The argument that contains it, for errors.

    Raises:
        InputError: The file is outside the storage, missing, a folder, empty or unreadable.
    """
    relative = relative.strip()
    if "\0" in relative or not relative.isprintable():
        raise InputError(f"{argument} is “{relative!a}”, which is not a valid file path")
    path = PurePath(relative)
    if relative.startswith("/") or ".." in path.parts:
        raise InputError(f"{argument} must name a file in the playbook's storage, but “{relative}” is outside it")
    try:
        size, modified = _again(lambda: _stat(storage, path), but=_TOLD)
    except (FileNotFoundError, NotADirectoryError):
        hint = absent(storage)
        raise InputError(
            f"{argument} names “{relative}”, which is not in the playbook's storage: check the step that creates it"
            + (f", or {hint}" if hint else "")
        ) from None
    except IsADirectoryError:
        raise InputError(f"{argument} must name a file, but “{relative}” is a folder") from None
    except UNREADABLE as error:
        if isinstance(error, OSError) and error.errno == errno.ELOOP:
            raise InputError(
                f"{argument} must name a file in the playbook's storage, but “{relative}” is outside it: links are "
                "not "
                "followed"
            ) from None
        raise InputError(
            f"{argument} names “{relative}”, which cannot be read from the playbook's storage ({reason(error)})"
        ) from None
    if not size:
        raise InputError(f"The file “{relative}” of {argument} is empty: there is nothing to import")
    return StoredFile(storage, path, size, modified)


_TOLD = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError)
"""The errors by which a working storage says what a file is."""


def _again(read: Callable[[], Result], but: tuple[type[Exception], ...] = ()) -> Result:
    """Read, and retry if the storage fails, except after errors that say what the file is."""
    for tried in range(1, TRIES):
        try:
            return read()
        except UNREADABLE as error:
            if isinstance(error, but) or getattr(error, "errno", None) == errno.ELOOP:
                raise
            time.sleep(PAUSE * tried)
    return read()


@contextmanager
def scratch(storage: Path, warn: Callable[[str], None] = lambda _: None) -> Iterator[Path]:
    """A local folder for copies, which is removed when the context ends.

    It is a temporary folder, or, if none is writable, one in the playbook's storage or in memory.

    Args:
        storage: The action's ``data_path``.
        warn: Called with a sentence if the temporary folder is not used.

    Raises:
        NowhereToWork: None of them is writable.
    """
    failure: OSError | None = None
    for place in (None, _MEMORY) if isinstance(storage, PureS3Path) else (None, storage, _MEMORY):
        try:
            folder = tempfile.TemporaryDirectory(dir=place, prefix=".sekoia-cti-", ignore_cleanup_errors=True)
        except OSError as error:
            failure = failure or error
            continue
        if failure:
            where = "memory" if place == _MEMORY else "the playbook's storage"
            warn(f"The temporary folder is not writable ({reason(failure)}): the file is processed in {where} instead")
        with folder as name:
            yield Path(name)
        return
    raise NowhereToWork(
        "The file cannot be processed, since neither the temporary folder nor the playbook's storage is writable "
        f"({reason(failure or OSError())}): make one of them writable"
    )


def reason(error: Exception) -> str:
    """Why a storage fails, in a few words."""
    error = _said_by_s3(error) or error
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return (
            f"S3 answered {status or 'with an error'}: {told.get('Message') or told.get('Code') or 'no reason given'}"
        )
    if isinstance(error, OSError):
        return (error.strerror or str(error) or type(error).__name__).lower()
    return str(error) or type(error).__name__


def absent(storage: Path) -> str:
    """What to do about a storage that does not exist, which can happen if an action is run by hand; on the platform,
    it always exists.

    Args:
        storage: The action's ``data_path``.

    Returns:
        The advice; empty for a storage that exists, or is in S3, which has no folders.
    """
    if type(storage) is not type(Path()) or storage.is_dir():
        return ""
    return f"set SUB_FOLDER to a folder that exists, since {storage} does not"


def _said_by_s3(error: BaseException | None) -> ClientError | None:
    """The answer from S3 that an error of its library quotes."""
    while error is not None and not isinstance(error, ClientError):
        error = error.__cause__
    return error


# The file that was checked is the one that is opened: no path is checked first and opened by name later, and no link
# is followed.


def _open(storage: Path, relative: PurePath) -> BinaryIO:
    if isinstance(storage, PureS3Path):
        return cast(BinaryIO, (storage / relative).open("rb"))
    return os.fdopen(_descriptor(storage, relative), "rb")


def _stat(storage: Path, relative: PurePath) -> tuple[int, object]:
    """The size of a file, and what distinguishes one state of it from another."""
    if isinstance(storage, PureS3Path):
        return _stat_object(storage / relative)
    descriptor = _descriptor(storage, relative)
    try:
        found = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    return found.st_size, (found.st_dev, found.st_ino, found.st_mtime_ns)


def _stat_object(path: Path) -> tuple[int, object]:
    try:
        found = path.stat()
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") != 404:
            raise
        found = None
    if found is None:
        raise IsADirectoryError if path.is_dir() else FileNotFoundError
    return found.st_size, found.st_mtime


def _descriptor(storage: Path, relative: PurePath) -> int:
    """A descriptor, opened folder by folder, so that nobody can swap in a link along the way."""
    folder = os.open(storage, os.O_RDONLY | os.O_DIRECTORY)
    for part in relative.parts[:-1]:
        inner = _open_below(folder, part, os.O_DIRECTORY)
        folder = inner
    # Without O_NONBLOCK, opening a pipe would wait for a writer.
    descriptor = _open_below(folder, relative.name, os.O_NONBLOCK)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise IsADirectoryError if stat.S_ISDIR(mode) else OSError(errno.EINVAL, "it is not a regular file")
    return descriptor


def _open_below(folder: int, name: str, flags: int) -> int:
    try:
        return os.open(name or ".", os.O_RDONLY | os.O_NOFOLLOW | flags, dir_fd=folder)
    except NotADirectoryError:
        # With O_DIRECTORY and O_NOFOLLOW, this error also means a link to a folder.
        if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
        raise
    finally:
        os.close(folder)
