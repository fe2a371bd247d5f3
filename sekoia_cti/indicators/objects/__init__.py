"""Objects with indicators from other tools, read into values: one file for each family.

Shapes are taken from the public documentation of each tool, from the STIX 2.1 specification, and from what the actions of the
vendor's library give (``results`` in their ``action_*.json``).
"""

from sekoia_cti.indicators.objects.model import (
    LONGEST_DESCRIPTION,
    Held,
    Passed,
    Skipped,
    Unfolded,
    Unread,
    phase_names,
)
from sekoia_cti.indicators.objects.walk import unfold

__all__ = [
    "LONGEST_DESCRIPTION",
    "Held",
    "Passed",
    "Skipped",
    "Unfolded",
    "Unread",
    "phase_names",
    "unfold",
]
