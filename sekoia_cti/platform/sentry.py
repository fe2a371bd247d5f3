"""What is sent to Sentry if the platform configures it: which error happened where, and in which run.

Nothing that a run was given or received leaves the process. The variables of a stack contain the API key and the
imported data, the body of a request on Fission contains both, and messages, breadcrumbs and extras quote them. So each
event is built anew from what is known to be harmless. The messages are in the playbook's log, which can be found by
the run's id in the tags.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import sentry_sdk
from sentry_sdk.types import Event, Hint

__all__ = ["WITHHELD", "scrubbed", "start"]

WITHHELD = "The message is only in the playbook's log, since it may quote what was imported"

_EVENT = (
    "event_id", "timestamp", "platform", "level", "logger", "environment", "release", "server_name", "sdk", "tags", "modules",
)  # fmt: skip
_EXCEPTION = ("type", "module")
_MECHANISM = ("type", "handled", "exception_id", "parent_id", "is_exception_group")
_FRAME = (
    "filename", "abs_path", "module", "function", "lineno", "in_app", "pre_context", "context_line", "post_context",
)  # fmt: skip


def start(dsn: str, environment: str | None, tags: Mapping[str, str | None]) -> None:
    """Send errors to Sentry.

    Args:
        dsn: The address of Sentry.
        environment: The platform's environment.
        tags: Sent with each error; those without a value are left out.
    """
    options = sentry_sdk.get_client().options
    # On Fission, every run comes here, and the client of an earlier run is good enough.
    ours = options.get("before_send") is scrubbed and options["dsn"] == dsn
    if not (ours and environment in (None, options["environment"])):
        sentry_sdk.get_client().close()
        try:
            sentry_sdk.init(
                dsn,
                environment=environment,
                include_local_variables=False,
                max_request_body_size="never",
                before_send=scrubbed,
            )
        except ValueError:
            # The address is not valid; the run continues without Sentry.
            logging.getLogger(__name__).warning("Errors are not sent to Sentry, since its address is not valid")
    for name, value in tags.items():
        if value:
            sentry_sdk.set_tag(name, value)


def scrubbed(event: Event, _hint: Hint) -> Event:
    """An event with only what is known to be harmless."""
    given: dict[str, Any] = dict(event)
    clean = _only(given, _EVENT)
    if exceptions := (given.get("exception") or {}).get("values"):
        clean["exception"] = {"values": [_exception(exception) for exception in exceptions]}
    else:
        clean["message"] = WITHHELD
    return clean  # type: ignore[return-value]  # a TypedDict, built key by key


def _exception(given: Mapping[str, Any]) -> dict[str, Any]:
    clean = _only(given, _EXCEPTION)
    clean["mechanism"] = _only(given.get("mechanism") or {}, _MECHANISM)
    frames = (given.get("stacktrace") or {}).get("frames") or []
    clean["stacktrace"] = {"frames": [_only(frame, _FRAME) for frame in frames]}
    return clean


def _only(given: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: given[name] for name in names if name in given}
