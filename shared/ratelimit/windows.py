"""The one rule of every window and budget: may this amount be spent now, and if not, when. Pure.

`wait_ms` is the twin of `wait_for` in acquire.lua; a test holds them together. Invariant: nothing that returns 0 takes
a window past its limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from shared.domain.models import WorkClass
from shared.domain.money.classes import (
    BACKGROUND,
    BACKGROUND_STOPS,
    CLASSES,
    PACED_FROM,
    PACED_UNTIL,
    RELEASE_LEFT,
    held,
    kept_to_the_end,
    of_people,
)

HALF: Final = 0.5  # what is held of a floor is rounded to the nearest call, so that small windows are used up too


def free(limit: int, used: int, lowest: int, settled: int, *, is_shared: bool) -> int:
    """Calls that may still be granted in a window of X; below 0 where more were counted than it holds.

    used: granted in it by us. lowest: the least X has said is left. settled: of ours, those X had counted when it said
    so. As long as X never counted more than we granted, our own count is exact, and X's word lags behind it. Once it
    did (is_shared), somebody else spends the same token; then X's word counts, less all of ours it may not yet hold.
    """
    by_us = limit - used
    return min(by_us, lowest - (used - settled)) if is_shared else by_us


def wait_ms(
    work_class: WorkClass,
    limit: float,
    used: float,
    used_by_class: Sequence[float],
    amount: float,
    left_ms: float,
    span_ms: float,
    *,
    is_paced: bool = True,
    is_budget: bool = False,
) -> float:
    """Milliseconds until `amount` may be tried, 0 = now.

    limit, used, used_by_class (order of `CLASSES`) and amount are in the unit of the window: calls, posts or
    micro-dollars. span_ms is the length of the window, left_ms what is left of it. is_paced: past PACED_FROM the pace
    of time is kept. is_budget: all floors are given up in the last quarter, so that searches may spend the rest.
    """
    if limit - used < amount:
        return left_ms
    if work_class is WorkClass.INTERACTIVE:
        return 0
    people = of_people(limit, used_by_class)
    wait = floors_wait_ms(
        room=limit - used - amount,
        floors=held(limit, used_by_class, work_class),
        shrinking=0 if is_budget else people,
        kept=0 if is_budget else kept_to_the_end(limit, people),
        left_ms=left_ms,
        release_ms=span_ms * RELEASE_LEFT,
    )
    after = used + amount
    if is_paced and after > limit * PACED_FROM:
        wait = max(wait, span_ms * PACED_UNTIL * after / limit - (span_ms - left_ms))
    return wait


def floors_wait_ms(
    *, room: float, floors: float, shrinking: float, kept: float, left_ms: float, release_ms: float
) -> float:
    """Milliseconds until floors leave it to a class to use all of a window but `room`, 0 = now.

    floors: what more urgent classes have not spent of theirs, given up release_ms before the end of the window.
    shrinking: the part of it that shrinks from there on with the time that is left, down to `kept`.
    """
    now_held = floors if left_ms > release_ms else max(kept, shrinking * left_ms / release_ms)
    if room >= now_held - HALF:
        return 0
    if room < kept - HALF:
        return left_ms
    return left_ms - (release_ms if room >= shrinking - HALF else release_ms * (room + HALF) / shrinking)


def budget_wait_ms(
    work_class: WorkClass,
    limit: float,
    used: float,
    used_by_class: Sequence[float],
    amount: float,
    left_ms: float,
    span_ms: float,
    *,
    share: float = 1.0,
) -> float:
    """The same for a budget (twin of `check` in acquire.lua). share: the part of it that the class may spend.

    Background work stops at BACKGROUND_STOPS of it and keeps the pace of time before; searches are not paced.
    """
    own = used_by_class[CLASSES.index(work_class)] + amount
    is_background = work_class in BACKGROUND
    if own > limit * share or (is_background and used + amount > limit * BACKGROUND_STOPS):
        return left_ms
    return wait_ms(
        work_class, limit, used, used_by_class, amount, left_ms, span_ms, is_paced=is_background, is_budget=True
    )
