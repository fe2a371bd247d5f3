"""Who may look at pages, and who may change something from them: each router of pages asks for both here."""

from typing import Annotated

from fastapi import Depends, Form, HTTPException, Request

from sandbox.sekoia.service import Here

__all__ = ["CHANGE", "LOOK", "PageError"]


class PageError(Exception):
    """What was asked for cannot be shown or done: a title, a sentence that says what to do, and an HTTP status."""

    def __init__(self, status: int, title: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.title = title
        self.message = message


async def _looks(request: Request, service: Here) -> None:
    service.guard.check(request.headers)


async def _changes(request: Request, service: Here, token: Annotated[str, Form()] = "") -> None:
    service.guard.check(request.headers)
    try:
        service.guard.check_change(request.headers, token)
    except HTTPException as error:
        message = "This page came from a sandbox that is no longer running: reload it, then try again."
        raise PageError(error.status_code, "Nothing was changed", message) from error


LOOK = Depends(_looks)
CHANGE = Depends(_changes)
