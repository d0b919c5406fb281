"""The limiter's keys, and a reading of all of them for people and metrics. Changes nothing in Redis.

Invariant: a reading is a picture of one moment, and decides nothing; only the scripts decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import redis

from shared.ratelimit.classes import CLASSES
from shared.ratelimit.model import BlockState, BudgetState, LimiterState, Window, WindowState
from shared.ratelimit.money import MICRO, Budgets
from shared.ratelimit.windows import free

_DAY_MS = 86_400_000
Hash = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Layout:
    """Names of keys: a hash for the project, one a credential, one a credential and endpoint; a set lists the last."""

    prefix: str
    window_ms: int

    @property
    def project(self) -> str:
        """Budgets of the project, and the block of paid calls."""
        return f"{self.prefix}:project"

    @property
    def index(self) -> str:
        """The set of `member`s that have a window hash."""
        return f"{self.prefix}:index"

    def credential(self, credential_id: str) -> str:
        """Budgets of one credential, and its block."""
        return f"{self.prefix}:credential:{credential_id}"

    def window(self, endpoint: str, credential_id: str) -> str:
        """The windows of one credential and endpoint, its leases and its block."""
        return f"{self.prefix}:window:{endpoint}:{credential_id}"

    def member(self, endpoint: str, credential_id: str) -> str:
        """How the index names a window. An endpoint has no spaces."""
        return f"{endpoint} {credential_id}"

    def acquire_keys(self, endpoint: str, credential_ids: tuple[str, ...]) -> tuple[str, ...]:
        """The keys of acquire.lua."""
        pairs = ((self.credential(one), self.window(endpoint, one)) for one in credential_ids)
        return (self.project, *(key for pair in pairs for key in pair))

    def settle_keys(self, endpoint: str, credential_id: str) -> tuple[str, ...]:
        """The keys of settle.lua."""
        return (self.project, self.credential(credential_id), self.window(endpoint, credential_id), self.index)

    def blocked_key(self, credential_id: str | None, endpoint: str | None) -> str:
        """The hash that holds a block."""
        if credential_id is None:
            return self.project
        return self.credential(credential_id) if endpoint is None else self.window(endpoint, credential_id)


def read_state(
    client: redis.Redis, layout: Layout, budgets: Budgets, credential_budgets: Budgets | None, now_ms: int | None
) -> LimiterState:
    """Read everything in two round trips. now_ms: None for Redis TIME. Raises redis.RedisError."""
    members = sorted(_str(member) for member in client.smembers(layout.index))
    pairs = [(endpoint, credential) for endpoint, _, credential in (member.partition(" ") for member in members)]
    credentials = sorted({credential for _, credential in pairs})
    pipeline = client.pipeline(transaction=True)
    pipeline.time()
    pipeline.hgetall(layout.project)
    for credential in credentials:
        pipeline.hgetall(layout.credential(credential))
    for endpoint, credential in pairs:
        pipeline.hgetall(layout.window(endpoint, credential))
    (seconds, micros), *hashes = pipeline.execute()
    now = now_ms if now_ms is not None else seconds * 1000 + micros // 1000
    project, *others = [{_str(key): _str(value) for key, value in one.items()} for one in hashes]
    by_credential = list(zip(credentials, others[: len(credentials)], strict=True))
    by_window = [
        (endpoint, credential, one)
        for (endpoint, credential), one in zip(pairs, others[len(credentials) :], strict=True)
    ]
    all_budgets = _budgets(project, None, budgets, now)
    blocks = _block(project, None, now)
    for credential, one in by_credential:
        blocks += _block(one, credential, now)
        if credential_budgets is not None:
            all_budgets += _budgets(one, credential, credential_budgets, now)
    windows = tuple(_window(endpoint, credential, one, now) for endpoint, credential, one in by_window if one)
    return LimiterState(windows=windows, budgets=all_budgets, blocks=blocks)


def _window(endpoint: str, credential: str, one: Hash, now: int) -> WindowState:
    in_flight = sum(int(lease.split(" ", 1)[0]) > now for name, lease in one.items() if name.startswith("#"))
    is_open = "limit" in one and int(one["ends_at"]) > now
    has_day = "day_limit" in one and int(one["day_ends_at"]) > now
    is_blocked = int(one.get("blocked_until", 0)) > now
    return WindowState(
        credential_id=credential,
        endpoint=endpoint,
        limit=int(one["limit"]) if is_open else None,
        remaining=max(0, free(int(one["limit"]), _used(one, "u"), int(one["lowest"]), in_flight)) if is_open else None,
        in_flight=in_flight,
        reset_in_seconds=(int(one["ends_at"]) - now) / 1000 if is_open else None,
        day_limit=int(one["day_limit"]) if has_day else None,
        day_remaining=_day_remaining(one) if has_day else None,
        blocked=one.get("blocked_by") if is_blocked else None,
        blocked_reason=one.get("blocked_reason") if is_blocked else None,
        blocked_for_seconds=(int(one["blocked_until"]) - now) / 1000 if is_blocked else None,
    )


def _day_remaining(one: Hash) -> int:
    return max(0, min(int(one["day_limit"]) - _used(one, "v"), int(one["day_lowest"])))


def _budgets(one: Hash, credential: str | None, limits: Budgets, now: int) -> tuple[BudgetState, ...]:
    day_ends, month_ends = int(one.get("day_ends", 0)), int(one.get("month_ends", 0))
    rows = (
        (Window.DAY_MONEY, "d", limits.day_usd, day_ends, MICRO),
        (Window.MONTH_MONEY, "m", limits.month_usd, month_ends, MICRO),
        (Window.MONTH_REQUESTS, "q", limits.month_requests, month_ends, 1),
        (Window.MONTH_POSTS, "p", limits.month_posts, month_ends, 1),
    )
    states = []
    for window, letter, limit, ends, unit in rows:
        by_class = {work_class: int(one.get(f"{letter}{n}", 0)) / unit for n, work_class in enumerate(CLASSES, start=1)}
        if ends <= now:
            by_class = dict.fromkeys(CLASSES, 0.0)
        states.append(
            BudgetState(window, credential, limit, sum(by_class.values()), by_class, max(0, ends - now) / 1000)
        )
    return tuple(states)


def _block(one: Hash, credential: str | None, now: int) -> tuple[BlockState, ...]:
    left_ms = int(one.get("blocked_until", 0)) - now
    if left_ms <= 0:
        return ()
    return (BlockState(one["blocked_by"], credential, one.get("blocked_reason", ""), left_ms / 1000),)


def _used(one: Hash, letter: str) -> int:
    return sum(int(one.get(f"{letter}{number}", 0)) for number in range(1, len(CLASSES) + 1))


def _str(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
