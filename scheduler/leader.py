"""The leader lease: of several schedulers one works, the others stand by.

    standby --lease free--> leader --renewed every tick--> leader --not renewed for 15 s--> standby

It only saves work. Two that both believe they lead (a stopped process that wakes up) still claim each slot once,
because the claim is a compare-and-set in MongoDB. Without Redis nobody leads: nothing could be enqueued anyway.
"""

from __future__ import annotations

from typing import Any

import redis
from redis.exceptions import LockError
from redis.lock import Lock

from shared.runtime import metrics
from shared.runtime.log import get_logger

log = get_logger(__name__)

LEASE_KEY = "covey:scheduler:leader"


class _Lease(Lock):
    """A lock that can be taken also while Redis is full: a removal, though of nothing, is its first write."""

    _TAKE = """
        redis.call('DEL', KEYS[1] .. ':none')
        if redis.call('GET', KEYS[1]) then return 0 end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        return 1
    """

    def do_acquire(self, token: str) -> bool:
        """Take it for its time unless somebody has it."""
        assert self.timeout is not None
        taken: Any = self.redis.eval(self._TAKE, 1, self.name, token, round(self.timeout * 1000))
        return bool(taken)


class Leader:
    """Holds, renews and lets go of the lease. `name` tells this process from others in the log."""

    def __init__(self, client: redis.Redis, *, name: str, lease_seconds: float) -> None:
        self._lock = _Lease(client, LEASE_KEY, timeout=lease_seconds, blocking=False, thread_local=False)
        self._name = name
        self.leads = False

    def hold(self) -> bool:
        """Renew the lease, or try to take it; answers whether this process leads for the next lease."""
        before = self.leads
        try:
            self.leads = self._renewed() or bool(self._lock.acquire(blocking=False))
        except redis.RedisError as error:
            self.leads = False
            log.warning("no lease: Redis cannot be reached", reason=type(error).__name__)
        if self.leads != before:
            log.info("scheduler leads" if self.leads else "scheduler stands by", scheduler=self._name)
        metrics.LEADER.set(int(self.leads))
        return self.leads

    def resign(self) -> None:
        """Let go of the lease, so that a standby need not wait for its end."""
        try:
            if self._lock.owned():
                self._lock.release()
        except (redis.RedisError, LockError):
            pass  # it ends by itself
        self.leads = False
        metrics.LEADER.set(0)

    def _renewed(self) -> bool:
        """Whether the lease taken before is still ours, also when Redis was away meanwhile; if so it is renewed."""
        try:
            return bool(self._lock.reacquire())
        except LockError:
            return False
