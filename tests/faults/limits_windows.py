"""Whole windows under more demand than they hold (L1 to L4): X never refuses, and next to nothing is left unused."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from shared.domain.models import WorkClass
from tests.faults.finding import Finding
from tests.faults.limits_caller import Load
from tests.faults.limits_flock import LIMIT, PROCESSES, WINDOW_SECONDS, LimitsFlock, Record

LEAST_SHARE = 0.97
THREADS = 8
NONE = "0 answers of 429"


def remembered(run: Callable[[Path], Record]) -> Callable[[Path], Record]:
    """The same run for every finding that reads it."""
    found: list[Record] = []

    def once(folder: Path) -> Record:
        if not found:
            found.append(run(folder))
        return found[0]

    return once


def under_demand(folder: Path, *, windows: int, **options: Any) -> Record:
    """4 processes of 8 threads that call as often as they may, in all classes of work. options: of `LimitsFlock`."""
    with LimitsFlock(folder, **options) as flock:
        flock.wait_windows(windows)
        return flock.record()


def no_429(folder: Path, *, run: Callable[[Path], Record]) -> Finding:
    """L1: 4 processes of 8 threads call through window after window as often as they may."""
    record = run(folder)
    return Finding("L1", record.refused == 0, f"{_of(record)}: {record.refused} answers of 429", NONE)


def all_used(folder: Path, *, run: Callable[[Path], Record]) -> Finding:
    """L2: the same demand, and how much of each window it got."""
    record = run(folder)
    return Finding("L2", record.least_share >= LEAST_SHARE, record.usage(), _used(LEAST_SHARE))


def at_the_turn(folder: Path, *, seed: int, windows: int) -> Finding:
    """L1: a demand just below the limit, and slow answers, so that calls are on their way whenever a window turns."""
    every_seconds = PROCESSES * THREADS * WINDOW_SECONDS / LIMIT / 0.9
    loads = [Load(WorkClass.INTERACTIVE, THREADS, every_seconds)]
    with LimitsFlock(folder, seed=seed, loads=loads, slow_ms=150, lost_share=0.05) as flock:
        flock.wait_windows(windows)
        record = flock.record()
    return Finding(
        "L1",
        record.refused == 0,
        f"calls on their way at every turn, {_of(record)}: {record.refused} answers of 429",
        NONE,
    )


def clock_off(folder: Path, *, seed: int, windows: int, offset_seconds: float) -> Finding:
    """L3: X's clock is ahead of ours, or behind."""
    record = under_demand(folder, seed=seed, windows=windows, offset_seconds=offset_seconds)
    return Finding(
        "L3",
        record.refused == 0,
        f"X {offset_seconds:+g} s, {_of(record)}: {record.refused} answers of 429",
        NONE,
    )


def never_settled(
    folder: Path,
    *,
    seed: int,
    windows: int,
    window_seconds: float,
    limit: int = LIMIT,
    least_share: float = LEAST_SHARE,
) -> Finding:
    """L4: every twentieth grant is never settled. When it is a window's first one, the others wait for its lease.

    least_share: of each window that must be used; a busy machine cannot promise any in a short window.
    """
    lost_share = 0.05
    record = under_demand(
        folder, seed=seed, windows=windows, lost_share=lost_share, window_seconds=window_seconds, limit=limit
    )
    return Finding(
        "L4",
        record.refused == 0 and record.least_share >= least_share,
        f"{lost_share:.0%} of {_of(record)} never settled: {record.refused} answers of 429, {record.usage()}",
        f"{NONE}, {_used(least_share)}" if least_share else NONE,
    )


def fifty_windows(seed: int, windows: int = 50) -> Callable[[Path], Record]:
    """The run that L1 and L2 share."""
    return remembered(partial(under_demand, seed=seed, windows=windows))


def _used(share: float) -> str:
    return f"at least {share:.0%} of every window"


def _of(record: Record) -> str:
    return f"{len(record.calls)} calls in {len(record.windows)} windows"
