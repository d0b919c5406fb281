"""A reading of everything the limiter knows, for people and metrics. Changes nothing in Redis.

Invariant: a reading is a picture of one moment and decides nothing; only the scripts decide.
"""

from __future__ import annotations

from typing import Any

import redis

from shared.domain.money.budgets import Budgets
from shared.domain.money.classes import CLASSES
from shared.domain.money.prices import MICRO
from shared.ratelimit.budget_fields import unpack_chosen
from shared.ratelimit.keys import Keys
from shared.ratelimit.model import BlockState, BudgetState, LimiterState, Window, WindowState
from shared.ratelimit.numbers import BudgetNumbers, WindowNumbers, lease_ends_ms, open_breakers

Hash = dict[bytes, bytes]


def read_state(
    client: redis.Redis, keys: Keys, budgets: Budgets, credential_budgets: Budgets | None, now_ms: int | None
) -> LimiterState:
    """Read everything in two round trips. now_ms: None for Redis TIME. Raises redis.RedisError."""
    members = sorted(_text(member) for member in client.smembers(keys.index))
    pairs = [(endpoint, credential) for endpoint, _, credential in (member.partition(" ") for member in members)]
    credentials = sorted({credential for _, credential in pairs})
    wanted = [keys.project, *map(keys.credential, credentials), *(keys.window(*pair) for pair in pairs)]
    now, hashes = _read(client, wanted, now_ms)
    project = hashes[keys.project]
    all_budgets = _budgets(project, None, unpack_chosen(project.get(b"chosen")).over(budgets), now)
    blocks = _block(project, None, BudgetNumbers.unpack(project.get(b"state")).blocked_until_ms, now)
    for credential in credentials:
        one = hashes[keys.credential(credential)]
        blocks += _block(one, credential, BudgetNumbers.unpack(one.get(b"state")).blocked_until_ms, now)
        if credential_budgets is not None:
            all_budgets += _budgets(one, credential, credential_budgets, now)
    windows = ((endpoint, credential, hashes[keys.window(endpoint, credential)]) for endpoint, credential in pairs)
    return LimiterState(
        windows=tuple(_window(endpoint, credential, one, now) for endpoint, credential, one in windows if one),
        budgets=all_budgets,
        blocks=blocks + _breakers(project, now),
    )


def _read(client: redis.Redis, wanted: list[str], now_ms: int | None) -> tuple[float, dict[str, Hash]]:
    # No transaction: Redis refuses one when its memory is full, and each hash is whole by itself.
    pipeline = client.pipeline(transaction=False)
    pipeline.time()
    for key in wanted:
        pipeline.execute_command("HGETALL", key, NEVER_DECODE=True)  # type: ignore[no-untyped-call]
    (seconds, micros), *rows = pipeline.execute()
    hashes = {key: _fields(row) for key, row in zip(wanted, rows, strict=True)}
    return seconds * 1000 + micros / 1000 if now_ms is None else now_ms, hashes


def _window(endpoint: str, credential: str, one: Hash, now: float) -> WindowState:
    in_flight = sum(lease_ends_ms(lease) > now for name, lease in one.items() if name.startswith(b"#"))
    numbers = WindowNumbers.unpack(one[b"state"])
    quarter, day = numbers.quarter_hour, numbers.day
    block = next(iter(_block(one, credential, numbers.blocked_until_ms, now)), None)
    is_open, has_day = quarter.ends_at_ms > now, day.ends_at_ms > now
    return WindowState(
        credential_id=credential,
        endpoint=endpoint,
        limit=quarter.limit if is_open else None,
        remaining=quarter.free if is_open else None,
        in_flight=in_flight,
        reset_in_seconds=(quarter.ends_at_ms - now) / 1000 if is_open else None,
        day_limit=day.limit if has_day else None,
        day_remaining=day.free if has_day else None,
        blocked=block.scope if block else None,
        blocked_reason=block.reason if block else None,
        blocked_for_seconds=block.for_seconds if block else None,
        interval_for_seconds=(numbers.interval_until_ms - now) / 1000 if numbers.interval_until_ms > now else None,
    )


def _budgets(one: Hash, credential: str | None, limits: Budgets, now: float) -> tuple[BudgetState, ...]:
    numbers = BudgetNumbers.unpack(one.get(b"state"))
    day_ends, month_ends = numbers.day_ends_ms, numbers.month_ends_ms
    rows = (
        (Window.DAY_MONEY, limits.day_usd, day_ends, MICRO),
        (Window.MONTH_MONEY, limits.month_usd, month_ends, MICRO),
        (Window.MONTH_REQUESTS, limits.month_requests, month_ends, 1),
        (Window.MONTH_POSTS, limits.month_posts, month_ends, 1),
    )
    states = []
    for window, limit, ends, unit in rows:
        spent = numbers.by_class[window.name] if ends > now else (0.0,) * len(CLASSES)
        by_class = {work_class: amount / unit for work_class, amount in zip(CLASSES, spent, strict=True)}
        reset_in_seconds = max(0.0, ends - now) / 1000
        states.append(BudgetState(window, credential, limit, sum(spent) / unit, by_class, reset_in_seconds))
    return tuple(states)


def _block(one: Hash, credential: str | None, until_ms: float, now: float) -> tuple[BlockState, ...]:
    left_ms = until_ms - now
    if left_ms <= 0:
        return ()
    reason = one[b"blocked_reason"].decode(errors="replace")
    return (BlockState(one[b"blocked_by"].decode(), credential, reason, left_ms / 1000),)


def _breakers(project: Hash, now: float) -> tuple[BlockState, ...]:
    return tuple(
        BlockState(
            scope=Window.BREAKER.value,
            credential_id=None,
            reason=f"{breaker.faults} faults in a row",
            for_seconds=max(0.0, breaker.open_until_ms - now) / 1000,
            endpoint=breaker.endpoint,
        )
        for breaker in open_breakers(project)
    )


def _fields(row: Any) -> Hash:
    """A HGETALL reply, which the protocol version makes a list or a map."""
    return dict(row) if isinstance(row, dict) else dict(zip(row[::2], row[1::2], strict=True))


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
