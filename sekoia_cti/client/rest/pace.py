"""Keeps the calls of a session below the limits of Sekoia's firewall."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from sekoia_cti.client.waiting import Deadline, Patience

__all__ = ["Pace"]


@dataclass
class Pace:
    """Keeps the calls of one session below the limits of Sekoia's firewall (contract, "Rate").

    Args:
        patience: Requests per second, and the pause after errors.
    """

    patience: Patience
    _sent: deque[float] = field(default_factory=deque)
    _failed: deque[float] = field(default_factory=lambda: deque(maxlen=2))
    _closed_until: float = 0.0

    def before(self, deadline: Deadline) -> None:
        """Wait until the next request may be sent, or until the deadline.

        Raises:
            Interrupted: The work was asked to stop.
        """
        self._sent = deque((at for at in self._sent if at > deadline.now() - 1.0), self.patience.requests_per_second)
        full = len(self._sent) == self.patience.requests_per_second
        opens = max(self._closed_until, self._sent[0] + 1.0 if full else 0.0)
        if (wait := opens - deadline.now()) > 0:
            deadline.pause(wait)
        self._sent.append(deadline.now())

    def after(self, status: int, now: float) -> None:
        """Note an answer. After the second 4xx or 5xx within 10 seconds, no request is sent for a while.

        Args:
            status: HTTP status of the answer.
            now: The deadline's clock, in seconds.
        """
        if status < 400:
            return
        self._failed.append(now)
        if len(self._failed) == 2 and now - self._failed[0] <= 10.0:
            self._closed_until = now + self.patience.pause_after_errors
            self._failed.clear()
