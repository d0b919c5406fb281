"""The rule of every window, as pure functions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.models import WorkClass
from shared.domain.money.classes import floor
from shared.ratelimit.windows import budget_wait_ms, free, wait_ms

SPAN = 900_000.0
NOBODY = (0, 0, 0, 0, 0)


def test_our_own_count_holds_while_x_lags_behind() -> None:
    """Answers on their way do not make the window smaller."""
    assert free(100, used=30, lowest=95, settled=5, is_shared=False) == 70


def test_a_shared_token_is_counted_by_x() -> None:
    """With a stranger, what X said is left, less our calls that it had not counted."""
    assert free(100, used=30, lowest=40, settled=25, is_shared=True) == 35
    assert free(100, used=99, lowest=40, settled=99, is_shared=True) == 1


def test_a_full_window_waits_for_its_end() -> None:
    """Nothing passes a limit, not even interactive work."""
    for work_class in WorkClass:
        assert wait_ms(work_class, 100, 100, (100, 0, 0, 0, 0), 1, 12_345, SPAN) == 12_345


def test_interactive_work_takes_everything_that_is_left() -> None:
    """No floor and no pace holds interactive work."""
    assert wait_ms(WorkClass.INTERACTIVE, 100, 99, (99, 0, 0, 0, 0), 1, 800_000, SPAN) == 0


def test_a_floor_holds_until_the_last_quarter() -> None:
    """Background work that would touch a floor waits until the floors are given up."""
    used = (0, 0, 0, 0, 60)

    assert wait_ms(WorkClass.BACKFILL, 100, 60, used, 1, 625_000, SPAN) == 400_000
    assert wait_ms(WorkClass.BACKFILL, 100, 60, used, 1, 225_000, SPAN) == 0


def test_the_floor_of_people_shrinks_in_the_last_quarter() -> None:
    """It is held in proportion to the time that is left, rounded to the nearest, and 1 % of the limit to the end."""
    used = (0, 93, 0, 0, 0)  # 7 are left of 100, and people have 10

    assert wait_ms(WorkClass.SEARCH, 100, 93, used, 1, 225_000, SPAN, is_paced=False) == 225_000 * 0.35
    assert wait_ms(WorkClass.SEARCH, 100, 93, used, 1, 225_000 * 0.65, SPAN, is_paced=False) == 0
    assert wait_ms(WorkClass.SEARCH, 100, 93, used, 1, 300_000, SPAN, is_paced=False) == 300_000 - 225_000 * 0.65
    assert wait_ms(WorkClass.SEARCH, 100, 99, (0, 99, 0, 0, 0), 1, 1, SPAN) == 1
    assert wait_ms(WorkClass.SEARCH, 100, 99, (10, 89, 0, 0, 0), 1, 1, SPAN) == 0
    assert wait_ms(WorkClass.SEARCH, 40, 39, (0, 39, 0, 0, 0), 1, 20_000, SPAN) == 0


def test_a_budget_gives_up_the_floor_of_people_too() -> None:
    """In the last quarter of a day or month a search may spend all that is left."""
    assert wait_ms(WorkClass.SEARCH, 100, 99, (0, 99, 0, 0, 0), 1, 300_000, SPAN, is_budget=True) > 0
    assert budget_wait_ms(WorkClass.SEARCH, 100, 99, (0, 99, 0, 0, 0), 1, 225_000, SPAN) == 0


def test_a_spent_floor_holds_nothing_back() -> None:
    """Once the more urgent classes have used their floors, the rest is for whoever asks."""
    assert wait_ms(WorkClass.BACKFILL, 100, 75, (10, 30, 10, 10, 15), 1, 800_000, SPAN) == 0


def test_background_work_keeps_pace_past_80_percent() -> None:
    """From 80 % on, the limit is reached when 95 % of the window has gone by, and not before."""
    used = (10, 80, 0, 0, 0)

    due = wait_ms(WorkClass.SEARCH, 100, 90, used, 1, 800_000, SPAN)

    assert due == SPAN * 0.95 * 91 / 100 - 100_000
    assert wait_ms(WorkClass.SEARCH, 100, 79, (10, 69, 0, 0, 0), 1, 800_000, SPAN) == 0
    assert wait_ms(WorkClass.SEARCH, 100, 99, used, 1, SPAN * 0.05, SPAN) == 0


@given(
    work_class=st.sampled_from(WorkClass),
    limit=st.integers(0, 10_000),
    used_by_class=st.tuples(*[st.integers(0, 3_000)] * 5),
    amount=st.integers(1, 500),
    left=st.integers(1, 900_000),
)
def test_no_amount_passes_a_limit_and_every_wait_ends(
    work_class: WorkClass, limit: int, used_by_class: tuple[int, ...], amount: int, left: int
) -> None:
    """What passes fits, nothing waits longer than the window lasts, and all but 2 % passes before its end."""
    used = sum(used_by_class)

    wait = wait_ms(work_class, limit, used, used_by_class, amount, left, SPAN)

    assert 0 <= wait <= left
    if wait == 0:
        assert used + amount <= limit
    if used + amount <= limit * 0.98:
        assert wait_ms(work_class, limit, used, used_by_class, amount, SPAN * 0.002, SPAN) == 0


@given(
    work_class=st.sampled_from(WorkClass),
    limit=st.integers(1, 10_000),
    used_by_class=st.tuples(*[st.integers(0, 3_000)] * 5),
    left=st.integers(1, 900_000),
)
def test_no_class_takes_what_people_have_left_of_their_floor(
    work_class: WorkClass, limit: int, used_by_class: tuple[int, ...], left: int
) -> None:
    """In every part of a window other work leaves people their floor, or the part of it that the time has left."""
    if work_class is WorkClass.INTERACTIVE:
        return
    used = sum(used_by_class)

    if wait_ms(work_class, limit, used, used_by_class, 1, left, SPAN) == 0:
        unspent = max(0, floor(limit, WorkClass.INTERACTIVE) - used_by_class[0])
        assert limit - used - 1 >= unspent * min(1, left / (SPAN / 4)) - 0.5


def test_a_budget_leaves_its_last_twentieth_to_people_and_searches() -> None:
    """Past 95 % of a budget background work waits for its end, a search goes on until the floor of people."""
    used = (10, 84, 0, 0, 0)
    in_the_last_quarter = SPAN * 0.04

    for work_class in (WorkClass.QUOTES, WorkClass.ENGAGEMENT, WorkClass.BACKFILL):
        assert budget_wait_ms(work_class, 100, 94, used, 1, in_the_last_quarter, SPAN) == 0
        assert budget_wait_ms(work_class, 100, 94, used, 2, in_the_last_quarter, SPAN) == in_the_last_quarter
    for work_class in (WorkClass.INTERACTIVE, WorkClass.SEARCH):
        assert budget_wait_ms(work_class, 100, 94, used, 6, 800_000, SPAN) == 0
        assert budget_wait_ms(work_class, 100, 94, used, 7, 800_000, SPAN) == 800_000


def test_a_class_stops_at_its_share() -> None:
    """A class that spent its part of a budget waits for the end, whatever the others left."""
    used = (0, 20, 0, 0, 0)

    assert budget_wait_ms(WorkClass.SEARCH, 100, 20, used, 5, 800_000, SPAN, share=0.25) == 0
    assert budget_wait_ms(WorkClass.SEARCH, 100, 20, used, 6, 800_000, SPAN, share=0.25) == 800_000
