"""The ledger of coverage: each moment once, gaps over intervals, and what is read again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.coverage.gaps import GapReason, GapState, Unread, note
from shared.domain.coverage.intervals import (
    Check,
    Interval,
    Reread,
    account,
    covered,
    due_again,
    holes,
    reach,
    settled,
    verified,
)
from shared.domain.coverage.sweeps import ReadBy

DAY = datetime(2024, 5, 1, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
spans = st.tuples(st.integers(-30, 130), st.integers(1, 60)).map(lambda one: (one[0], one[0] + one[1]))


def at(minutes: float) -> datetime:
    """A moment of the day."""
    return DAY + timedelta(minutes=minutes)


def interval(begin: float, end: float, *, stream: str = "s", read: float | None = None, **values: object) -> Interval:
    """A span of minutes that was read when it ended, or later."""
    fixed = {
        "id": f"{stream}:{begin}",
        "stream": stream,
        "from_at": at(begin),
        "to_at": at(end),
        "route": ReadBy.RECENT,
    }
    return Interval(**(fixed | {"read_at": at(end if read is None else read), "posts": 1} | values))  # type: ignore[arg-type]


@given(read=st.lists(spans, max_size=6), missing=st.lists(spans, max_size=4), states=st.sampled_from(GapState))
def test_every_moment_is_accounted_for_once(
    read: list[tuple[int, int]], missing: list[tuple[int, int]], states: GapState
) -> None:
    """The pieces follow one another from begin to end; at each minute a gap holds, else what was read of it."""
    gaps = [
        replace(note(Unread(at(a), at(b), GapReason.PAGE_LOST), stream="s", members=["m"], now=DAY), state=states)
        for a, b in missing
    ]

    pieces = account(at(0), at(100), [interval(a, b) for a, b in read], gaps)

    assert (pieces[0].from_at, pieces[-1].to_at) == (at(0), at(100))
    assert all(one.to_at == two.from_at for one, two in pairwise(pieces))
    counts = states is not GapState.FILLED
    for minute in range(100):
        (holder,) = (one.of for one in pieces if one.from_at <= at(minute) < one.to_at)
        if counts and any(a <= minute < b for a, b in missing):
            assert holder in gaps
        else:
            assert isinstance(holder, Interval) == any(a <= minute < b for a, b in read)


def test_a_gap_that_was_filled_is_covered_by_what_filled_it() -> None:
    """Until then it holds, whatever was read around it; the share of a window follows."""
    around = interval(0, 60)
    gap = note(Unread(at(10), at(40), GapReason.TOO_LONG), stream="s", members=["m"], now=DAY)
    fill = interval(10, 40, read=80, id="fill", route=ReadBy.ALL)

    before = account(at(0), at(60), [around], [gap])
    after = account(at(0), at(60), [around, fill], [replace(gap, state=GapState.FILLED)])

    assert [one.of for one in before] == [around, gap, around]
    assert [one.of for one in after] == [around, fill, around]
    assert covered(before, at(0), at(60)) == 30 * MINUTE
    assert covered(before, at(5), at(20)) == 5 * MINUTE
    assert covered(after, at(0), at(60)) == HOUR


def test_what_nobody_noted_is_shown_as_such() -> None:
    """A moment that is in no interval and in no gap is a piece of nothing."""
    pieces = account(at(0), at(60), [interval(0, 20), interval(40, 60)], [])

    assert [(one.from_at, one.to_at) for one in pieces if one.of is None] == [(at(20), at(40))]


@given(read=st.lists(spans, max_size=8), begin=st.integers(0, 50), length=st.integers(1, 50))
def test_spans_reach_when_they_leave_no_minute_out(read: list[tuple[int, int]], begin: int, length: int) -> None:
    """As if each minute was looked at by itself."""
    minutes = range(begin, begin + length)

    assert reach([(at(a), at(b)) for a, b in read], at(begin), at(begin + length)) == all(
        any(a <= minute < b for a, b in read) for minute in minutes
    )


def due(waiting: list[Interval], now: datetime) -> list[tuple[float, float, bool]]:
    """What is due, as minutes of the day."""
    found = due_again(waiting, now=now, after=35 * MINUTE, every=HOUR)
    return [((one.from_at - DAY) / MINUTE, (one.to_at - DAY) / MINUTE, one.is_free) for one in found]


def test_an_hour_is_read_again_at_a_time() -> None:
    """Not before it is an hour long and old enough; what is too young stays for the next time."""
    waiting = [interval(600 + m, 601 + m) for m in range(120)]

    assert due(waiting, at(690)) == []
    assert due(waiting, at(695)) == [(600, 660, True)]
    assert due(waiting[60:], at(720)) == []


def test_the_last_of_a_day_is_read_while_it_is_free() -> None:
    """So much as is old enough shortly before midnight, and not each minute by itself until the last ones; what is read
    after it has to be bought.
    """
    waiting = [interval(1300 + m, 1301 + m) for m in range(139)]

    assert due(waiting, at(1404)) == [(1300, 1369, True)]
    assert due(waiting[69:], at(1415)) == []
    assert due(waiting[69:], at(1416)) == [(1369, 1381, True)]
    assert due(waiting[81:], at(1434)) == [(1381, 1399, True)]
    assert due(waiting[99:], at(1435)) == [(1399, 1400, True)]
    assert due(waiting[100:], at(1475)) == [(1400, 1439, False)]


def test_streams_and_days_are_read_apart() -> None:
    """What was read on two days is two readings, and so is what two streams read."""
    waiting = [interval(100, 110), interval(100, 111, stream="t"), interval(-20, -10), interval(-10, 100, read=101)]

    assert due(waiting, at(200)) == [(-20, -10, False), (-10, 110, True), (100, 111, True)]


def test_a_verified_day_grows_into_one_interval() -> None:
    """It takes in the one before it only where that ends right there; posts and late ones add up."""
    first = interval(0, 60, check=Check.VERIFIED, posts=5, late=1)
    reread = Reread(stream="s", of=(interval(60, 90), interval(90, 120)), is_free=True)

    whole = verified(reread, id="w", late=2, read_at=at(155), before=first)
    alone = verified(reread, id="w", late=2, read_at=at(155), before=interval(0, 59, check=Check.VERIFIED))

    assert (whole.from_at, whole.to_at, whole.posts, whole.late, whole.check) == (at(0), at(120), 9, 3, Check.VERIFIED)
    assert (alone.from_at, alone.posts, alone.late, alone.read_at) == (at(60), 4, 2, at(155))


def test_holes_are_what_spans_leave_out() -> None:
    """In order, within the window, however the spans overlap."""
    spans = [(at(50), at(60)), (at(-5), at(10)), (at(5), at(20)), (at(90), at(200))]

    assert holes(spans, at(0), at(100)) == [(at(20), at(50)), (at(60), at(90))]
    assert holes([], at(0), at(1)) == [(at(0), at(1))]
    assert holes(spans, at(0), at(5)) == []


def test_what_was_read_late_enough_needs_no_second_reading() -> None:
    """A span of the past is verified at once, a young one waits, one across the border is both; posts count once."""
    assert settled(interval(0, 60, read=200), at(100)) == [interval(0, 60, read=200, check=Check.VERIFIED)]
    assert settled(interval(0, 60), at(0)) == [interval(0, 60)]
    old, young = settled(interval(0, 60, posts=9), at(40))
    assert [(one.from_at, one.to_at, one.posts, one.check) for one in (old, young)] == [
        (at(0), at(40), 9, Check.VERIFIED),
        (at(40), at(60), 0, Check.WAITING),
    ]
    assert old.id != young.id
