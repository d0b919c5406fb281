"""`runs` on a real MongoDB."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.domain.models import WorkClass
from shared.domain.money.purchases import PaidCall
from shared.stores.bundle import Stores
from tests.amounts import amounts
from tests.shared.stores.conftest import HOUR, NOW

MINUTE = timedelta(minutes=1)


def begin(stores: Stores, run_id: str, *subjects: str, at: timedelta = timedelta(0)) -> None:
    """Begin an ad-hoc refresh."""
    stores.runs.begin(run_id, kind="refresh", subjects=subjects, now=NOW + at)


def test_a_run_collects_xs_words(stores: Stores) -> None:
    """Id by id, in any order, twice or once; ids past 2^63 are names like others."""
    begin(stores, "r", "1", str(2**63 + 1), "3")

    stores.runs.record("r", {"1": "alive", str(2**63 + 1): "deleted"}, now=NOW)
    stores.runs.record("r", {"1": "alive"}, now=NOW)
    stores.runs.record("r", {}, now=NOW)
    stores.runs.record("unknown", {"1": "alive"}, now=NOW)

    run = stores.runs.get("r") or {}
    assert (run["total"], run["results"]) == (3, {"1": "alive", str(2**63 + 1): "deleted"})
    assert run["subjects"] == ["1", str(2**63 + 1), "3"]
    assert stores.runs.get("unknown") is None


def test_a_run_begins_once(stores: Stores) -> None:
    """Begun again under its id, it keeps what it knows; a subject named twice counts once."""
    begin(stores, "r", "1", "2", "1")
    stores.runs.record("r", {"1": "alive"}, now=NOW)

    begin(stores, "r", "1", "2", "1", at=HOUR)

    run = stores.runs.get("r") or {}
    assert (run["total"], run["results"], run["started_at"]) == (2, {"1": "alive"}, NOW)


def test_a_second_request_joins_what_is_waited_for(stores: Stores) -> None:
    """Ids that a young run has no word on yet; those it has, strangers and old runs are not joined."""
    begin(stores, "old", "1", "9")
    begin(stores, "young", "1", "2", "3", at=HOUR)
    stores.runs.record("young", {"2": "alive"}, now=NOW + HOUR)

    waiting = stores.runs.waiting_for(["1", "2", "4", "9"], after=NOW + HOUR - MINUTE)

    assert waiting == {"1": "young"}
    assert stores.runs.waiting_for([], after=NOW - HOUR) == {}


def test_unfinished_runs_are_those_without_every_word(stores: Stores) -> None:
    """The oldest first; finished and forgotten ones are left out."""
    for index, run_id in enumerate(["older", "old", "done", "young"]):
        begin(stores, run_id, "1", "2", at=index * HOUR)
    stores.runs.record("done", {"1": "alive", "2": "unknown"}, now=NOW)

    unfinished = stores.runs.unfinished(after=NOW)

    assert [run["_id"] for run in unfinished] == ["old", "young"]
    stores.runs.record("old", {"2": "alive"}, now=NOW)
    assert [run["_id"] for run in stores.runs.unfinished(after=NOW)] == ["old", "young"]
    stores.runs.record("old", {"1": "alive"}, now=NOW)
    assert [run["_id"] for run in stores.runs.unfinished(after=NOW)] == ["young"]


def paid(posts: int, users: int = 0, *, at: datetime = NOW, work_class: WorkClass = WorkClass.SEARCH) -> PaidCall:
    """A call that bought so many."""
    return PaidCall(work_class, at, amounts(posts, users), posts * 5_000 + users * 10_000)


def test_a_run_adds_up_what_its_calls_cost(stores: Stores) -> None:
    """Calls, objects and money; a call that bought nothing is one all the same; of an unknown run nothing is kept."""
    begin(stores, "r", "1")

    stores.runs.pay("r", [paid(3, 2), paid(1), paid(0)])
    stores.runs.pay("r", [paid(1)])
    stores.runs.pay("r", [])
    stores.runs.pay("unknown", [paid(1)])

    cost = (stores.runs.get("r") or {})["cost"]
    assert (cost["calls"], cost["posts"], cost["users"], cost["micro_usd"]) == (4, 5, 2, 45_000)
    assert stores.runs.get("unknown") is None


def test_what_runs_of_a_kind_paid_is_known_by_day_class_and_hour(stores: Stores) -> None:
    """Other kinds, days and runs without cost are left out; runs are added up."""
    begin(stores, "refresh", "1")
    for run_id in ("r", "s", "free"):
        stores.runs.begin(run_id, kind="track", subjects=["nasa"], now=NOW)
    stores.runs.pay("refresh", [paid(9)])
    stores.runs.pay("r", [paid(1), paid(2, at=NOW + HOUR), paid(7, at=NOW - 48 * HOUR)])
    stores.runs.pay("s", [paid(4), paid(0, 1, work_class=WorkClass.ENGAGEMENT)])

    found = stores.runs.paid_by_hour(NOW.date(), NOW.date(), kind="track")

    assert set(found) == {(NOW.date(), "search"), (NOW.date(), "engagement")}
    searches = found[(NOW.date(), "search")]
    assert (searches[NOW.hour], searches[NOW.hour + 1], sum(searches)) == (25_000, 10_000, 35_000)


def test_names_that_are_followed_are_not_waited_for_as_posts(stores: Stores) -> None:
    """An account may be called by digits: only refreshes are joined or sent again."""
    stores.runs.begin("t", kind="track", subjects=["123"], now=NOW)

    assert stores.runs.waiting_for(["123"], after=NOW - HOUR) == {}
    assert stores.runs.unfinished(after=NOW - HOUR) == []


def test_the_newest_runs_come_first(stores: Stores) -> None:
    """Up to the limit; what was bought of a run's ids is kept once each."""
    for index, run_id in enumerate(["a", "b", "c"]):
        begin(stores, run_id, "1", "2", at=index * HOUR)
    stores.runs.bought("c", ["1"])
    stores.runs.bought("c", ["1", "2"])
    stores.runs.bought("b", [])

    assert [run["_id"] for run in stores.runs.newest(2)] == ["c", "b"]
    assert [run.get("bought") for run in stores.runs.newest(2)] == [["1", "2"], None]
