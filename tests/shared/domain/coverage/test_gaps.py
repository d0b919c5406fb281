"""Where gaps begin and end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.domain import snowflake
from shared.domain.coverage.gaps import (
    BEHIND,
    GapReason,
    Unread,
    hand_over,
    left_by_abandoning,
    left_by_paging,
    left_of_fill,
    less_covered,
    note,
    pass_over,
    start_later,
)
from shared.domain.coverage.sweeps import Sweep, SweepKind, SweepStatus

NOW = datetime(2024, 5, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
moments = st.integers(1, 100_000).map(lambda minutes: NOW - timedelta(minutes=minutes))


def sweep_of(since: datetime, **values: object) -> Sweep:
    """An open search since a moment."""
    fixed = {"id": "w", "kind": SweepKind.SEARCH, "subject": "s", "queue": "search", "query": "q", "started_at": NOW}
    return Sweep(**(fixed | {"since_id": snowflake.first_id_at(since)} | values))  # type: ignore[arg-type]


@given(since=moments, oldest=moments, ahead=st.integers(0, 3).map(lambda minutes: timedelta(minutes=minutes)))
def test_a_later_begin_leaves_a_gap_from_the_old_to_the_new_one(
    since: datetime, oldest: datetime, ahead: timedelta
) -> None:
    """Sweep and gap together are what was asked for; an id that is no younger changes nothing."""
    moved = start_later(sweep_of(since), snowflake.first_id_at(oldest), ahead=ahead)

    if oldest + ahead <= since:
        assert moved is None
    else:
        assert moved is not None
        later, gap = moved
        assert gap == Unread(since, oldest + ahead, GapReason.BEYOND_SEARCH_WINDOW)
        assert snowflake.created_at(later.since_id) == gap.to_at
        assert later.next_token is None


def test_a_later_begin_above_what_was_read_ends_the_sweep() -> None:
    """Past the first page the rest is asked for below the oldest post; where nothing is left the sweep is complete."""
    since, oldest = NOW - timedelta(days=9), NOW - timedelta(days=7)
    read_down_to = snowflake.first_id_at(NOW - timedelta(days=8))

    below = start_later(
        sweep_of(since, oldest_id=snowflake.first_id_at(NOW)), snowflake.first_id_at(oldest), ahead=timedelta(0)
    )
    beyond = start_later(sweep_of(since, oldest_id=read_down_to), snowflake.first_id_at(oldest), ahead=timedelta(0))

    assert below is not None
    assert (below[0].status, below[0].until_id) == (SweepStatus.OPEN, snowflake.first_id_at(NOW))
    assert beyond is not None
    assert beyond[0].status is SweepStatus.COMPLETE


@given(since=moments, upper=moments, lower=moments)
def test_passing_over_withheld_posts_goes_on_right_below(since: datetime, upper: datetime, lower: datetime) -> None:
    """The gap ends where the page before did; the next page is asked for below the oldest post of this one."""
    before = sweep_of(since, oldest_id=snowflake.first_id_at(upper), next_token="t")
    after = replace(before, oldest_id=snowflake.first_id_at(lower), next_token="u")

    moved, gap = pass_over(before, after)

    assert (gap.to_at, gap.reason) == (upper, GapReason.POSTS_WITHHELD)
    if lower == upper:
        assert (moved, gap.from_at) == (after, since)
    else:
        assert (moved.next_token, moved.until_id, gap.from_at) == (None, after.oldest_id, lower)


def test_the_last_page_is_passed_over_down_to_the_begin() -> None:
    """A complete sweep has nothing below; without an older post the gap reaches up to when X was asked."""
    since = NOW - timedelta(hours=1)
    before = sweep_of(since)
    after = replace(before, status=SweepStatus.COMPLETE, through_at=NOW - timedelta(minutes=1))

    assert pass_over(before, after) == (after, Unread(since, NOW - timedelta(minutes=1), GapReason.POSTS_WITHHELD))


def test_only_a_stuck_sweep_leaves_something_to_paging() -> None:
    """A sweep that was read whole leaves no gap; a stuck one all down from the millisecond of its oldest post."""
    since, oldest = NOW - timedelta(hours=1), NOW - timedelta(minutes=30)
    whole = sweep_of(since, status=SweepStatus.COMPLETE, oldest_id=snowflake.first_id_at(oldest))

    assert left_by_paging(whole) is None
    assert left_by_paging(replace(whole, stuck=True)) == Unread(since, oldest + MILLISECOND, GapReason.PAGING_STUCK)
    assert left_by_paging(replace(whole, stuck=True, oldest_id=None)) == Unread(since, NOW, GapReason.PAGING_STUCK)


@given(from_at=moments, to_at=moments, covered=moments)
def test_what_was_covered_before_is_no_gap(from_at: datetime, to_at: datetime, covered: datetime) -> None:
    """What is left of a gap lies inside it, above the coverage, and has a length."""
    rest = less_covered(Unread(from_at, to_at, GapReason.PAGING_STUCK), covered)

    if rest is None:
        assert max(from_at, covered) >= to_at
    else:
        assert (rest.from_at, rest.to_at) == (max(from_at, covered), to_at)
        assert rest.from_at < rest.to_at


@given(hours=st.integers(0, 200), has_rested=st.booleans(), known=st.booleans())
def test_what_is_left_behind_says_whether_money_was_the_reason(hours: int, has_rested: bool, known: bool) -> None:
    """A stream that rested because its share was spent is over its share; nothing is handed over of a short span."""
    since = NOW - timedelta(hours=hours, minutes=30)
    oldest = NOW - timedelta(minutes=5)
    sweep = sweep_of(since, oldest_id=snowflake.first_id_at(oldest), page=1, has_rested=has_rested)

    handed = hand_over(replace(sweep, known_id=snowflake.first_id_at(since) if known else 0))

    if NOW - since <= BEHIND:
        assert handed is None
        return
    assert handed is not None
    ended, rest = handed
    assert (rest.from_at, rest.to_at, ended.since_id) == (
        since,
        oldest + MILLISECOND,
        snowflake.first_id_at(rest.to_at),
    )
    behind = GapReason.OVER_SHARE if has_rested else GapReason.FELL_BEHIND
    assert rest.reason is (behind if known else GapReason.BEFORE_FOLLOWING)


def test_waiting_for_money_is_no_try() -> None:
    """What is left of a fill because a share is spent may be filled as soon as there is money; a lost page waits."""
    span = Unread(NOW - timedelta(hours=2), NOW - timedelta(hours=1), GapReason.FELL_BEHIND)
    gap = replace(note(span, stream="s", members=["a"], now=NOW), attempts=3)
    sweep = sweep_of(span.from_at, oldest_id=snowflake.first_id_at(NOW - timedelta(minutes=80)), page=2)
    found = {}
    for reason in (GapReason.OVER_SHARE, GapReason.PAGE_LOST):
        unread = left_by_abandoning(sweep, reason)
        assert unread is not None
        found[reason] = left_of_fill(gap, unread, now=NOW)

    over, lost = found[GapReason.OVER_SHARE], found[GapReason.PAGE_LOST]
    assert (over.reason, over.attempts, over.try_at) == (GapReason.OVER_SHARE, 3, NOW)
    assert (over.from_at, over.to_at) == (span.from_at, NOW - timedelta(minutes=80) + MILLISECOND)
    assert (lost.attempts, lost.try_at > NOW) == (4, True)
    assert left_by_abandoning(replace(sweep, page=0, oldest_id=None), GapReason.OVER_SHARE) is None
