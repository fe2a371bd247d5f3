"""What can go wrong on purpose: named, typed settings that take effect at once."""

import json
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from sandbox.sekoia.unicode import is_unicode

__all__ = ["Faults", "Known", "RestFault", "named_value", "said"]

Known = Literal["known", "unknown", "denied"]
"""Whether an endpoint knows what it is asked for: otherwise it answers 404 or 403."""
Days = Annotated[int, Field(ge=1, le=36500)] | None
Fraction = Annotated[float, Field(ge=0, le=1)]


# Seconds, and numbers, beyond which a setting means nothing any more, and Python or SQLite gives up.
LONGEST = 100 * 366 * 86_400
MOST = 2**53
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def _text(text: str) -> str:
    if not is_unicode(text):
        raise ValueError("has half a character (a lone surrogate) in it")
    return text


Text = Annotated[str, AfterValidator(_text)]


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"must be a regular expression: {error}") from error
    return _text(text)


def _headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or not _FIELD.fullmatch(value):
            raise ValueError(f"{name!r} cannot be sent as a header with the value {value!r}")
        if name.lower() in ("content-length", "transfer-encoding"):
            raise ValueError(f"{name} follows from the body; `truncate` and `cut` break it")
    return headers


def _body(body: dict[str, object] | str | None) -> dict[str, object] | str | None:
    _text(body if isinstance(body, str) else json.dumps(body, ensure_ascii=False))
    return body


class _Settings(BaseModel):
    model_config = ConfigDict(validate_assignment=True, extra="forbid", allow_inf_nan=False)


class RestFault(_Settings):
    """What happens to the requests it matches, instead of or besides their handling."""

    method: Annotated[str, StringConstraints(to_upper=True)] = Field(
        default="*", description="the HTTP method, or * for any"
    )
    path: Annotated[str, AfterValidator(_expression)] = Field(
        default=".*", description="a regular expression that is searched for in the path"
    )
    query: Text | None = Field(default=None, description="hits only requests whose query string contains this text")
    status: int | None = Field(
        default=None, ge=200, le=599, description="answer with this status instead of handling the request"
    )
    handled: bool = Field(default=False, description="with a status: handle the request before giving that answer")
    body: Annotated[dict[str, object] | str | None, AfterValidator(_body)] = Field(
        default=None, description="the body of that answer; by default a JSON message"
    )
    headers: Annotated[dict[str, str], AfterValidator(_headers)] = Field(
        default={}, description="the headers of that answer, except for its length"
    )
    delay: float = Field(default=0, ge=0, le=LONGEST, description="seconds to wait before anything is done")
    cut: Literal["before", "after"] | None = Field(
        default=None, description="reset the connection without an answer, before or after handling the request"
    )
    truncate: bool = Field(default=False, description="end the answer, and the connection, in the middle of its body")
    times: int | None = Field(
        default=1, ge=0, description="how many more requests it hits before it is cleared; null: all"
    )
    contains: Text | None = Field(default=None, description="hits only requests whose body contains this text")

    def matches(self, method: str, path: str, query: str) -> bool:
        """Whether a request with this method, path and query string can be hit."""
        if self.times == 0 or self.method not in ("*", method) or (self.query or "") not in query:
            return False
        return re.search(self.path, path) is not None

    def take(self, body: bytes | None) -> bool:
        """Whether a request that matches is hit; if so, it counts. The body is needed where `contains` is set."""
        if self.contains is not None and self.contains.encode() not in (body or b""):
            return False
        if self.times == 0:  # others were hit while the body was awaited
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Faults(_Settings):
    """The faults in force. Without any, the sandbox behaves as the contract says, in a gently living community."""

    # REST and the playbook callback: the first that matches hits
    rest: list[RestFault] = Field(
        default=[],
        description="What happens to API requests: a list of objects with any of method, path, query, status, "
        "handled, body, headers, delay, cut, truncate, times and contains. The first that matches a "
        "request hits it.",
    )
    callback: list[RestFault] = Field(default=[], description="The same for requests to the playbook callback.")
    collection_limit: int = Field(
        default=500_000, ge=0, le=MOST, description="How many indicators a community can hold."
    )
    preview_fields: Literal["mapping", "columns", "detected_mapping", "nested", "none"] = Field(
        default="mapping", description="The field names in which a preview reports what it detected."
    )
    indicators_as_task: bool = Field(
        default=False, description="Indicators sent as JSON are answered with a task, like an import of text."
    )

    import_answer: Literal["task_id", "numeric_id", "no_id", "counts"] = Field(
        default="task_id",
        description="How an import is answered: 202 with the task id as text (task_id) or as a number (numeric_id), "
        "202 without an id (no_id), or 200 with the counts once the import has ended (counts).",
    )
    invalid_lines: Literal["ignored", "rejected"] = Field(
        default="ignored",
        description="What happens when a line of an imported text is not an indicator: that line is ignored, or the "
        "whole text is rejected.",
    )

    # What is said of whose key it is, and of tasks
    me: Known = Field(
        default="known",
        description="Whether /v1/me says whose key it is. If not, it answers 404 (unknown) or 403 (denied).",
    )
    tasks: Known = Field(
        default="known",
        description="Whether /v1/tasks knows the tasks of imports. If not, it answers 404 (unknown) or 403 (denied).",
    )
    task_events: bool = Field(default=False, description="LiveAPI also reports the state of tasks.")

    # Searches and the bulk reader
    quotes_searched: bool = Field(
        default=True,
        description="Quotes in a search term are part of it; otherwise they are ignored.",
    )
    bulk_reader: Literal["served", "absent", "denied", "html", "broken"] = Field(
        default="served",
        description="What answers instead of the bulk reader: 404 (absent), 403 (denied), an HTML page (html) or 500 "
        "(broken).",
    )
    bulk_patterns: bool = Field(default=True, description="The objects of the bulk reader have patterns.")
    bulk_lag_seconds: float = Field(
        default=0,
        ge=0,
        le=LONGEST,
        description="How many seconds it takes until an indicator appears in the bulk reader.",
    )
    bulk_lag_values: int = Field(
        default=0, ge=0, le=MOST, description="How many of the newest indicators are missing in the bulk reader."
    )
    bulk_last_cursor: bool = Field(
        default=True, description="The last page of the bulk reader has a cursor too, which leads to an empty page."
    )

    # What becomes of indicators
    stored_form: Literal["given", "lower", "canonical"] = Field(
        default="lower",
        description="How values are stored: as given; lowercase, except for URLs (lower); or with A-labels, "
        "short IPv6 addresses, and URLs with a lowercase host and uppercase escapes (canonical).",
    )
    refused_values: list[str] = Field(default=[], description="Values that imports ignore.")
    ignored_columns: list[Literal["description", "valid_from", "valid_until", "kill_chain_phases"]] = Field(
        default=[], description="Columns that imports from files ignore, although they are mapped."
    )
    ignored_counts_unchanged: bool = Field(
        default=False, description="An import counts values that it did not change as ignored; otherwise as updated."
    )
    reimport_modifies: bool = Field(
        default=True,
        description="An import sets the modification time of indicators even if it changes nothing about them.",
    )
    validity_shrinks: bool = Field(default=True, description="An import can bring the end of validity forward.")
    expired_renew: bool = Field(
        default=True,
        description="An import without an end of validity renews expired indicators for the default period.",
    )
    revoked_revive: bool = Field(default=True, description="An import makes revoked indicators valid again.")
    days_of_addresses: Days = Field(default=30, description="Default validity of IP addresses in days; null: no end.")
    days_of_names: Days = Field(default=180, description="Default validity of domains and URLs in days; null: no end.")
    days_of_others: Days = Field(
        default=None, description="Default validity of hashes, email and MAC addresses in days; null: no end."
    )

    changes: Literal["keep", "clear", "ignored"] = Field(
        default="keep",
        description="What a change to an indicator does with fields that it does not mention: keep or clear them. Or "
        "the whole change is ignored, although it is answered with 200.",
    )
    empty_values: Literal["clear", "keep", "refuse"] = Field(
        default="clear",
        description="What a change to an indicator does with fields that it sets to empty or null: clear or keep "
        "them. Or the whole change is refused.",
    )

    # LiveAPI: the connection
    live_status: int | None = Field(
        default=None,
        ge=300,
        le=599,
        description="The HTTP status that answers the handshake, such as 401; null: the handshake succeeds.",
    )
    live_refuse_by_message: bool = Field(
        default=False,
        description='The handshake succeeds with any known key, and the first message is {"authenticated": false}.',
    )
    live_delay: float = Field(default=0, ge=0, le=LONGEST, description="Seconds before the handshake is answered.")
    live_greeting: bool = Field(default=True, description='The first message is {"authenticated": true}.')
    live_close_after: int | None = Field(
        default=None, ge=1, description="Close a connection after this many import events, once; null: never."
    )
    live_close_code: int | None = Field(
        default=1011, description="The close code used for that; null: reset the connection."
    )
    noise_per_second: int = Field(
        default=1, ge=0, le=100_000, description="How many unrelated events a second each connection receives."
    )
    noise_bytes: int = Field(
        default=1000, ge=0, le=16 * 1024 * 1024, description="The minimum size of such an event in bytes."
    )

    # Imports and their events
    lose_events: Literal["none", "all", "last"] = Field(
        default="none", description="Which import events are never sent."
    )
    zero_first: bool = Field(default=False, description="An import first reports 0 of 0.")
    zero_total_first: bool = Field(default=False, description="An import first reports 0 of its total.")
    totals_grow_at: list[int] = Field(
        default=[], description="Numbers of lines at which an import reports that it is complete, and then goes on."
    )
    stall_after: Fraction | None = Field(
        default=None, description="The fraction (0 to 1) at which imports stop forever; null: they do not."
    )
    hold_after: Fraction = Field(
        default=0, description="The fraction (0 to 1) at which imports wait while they are held."
    )
    pause_after: Fraction = Field(default=0.5, description="The fraction (0 to 1) at which imports pause.")
    pause_for: float = Field(default=0, ge=0, le=LONGEST, description="How many seconds they pause there.")
    fail_after: Fraction | None = Field(
        default=None, description="The fraction (0 to 1) at which imports fail; null: they do not."
    )
    overcount: int = Field(
        default=0, ge=0, le=MOST, description="A number that is added to `imported` in the last event."
    )
    created_as: Literal["number", "null", "list", "negative", "text"] = Field(
        default="number", description='What the last event has as `created`: the count, null, a list, -1 or "n/a".'
    )
    numbers_as_text: bool = Field(default=False, description="Events report their numbers as text.")
    finish_before_answer: bool = Field(default=False, description="Imports end before their request is answered.")

    def default_days(self, kind: str) -> int | None:
        """How many days an indicator of a type is valid when it was given no end."""
        match kind:
            case "ipv4-addr" | "ipv6-addr":
                return self.days_of_addresses
            case "domain-name" | "url":
                return self.days_of_names
            case _:
                return self.days_of_others


def named_value(text: str) -> tuple[str, object]:
    """The name and the value in `NAME=VALUE`: JSON if it is that, else text. Raises ValueError without a `=`."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} is not of the form NAME=VALUE")
    try:
        return name.strip(), json.loads(value)
    except ValueError:
        return name.strip(), value


def said(error: ValidationError) -> str:
    """What is wrong with settings, in one line."""
    return "; ".join(
        f"{'.'.join(map(str, each['loc']))}: {each['msg'].removeprefix('Value error, ')}" for each in error.errors()
    )
