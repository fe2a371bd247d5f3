"""The addresses of Sekoia that follow from a ``base_url`` (contract, "Where it lives")."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit, urlunsplit

__all__ = [
    "DEFAULT_BASE_URL",
    "api_root_for",
    "checked_key",
    "checked_url",
    "is_open",
    "liveapi_url_for",
    "rest_root_for",
]

DEFAULT_BASE_URL = "https://api.sekoia.io"
"""Region FRA1."""


def api_root_for(base_url: str) -> str:
    """The root of all of Sekoia's APIs: the host itself if its name begins with ``api.``, otherwise ``/api`` on that host.

    Args:
        base_url: A URL in any of the forms of the contract.

    Returns:
        A URL without a trailing slash.
    """
    parts = urlsplit(base_url)
    path = parts.path.rstrip("/").removesuffix("/v2/inthreat").removesuffix("/api").rstrip("/")
    api = "" if _is_api_host(parts.hostname) else "/api"
    return urlunsplit((parts.scheme, parts.netloc, f"{path}{api}", "", ""))


def rest_root_for(base_url: str) -> str:
    """The REST root: the root of the Intelligence Center's API.

    Args:
        base_url: A URL in any of the forms of the contract.

    Returns:
        A URL without a trailing slash.
    """
    return f"{api_root_for(base_url)}/v2/inthreat"


def liveapi_url_for(base_url: str) -> str:
    """The address of LiveAPI: ``wss`` for ``https``, and ``app.`` in place of a leading ``api.``.

    Args:
        base_url: A URL in any of the forms of the contract.
    """
    parts = urlsplit(base_url)
    netloc = "app." + parts.netloc[4:] if _is_api_host(parts.hostname) else parts.netloc
    return urlunsplit(("wss" if parts.scheme == "https" else "ws", netloc, "/live/", "", ""))


def checked_url(value: str, schemes: tuple[str, str]) -> str:
    """Check a URL that a person entered.

    Args:
        value: The URL, possibly with blanks around it.
        schemes: The two schemes that it may have, the usual one last.

    Returns:
        The URL without blanks around it.

    Raises:
        ValueError: It is not such a URL, or contains a user name or password; the sentence says which.
    """
    value = value.strip()
    try:
        parts = urlsplit(value)
        usable = parts.scheme.lower() in schemes and parts.hostname and (parts.port is None or parts.port > 0)
        (parts.hostname or "").encode("idna")  # raises for a name that no host can have, such as a..example
    except ValueError:
        usable = False
    if not usable or any(letter.isspace() for letter in value):
        raise ValueError(f"it must be a URL that begins with {schemes[1]}:// (or {schemes[0]}://)")
    if parts.username is not None or parts.password is not None:
        raise ValueError("it must not contain a user name or password")
    return parts.scheme + value[len(parts.scheme) :]


def checked_key(value: str) -> str:
    """Check an API key that a person entered.

    Args:
        value: The key, possibly with blanks around it.

    Returns:
        The key without blanks around it.

    Raises:
        ValueError: It contains characters that cannot be sent in a header unchanged.
    """
    value = value.strip()
    if not all("!" <= letter <= "~" and letter not in ';,"\\' for letter in value):
        raise ValueError("it contains characters that no API key has: copy it again")
    return value


def is_open(url: str) -> bool:
    """Whether a key that is sent to a URL can be read on its way: to another machine, without TLS.

    Args:
        url: ``http://``, ``https://``, ``ws://`` or ``wss://``.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme.lower() in ("https", "wss") or host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return True


def _is_api_host(host: str | None) -> bool:
    return (host or "").startswith("api.")
