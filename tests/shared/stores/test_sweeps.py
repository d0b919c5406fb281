"""`X_sweeps`: one open reading of a subject, each page passed once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.coverage.sweeps import Sweep, SweepKind, SweepStatus
from shared.stores.bundle import Stores
from tests.shared.stores.conftest import AWKWARD_IDS, HOUR, NOW, CommandCount, at_once


def sweep_of(name: str = "w", subject: str = "s", **values: Any) -> Sweep:
    """A sweep at its first page."""
    given: dict[str, Any] = {"id": name, "kind": SweepKind.SEARCH, "subject": subject, "queue": "search"}
    return Sweep(**(given | {"query": "q", "since_id": 10, "started_at": NOW} | values))


@pytest.mark.parametrize("number", AWKWARD_IDS)
def test_a_sweep_comes_back_as_it_was_written(stores: Stores, number: int) -> None:
    """With ids of any size, and every field of a sweep under way."""
    first = sweep_of(since_id=number, posts=(number, 7))
    later = replace(
        first,
        page=3,
        next_token="b26v89c19zqg8o3f",
        until_id=number,
        newest_id=number,
        oldest_id=number,
        stalls=2,
        posts_seen=300,
        posts_new=7,
        through_at=NOW,
        stuck=True,
    )

    stores.sweeps.open(first)
    assert stores.sweeps.get("w") == first

    assert stores.sweeps.advance(first, later, now=NOW)
    assert stores.sweeps.get("w") == later
    assert stores.sweeps.get("unknown") is None


def test_every_operation_is_one_command(counted: Stores, commands: CommandCount) -> None:
    """Opening, looking, moving on, closing."""
    first, second = sweep_of(), sweep_of(page=1)

    assert commands.during(lambda: counted.sweeps.open(first)) == ["insert"]
    assert commands.during(lambda: counted.sweeps.get("w")) == ["find"]
    assert commands.during(lambda: counted.sweeps.advance(first, second, now=NOW)) == ["update"]
    assert commands.during(lambda: counted.sweeps.abandon(second, now=NOW)) == ["update"]


def test_a_subject_has_one_open_sweep(stores: Stores) -> None:
    """A second one is refused while it is open; another subject or kind is not; ended, the next may open."""
    assert stores.sweeps.open(sweep_of("w1"))

    assert not stores.sweeps.open(sweep_of("w1"))
    assert not stores.sweeps.open(sweep_of("w2"))
    assert stores.sweeps.open(sweep_of("w3", subject="other"))
    assert stores.sweeps.open(sweep_of("w4", kind=SweepKind.QUOTES))
    assert stores.sweeps.open_subjects(SweepKind.SEARCH) == {"s", "other"}

    stores.sweeps.abandon(sweep_of("w1"), now=NOW)
    assert stores.sweeps.open(sweep_of("w2"))
    assert not stores.sweeps.open(sweep_of("w1"))


def test_eight_schedulers_open_one_sweep(stores: Stores) -> None:
    """Under one id or under eight, one of them opens it."""
    assert sum(at_once(8, lambda _: stores.sweeps.open(sweep_of("same")))) == 1
    assert sum(at_once(8, lambda number: stores.sweeps.open(sweep_of(str(number), subject="b")))) == 1


def test_a_page_is_passed_once(stores: Stores) -> None:
    """Of eight workers with the same page one moves the sweep on; a late answer to an earlier page moves nothing."""
    first = sweep_of()
    stores.sweeps.open(first)

    moved = at_once(8, lambda number: stores.sweeps.advance(first, replace(first, page=1, posts_new=number), now=NOW))

    assert sum(moved) == 1
    sweep = stores.sweeps.get("w")
    assert sweep is not None
    assert (sweep.page, sweep.posts_new) == (1, moved.index(True))


def test_short_answers_are_counted_by_page(stores: Stores) -> None:
    """The next page begins anew, and a late answer to a page that was passed counts for nothing."""
    first, second = sweep_of(), sweep_of(page=1)
    stores.sweeps.open(first)
    assert [stores.sweeps.fell_short(first, now=NOW) for _ in range(3)] == [1, 2, 3]
    stores.sweeps.advance(first, second, now=NOW)

    assert stores.sweeps.fell_short(first, now=NOW) == 0
    assert stores.sweeps.fell_short(second, now=NOW) == 1


@pytest.mark.parametrize("status", [SweepStatus.COMPLETE, SweepStatus.ABANDONED])
def test_an_ended_sweep_moves_no_more(stores: Stores, status: SweepStatus) -> None:
    """Neither on, nor to another end; it stays to be asked about for a fortnight."""
    first = sweep_of()
    stores.sweeps.open(first)
    ended = replace(first, status=status, page=1)

    assert stores.sweeps.advance(first, ended, now=NOW)
    assert not stores.sweeps.advance(ended, replace(ended, page=2, status=SweepStatus.OPEN), now=NOW)
    assert not stores.sweeps.abandon(ended, now=NOW)

    assert stores.sweeps.get("w") == ended


def test_a_sweep_is_abandoned_at_the_page_that_was_seen(stores: Stores) -> None:
    """If a worker passed the page meanwhile, the sweep lives."""
    first, second = sweep_of(), sweep_of(page=1)
    stores.sweeps.open(first)
    stores.sweeps.advance(first, second, now=NOW)

    assert not stores.sweeps.abandon(first, now=NOW)
    assert stores.sweeps.abandon(second, now=NOW)
    assert not stores.sweeps.abandon(second, now=NOW)


def test_sweeps_without_progress_are_found_and_their_nudges_counted(stores: Stores) -> None:
    """The longest without progress first; a nudge counts and waits its turn; progress sets the count back."""
    sweeps = {name: sweep_of(name, subject=name, started_at=NOW + at) for name, at in [("a", HOUR), ("b", 0 * HOUR)]}
    for sweep in sweeps.values():
        stores.sweeps.open(sweep)

    def stalled(hours: int) -> list[tuple[str, int]]:
        found = stores.sweeps.stalled(before=NOW + hours * HOUR, limit=9)
        return [(sweep.id, nudges) for sweep, nudges in found]

    assert stalled(2) == [("b", 0), ("a", 0)]
    assert stores.sweeps.stalled(before=NOW + 2 * HOUR, limit=1)[0][0] == sweeps["b"]
    stores.sweeps.nudge("b", now=NOW + 2 * HOUR)
    stores.sweeps.nudge("unknown", now=NOW)
    assert stalled(2) == [("a", 0)]
    assert stalled(3) == [("a", 0), ("b", 1)]
    stores.sweeps.advance(sweeps["b"], replace(sweeps["b"], page=1), now=NOW + 2 * HOUR)
    assert stalled(3) == [("a", 0), ("b", 0)]


def test_ended_sweeps_expire_and_open_ones_do_not(stores: Stores, mongo_db: Any) -> None:
    """The time of ending, which the expiry goes by, is there only for what has ended."""
    first = sweep_of()
    end: list[Callable[[Sweep], object]] = [
        lambda sweep: stores.sweeps.advance(sweep, replace(sweep, status=SweepStatus.COMPLETE), now=NOW),
        lambda sweep: stores.sweeps.abandon(sweep, now=NOW),
    ]
    for number, close in enumerate(end):
        sweep = replace(first, id=f"w{number}")
        stores.sweeps.open(sweep)
        close(sweep)
    stores.sweeps.open(first)

    ends = {d["_id"]: d.get("ended_at") for d in mongo_db["X_sweeps"].find()}
    assert ends == {"w0": NOW, "w1": NOW, "w": None}
    expiry = [i["expireAfterSeconds"] for i in mongo_db["X_sweeps"].list_indexes() if "expireAfterSeconds" in i]
    assert expiry == [timedelta(days=14).total_seconds()]


def test_the_posts_whose_quotes_are_being_read(stores: Stores) -> None:
    """Alone or by one search together; not those of a reading that ended, nor what is searched for."""
    stores.sweeps.open(sweep_of("alone", "5", kind=SweepKind.QUOTES, query=None))
    stores.sweeps.open(sweep_of("together", "6", kind=SweepKind.QUOTES, posts=(6, 2**63)))
    ended = sweep_of("ended", "9", kind=SweepKind.QUOTES, query=None)
    stores.sweeps.open(ended)
    stores.sweeps.abandon(ended, now=NOW)
    stores.sweeps.open(sweep_of("stream", "s"))

    assert stores.sweeps.quoted_posts() == {5, 6, 2**63}


def test_an_erased_post_is_in_no_reading_of_quotes(stores: Stores) -> None:
    """Nor in one that others share: those are read again without it."""
    stores.sweeps.open(sweep_of("together", "6", kind=SweepKind.QUOTES, posts=(6, 8)))
    stores.sweeps.open(sweep_of("alone", "5", kind=SweepKind.QUOTES, query=None))

    assert stores.erasures.delete_posts(["8"])["X_sweeps"] == 1
    assert stores.sweeps.quoted_posts() == {5}


def test_open_searches_are_those_under_way(stores: Stores) -> None:
    """Ended ones and readings of quotes are left out."""
    ended = sweep_of("a", "a")
    stores.sweeps.open(ended)
    stores.sweeps.advance(ended, replace(ended, status=SweepStatus.COMPLETE), now=NOW)
    stores.sweeps.open(sweep_of("c", "c", kind=SweepKind.QUOTES))
    for name in ("d", "e"):
        stores.sweeps.open(sweep_of(name, name, run_id="r"))
    stores.sweeps.abandon(sweep_of("e", "e"), now=NOW)

    assert [(one.id, one.run_id) for one in stores.sweeps.open_searches()] == [("d", "r")]
