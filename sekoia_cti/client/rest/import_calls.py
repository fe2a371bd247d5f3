"""The calls that import indicators (contract, "Importing")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import BinaryIO, Unpack

from sekoia_cti.client.preview import Preview
from sekoia_cti.client.rest import subjects
from sekoia_cti.client.rest.call_family import CallFamily
from sekoia_cti.client.rest.json_body import JSONBody
from sekoia_cti.client.rest.multipart import Multipart
from sekoia_cti.client.rest.repetition import Tries
from sekoia_cti.client.wire import Accepted, Added, Context, Mapping, NewIndicator

__all__ = ["ImportCalls"]


class ImportCalls(CallFamily):
    """The ways into an IOC collection. Sending an indicator again only updates it (contract, "Sending an indicator"), so all of
    them are repeated."""

    def import_text(
        self,
        collection_id: str,
        text: str,
        *,
        context: Context,
        format: str | None = None,
        **tries: Unpack[Tries],
    ) -> Accepted:
        """``POST /ioc-collections/{id}/indicators/text``.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            text: One indicator per line, with the hashes of one file on one line, separated by commas.
            context: What holds for all of them.
            format: What all lines are (contract, "Format"); not sent when None.
            tries: How often, if not until the deadline.

        Raises:
            NotFound: There is no such collection.
        """
        doing = "submitting the indicators"
        body = {"indicators": text, **context.payload(), **({"format": format} if format else {})}
        return self._transport.call(
            Accepted,
            "POST",
            subjects.collection(collection_id).below("indicators/text"),
            doing=doing,
            silent=self._transport.moment(),
            tries=tries,
            data=JSONBody(body, self._transport.deadline, doing),
            headers={"Content-Type": JSONBody.content_type},
        )

    def add_indicators(
        self,
        collection_id: str,
        indicators: Sequence[NewIndicator],
        *,
        context: Context,
        **tries: Unpack[Tries],
    ) -> Added:
        """``POST /ioc-collections/{id}/indicators``.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            indicators: 1 to 100.
            context: What holds for all of them, where they do not say otherwise: sent as ``default_fields``.
            tries: How often, if not until the deadline.

        Raises:
            NotFound: There is no such collection.
        """
        return self._transport.call(
            Added,
            "POST",
            subjects.collection(collection_id).below("indicators"),
            doing="submitting the indicators",
            silent=self._transport.moment(),
            tries=tries,
            json={
                "indicators": [indicator.model_dump(mode="json", exclude_none=True) for indicator in indicators],
                "default_fields": context.payload(),
            },
        )

    def preview_file(
        self, collection_id: str, open_file: Callable[[], BinaryIO], *, size: int, name: str, mime_type: str
    ) -> Preview:
        """``POST /ioc-collections/{id}/indicators/files/preview``: uploads a file as it is read, imports nothing.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            open_file: Opens the file for reading bytes; called again when the upload is repeated.
            size: The size of the file in bytes.
            name: File name to tell Sekoia.
            mime_type: What it is (contract, "MIME types").

        Raises:
            NotFound: There is no such collection.
            InputError: The file cannot be read, or does not hold as many bytes.
        """

        def upload() -> Preview:
            with open_file() as file:
                body = Multipart(file, size=size, name=name, mime_type=mime_type, deadline=self._transport.deadline)
                return self._transport.call_once(
                    Preview,
                    "POST",
                    subjects.collection(collection_id).below("indicators/files/preview"),
                    doing="uploading the file",
                    data=body,
                    headers={"Content-Type": body.content_type},
                )

        return self._transport.repeat(upload)

    def process_file(
        self,
        collection_id: str,
        file_handle: str,
        *,
        mapping: Mapping,
        ignore_first_line: bool,
        context: Context,
        **tries: Unpack[Tries],
    ) -> Accepted:
        """``POST /ioc-collections/{id}/indicators/files/process``.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            file_handle: From :meth:`preview_file`.
            mapping: What each column holds (contract, "File columns").
            ignore_first_line: Whether the first line is a heading.
            context: For what no column maps.
            tries: How often, if not until the deadline.

        Raises:
            NotFound: The file is not there, or not any more: Sekoia may drop it once its import began.
        """
        return self._transport.call(
            Accepted,
            "POST",
            subjects.uploaded_file(collection_id),
            doing="starting the import of the file",
            silent=self._transport.moment(),
            tries=tries,
            json={
                "file_handle": file_handle,
                "mapping": mapping,
                "ignore_first_line": ignore_first_line,
                **context.payload(),
            },
        )
