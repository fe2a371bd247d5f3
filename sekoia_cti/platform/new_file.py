"""New files of the playbook's storage, local or in S3, written piece by piece: complete, or not there at all."""

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
"""What writing can raise; the library for S3 turns a refusal into a ValueError."""


class NewFile:
    """A text file whose failures are the storage's, told apart from those of the code that writes.

    To be used with ``with``; it is complete once that is left, and removed after an error.

    Args:
        path: Where it will be.

    Raises:
        InputError: The storage does not take it; from any method, and when ``with`` is left.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    @property
    def name(self) -> str:
        """The file's, below the storage."""
        return self._path.name

    def __enter__(self) -> Self:
        with self._reported():
            self._file = cast(TextIO, self._path.open("w", encoding="utf-8", newline=""))
        return self

    def write(self, text: str) -> None:
        """Add text."""
        assert self._file is not None  # noqa: S101  # with comes first
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
        """Leave nothing behind that looks like a whole file."""
        if self._file is None:
            return
        file, self._file = self._file, None
        # Of a file that is left with an error S3 keeps nothing, and a local storage all that was written so far.
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
                absent(self._path.parent) or "make room there, or check its permissions, and run the action again"
            )
            raise InputError(
                f"The file {self.name} could not be written to the playbook's storage ({reason(error)}), and no part of it was "
                f"kept: {what_to_do}"
            ) from None


@contextmanager
def writing(storage: Path, name: str, ending: str) -> Iterator[tuple[NewFile, str]]:
    """A new file for text, and its path below the storage; removed again if it is not finished.

    Args:
        storage: The action's ``data_path``.
        name: What the file is named after.
        ending: Of its name, without the dot.

    Raises:
        InputError: The storage does not take it.
    """
    with NewFile(storage / f"{name}-{uuid4()}.{ending}") as file:
        yield file, file.name


class GrowingList:
    """A list of results that is handed over as it is while it is short, and as a JSON file of the storage when it is long.

    To be used with ``with``: the file is complete, and there, once it is left; after an error there is no file.

    Args:
        storage: The action's ``data_path``.
        name: What the file is named after.
        most: Items up to which there is no file.
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
        """All items, or None when they are in a file."""
        return None if self._file else self._items

    @property
    def path(self) -> str | None:
        """The file, below the storage, or None when there is none."""
        return self._file.name if self._file else None

    def append(self, item: Any) -> None:
        """Add what JSON can hold.

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
            self._file.write("]\n")  # which leaves no file behind where it fails
        self._open.__exit__(kind, error, trace)


def _json(item: Any) -> str:
    return json.dumps(item, ensure_ascii=False)
