"""The rate and the pauses that Sekoia's firewall requires."""

from __future__ import annotations

from sekoia_cti.client.rest.pace import Pace
from sekoia_cti.client.waiting import Deadline, Patience


def test_the_pace_stays_below_the_limit_of_the_firewall() -> None:
    """Five requests take more than a second, and two errors within ten seconds cause a pause."""
    now = [0.0]
    deadline = Deadline(600, clock=lambda: now[0])
    deadline.pause = lambda seconds: now.__setitem__(0, now[0] + seconds)  # type: ignore[method-assign]  # a fake clock
    pace = Pace(Patience())
    sent = []
    for _ in range(12):
        pace.before(deadline)
        sent.append(now[0])
    assert all(later - earlier >= 1.0 for earlier, later in zip(sent, sent[4:], strict=False))
    pace.after(404, now[0])
    pace.after(200, now[0])
    pace.after(503, now[0] + 5)
    closed = now[0] + 5
    pace.before(deadline)
    assert now[0] >= closed + Patience().pause_after_errors
