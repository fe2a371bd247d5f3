"""Values that are not in the collection, and why."""

from __future__ import annotations

from dataclasses import dataclass

from sekoia_cti.indicators.account_of_values import Account

__all__ = ["INACTIVE", "NOT_THERE", "Missing", "damaged_of"]

NOT_THERE = "it is not in the collection"
INACTIVE = "it is in the collection, but revoked or expired"


@dataclass(frozen=True, slots=True)
class Missing:
    """A value that is not in the collection, and why."""

    value: str
    reason: str

    def __str__(self) -> str:
        return f"{self.value} ({self.reason})"


def damaged_of(account: Account) -> list[Missing]:
    """The damaged values of a source as missing values."""
    return [Missing(damaged.value, damaged.reason) for damaged in account.damaged]
