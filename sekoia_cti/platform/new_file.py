"""New files in the playbook's storage, local or in S3, written piece by piece: either complete or absent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO, cast
from uuid import uuid4

from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.platform.storage import UNREADABLE, absent, reason

__all__ = ["GrowingList", "NewFile", "writing"]

_UNWRITABLE = (*UNREADABLE, ValueError)
"""The errors that writing can raise; the S3 library turns a refusal into a ValueError."""


class NewFile:
    """A text file that distinguishes failures of the storage from those of the code that writes.

    Use it with ``with``: the file is complete once the block ends, and removed after an error.

    Args:
        path: Where the file will be.

    Raises:
        InputError: The storage refuses it; raised by any method, and at the end of the ``with`` block.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    @property
    def name(self) -> str:
        """The name of the file, relative to the storage."""
        return self._path.name

    def __enter__(self) -> Self:
        with self._reported():
            self._file = cast(TextIO, self._path.open("w", encoding="utf-8", newline=""))
        return self

    def write(self, text: str) -> None:
        """Add text."""
        assert self._file is not None  # noqa: S101  # entered by with
        with self._reported():
            self._file.write(text)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._remove(error)
        elif self._file is not None:
            with self._reported():
                self._file.close()

    def _remove(self, error: BaseException) -> None:
        """Leave nothing behind that looks like a complete file."""
        if self._file is None:
            return
        file, self._file = self._file, None
        # If the block ends with an error, S3 keeps nothing, but a local storage keeps what was written so far.
        with suppress(*_UNWRITABLE):
            file.__exit__(type(error), error, error.__traceback__)
        with suppress(*UNREADABLE):
            self._path.unlink()

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except _UNWRITABLE as error:
            self._remove(error)
            what_to_do = (
                absent(self._path.parent) or "free up space or check the permissions there, and run the action again"
            )
            raise InputError(
                f"The file {self.name} could not be written to the playbook's storage ({reason(error)}), and no part of it was "
                f"kept: {what_to_do}"
            ) from None


@contextmanager
def writing(storage: Path, name: str, ending: str) -> Iterator[tuple[NewFile, str]]:
    """A new text file, and its path relative to the storage; removed if it is not completed.

    Args:
        storage: The action's ``data_path``.
        name: What the file is named after.
        ending: The extension of its name, without the dot.

    Raises:
        InputError: The storage refuses it.
    """
    with NewFile(storage / f"{name}-{uuid4()}.{ending}") as file:
        yield file, file.name


class GrowingList:
    """A list of results that is returned directly if it is short, and as a JSON file in the storage if it is long.

    Use it with ``with``: the file is complete once the block ends; after an error, there is no file.

    Args:
        storage: The action's ``data_path``.
        name: What the file is named after.
        most: The number of items up to which no file is written.
    """

    def __init__(self, storage: Path, name: str, *, most: int) -> None:
        self._path = storage / f"{name}-{uuid4()}.json"
        self._most = most
        self._items: list[Any] = []
        self._file: NewFile | None = None
        self._open = ExitStack()
        self.count = 0

    @property
    def items(self) -> list[Any] | None:
        """All items, or None if they are in a file."""
        return None if self._file else self._items

    @property
    def path(self) -> str | None:
        """The path of the file relative to the storage, or None if there is no file."""
        return self._file.name if self._file else None

    def append(self, item: Any) -> None:
        """Add an item, which JSON must be able to represent.

        Raises:
            InputError: The file cannot be written.
        """
        self.count += 1
        if self._file is None and self.count <= self._most:
            self._items.append(item)
            return
        if self._file is None:
            self._file = self._open.enter_context(NewFile(self._path))
            self._file.write("[" + ",\n".join(map(_json, self._items)))
            self._items.clear()
        self._file.write(",\n" + _json(item))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None and error is None:
            self._file.write("]\n")  # which leaves no file behind if it fails
        self._open.__exit__(kind, error, trace)


def _json(item: Any) -> str:
    return json.dumps(item, ensure_ascii=False)
