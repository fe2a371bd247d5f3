"""Proxies and certificate authorities of the environment, read in the same way for REST and for LiveAPI."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import certifi
import requests

from sekoia_cti.client.errors import AuthoritiesUnusable, ProxyUnusable

__all__ = ["BUNDLES", "proxy_for", "tls_failure", "trust", "unusable_authorities", "unusable_proxy"]

BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""The variables that can name a file or a folder of certificate authorities. As for requests, the first that is set counts."""


PROXIES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
"""The schemes of proxies. The SOCKS ones need a library that is not installed."""


def proxy_for(url: str) -> str | None:
    """Find the proxy for a URL, as the environment says.

    requests decides for REST and for LiveAPI, since only requests understands networks in ``NO_PROXY``, such as ``10.0.0.0/8``.

    Args:
        url: ``http://``, ``https://``, ``ws://`` or ``wss://``.

    Returns:
        The URL of the proxy; None for a direct connection.

    Raises:
        ProxyUnusable: The address of the proxy is not valid.
    """
    scheme, separator, rest = url.partition("://")
    scheme = {"ws": "http", "wss": "https"}.get(scheme, scheme)
    with requests.Session() as session:
        settings = session.merge_environment_settings(f"{scheme}{separator}{rest}", {}, None, None, None)
    named = settings["proxies"].get(scheme) or settings["proxies"].get("all")
    return _proxy(named) if named else None


def _proxy(named: str) -> str:
    """The URL of a proxy; without a scheme, it is an HTTP proxy."""
    url = named if "://" in named else f"http://{named}"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in PROXIES and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of the port, or of an address in brackets
        usable = False
    if not usable:
        raise ProxyUnusable
    return url


def trust() -> ssl.SSLContext:
    """Make a TLS context for LiveAPI that trusts the same certificate authorities as REST.

    Raises:
        AuthoritiesUnusable: The environment names authorities that do not exist or are not valid.
    """
    variable = _variable()
    path = os.environ[variable] if variable else certifi.where()
    try:
        if Path(path).is_dir():
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except OSError as error:  # also what the TLS library says of a file that holds no certificate
        raise AuthoritiesUnusable(variable or "certifi", path, _why(error)) from None


def unusable_authorities() -> AuthoritiesUnusable | None:
    """What is wrong with the authorities that the environment names; None when nothing is."""
    try:
        trust()
    except AuthoritiesUnusable as error:
        return error
    return None


def unusable_proxy(url: str) -> ProxyUnusable | None:
    """What is wrong with the proxy that leads to a URL; None when nothing is."""
    try:
        proxy_for(url)
    except ProxyUnusable as error:
        return error
    return None


def tls_failure(error: ssl.SSLError) -> str:
    """What TLS failed of, in a few words."""
    return f"TLS failed: {(error.reason or 'unknown reason').replace('_', ' ').lower()}"


def _variable() -> str | None:
    return next((name for name in BUNDLES if os.environ.get(name)), None)


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return "it contains no certificate"
    return (error.strerror or "it cannot be read").lower()
