"""Which column of a file is which, by its heading."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["mapping_for"]

_NAMES = {
    "observable": (
        "observable",
        "observables",
        "observable value",
        "indicator",
        "indicators",
        "indicator value",
        "ioc",
        "iocs",
        "ioc value",
        "value",
    ),
    "valid_from": ("valid from", "start of validity"),
    "valid_until": ("valid until", "valid to", "end of validity"),
    "kill_chain_phases": ("kill chain phases", "kill chain phase", "kill chain", "kill chains"),
    "x_ic_related_threat_refs": ("x ic related threat refs", "related threat refs", "related threats"),
    "description": ("description", "descriptions", "comment", "comments"),
}
# Left out on purpose: "name" and "pattern" can hold anything, "creation date" and "expiration date" can be a domain's,
# "context", "type" and "link" are no field of Sekoia's.
_FIELDS = {name: field for field, names in _NAMES.items() for name in names}
_BETWEEN = re.compile(r"[\s_\ufeff-]+")


def mapping_for(header: Sequence[str]) -> list[str | None] | None:
    """Map a heading row to what Sekoia calls its columns (contract, "File columns").

    Args:
        header: The cells of the first row; case, and blanks, underscores and hyphens around and within, do not matter.

    Returns:
        A field's name for each column, or None for a column that is none of them; None altogether unless exactly one
        column holds the observable and no field comes twice, since then Sekoia's own guess is as good.
    """
    mapping = [_FIELDS.get(_BETWEEN.sub(" ", cell).strip().casefold()) for cell in header]
    fields = [field for field in mapping if field is not None]
    return mapping if "observable" in fields and len(fields) == len(set(fields)) else None
