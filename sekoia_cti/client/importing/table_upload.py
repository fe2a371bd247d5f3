"""Uploads a table from the local disk, and starts its import."""

from __future__ import annotations

from pathlib import Path

from sekoia_cti.client.importing.importer import Importer
from sekoia_cti.client.preview import Preview
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.indicators.again import Again
from sekoia_cti.local_files.outgoing import Outgoing

__all__ = ["submit_table", "upload"]


def upload(rest: RestClient, collection_id: str, path: Path, *, name: str, mime_type: str) -> Preview:
    """Upload a file, and import nothing.

    Args:
        rest: The REST client.
        collection_id: ``ioc-collection--<uuid>``.
        path: The file on the local disk.
        name: The file name to send.
        mime_type: Its MIME type.

    Raises:
        SekoiaError: The upload failed.
    """
    size = path.stat().st_size
    return rest.preview_file(collection_id, lambda: path.open("rb"), size=size, name=name, mime_type=mime_type)


def submit_table(importer: Importer, table: Outgoing, file_handle: str) -> None:
    """Start the import of a table that was uploaded.

    Args:
        importer: An importer that is ready for submissions.
        table: The table as it was uploaded, still on the local disk.
        file_handle: Sekoia's name for it.

    Raises:
        SekoiaError: Sekoia did not accept it.
    """
    importer.submit_file(
        file_handle,
        mapping=table.layout.mapping,
        ignore_first_line=table.layout.heading is not None,
        values=Again(table.values),
        count=table.survey.values,
        ends=Again(table.ends) if "valid_until" in table.layout.mapping else None,
        rows=Again(table.contexts) if table.says_more() else None,
    )
