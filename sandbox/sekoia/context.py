"""What is said about an indicator besides its value."""

from typing import NamedTuple

__all__ = ["Context"]


class Context(NamedTuple):
    """What is said about an indicator besides its value, None being unsaid; lists are JSON, as they are stored."""

    description: str | None = None
    valid_from: str | None = None
    valid_until: str | None = None
    kill_chain_phases: str | None = None
    x_ic_related_threat_refs: str | None = None

    @property
    def is_consistent(self) -> bool:
        """Whether the validity ends after it begins."""
        return None in (self.valid_from, self.valid_until) or str(self.valid_from) < str(self.valid_until)
