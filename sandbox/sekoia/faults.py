"""What can go wrong on purpose: named, typed settings that take effect at once."""

import json
import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

__all__ = ["Faults", "Known", "RestFault", "named_value", "said"]

Known = Literal["known", "unknown", "denied"]
"""Whether an endpoint knows what it is asked for: otherwise it answers 404 or 403."""
Days = Annotated[int, Field(ge=1, le=36500)] | None
Fraction = Annotated[float, Field(ge=0, le=1)]


class _Settings(BaseModel):
    model_config = ConfigDict(validate_assignment=True, extra="forbid")


class RestFault(_Settings):
    """What happens to the requests it matches, instead of or besides their handling."""

    method: str = Field(default="*", description="the HTTP method, or * for each")
    path: str = Field(default=".*", description="a regular expression, searched for in the path")
    query: str | None = Field(default=None, description="only requests whose query string has this text are hit")
    status: int | None = Field(default=None, ge=200, le=599, description="answered instead of handling the request")
    handled: bool = Field(
        default=False, description="with a status: the request is handled all the same before that answer"
    )
    body: dict[str, object] | str | None = Field(default=None, description="of that answer; by default a JSON message")
    headers: dict[str, str] = Field(default={}, description="of that answer")
    delay: float = Field(default=0, ge=0, description="seconds that pass before anything is done")
    cut: Literal["before", "after"] | None = Field(
        default=None, description="the connection is reset without an answer, before or after the request was handled"
    )
    truncate: bool = Field(default=False, description="the answer ends in the middle of its body, with the connection")
    times: int | None = Field(
        default=1, ge=0, description="how many requests it still hits, after which it is cleared; None for all"
    )
    contains: str | None = Field(default=None, description="only requests whose body has this text are hit")

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
        description="what happens to requests of the API: a list of objects with any of method, path, query, status, handled, "
        "body, headers, delay, cut, truncate, times and contains; the first that matches hits",
    )
    callback: list[RestFault] = Field(default=[], description="the same for requests of the playbook callback")
    collection_limit: int = Field(default=500_000, ge=0, description="indicators that a community can hold")
    preview_fields: Literal["mapping", "columns", "detected_mapping", "nested", "none"] = Field(
        default="mapping", description="the names under which a preview tells what it detected"
    )
    indicators_as_task: bool = Field(
        default=False, description="indicators sent as JSON are answered with a task, as those sent as text are"
    )

    import_answer: Literal["task_id", "numeric_id", "no_id", "counts"] = Field(
        default="task_id",
        description="how an import is answered: 202 with the id of its task, as text or as a number; 202 without one; "
        "or 200 with its counts once it has ended",
    )
    invalid_lines: Literal["ignored", "rejected"] = Field(
        default="ignored",
        description="what an import from text does about a line that is not an indicator: it, or all",
    )

    # What is said of whose key it is, and of tasks
    me: Known = Field(default="known", description="whether /v1/me tells whose key it is")
    tasks: Known = Field(default="known", description="whether /v1/tasks knows the tasks of imports")
    task_events: bool = Field(default=False, description="LiveAPI tells what becomes of tasks, too")

    # Searches and the bulk reader
    quotes_searched: bool = Field(
        default=True,
        description="a term in quotes finds patterns that have it so; otherwise quotes are not part of it",
    )
    bulk_reader: Literal["served", "absent", "denied", "html", "broken"] = Field(
        default="served", description="what answers: the reader, or 404, 403, a page of HTML, or 500"
    )
    bulk_patterns: bool = Field(default=True, description="its objects have patterns")
    bulk_lag_seconds: float = Field(default=0, ge=0, description="the age at which indicators appear in it")
    bulk_lag_values: int = Field(default=0, ge=0, description="the newest indicators, which are not in it yet")
    bulk_last_cursor: bool = Field(default=True, description="the last page has a cursor, after which nothing comes")

    # What becomes of indicators
    stored_form: Literal["given", "lower", "canonical"] = Field(
        default="lower",
        description="values are stored as they were given; in lowercase, but for URLs; or with names as A-labels, "
        "short IPv6 addresses, and URLs with their host so and their escapes in uppercase",
    )
    refused_values: list[str] = Field(default=[], description="values that imports ignore")
    ignored_columns: list[Literal["description", "valid_from", "valid_until", "kill_chain_phases"]] = Field(
        default=[], description="columns that imports from files ignore, though they are mapped"
    )
    ignored_counts_unchanged: bool = Field(
        default=False, description="`ignored` counts, besides what is refused, what is there and would not change"
    )
    reimport_modifies: bool = Field(
        default=True, description="what an import does not change is modified all the same"
    )
    validity_shrinks: bool = Field(default=True, description="an import can end a validity earlier than it was to end")
    expired_renew: bool = Field(default=True, description="an import without an end renews the default validity")
    revoked_revive: bool = Field(default=True, description="what an import brings again is no longer revoked")
    days_of_addresses: Days = Field(default=30, description="days that IP addresses are valid by default; None: ever")
    days_of_names: Days = Field(default=180, description="the same for domains and URLs")
    days_of_others: Days = Field(default=None, description="the same for hashes, email and MAC addresses")

    changes: Literal["keep", "clear", "ignored"] = Field(
        default="keep",
        description="what the change of an indicator does with fields that it does not tell: keep or clear them; or the whole "
        "change is ignored, though it is answered",
    )
    empty_values: Literal["clear", "keep", "refuse"] = Field(
        default="clear",
        description="what the change of an indicator does with what it tells to be empty or null: clear or keep it; or the whole "
        "change is refused",
    )

    # LiveAPI: the connection
    live_status: int | None = Field(default=None, ge=300, le=599, description="answered to the handshake")
    live_refuse_by_message: bool = Field(
        default=False, description='the handshake is accepted, then {"authenticated": false}'
    )
    live_delay: float = Field(default=0, ge=0, description="seconds before the handshake is answered")
    live_greeting: bool = Field(default=True, description='the first message is {"authenticated": true}')
    live_close_after: int | None = Field(
        default=None, ge=1, description="import events on a connection that close it, once"
    )
    live_close_code: int | None = Field(default=1011, description="the code of that close; None resets the connection")
    noise_per_second: int = Field(default=1, ge=0, description="unrelated events of the community, on each connection")
    noise_bytes: int = Field(default=1000, ge=0, description="the size of such an event, at least")

    # Imports and their events
    lose_events: Literal["none", "all", "last"] = Field(
        default="none", description="the import events that are never sent"
    )
    zero_first: bool = Field(default=False, description="an event 0/0 comes before any progress")
    zero_total_first: bool = Field(default=False, description="an event 0/total comes before any progress, and that")
    totals_grow_at: list[int] = Field(
        default=[], description="numbers of lines at which an import claims to be complete, before it goes on"
    )
    stall_after: Fraction | None = Field(default=None, description="the fraction at which imports stop forever")
    hold_after: Fraction = Field(default=0, description="the fraction at which imports wait while they are held")
    pause_after: Fraction = Field(default=0.5, description="the fraction at which imports pause")
    pause_for: float = Field(default=0, ge=0, description="the seconds that they pause there")
    fail_after: Fraction | None = Field(default=None, description="the fraction at which imports fail")
    overcount: int = Field(default=0, ge=0, description="added to `imported` in the last event")
    created_as: Literal["number", "null", "list", "negative", "text"] = Field(
        default="number", description='what the last event has as `created`: the count, null, a list, -1 or "n/a"'
    )
    numbers_as_text: bool = Field(default=False, description="events tell their numbers as text")
    finish_before_answer: bool = Field(default=False, description="imports end before their request is answered")

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
    return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
