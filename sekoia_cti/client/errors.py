"""Everything that can go wrong between the client and Sekoia, as one tree of errors that analysts can read.

::

    SekoiaError
    ├── RequestError              one call of the REST API failed
    │   ├── KeyRefused            401
    │   ├── PermissionDenied      403
    │   ├── NotFound              404
    │   ├── Refused               400 and every other answer that repeating would not change
    │   │   └── LimitExceeded     more indicators than the community can hold
    │   ├── ProxyRefused          407
    │   ├── ListingIncomplete     fewer came than there are, and asking again did not help
    │   ├── Unavailable           429, 5xx or no answer at all, and retries did not help
    │   └── UnexpectedAnswer      an answer that is outside of the contract
    ├── CertificateRejected       the other side's certificate is not trusted
    ├── AuthoritiesUnusable       the certificate authorities that the environment names cannot be used
    ├── ProxyUnusable             the proxy that the environment names has no valid address
    ├── LiveAPIError
    │   ├── LiveAPIRefused        the key was refused
    │   └── LiveAPIUnreachable    no connection could be made
    ├── DeadlinePassed            the time was up before the work could be handed over
    └── Interrupted               the work was asked to stop

Errors store what happened as data and render it as one sentence. The API key is never part of one.
"""

from __future__ import annotations

import math

from sekoia_cti.indicators.display import counted

__all__ = [
    "AuthoritiesUnusable",
    "CertificateRejected",
    "DeadlinePassed",
    "Interrupted",
    "KeyRefused",
    "LimitExceeded",
    "ListingIncomplete",
    "LiveAPIError",
    "LiveAPIRefused",
    "LiveAPIUnreachable",
    "NotFound",
    "PermissionDenied",
    "ProxyRefused",
    "ProxyUnusable",
    "Refused",
    "RequestError",
    "SekoiaError",
    "Unavailable",
    "UnexpectedAnswer",
]


class SekoiaError(Exception):
    """Base of all errors of the client; ``str()`` gives one sentence for an analyst.

    Attributes:
        status: HTTP status of the answer; None if there was no answer.
        message: Sekoia's own words; None if there were none.
    """

    status: int | None = None
    message: str | None = None


class RequestError(SekoiaError):
    """A call of the REST API failed.

    Args:
        doing: What the call was for, as it follows "Sekoia … while": ``"creating the IOC collection"``.
        status: HTTP status, or None when no answer came.
        message: Sekoia's own words: one line, or None.
        foreign: Whether the answer contains anything but JSON, so that it may not be Sekoia's (contract, "Errors").
    """

    def __init__(
        self, doing: str, *, status: int | None = None, message: str | None = None, foreign: bool = False
    ) -> None:
        super().__init__(doing, status, message)
        self.doing = doing
        self.status = status
        self.message = message
        self.foreign = foreign

    def _sentence(self, what: str, advice: str) -> str:
        said = f", saying “{self.message}”" if self.message else ""
        code = f" (HTTP {self.status})" if self.status else ""
        hint = "; the answer is not JSON, so also check base_url, and that no proxy answers instead of Sekoia"
        return f"{what}{code} while {self.doing}{said}: {advice}{hint if self.foreign else ''}."


class KeyRefused(RequestError):
    """HTTP 401: authentication failed (contract, "Where it lives")."""

    def __str__(self) -> str:
        return self._sentence(
            "Sekoia refused the API key",
            "check that the key is complete, has not expired, and belongs to the region of base_url",
        )


class PermissionDenied(RequestError):
    """HTTP 403: the key lacks a permission (contract, "Where it lives")."""

    def __str__(self) -> str:
        return self._sentence(
            "Sekoia denied permission",
            "give the API key the permissions “View IOC collections” and “Manage IOC collections”",
        )


class NotFound(RequestError):
    """HTTP 404: no such object.

    Args:
        what: The object as the analyst knows it: ``"IOC collection ioc-collection--…"``.
        check: What to check, as it follows "check …".
    """

    def __init__(self, doing: str, *, what: str, check: str, message: str | None = None) -> None:
        super().__init__(doing, status=404, message=message)
        self.what = what
        self.check = check

    def __str__(self) -> str:
        return self._sentence(f"Sekoia has no {self.what}", f"check {self.check}")


class Refused(RequestError):
    """HTTP 400, or another answer that will not change by asking again."""

    def __str__(self) -> str:
        return self._sentence("Sekoia refused the request", "correct the arguments, then try again")


class LimitExceeded(Refused):
    """Sekoia refused indicators that would pass the limit of the community (contract, ``count-total-iocs``).

    Args:
        count: Indicators that the community holds.
        limit: Indicators that it can hold.
        new: Indicators that were to be added, at the most.
    """

    def __init__(
        self, doing: str, *, status: int | None, message: str | None, count: int, limit: int, new: int
    ) -> None:
        super().__init__(doing, status=status, message=message)
        self.count = count
        self.limit = limit
        self.new = new

    def __str__(self) -> str:
        return self._sentence(
            "Sekoia refused the indicators",
            f"the community holds {self.count:,} of at most {self.limit:,} indicators, and {self.new:,} were to be "
            "added: delete collections that are no longer needed, then try again",
        )


class Unavailable(RequestError):
    """No answer, or 429 or 5xx, even after repeating.

    Args:
        host: Host and port that were asked.
        reason: Why no answer came, in a few words; None when there was an answer.
        retry_after: Seconds that Sekoia asked to wait before the next call.
        undone: Whether the request certainly had no effect: it never reached Sekoia, or Sekoia rejected it unread.
        garbled: Whether what answered does not speak HTTP.
    """

    def __init__(
        self,
        doing: str,
        *,
        host: str,
        status: int | None = None,
        message: str | None = None,
        reason: str | None = None,
        retry_after: float | None = None,
        undone: bool = False,
        garbled: bool = False,
    ) -> None:
        super().__init__(doing, status=status, message=message)
        self.host = host
        self.reason = reason
        self.retry_after = retry_after
        self.undone = undone
        self.garbled = garbled

    def is_elsewhere(self) -> bool:
        """Whether the address is probably wrong: nobody was reached, or nobody who speaks HTTP."""
        return self.garbled or (self.status is None and self.undone)

    def may_be_done(self) -> bool:
        """Whether Sekoia may have accepted the request. If it says when to come back, it has not."""
        return not self.undone and self.retry_after is None

    def __str__(self) -> str:
        if self.status is None:
            what = "could not be reached" if self.undone else "did not answer"
            return (
                f"Sekoia {what} at {self.host} while {self.doing} ({self.reason}): check base_url, the network and the proxy, "
                "then try again."
            )
        return self._sentence(
            "Sekoia asked for a pause" if self.status == 429 else "Sekoia could not answer",
            f"try again {_when(self.retry_after)}",
        )


def _when(seconds: float | None) -> str:
    """When to try again, in words."""
    if not seconds or seconds > 86_400:
        return "later"
    if seconds < 120:
        return f"in {counted(math.ceil(seconds), 'second')}"
    return f"in {counted(math.ceil(seconds / 60), 'minute')}"


class ProxyRefused(RequestError):
    """HTTP 407: the proxy requires authentication; Sekoia never saw the request."""

    def __str__(self) -> str:
        return self._sentence(
            "The proxy refused the request",
            "add a user name and password that the proxy accepts to its address (HTTPS_PROXY or HTTP_PROXY)",
        )


class ListingIncomplete(RequestError):
    """A listing is shorter than Sekoia says that it is.

    Args:
        seen: How many were listed.
        total: How many there are, according to Sekoia.
    """

    def __init__(self, doing: str, *, seen: int, total: int) -> None:
        super().__init__(doing)
        self.seen = seen
        self.total = total

    def __str__(self) -> str:
        return self._sentence(
            f"Sekoia listed only {self.seen:,} of {self.total:,}",
            "indicators that were not listed may exist, so try again later",
        )


class UnexpectedAnswer(RequestError):
    """An answer that is not as the contract says.

    Args:
        why: What is wrong with it, as a clause: ``"it is not valid JSON"``.
    """

    def __init__(self, doing: str, *, status: int | None, why: str) -> None:
        super().__init__(doing, status=status)
        self.why = why

    def __str__(self) -> str:
        return self._sentence(
            "The answer did not come from Sekoia",
            f"{self.why}; check base_url, and that no proxy answers instead of Sekoia",
        )


class CertificateRejected(SekoiaError):
    """The server's certificate is not trusted.

    Args:
        host: Host and port of the server.
        reason: Why it is not trusted, in the words of the TLS library.
    """

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(host, reason)
        self.host = host
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"The certificate of {self.host} is not trusted ({self.reason}): check base_url and liveapi_url, and name "
            "your own certificate authority in REQUESTS_CA_BUNDLE if a proxy inspects the traffic."
        )


class AuthoritiesUnusable(SekoiaError):
    """An environment variable names certificate authorities that do not exist or are not valid.

    Args:
        variable: The name of the variable.
        path: The file or folder that it names.
        reason: What is wrong with that, in a few words.
    """

    def __init__(self, variable: str, path: str, reason: str) -> None:
        super().__init__(variable, path, reason)
        self.variable = variable
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"The certificate authorities in {self.variable} cannot be used ({self.path}: {self.reason}): correct the "
            "variable, or remove it to trust the usual authorities."
        )


class ProxyUnusable(SekoiaError):
    """The environment names a proxy whose address is not valid; it may hold a password, so it is not repeated."""

    def __str__(self) -> str:
        return (
            "The proxy set in the environment cannot be used, since its address is not valid: correct HTTPS_PROXY, "
            "HTTP_PROXY or ALL_PROXY; a valid address is http://proxy.example:3128, for example."
        )


class LiveAPIError(SekoiaError):
    """Base of what can go wrong with LiveAPI, the WebSocket that reports the progress of imports.

    Args:
        url: Where LiveAPI was looked for.
        reason: What happened, in a few words.
        status: HTTP status of the handshake, where there was one.
    """

    def __init__(self, url: str, reason: str, status: int | None = None) -> None:
        super().__init__(url, reason, status)
        self.url = url
        self.reason = reason
        self.status = status


class LiveAPIRefused(LiveAPIError):
    """LiveAPI did not accept the key: 401 at the handshake, or ``{"authenticated": false}`` (contract, LiveAPI)."""

    def __str__(self) -> str:
        return (
            f"LiveAPI refused the API key at {self.url} ({self.reason}): check that the key is complete, has not expired, and "
            "belongs to the region of base_url."
        )


class LiveAPIUnreachable(LiveAPIError):
    """No connection to LiveAPI could be made."""

    def __str__(self) -> str:
        return (
            f"LiveAPI could not be reached at {self.url} ({self.reason}): check liveapi_url, the network and the "
            "proxy, which must let WebSockets through."
        )


class DeadlinePassed(SekoiaError):
    """The time was up before the work was handed over to Sekoia.

    Args:
        doing: What was being done.
        seconds: The total time that it had.
    """

    def __init__(self, doing: str, seconds: float) -> None:
        super().__init__(doing, seconds)
        self.doing = doing
        self.seconds = seconds

    def __str__(self) -> str:
        return f"The timeout of {self.seconds:,.0f} seconds passed while {self.doing}: set a longer timeout, then try again."


class Interrupted(SekoiaError):
    """The work was asked to stop; in a playbook by the platform, with SIGTERM."""

    def __str__(self) -> str:
        return "The run was stopped before it was finished: run it again."
