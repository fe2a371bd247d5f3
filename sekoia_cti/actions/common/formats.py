"""Writes the indicators of a collection as files, one at a time, so that a file can be of any size."""

import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from sekoia_cti.client.times import aware
from sekoia_cti.client.wire import Indicator
from sekoia_cti.indicators.exported import HEADING, safe

__all__ = ["FILE_FORMATS", "FileFormat", "FormatName", "described"]

FormatName = Literal["csv", "text", "json", "stix"]


class FileFormat(ABC):
    """How a file of indicators begins, continues, and ends.

    Attributes:
        ending: The extension of the file's name.
        between: The separator of two indicators.
    """

    ending: str
    between = ""

    def head(self) -> str:
        """The text before the indicators."""
        return ""

    @abstractmethod
    def item(self, indicator: Indicator, active: bool, /) -> str:
        """The text for an indicator, given whether it is active: neither revoked nor expired."""

    def tail(self) -> str:
        """The text after the indicators."""
        return ""


class _Text(FileFormat):
    """One indicator per line, in the form that Import indicators from text accepts."""

    ending = "txt"

    def item(self, indicator: Indicator, _active: bool, /) -> str:
        return f"{indicator.value}\n"


class _CSV(FileFormat):
    """A table that Import indicators from file recognizes (:mod:`~sekoia_cti.indicators.exported`)."""

    ending = "csv"

    def head(self) -> str:
        return _row(HEADING)

    def item(self, indicator: Indicator, active: bool, /) -> str:
        return _row(
            [
                indicator.value,
                indicator.observable_type,
                _time(indicator.valid_from),
                _time(indicator.valid_until),
                ",".join(phase.phase_name for phase in indicator.kill_chain_phases or []),
                indicator.description,
                ",".join(indicator.x_ic_related_threat_refs or []),
                "active" if active else "revoked" if indicator.revoked else "expired",
            ]
        )


class _JSON(FileFormat):
    """A list of objects, in the form that Search indicators returns and Import indicators accepts."""

    ending = "json"
    between = ",\n"

    def head(self) -> str:
        return "[\n"

    def item(self, indicator: Indicator, active: bool, /) -> str:
        return _json(described(indicator, active=active))

    def tail(self) -> str:
        return "\n]\n"


class _STIX(FileFormat):
    """A STIX 2.1 bundle, with Sekoia's own fields for what STIX stores in relationships."""

    ending = "json"
    between = ",\n"

    def head(self) -> str:
        return f'{{"type": "bundle", "id": "bundle--{uuid4()}", "objects": [\n'

    def item(self, indicator: Indicator, _active: bool, /) -> str:
        # STIX requires these three for every indicator; Sekoia provides at least the latest.
        modified = indicator.modified or indicator.valid_from or datetime.now(UTC)
        created = indicator.created or modified
        fields = {
            "type": "indicator",
            "spec_version": "2.1",
            "id": indicator.id,
            "created": _time(created),
            "modified": _time(modified),
            "name": indicator.name,
            "description": indicator.description,
            "pattern": indicator.pattern,
            "pattern_type": "stix",
            "valid_from": _time(indicator.valid_from or created),
            "valid_until": _time(indicator.valid_until),
            "kill_chain_phases": [phase.model_dump() for phase in indicator.kill_chain_phases or []] or None,
            "revoked": bool(indicator.revoked),
            "x_ic_observable_types": indicator.x_ic_observable_types,
            "x_ic_related_threat_refs": indicator.x_ic_related_threat_refs or None,
        }
        said = {name: value for name, value in fields.items() if value is not None}
        return _json(said)

    def tail(self) -> str:
        return "\n]}\n"


FILE_FORMATS: dict[FormatName, type[FileFormat]] = {"csv": _CSV, "text": _Text, "json": _JSON, "stix": _STIX}


def described(indicator: Indicator, *, active: bool) -> dict[str, Any]:
    """An indicator as plain fields, named like the arguments of the imports.

    Args:
        indicator: An indicator of a collection.
        active: Whether it is neither revoked nor expired.
    """
    return {
        "id": indicator.id,
        "value": indicator.value,
        "type": indicator.observable_type,
        "pattern": indicator.pattern,
        "description": indicator.description,
        "valid_from": _time(indicator.valid_from),
        "valid_until": _time(indicator.valid_until),
        "kill_chain_phases": [
            f"{phase.kill_chain_name}:{phase.phase_name}" for phase in indicator.kill_chain_phases or []
        ],
        "related_threat_refs": indicator.x_ic_related_threat_refs or [],
        "revoked": bool(indicator.revoked),
        "active": active,
    }


def _row(cells: Iterable[str | None]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(safe(cell or "") for cell in cells)
    return text.getvalue()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _time(time: datetime | None) -> str | None:
    return aware(time).astimezone(UTC).isoformat().replace("+00:00", "Z") if time else None
