"""The fields that requests and answers have in common, each with what is valid in it."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, WithJsonSchema, model_validator

from sandbox.sekoia.times import timestamp
from sandbox.sekoia.unicode import is_unicode

__all__ = ["STIX_ID", "UUID", "CommunityUUID", "Description", "Error", "Name", "Request", "StixId", "Time", "Type"]

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
STIX_ID = re.compile(rf"[a-z][a-z0-9-]*--{UUID}")

Type = Literal["ipv4-addr", "ipv6-addr", "mac-addr", "domain-name", "url", "file", "email-addr"]


def _utc(text: str) -> str:
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is not None:
            return timestamp(time)
    except (ValueError, OverflowError):
        pass
    raise ValueError("must be a date and time with an offset (RFC 3339)")


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Time = Annotated[str, AfterValidator(_utc), WithJsonSchema({"type": "string", "format": "date-time"})]
Description = Annotated[str, StringConstraints(max_length=500)]
StixId = Annotated[str, StringConstraints(pattern=f"^{STIX_ID.pattern}$")]
CommunityUUID = Annotated[str, StringConstraints(pattern=f"^{UUID}$")]


class Request(BaseModel):
    """What a client sends: a field that nobody knows is an error."""

    # The vendor's API may be more lenient; a misspelled field that is silently ignored helps nobody who tests.
    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _is_unicode(cls, value: Any) -> Any:
        """JSON can hold half a character, which nothing else can: neither the store nor an answer."""
        for name, text in value.items() if isinstance(value, dict) else ():
            if isinstance(text, str) and not is_unicode(text):
                raise ValueError(f"{name}: has half a character (a lone surrogate) in it")
        return value


class Error(BaseModel):
    """Why a request was refused."""

    message: str
