"""Classes of work that compete for the same windows (L7)."""

from __future__ import annotations

import bisect
from collections import Counter, defaultdict
from pathlib import Path

from shared.domain.models import WorkClass
from shared.domain.money.classes import floor
from shared.ratelimit.model import Window
from tests.faults.finding import Finding
from tests.faults.limits_caller import Called, Load
from tests.faults.limits_flock import LIMIT, PROCESSES, LimitsFlock, Record

BACKGROUND = (
    Load(WorkClass.SEARCH, 2),
    Load(WorkClass.QUOTES, 2),
    Load(WorkClass.ENGAGEMENT, 2),
    Load(WorkClass.BACKFILL, 1),
)
# What holds people back though their floor is unspent: nobody knows the window yet, or X failed five times in a row, as
# it does for a caller on a machine so busy that answers take longer than the callers wait.
NO_WINDOWS = (Window.PROBE, Window.BREAKER)
SHARE_OF_FLOOR = 0.8  # a window lasts up to 2 s longer for us than for X, and the floor must last as long


def people_first(folder: Path, *, seed: int, windows: int, window_seconds: float) -> Finding:
    """L7: four background classes want more than every window holds; people want four fifths of their floor, evenly."""
    own_floor = floor(LIMIT, WorkClass.INTERACTIVE)
    every_seconds = window_seconds * PROCESSES / (own_floor * SHARE_OF_FLOOR)
    loads = (Load(WorkClass.INTERACTIVE, 1, every_seconds), *BACKGROUND)
    with LimitsFlock(folder, seed=seed, loads=loads, window_seconds=window_seconds) as flock:
        flock.wait_windows(windows)
        record = flock.record()
    waited = _waits_with_floor(record, own_floor)
    others = {
        name: [one.seconds for one in record.waits if one.blocked_by == name and _is_interactive(one.work_class)]
        for name in NO_WINDOWS
    }
    calls = Counter(_is_interactive(call.work_class) for call in record.calls)
    return Finding(
        "L7",
        not waited and record.refused == 0,
        f"{calls[True]} interactive calls beside {calls[False]} others: {len(waited)} waited with their floor unspent, "
        + "".join(f"{len(one)} for a {name} ({max(one, default=0):.1f} s at most), " for name, one in others.items())
        + record.usage(),
        "0 waited with their floor unspent, 0 answers of 429",
    )


def _waits_with_floor(record: Record, own_floor: int) -> list[float]:
    """When a window refused interactive work that had spent less in it than its floor."""
    opened: dict[int, float] = {}
    for call in record.calls:
        if call.reset is not None:
            opened.setdefault(call.reset, call.asked_at)
    starts = sorted(opened.values())
    spent: dict[int, list[Called]] = defaultdict(list)
    for call in record.calls:
        if _is_interactive(call.work_class):
            spent[bisect.bisect(starts, call.asked_at)].append(call)
    return [
        wait.at
        for wait in record.waits
        if _is_interactive(wait.work_class)
        and wait.blocked_by not in NO_WINDOWS
        and sum(call.asked_at < wait.at for call in spent[bisect.bisect(starts, wait.at)]) < own_floor
    ]


def _is_interactive(work_class: str) -> bool:
    return work_class == WorkClass.INTERACTIVE.value
