"""A small S3 that refuses: one bucket, in memory, with answers that take the place of its own."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import boto3
from botocore.config import Config
from s3path import S3Path, register_configuration_parameter

__all__ = ["RefusingS3"]

MODIFIED = "Wed, 25 Nov 2026 10:00:00 GMT"
_CODES = {403: "AccessDenied", 503: "SlowDown"}


class RefusingS3:
    """To be used with ``with``.

    Attributes:
        objects: What is stored, by key.
        parts: What was sent of uploads that are not complete, by key.
        refuses: For each method, the statuses of its next answers; 200 refuses nothing, and the last one holds for all that
            follow.
        modified: When all that is stored was last modified, as the header has it.
        answered: Method and status of all answers.
    """

    def __init__(self, name: str) -> None:
        self.objects: dict[str, bytes] = {}
        self.parts: dict[str, bytes] = {}
        self.refuses: dict[str, list[int]] = {}
        self.answered: list[tuple[str, int]] = []
        self.modified = MODIFIED
        self._name = name
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def path(self) -> S3Path:
        """The bucket, as the SDK hands it over, but without repetitions of the library below."""
        host, port = self._server.server_address[:2]
        session = boto3.Session(aws_access_key_id="id", aws_secret_access_key="secret", region_name="us-east-1")
        config = Config(retries={"max_attempts": 0}, request_checksum_calculation="when_required")
        resource = session.resource("s3", endpoint_url=f"http://{host!s}:{port}", config=config)
        bucket = S3Path(f"/{self._name}")
        register_configuration_parameter(bucket, resource=resource)
        return bucket

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def clear(self) -> None:
        """Delete everything."""
        self.objects, self.parts, self.refuses, self.answered = {}, {}, {}, []
        self.modified = MODIFIED

    def refusal(self, method: str) -> int | None:
        """The status that a request is refused with."""
        statuses = self.refuses.get(method, [])
        status = statuses.pop(0) if len(statuses) > 1 else next(iter(statuses), 200)
        return None if status == 200 else status


def _handler(s3: RefusingS3) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            target = urlsplit(self.path)
            key, part_of_upload = target.path.split("/", 2)[-1], "uploadId=" in target.query
            if status := s3.refusal(self.command):
                error = f"<Error><Code>{_CODES[status]}</Code><Message>no access today</Message></Error>"
                self._answer(status, error.encode())
            elif prefix := parse_qs(target.query).get("prefix"):  # which s3path asks for on newer versions of Python
                keys = "".join(
                    f"<Contents><Key>{key}</Key></Contents>" for key in s3.objects if key.startswith(prefix[0])
                )
                self._answer(200, f"<ListBucketResult>{keys}</ListBucketResult>".encode())
            elif self.command in ("GET", "HEAD"):
                self._answer(200, s3.objects[key]) if key in s3.objects else self._answer(404)
            elif self.command == "PUT":
                (s3.parts if part_of_upload else s3.objects)[key] = body
                self._answer(200)
            elif self.command == "DELETE":
                (s3.parts if part_of_upload else s3.objects).pop(key, None)
                self._answer(204)
            else:
                if part_of_upload:
                    s3.objects[key] = s3.parts.pop(key)
                self._answer(200, b"<Result><UploadId>1</UploadId></Result>")

        do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = _handle  # noqa: N815  # names that the library wants

        def _answer(self, status: int, body: bytes = b"") -> None:
            s3.answered.append((self.command, status))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Last-Modified", s3.modified)
            self.send_header("ETag", '"1"')
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    return Handler
