"""What X does to a window that is open: it cuts the limit (L5), or a stranger spends the same token (L6)."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from pathlib import Path

from shared.domain.models import WorkClass
from tests.faults.finding import Finding
from tests.faults.limits_caller import Load
from tests.faults.limits_flock import ALL_CLASSES, LIMIT, PROCESSES, WINDOW_SECONDS, LimitsFlock, Record, Window

TOO_MANY = 429
CALLERS = PROCESSES * sum(load.threads for load in ALL_CLASSES)


@dataclass(frozen=True, slots=True)
class Refused:
    """One window with answers of 429. in_flight: calls on their way when the first came; late: asked for after it."""

    answers: int
    in_flight: int
    late: int

    @property
    def is_excusable(self) -> bool:
        """Whether only calls that were already on their way were refused."""
        return self.answers <= self.in_flight and self.late == 0


def cut_with_room_left(folder: Path, *, seed: int, windows: int) -> Finding:
    """L5: at a third of every window X cuts its limit to two thirds."""
    record = _cut(folder, seed=seed, windows=windows, limit=LIMIT * 2 // 3, callers=CALLERS)
    worst = max(window.refused for window in record.windows)
    return Finding(
        "L5",
        worst <= 1,
        f"{CALLERS} callers, {windows} windows cut by a third: at most {worst} answers of 429 in one; {record.usage()}",
        "at most 1 in a window",
    )


def cut_below_what_is_used(folder: Path, *, seed: int, windows: int, callers: int) -> Finding:
    """L5: at a third of every window X cuts its limit to a sixth: what is on its way is refused, whatever anybody does.

    So one caller meets one refusal at most, and many no more than they have on their way.
    """
    record = _cut(folder, seed=seed, windows=windows, limit=LIMIT // 6, callers=callers)
    rows = refused_windows(record)
    worst = max((row.answers for row in rows), default=0)
    return Finding(
        "L5",
        all(row.is_excusable for row in rows) and (callers > 1 or worst <= 1),
        f"callers: {callers}, {windows} windows cut below what was used: at most {worst} answers of 429 in one, "
        f"{max((row.in_flight for row in rows), default=0)} calls in flight, {_late(rows)} asked for after",
        "at most the calls in flight, then none",
    )


def a_stranger(folder: Path, *, seed: int, windows: int) -> Finding:
    """L6: somebody else spends up to half of every window, in bursts of up to 30 calls."""
    rng = random.Random(seed)
    ended = threading.Event()
    with LimitsFlock(folder, seed=seed, slow_ms=50) as flock:
        burst_every = WINDOW_SECONDS * 30 / LIMIT

        def spend() -> None:
            while not ended.wait(rng.uniform(0, 2 * burst_every)):
                flock.spend(rng.randrange(1, 31))

        stranger = threading.Thread(target=spend)
        stranger.start()
        try:
            flock.wait_windows(windows)
        finally:
            ended.set()
            stranger.join()
        record = flock.record()
    rows = refused_windows(record)
    worst = max(rows, key=lambda row: row.answers, default=Refused(0, 0, 0))
    return Finding(
        "L6",
        all(row.is_excusable for row in rows),
        f"{len(rows)} of {len(record.windows)} windows with answers of 429, at most {worst.answers} in one, with "
        f"{worst.in_flight} calls in flight; {_late(rows)} asked for after the first was known; {record.usage()}",
        "no more in a window than calls in flight at the first, 0 asked for after it was known",
    )


def refused_windows(record: Record) -> list[Refused]:
    """Every window of X with refusals."""
    rows = []
    for window in record.windows:
        refused = [call for call in record.calls if call.status == TOO_MANY and call.reset == window.reset]
        if not window.refused:
            continue
        if not refused:  # their answers never arrived
            rows.append(Refused(window.refused, 0, 0))
            continue
        first = min(refused, key=lambda call: call.answered_at)
        in_flight = sum(call.asked_at <= first.answered_at <= call.answered_at for call in record.calls)
        late = sum(call.asked_at > first.told_at for call in refused)
        rows.append(Refused(window.refused, in_flight, late))
    return rows


def _cut(folder: Path, *, seed: int, windows: int, limit: int, callers: int) -> Record:
    loads = ALL_CLASSES if callers == CALLERS else (Load(WorkClass.INTERACTIVE, callers),)
    processes = PROCESSES if callers == CALLERS else 1
    with LimitsFlock(folder, seed=seed, processes=processes, loads=loads, slow_ms=20) as flock:
        seen: Window | None = None
        for _ in range(windows):
            seen = flock.wait_used(LIMIT // 3, after=seen)
            flock.cut(limit)
        flock.wait_windows(windows)
        return flock.record()


def _late(rows: list[Refused]) -> int:
    return sum(row.late for row in rows)
