"""Keeps the calls of a session below the limits of Sekoia's firewall."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from sekoia_cti.client.waiting import Deadline, Patience

__all__ = ["Pace"]


@dataclass
class Pace:
    """Keeps the calls of one session below the limits of Sekoia's firewall (contract, "Where it lives").

    Args:
        patience: Holds the rate and the pause.
    """

    patience: Patience
    _sent: deque[float] = field(default_factory=deque)
    _failed: deque[float] = field(default_factory=lambda: deque(maxlen=2))
    _closed_until: float = 0.0

    def before(self, deadline: Deadline) -> None:
        """Wait until the next request may go, or until the deadline."""
        self._sent = deque((at for at in self._sent if at > deadline.now() - 1.0), self.patience.requests_per_second)
        full = len(self._sent) == self.patience.requests_per_second
        opens = max(self._closed_until, self._sent[0] + 1.0 if full else 0.0)
        if (wait := opens - deadline.now()) > 0:
            deadline.pause(wait)
        self._sent.append(deadline.now())

    def after(self, status: int, now: float) -> None:
        """Note an answer: the second 4xx or 5xx within 10 s closes the way for a while."""
        if status < 400:
            return
        self._failed.append(now)
        if len(self._failed) == 2 and now - self._failed[0] <= 10.0:
            self._closed_until = now + self.patience.pause_after_errors
            self._failed.clear()
