"""Short ways to ask the limiter and to answer as X does."""

from __future__ import annotations

from typing import Any

from shared.domain.models import RateHeaders, WorkClass
from shared.ratelimit.limiter import Limiter
from shared.ratelimit.model import Block, CallRequest, Grant, Refusal, Settlement
from shared.runtime.clock import Clock, epoch_seconds
from tests.amounts import amounts


def request(work_class: WorkClass = WorkClass.INTERACTIVE, **changes: Any) -> CallRequest:
    """A call of the endpoint `search` with the credential `app`: free, but for `posts` and `users`."""
    fields = {"endpoint": "search", "credential_ids": ("app",), "work_class": work_class, **_amounts("most", changes)}
    return CallRequest(**fields)


def grant(limiter: Limiter, work_class: WorkClass = WorkClass.INTERACTIVE, **changes: Any) -> Grant:
    """A grant; the test fails when the limiter refuses."""
    answer = limiter.acquire(request(work_class, **changes))
    assert isinstance(answer, Grant), answer
    return answer


def refusal(limiter: Limiter, work_class: WorkClass = WorkClass.INTERACTIVE, **changes: Any) -> Refusal:
    """A refusal; the test fails when the limiter grants."""
    answer = limiter.acquire(request(work_class, **changes))
    assert isinstance(answer, Refusal), answer
    return answer


def headers(
    clock: Clock, *, limit: int | None, remaining: int | None, reset_in: int = 900, **changes: Any
) -> RateHeaders:
    """What X says of its window; its Date has whole seconds, as HTTP has it."""
    date = int(epoch_seconds(clock.now()))
    fields = {"limit": limit, "remaining": remaining, "reset_at_seconds": date + reset_in, "date_seconds": float(date)}
    return RateHeaders(**{**fields, **changes})


def answered(rate: RateHeaders | None = None, **changes: Any) -> Settlement:
    """A whole answer, which bills nothing but `posts` and `users`."""
    fields = {"answered": True, "status": 200, "rate": rate or RateHeaders(), **_amounts("billed", changes)}
    return Settlement(**fields)


def refused(status: int, block: Block, rate: RateHeaders | None = None) -> Settlement:
    """An answer by which X refused more than one call."""
    return Settlement(answered=True, status=status, rate=rate or RateHeaders(), block=block)


def open_window(
    limiter: Limiter, clock: Clock, *, limit: int = 100, reset_in: int = 900, **changes: Any
) -> RateHeaders:
    """Let one probe find the window; returns its headers."""
    rate = headers(clock, limit=limit, remaining=limit - 1, reset_in=reset_in)
    limiter.settle(grant(limiter, **changes), answered(rate))
    return rate


def spend(limiter: Limiter, count: int, work_class: WorkClass = WorkClass.INTERACTIVE, **changes: Any) -> list[Grant]:
    """So many grants."""
    return [grant(limiter, work_class, **changes) for _ in range(count)]


def grants_until_refused(
    limiter: Limiter, work_class: WorkClass = WorkClass.INTERACTIVE, **changes: Any
) -> tuple[int, Refusal]:
    """How many calls are granted before the first refusal, and that refusal."""
    count = 0
    while isinstance(answer := limiter.acquire(request(work_class, **changes)), Grant):
        count += 1
    return count, answer


def _amounts(name: str, changes: dict[str, Any]) -> dict[str, Any]:
    """`posts` and `users`, where they are among the changes, as the field of that name."""
    counts = {kind: changes.pop(kind) for kind in ("posts", "users") if kind in changes}
    return {name: amounts(**counts), **changes} if counts else changes
