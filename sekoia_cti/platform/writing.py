"""A new file of the playbook's storage, local or in S3, written piece by piece: complete, or not there at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO, cast
from uuid import uuid4

from sekoia_cti.indicators.errors import InputError
from sekoia_cti.platform.storage import UNREADABLE

__all__ = ["NewFile", "writing"]


class NewFile:
    """A text file whose failures are the storage's, told apart from those of whoever writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    def open(self) -> None:
        with self._reported():
            self._file = cast(TextIO, self._path.open("w", encoding="utf-8", newline=""))

    def write(self, text: str) -> None:
        """Add text."""
        assert self._file is not None  # noqa: S101  # open() comes first
        with self._reported():
            self._file.write(text)

    def close(self) -> None:
        if self._file is not None:
            with self._reported():
                self._file.close()

    def remove(self) -> None:
        """Leave nothing behind that looks like a whole file."""
        with suppress(*UNREADABLE):
            if self._file is not None:
                self._file.close()
        with suppress(*UNREADABLE):
            self._path.unlink()

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except UNREADABLE as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise InputError(
                f"The file {self._path.name} could not be written to the playbook's storage ({why}): make room there, or check "
                "its permissions, and run the action again"
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
    path = storage / f"{name}-{uuid4()}.{ending}"
    file = NewFile(path)
    try:
        file.open()
        yield file, path.name
        file.close()
    except BaseException:
        file.remove()
        raise
