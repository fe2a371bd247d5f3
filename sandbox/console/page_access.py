"""Who may read pages, and who may change something from them: each router of pages checks both here."""

from collections.abc import AsyncIterator

from fastapi import Depends, HTTPException, Request

from sandbox.sekoia.service import Here

__all__ = ["CHANGE", "LOOK", "PageError"]


# Of one field in a form with files: a list of half a million indicators fits, and an upload has no limit at all.
LONGEST_FIELD = 128 * 1024 * 1024


class PageError(Exception):
    """What was asked for cannot be shown or done: a title, a sentence that says what to do, and an HTTP status."""

    def __init__(self, status: int, title: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.title = title
        self.message = message


async def _looks(request: Request, service: Here) -> None:
    service.guard.check(request.headers)


async def _changes(request: Request, service: Here) -> AsyncIterator[None]:
    service.guard.check(request.headers)
    async with request.form(max_part_size=LONGEST_FIELD) as form:  # once; later calls get the same
        try:
            service.guard.check_change(request.headers, form.get("token"))
        except HTTPException as error:
            message = "This page came from a sandbox that is no longer running: reload it, then try again."
            raise PageError(error.status_code, "Nothing was changed", message) from error
        yield


LOOK = Depends(_looks)
CHANGE = Depends(_changes)
