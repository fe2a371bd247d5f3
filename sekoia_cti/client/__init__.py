"""Sekoia for a playbook or for a script: ``from sekoia_cti.client import Sekoia``, and the errors."""

from typing import TYPE_CHECKING

from sekoia_cti.client.errors import (
    AuthoritiesUnusable,
    CertificateRejected,
    DeadlinePassed,
    Interrupted,
    KeyRefused,
    LimitExceeded,
    ListingIncomplete,
    LiveAPIError,
    LiveAPIRefused,
    LiveAPIUnreachable,
    NotFound,
    PermissionDenied,
    ProxyRefused,
    ProxyUnusable,
    Refused,
    RequestError,
    SekoiaError,
    Unavailable,
    UnexpectedAnswer,
)

if TYPE_CHECKING:
    from sekoia_cti.client.sekoia import Sekoia

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
    "Sekoia",
    "SekoiaError",
    "Unavailable",
    "UnexpectedAnswer",
]


def __getattr__(name: str) -> object:
    # Some code needs only the errors, and importing Sekoia takes a good part of a start.
    if name == "Sekoia":
        from sekoia_cti.client.sekoia import Sekoia

        return Sekoia
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
