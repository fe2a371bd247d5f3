"""The files that runs from the pages read and write."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import UploadFile

__all__ = ["StoredFile", "clear", "inside", "keep", "listed"]

CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file, by its path in the storage."""

    path: str
    size: int


def listed(storage: Path) -> list[StoredFile]:
    """All files."""
    files = sorted(path for path in storage.rglob("*") if path.is_file())
    return [StoredFile(str(path.relative_to(storage)), path.stat().st_size) for path in files]


def clear(storage: Path) -> None:
    """Removes all files, and the folders in it."""
    for path in storage.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def inside(storage: Path, path: str) -> Path | None:
    """A file of the storage; None for anything outside of it."""
    found = (storage / path).resolve()
    return found if found.is_relative_to(storage.resolve()) and found.is_file() else None


async def keep(storage: Path, upload: UploadFile) -> str:
    """Puts an uploaded file into the storage, replacing one of that name; returns its name."""
    name = Path((upload.filename or "").replace("\\", "/")).name
    name = name if name.strip(".") else "upload"
    with (storage / name).open("wb") as file:
        while chunk := await upload.read(CHUNK):
            file.write(chunk)
    return name
