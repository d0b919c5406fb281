"""Classes of work in the windows of the limiter."""

from __future__ import annotations

import pytest

from shared.domain.models import WorkClass
from shared.domain.money.budgets import Budgets
from shared.ratelimit.limiter import Limiter
from shared.runtime.clock import ManualClock
from tests.shared.ratelimit.calls import answered, grant, grants_until_refused, headers, open_window, refusal, spend
from tests.shared.ratelimit.conftest import MakeLimiter


def test_background_work_leaves_the_floors(limiter: Limiter, clock: ManualClock) -> None:
    """Each class may take all but the floors of the more urgent ones."""
    open_window(limiter, clock, limit=1000)  # one interactive call

    taken = {one: grants_until_refused(limiter, one)[0] for one in reversed(WorkClass)}

    assert taken == {
        WorkClass.BACKFILL: 400,  # 1000 - 100 interactive - 300 search - 100 quotes - 100 engagement
        WorkClass.ENGAGEMENT: 100,
        WorkClass.QUOTES: 100,
        WorkClass.SEARCH: 199,  # then it is held to the pace past 80 %
        WorkClass.INTERACTIVE: 200,
    }


def other_work_asks(limiter: Limiter) -> None:
    """Everything but people takes what it may."""
    for one in WorkClass:
        if one is not WorkClass.INTERACTIVE:
            grants_until_refused(limiter, one)


def test_interactive_work_never_waits_while_its_floor_is_unspent(limiter: Limiter, clock: ManualClock) -> None:
    """Background work that asks all the time, in every part of the window, never takes the interactive floor."""
    open_window(limiter, clock, limit=100)
    for _ in range(9):
        other_work_asks(limiter)
        spend(limiter, 1)
        other_work_asks(limiter)
        clock.advance(99.5)

    assert limiter.state().windows[0].reset_in_seconds == pytest.approx(5, abs=1)
    other_work_asks(limiter)
    assert limiter.state().windows[0].remaining == 0


def test_people_who_come_late_find_room(limiter: Limiter, clock: ManualClock) -> None:
    """In the last quarter the interactive floor shrinks with the time that is left, and never to nothing."""
    open_window(limiter, clock, limit=450)  # a floor of 45, and one call of it spent
    left_over = {}
    for left in (225, 112, 45, 23, 9, 1):
        clock.advance((limiter.state().windows[0].reset_in_seconds or 0) - left)
        other_work_asks(limiter)
        left_over[left] = limiter.state().windows[0].remaining

    assert left_over[112] >= 22
    assert (left_over[23], left_over[9], left_over[1]) == (4, 4, 4)
    spend(limiter, 4)
    assert refusal(limiter).blocked_by == "window"


@pytest.mark.parametrize("limit", [1, 5, 15, 49, 75, 300, 450, 3500])
def test_a_window_that_no_person_asks_for_is_used(limiter: Limiter, clock: ManualClock, limit: int) -> None:
    """What stays for people to the end is never more than 3 % of the window."""
    open_window(limiter, clock, limit=limit)
    clock.advance((limiter.state().windows[0].reset_in_seconds or 0) - 2)

    other_work_asks(limiter)

    assert (limiter.state().windows[0].remaining or 0) <= limit * 0.03


def test_unused_floors_are_released_in_the_last_quarter(limiter: Limiter, clock: ManualClock) -> None:
    """A refused class is told to come back when the floors are given up, and then uses all but what people keep."""
    open_window(limiter, clock, limit=100, reset_in=900)
    _, held = grants_until_refused(limiter, WorkClass.ENGAGEMENT)

    clock.advance(held.wait_seconds)
    grant(limiter, WorkClass.ENGAGEMENT)
    while clock.now().minute < 14:
        clock.advance(10)
        grants_until_refused(limiter, WorkClass.ENGAGEMENT)

    assert held.wait_seconds == pytest.approx(675, abs=2)
    clock.advance(50)
    grants_until_refused(limiter, WorkClass.ENGAGEMENT)
    assert limiter.state().windows[0].remaining == 1


def test_the_wait_for_a_shrinking_floor_is_exact(limiter: Limiter, clock: ManualClock) -> None:
    """Work that comes back when the interactive floor has shrunk for it gets its call, and not 10 ms before."""
    open_window(limiter, clock, limit=100)
    clock.advance((limiter.state().windows[0].reset_in_seconds or 0) - 44)
    _, held = grants_until_refused(limiter, WorkClass.SEARCH)

    clock.advance(held.wait_seconds - 0.01)
    still = refusal(limiter, WorkClass.SEARCH)
    clock.advance(0.01)

    assert still.wait_seconds == pytest.approx(0.01, abs=0.002)
    grant(limiter, WorkClass.SEARCH)


def test_the_wait_of_paced_work_is_exact(limiter: Limiter, clock: ManualClock) -> None:
    """Paced work that comes back after its wait gets its call, and not 10 ms before."""
    open_window(limiter, clock, limit=100, reset_in=900)
    spend(limiter, 89)

    paced = refusal(limiter, WorkClass.SEARCH)
    clock.advance(paced.wait_seconds - 0.01)
    still = refusal(limiter, WorkClass.SEARCH)
    clock.advance(0.01)

    assert still.wait_seconds == pytest.approx(0.01, abs=0.002)
    grant(limiter, WorkClass.SEARCH)


def test_the_24_hour_cap_keeps_floors_too(limiter: Limiter, clock: ManualClock) -> None:
    """Background work leaves the interactive floor of the 24-hour cap."""
    day = {"day_limit": 100, "day_remaining": 99, "day_reset_at_seconds": int(clock.now().timestamp()) + 80_000}
    limiter.settle(grant(limiter), answered(headers(clock, limit=10_000, remaining=9_999, **day)))

    count, last = grants_until_refused(limiter, WorkClass.BACKFILL)

    assert (count, last.blocked_by) == (40, "day")


def test_budgets_keep_floors_too(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """Background work cannot spend the money that people may need today."""
    limiter = make_limiter(budgets=Budgets(day_usd=10.0))
    open_window(limiter, clock, limit=10_000)

    count, last = grants_until_refused(limiter, WorkClass.SEARCH, posts=20)

    assert (count, last.blocked_by) == (90, "day_money")  # of 100 x $0.10; searches are not paced by money
    assert grants_until_refused(limiter, WorkClass.INTERACTIVE, posts=20)[0] == 10
