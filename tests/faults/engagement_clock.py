"""Processes whose clock is ahead, as `later_clock` has it, and the limiter's with it: its budgets are by the same days.

`python -m tests.faults.engagement_clock FILE MODULE [ARGUMENT]...` runs a module as such a process.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from shared.ratelimit.limiter import Limiter
from shared.runtime.clock import SystemClock
from tests.faults import later_clock

_built = Limiter.__init__


@contextmanager
def limits_by_the_same_clock() -> Iterator[None]:
    """Limiters that are built meanwhile go by this process's clock, not by that of Redis."""

    def build(limiter: Limiter, *arguments: Any, **options: Any) -> None:
        _built(limiter, *arguments, **{"clock": SystemClock(), **options})

    Limiter.__init__ = build  # type: ignore[method-assign]
    try:
        yield
    finally:
        Limiter.__init__ = _built  # type: ignore[method-assign]


if __name__ == "__main__":
    with limits_by_the_same_clock():
        later_clock.main()
