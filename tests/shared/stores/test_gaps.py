"""`gaps`: noted once, tried by priority, ended once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from shared.domain.coverage.gaps import Gap, GapReason, GapState, Unread, divide, note, tried
from shared.stores.bundle import Stores
from tests.shared.stores.conftest import HOUR, NOW, at_once


def gap_of(*members: str, hours_ago: int = 2, **values: Any) -> Gap:
    """A gap of an hour that ended so long ago."""
    to_at = NOW - hours_ago * HOUR
    unread = Unread(to_at - HOUR, to_at, GapReason.PAGE_LOST)
    return replace(note(unread, stream="s", members=members or ["nasa"], now=NOW), **values)


def test_a_gap_is_noted_once(stores: Stores) -> None:
    """The same again is no news, also from eight workers; another one is."""
    news = at_once(8, lambda _: len(stores.gaps.note([gap_of()])))

    assert sorted(news) == [0] * 7 + [1]
    assert stores.gaps.note([gap_of(), gap_of("esa")]) == [gap_of("esa")]
    assert stores.gaps.get(gap_of().id) == gap_of()
    assert stores.gaps.get("unknown") is None


def test_what_is_urgent_comes_first_and_then_the_newest(stores: Stores) -> None:
    """What waits for another try, is under way, or has ended is not due."""
    old, new = gap_of(hours_ago=9), gap_of(hours_ago=1)
    urgent, waiting = gap_of(hours_ago=20, priority=90), gap_of(hours_ago=3, try_at=NOW + HOUR)
    ended, under_way = gap_of(hours_ago=4), gap_of(hours_ago=5)
    stores.gaps.note([old, new, urgent, waiting, ended, under_way])
    assert stores.gaps.end(ended.id, GapState.FINAL, now=NOW)

    due = stores.gaps.due(now=NOW, limit=9, apart_from=[under_way.id])

    assert due == [urgent, new, old]
    assert stores.gaps.due(now=NOW, limit=1) == [urgent]


def test_gaps_of_resting_streams_keep_nobody_waiting(stores: Stores) -> None:
    """Those of other streams are due, however many more urgent ones of resting streams there are."""
    other = replace(gap_of("esa", hours_ago=9), id="g-other", stream="t")
    stores.gaps.note([gap_of(hours_ago=1, priority=90), gap_of(hours_ago=2, priority=90), other])

    assert stores.gaps.due(now=NOW, limit=1, resting=["s", "u"]) == [other]


def test_a_gap_ends_once_and_is_kept(stores: Stores) -> None:
    """Of eight at once one ends it; it is not missing any more, and not counted."""
    stores.gaps.note([gap_of()])

    ended = at_once(8, lambda _: stores.gaps.end(gap_of().id, GapState.FILLED, now=NOW))

    assert sorted(ended) == [False] * 7 + [True]
    assert stores.gaps.missing() == []
    assert stores.gaps.counts() == {}
    assert stores.gaps.get(gap_of().id) == replace(gap_of(), state=GapState.FILLED)


def test_the_parts_of_a_gap_take_its_place(stores: Stores) -> None:
    """They hold the same time, and can be found by stream, by member and by moment."""
    whole = gap_of("esa", "nasa")
    stores.gaps.note([whole])
    parts = divide(whole, whole.from_at + HOUR / 4)

    assert stores.gaps.replace(whole, parts, now=NOW)

    assert stores.gaps.missing(streams=["s"]) == stores.gaps.missing(members=["esa"]) == list(parts)
    assert stores.gaps.missing(streams=["t"]) == stores.gaps.missing(members=["jaxa"]) == []
    assert stores.gaps.around(whole.to_at - HOUR / 4) == [parts[1]]
    assert stores.gaps.counts() == {("open", "page_lost"): (2, 3600.0)}
    assert not stores.gaps.replace(whole, parts, now=NOW)


def test_a_try_is_noted_and_a_final_gap_opened_again(stores: Stores) -> None:
    """A plan that has the archive now reaches what none reached before."""
    stores.gaps.note([gap_of()])
    stores.gaps.put(tried(gap_of(), now=NOW))
    assert stores.gaps.due(now=NOW, limit=9) == []
    stores.gaps.end(gap_of().id, GapState.FINAL, now=NOW)

    assert stores.gaps.reopen(now=NOW + HOUR) == 1

    (again,) = stores.gaps.due(now=NOW + HOUR, limit=9)
    assert (again.attempts, again.state, again.try_at) == (1, GapState.OPEN, NOW + HOUR)


def test_who_pays_finds_what_is_left(stores: Stores) -> None:
    """Gaps of a run are found whether they are filled or not, and among what is open only until then."""
    mine, other = gap_of(run_id="r"), gap_of(hours_ago=7)
    stores.gaps.note([mine, other])
    assert stores.gaps.open_of_runs() == stores.gaps.of_run("r") == [mine]

    stores.gaps.end(mine.id, GapState.FILLED, now=NOW)

    assert stores.gaps.open_of_runs() == []
    assert [gap.id for gap in stores.gaps.of_run("r")] == [mine.id]


def test_what_is_read_again_is_forgotten(stores: Stores) -> None:
    """From the moment on; what was filled is history and stays."""
    before, after, filled = gap_of(hours_ago=9), gap_of(hours_ago=1), gap_of(hours_ago=2)
    stores.gaps.note([before, after, filled])
    stores.gaps.end(filled.id, GapState.FILLED, now=NOW)

    stores.gaps.forget("s", since=NOW - timedelta(hours=5))

    assert stores.gaps.missing() == [before]
    assert stores.gaps.get(filled.id) is not None
