"""The leader lease: of several schedulers one works, the others stand by.

    standby --lease free--> leader --renewed every tick--> leader --not renewed for 15 s--> standby

It only saves work. Two that both believe they lead (a stopped process that wakes up) still claim each slot once,
because the claim is a compare-and-set in MongoDB. Without Redis nobody leads: nothing could be enqueued anyway.
"""

from __future__ import annotations

import redis

from shared.redis.lease import Lease
from shared.runtime import metrics
from shared.runtime.log import get_logger

log = get_logger(__name__)

LEASE_KEY = "covey:scheduler:leader"


class Leader:
    """Holds, renews and lets go of the lease. `name` tells this process from others in the log."""

    def __init__(self, client: redis.Redis, *, name: str, lease_seconds: float) -> None:
        self._lease = Lease(client, LEASE_KEY, lease_seconds=lease_seconds)
        self._name = name

    @property
    def leads(self) -> bool:
        """Whether it led at the last look."""
        return self._lease.held

    def hold(self) -> bool:
        """Renew the lease, or try to take it; answers whether this process leads for the next lease."""
        before = self.leads
        if self._lease.hold() != before:
            log.info("scheduler leads" if self.leads else "scheduler stands by", scheduler=self._name)
        metrics.LEADER.set(int(self.leads))
        return self.leads

    def resign(self) -> None:
        """Let go of the lease, so that a standby need not wait for its end."""
        self._lease.release()
        metrics.LEADER.set(0)
