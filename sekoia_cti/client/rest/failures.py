"""Why a call got no answer: the network, a proxy, a certificate, or a server that does not speak HTTP."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import requests
import urllib3

from sekoia_cti.client.errors import (
    AuthoritiesUnusable,
    CertificateRejected,
    ProxyRefused,
    ProxyUnusable,
    Unavailable,
)
from sekoia_cti.client.network import tls_failure, unusable_authorities, unusable_proxy

__all__ = ["failure_of"]


def failure_of(
    error: Exception, root: str, doing: str
) -> AuthoritiesUnusable | CertificateRejected | ProxyRefused | ProxyUnusable | Unavailable:
    """Why a call got no answer.

    What is wrong with the environment comes first, since requests reports it as all kinds of errors.

    Args:
        error: What requests, urllib3 or the system raised.
        root: The REST root, as a URL.
        doing: What the call was for, as errors say it.

    Returns:
        The error to raise. Only ``Unavailable`` is worth another attempt.
    """
    host = urlsplit(root).netloc
    if wrong := unusable_proxy(root):
        return wrong
    if root.startswith("https:") and (unusable := unusable_authorities()):
        return unusable
    # Other failures of TLS, such as an internal error of the server, may pass.
    if distrust := next((cause for cause in _causes(error) if isinstance(cause, _UNTRUSTED)), None):
        return CertificateRejected(host, _reason(distrust))
    # http.client reports a proxy's answer to CONNECT only in words.
    if any("Tunnel connection failed: 407" in str(cause) for cause in _causes(error)):
        return ProxyRefused(doing, status=407)
    return Unavailable(
        doing,
        host=host,
        reason=_reason(error),
        undone=_is_unsent(error),
        garbled=any(map(_is_garbled, _causes(error))),
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and the errors that it was made from, the outermost first; urllib3 keeps them in `reason` and in `args`."""
    while error is not None:
        yield error
        inner = getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in error.args if isinstance(arg, BaseException)), None)
        error = inner or error.__cause__ or error.__context__


_UNTRUSTED = (ssl.SSLCertVerificationError, ssl.CertificateError)

_INVALID_ADDRESS = (requests.exceptions.InvalidURL, urllib3.exceptions.LocationValueError)

_REASONS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    (
        (requests.exceptions.InvalidSchema,),
        "the proxy set in the environment cannot be used, since it is a SOCKS proxy: use an HTTP proxy",
    ),
    (_INVALID_ADDRESS, "the address is not valid"),
    ((requests.exceptions.ProxyError,), "the proxy did not let the request through"),
    ((urllib3.exceptions.NameResolutionError,), "its name could not be resolved"),
    ((ConnectionRefusedError,), "connection refused"),
    ((urllib3.exceptions.TimeoutError, requests.Timeout, TimeoutError), "no answer in time"),
)


def _is_unsent(error: BaseException) -> bool:
    """Whether no connection was made, not even through a proxy, so that Sekoia cannot have seen the request."""
    unmade = (
        urllib3.exceptions.NewConnectionError,
        urllib3.exceptions.ConnectTimeoutError,
        requests.exceptions.ProxyError,
        requests.exceptions.InvalidSchema,
        *_INVALID_ADDRESS,
    )
    return any(isinstance(cause, unmade) or _has_no_tls(cause) for cause in _causes(error))


def _is_garbled(error: BaseException) -> bool:
    """Whether what was received is not HTTP. An answer that ends too early is not meant."""
    if isinstance(error, http.client.HTTPException):
        return not isinstance(error, http.client.IncompleteRead | http.client.RemoteDisconnected)
    return isinstance(error, urllib3.exceptions.DecodeError)


def _has_no_tls(error: BaseException) -> bool:
    """Whether what answered does not speak TLS, such as a server for ``http://``."""
    return isinstance(error, ssl.SSLError) and error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")


def _reason(error: BaseException) -> str:
    """What happened, in a few words and without addresses of objects, headers or the key."""
    causes = list(_causes(error))
    # The order matters: for urllib3, a connection that could not be made is a timeout as well.
    for kinds, words in _REASONS:
        if any(isinstance(cause, kinds) for cause in causes):
            return words
    if any(map(_is_garbled, causes)):
        return "what answers there does not speak HTTP as an API does"
    if any(map(_has_no_tls, causes)):
        return "what answers there does not speak TLS, which https:// needs"
    innermost = causes[-1]
    if isinstance(innermost, ssl.SSLError) and not isinstance(innermost, ssl.SSLCertVerificationError):
        return tls_failure(innermost)
    if text := getattr(innermost, "verify_message", None) or getattr(innermost, "strerror", None):
        return str(text).lower()
    return "the connection was lost before the answer was complete"
