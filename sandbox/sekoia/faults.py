"""What can go wrong on purpose: named, typed settings that take effect at once."""

import asyncio
import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Controls", "Faults", "RestFault"]

Fraction = Annotated[float, Field(ge=0, le=1)]


class _Settings(BaseModel):
    model_config = ConfigDict(validate_assignment=True, extra="forbid")


class RestFault(_Settings):
    """What happens to the requests it matches, instead of or besides their handling."""

    method: str = Field(default="*", description="the HTTP method, or * for each")
    path: str = Field(default=".*", description="a regular expression, searched for in the path")
    status: int | None = Field(default=None, ge=200, le=599, description="answered instead of handling the request")
    body: dict[str, object] | str | None = Field(default=None, description="of that answer; by default a JSON message")
    headers: dict[str, str] = Field(default={}, description="of that answer")
    delay: float = Field(default=0, ge=0, description="seconds that pass before anything is done")
    cut: Literal["before", "after"] | None = Field(
        default=None, description="the connection is reset without an answer, before or after the request was handled"
    )
    truncate: bool = Field(default=False, description="the answer ends in the middle of its body, with the connection")
    times: int | None = Field(default=1, ge=0, description="how many requests it still hits; None for all")

    def take(self, method: str, path: str) -> bool:
        """Whether this request is hit; if so, it counts."""
        if self.times == 0 or self.method not in ("*", method) or not re.search(self.path, path):
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Faults(_Settings):
    """The faults in force. Without any, the sandbox behaves as the contract says, in a gently living community."""

    # REST and the playbook callback: the first that matches hits
    rest: list[RestFault] = Field(default=[], description="for requests of IOC collections")
    callback: list[RestFault] = Field(default=[], description="for requests of the playbook callback")
    collection_limit: int = Field(default=500_000, ge=0, description="indicators that a community can hold")
    preview_fields: Literal["mapping", "columns", "detected_mapping", "nested", "none"] = Field(
        default="mapping", description="the names under which a preview tells what it detected"
    )
    indicators_as_task: bool = Field(
        default=False, description="indicators sent as JSON are answered with a task, as those sent as text are"
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
    stall_after: Fraction | None = Field(default=None, description="the fraction at which imports stop for ever")
    hold_after: Fraction = Field(default=0, description="the fraction at which imports wait while they are held")
    overcount: int = Field(default=0, ge=0, description="added to `imported` in the last event")
    numbers_as_text: bool = Field(default=False, description="events tell their numbers as text")
    finish_before_answer: bool = Field(default=False, description="imports end before their request is answered")


class Controls:
    """The faults in force and the switches of an import, shared by all parts; used in the server's thread only."""

    def __init__(self, pace: float) -> None:
        self.pace = pace
        self.reset()

    def reset(self) -> None:
        """No faults, nothing held."""
        self.faults = Faults()
        self.alarm = asyncio.Event()
        self.released = asyncio.Event()
        self.released.set()

    def interrupt(self) -> None:
        """Ends every pause."""
        self.alarm.set()

    async def pause(self, seconds: float) -> bool:
        """Waits; False when it was interrupted, so that what it was for is over."""
        if seconds <= 0:
            return True
        try:
            await asyncio.wait_for(self.alarm.wait(), seconds)
        except TimeoutError:
            return True
        return False
