"""A lease: of several processes one has it, as long as it renews it in time.

    free --hold--> held --hold, before its end--> held --not renewed--> free
                    | release
                    v
                   free

It only saves work: two may believe for a moment that they have it (a stopped process that wakes up), and what they do
must bear that. Without Redis nobody has it.
"""

from __future__ import annotations

from typing import Any

import redis
from redis.exceptions import LockError
from redis.lock import Lock

from shared.runtime.log import get_logger

log = get_logger(__name__)


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


class Lease:
    """One process's claim to the lease `key`. held: whether it had it at the last look."""

    def __init__(self, client: redis.Redis, key: str, *, lease_seconds: float) -> None:
        self._lock = _Lease(client, key, timeout=lease_seconds, blocking=False, thread_local=False)
        self.held = False

    def hold(self) -> bool:
        """Renew it, or try to take it; answers whether this process has it for its next length."""
        try:
            self.held = self._renewed() or bool(self._lock.acquire(blocking=False))
        except redis.RedisError as error:
            self.held = False
            log.warning("no lease: Redis cannot be reached", reason=type(error).__name__)
        return self.held

    def release(self) -> None:
        """Let go of it, so that whoever stands by need not wait for its end."""
        try:
            if self._lock.owned():
                self._lock.release()
        except (redis.RedisError, LockError):
            pass  # it ends by itself
        self.held = False

    def _renewed(self) -> bool:
        """Whether the lease taken before is still ours, also when Redis was away meanwhile; if so it is renewed."""
        try:
            return bool(self._lock.reacquire())
        except LockError:
            return False
