"""`intervals`: what was read is there once, and one takes the place of others without a moment of nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shared.domain.coverage.intervals import Check, Interval, Reread
from shared.domain.coverage.sweeps import ReadBy
from shared.stores.bundle import Stores
from tests.shared.stores.conftest import HOUR, NOW, at_once


def interval_of(hours_ago: int = 1, *, stream: str = "s", **values: Any) -> Interval:
    """An hour that was read when it ended."""
    to_at = NOW - hours_ago * HOUR
    fixed: dict[str, Any] = {"from_at": to_at - HOUR, "to_at": to_at, "route": ReadBy.RECENT, "read_at": to_at}
    return Interval(**({"id": f"{stream}-{hours_ago}", "stream": stream, "posts": 3} | fixed | values))


def test_what_was_read_is_noted_once(stores: Stores) -> None:
    """Eight workers that end the same sweep leave one interval, as it was noted first."""
    at_once(8, lambda number: stores.intervals.add(interval_of(posts=number)))

    (there,) = stores.intervals.of(["s"])
    assert replace(there, posts=3) == stores.intervals.get("s-1") or there.posts != 3
    assert stores.intervals.get("unknown") is None
    partly = interval_of(4, members=("nasa",), check=Check.NOT_VERIFIED)
    stores.intervals.add(partly)
    assert stores.intervals.get(partly.id) == partly


def test_what_a_job_read_that_came_again_is_noted_as_far(stores: Stores) -> None:
    """A crash came before the stream moved on: the page was read again, later, and the stream is covered up to then."""
    first = interval_of(1)
    later = replace(first, to_at=first.to_at + HOUR, read_at=first.read_at + HOUR, posts=0)

    for one in (first, later, first):
        stores.intervals.add(one)

    assert stores.intervals.of(["s"]) == [replace(later, posts=first.posts)]


def test_a_window_finds_what_touches_it(stores: Stores) -> None:
    """By time, of the streams that are asked for."""
    hours = [interval_of(number) for number in (1, 2, 3, 4)]
    for interval in (*hours, interval_of(2, stream="t")):
        stores.intervals.add(interval)

    found = stores.intervals.of(["s"], from_at=NOW - 3 * HOUR, to_at=NOW - 2 * HOUR)

    assert found == [hours[1]]
    assert stores.intervals.of(["s"]) == hours[::-1]
    assert {one.stream for one in stores.intervals.around(NOW - 2.5 * HOUR)} == {"s", "t"}


def test_what_waits_longest_is_read_again_first(stores: Stores) -> None:
    """What is verified, was given up, or is too young does not wait."""
    for number, check in enumerate((Check.WAITING, Check.WAITING, Check.VERIFIED, Check.NOT_VERIFIED, Check.WAITING)):
        stores.intervals.add(interval_of(number, check=check))

    waiting = stores.intervals.waiting(before=NOW - HOUR, limit=9)

    assert [one.id for one in waiting] == ["s-4", "s-1"]
    assert stores.intervals.seconds_waiting(before=NOW - HOUR) == 7200
    assert stores.intervals.seconds_waiting(before=NOW - HOUR, resting=["s"]) == 0
    stores.intervals.give_up(Reread(stream="s", of=tuple(waiting), is_free=False))
    assert stores.intervals.waiting(before=NOW - HOUR, limit=9) == []


def test_one_interval_takes_the_place_of_many(stores: Stores) -> None:
    """Doing so again, as after a crash, changes nothing; the verified one before is found by its end."""
    hours = [interval_of(number) for number in (1, 2, 3)]
    for interval in hours:
        stores.intervals.add(interval)
    whole = interval_of(1, id="whole", from_at=NOW - 4 * HOUR, check=Check.VERIFIED)

    for _ in range(2):
        stores.intervals.put_in_place(whole, [one.id for one in hours])

    assert stores.intervals.of(["s"]) == [whole]
    assert stores.intervals.verified_until("s", NOW - HOUR) == whole
    assert stores.intervals.verified_until("s", NOW) is None


def test_members_that_move_take_the_ledger_along(stores: Stores) -> None:
    """What was read for others alone stays, posts are counted where they were read, and doing so again adds nothing."""
    hours = [interval_of(3, check=Check.VERIFIED), interval_of(2), interval_of(1, members=("esa", "nasa"))]
    for interval in (*hours, interval_of(4, members=("nasa",)), interval_of(5, stream="t")):
        stores.intervals.add(interval)

    for _ in range(2):
        stores.intervals.copy("s", to="u", members=("esa", "jaxa"))

    whose = [None, None, ("esa",)]
    assert stores.intervals.of(["u"]) == [
        replace(one, id=f"{one.id}>u", stream="u", posts=0, members=members)
        for one, members in zip(hours, whose, strict=True)
    ]
    assert len(stores.intervals.of(["s"])) == 4
