"""Files of the playbook's storage: found safely, and opened through the SDK's path, be it local or in S3."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TextIO, cast
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from sekoia_cti.indicators.errors import InputError
from sekoia_cti.indicators.files import FileKind, kind_of

__all__ = ["GrowingList", "StoredFile", "find"]

UNREADABLE = (OSError, BotoCoreError, ClientError, zipfile.BadZipFile)
"""What opening or reading a file can raise, in either storage."""


@dataclass(frozen=True)
class StoredFile:
    """A file of the storage that is there and is not empty.

    Attributes:
        path: The SDK's path object: a local one or an ``S3Path``.
        name: Its name, without folders.
        size: Bytes in it.
    """

    path: Path
    name: str
    size: int

    def open(self) -> BinaryIO:
        """Open it for reading bytes."""
        return cast(BinaryIO, self.path.open("rb"))

    def read(self) -> bytes:
        """All of it."""
        try:
            with self.open() as file:
                return file.read()
        except UNREADABLE as error:
            raise InputError(
                f"The file {self.name} cannot be read from the playbook's storage ({_why(error)})"
            ) from None

    def kind(self) -> FileKind:
        """Its kind, by its content first and its name second."""
        try:
            with self.open() as file:
                return kind_of(file, self.name)
        except UNREADABLE as error:
            raise InputError(
                f"The file {self.name} cannot be read from the playbook's storage ({_why(error)})"
            ) from None


class GrowingList:
    """A list of results that is handed over as it is while it is short, and as a JSON file of the storage when it is long.

    To be used with ``with``: the file is complete, and there, once it is left.

    Args:
        storage: The action's ``data_path``.
        name: What the file is named after.
        most: Items up to which there is no file.
    """

    def __init__(self, storage: Path, name: str, *, most: int) -> None:
        self._path = storage / f"{name}-{uuid4()}.json"
        self._most = most
        self._items: list[Any] = []
        self._file: TextIO | None = None
        self.count = 0

    @property
    def items(self) -> list[Any] | None:
        """All items, or None when they are in a file."""
        return None if self._file else self._items

    @property
    def path(self) -> str | None:
        """The file, below the storage, or None when there is none."""
        return self._path.name if self._file else None

    def append(self, item: Any) -> None:
        """Add what JSON can hold."""
        self.count += 1
        if self._file is None and self.count <= self._most:
            self._items.append(item)
            return
        if self._file is None:
            self._file = cast(TextIO, self._path.open("w", encoding="utf-8"))
            self._file.write("[" + ",\n".join(map(_json, self._items)))
            self._items.clear()
        self._file.write(",\n" + _json(item))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.write("]\n")
            self._file.close()


def _json(item: Any) -> str:
    return json.dumps(item, ensure_ascii=False)


def find(storage: Path, relative: str, argument: str) -> StoredFile:
    """The file at a path below the storage.

    Args:
        storage: The action's ``data_path`` (contract, "Playbooks").
        relative: As an earlier action of the playbook gave it.
        argument: The argument that holds it, for errors.

    Raises:
        InputError: It is outside of the storage, missing, a folder, empty or unreadable.
    """
    relative = relative.strip()
    path = storage / relative
    try:
        if relative.startswith("/") or ".." in Path(relative).parts or not _is_inside(storage, path):
            raise InputError(
                f"{argument} must name a file of the playbook's storage, and “{relative}” leads out of it"
            )
        if path.is_dir():
            raise InputError(f"{argument} must name a file, and “{relative}” is a folder")
        if not path.is_file():
            raise InputError(
                f"{argument} names “{relative}”, which is not in the playbook's storage: check the earlier action"
            )
        size = path.stat().st_size
    except UNREADABLE as error:
        raise InputError(f"{argument} names “{relative}”, which cannot be read ({_why(error)})") from None
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{argument} holds “{relative!a}”, which is no path of a file") from None
    if not size:
        raise InputError(f"The file “{relative}” of {argument} is empty: there is nothing to import")
    return StoredFile(path, path.name, size)


def _is_inside(storage: Path, path: Path) -> bool:
    """Whether it is below the storage, links followed; an object of S3 has no links to follow."""
    try:
        return path.resolve().is_relative_to(storage.resolve())
    except NotImplementedError:
        return True


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", None) or type(error).__name__).lower()
