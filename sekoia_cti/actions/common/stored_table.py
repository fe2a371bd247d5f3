"""Copies a file of the playbook's storage to the local disk."""

from pathlib import Path

from sekoia_cti.local_files.opened import LocalFile, open_local
from sekoia_cti.platform.storage import StoredFile

__all__ = ["fetch"]


def fetch(file: StoredFile, folder: Path) -> LocalFile:
    """Copy a file from the storage to the local disk, and unpack it there.

    Args:
        file: Where it is.
        folder: Where the copy goes.

    Raises:
        UnreadableFile: It cannot be unpacked, or is of a kind that cannot contain a table.
        InputError: The storage fails.
        OSError: The copy cannot be written.
    """
    path = folder / "file"
    file.copy(path)
    return open_local(path, file.name, folder)
