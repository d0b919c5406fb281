"""`runs` on a real MongoDB."""

from __future__ import annotations

from datetime import timedelta

from shared.stores.bundle import Stores
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
