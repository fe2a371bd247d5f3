"""Reads the text of a file in the playbook's storage: unpacked, and refused if it is not text."""

import io

from sekoia_cti.indicators.encodings import Encoding, decode, encoding_of
from sekoia_cti.indicators.file_content import Wanted
from sekoia_cti.indicators.input_errors import InputError, UnreadableFile
from sekoia_cti.local_files.text import unpacked
from sekoia_cti.platform.storage import StoredFile

__all__ = ["read_content", "read_lines", "read_text"]


def read_content(file: StoredFile, argument: str, wanted: Wanted) -> bytes:
    """The content of a file, unpacked if it is packed.

    Args:
        file: Where it is.
        argument: The argument that names it, for errors.
        wanted: What it should contain.

    Raises:
        InputError: The storage fails, or the file contains something else; the error says what.
    """
    content = file.read()
    try:
        return unpacked(content, wanted)
    except UnreadableFile as error:
        raise InputError(f"The file {file.name} of {argument} cannot be used: {error}") from None


def read_text(file: StoredFile, argument: str, wanted: Wanted) -> str:
    """The content of a file as text, whatever its encoding."""
    return decode(read_content(file, argument, wanted))


def read_lines(file: StoredFile, argument: str) -> tuple[str, Encoding | None]:
    """The same for lines of text, with the encoding if it had to be guessed and makes a difference."""
    content = read_content(file, argument, "text")
    encoding = None if content.isascii() else encoding_of(io.BytesIO(content), in_lines=False)
    return decode(content), encoding if encoding and encoding.is_guess else None
