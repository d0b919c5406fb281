"""Asking for what was posted in a span of time, on real servers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from control import backfills, runs, sources, work
from scheduler.planner import BACKFILL
from shared.domain import snowflake
from shared.domain.coverage.gaps import GapReason, Unread
from shared.domain.coverage.streams import Stream
from shared.domain.errors import InputError
from shared.domain.jobs import SearchPage
from shared.domain.sources import Source, SourceKind, Terms
from shared.services import coverage
from shared.services.bootstrap import Services
from shared.stores.database import ServerClock
from tests.control.whole import Covey, covey
from tests.scheduler.slots import plan
from tests.workers.world import Asked, ScriptedX, page, read_to_end, without_archive
from workers.handlers.search import search_page

__all__ = ["covey"]
HOUR = timedelta(hours=1)


@pytest.fixture
def now(services: Services) -> datetime:
    """The time, to the millisecond."""
    present = ServerClock(services.stores.db).now()
    return present.replace(microsecond=present.microsecond // 1000 * 1000)


@pytest.fixture
def stream(services: Services, now: datetime) -> Stream:
    """@alice and @bob, followed from now on."""
    return services.following.follow(["alice", "bob"], since=now, now=now)[0]


def test_what_was_not_read_becomes_a_gap_that_goes_first(services: Services, stream: Stream, now: datetime) -> None:
    """Of both accounts in one, before what nobody waits for; the estimate goes by the assumed rate."""
    unread = Unread(now - 5 * HOUR, now - 4 * HOUR, GapReason.PAGE_LOST)
    coverage.note(services.stores, stream.id, ["alice"], unread, now=now)

    planned = backfills.plan(services, ["Alice", "bob"], from_at=now - 3 * HOUR, to_at=now - HOUR)
    run_id = backfills.begin(services, planned, ["Alice", "bob"])

    (gap,) = planned.new
    assert (gap.members, gap.from_at, gap.to_at) == (("alice", "bob"), now - 3 * HOUR, now - HOUR)
    assert (planned.known, planned.posts_about) == ((), round(2 * 50 * 2 / 24))
    assert planned.usd_about == pytest.approx(2 * 50 * 2 / 24 * (0.005 + 0.5 * 0.010))
    assert services.stores.gaps.due(now=now + HOUR, limit=2)[0].id == gap.id
    (row,) = runs.runs(services, 9)
    assert (row["run"], row["kind"], row["state"]) == (run_id, "backfill", "under way")


def test_a_cancelled_backfill_is_not_read(services: Services, stream: Stream, now: datetime) -> None:
    """What it noted is forgotten and may be asked for anew; what was missing before is filled in its turn."""
    unread = Unread(now - 2 * HOUR, now - HOUR, GapReason.PAGE_LOST)
    coverage.note(services.stores, stream.id, stream.members, unread, now=now - HOUR)
    (before,) = services.stores.gaps.missing()

    def ask() -> str:
        planned = backfills.plan(services, ["alice"], from_at=now - 3 * HOUR, to_at=now - HOUR)
        run_id = backfills.begin(services, planned, ["alice"])
        assert run_id is not None
        assert {gap.priority for gap in services.stores.gaps.missing()} == {backfills.ASKED_FOR}
        return run_id

    work.cancel(services, ask())

    assert services.stores.gaps.missing() == [replace(before, try_at=services.stores.gaps.missing()[0].try_at)]
    ask()
    assert len(services.stores.gaps.missing()) == 2


def test_what_was_read_or_is_missing_already_is_not_asked_for_twice(
    services: Services, x: ScriptedX, stream: Stream, now: datetime
) -> None:
    """The second request finds the first one's gap; after it is filled there is nothing left to do."""
    x.script = lambda asked: page()
    first = backfills.plan(services, ["alice"], from_at=now - 3 * HOUR, to_at=now - HOUR)
    run_id = backfills.begin(services, first, ["alice"])
    assert run_id is not None

    again = backfills.plan(services, ["alice"], from_at=now - 2 * HOUR, to_at=now - HOUR)
    ((job, _),) = plan(services, BACKFILL)
    assert isinstance(job, SearchPage)
    read_to_end(services, job.sweep_id)
    after = backfills.plan(services, ["alice"], from_at=now - 2 * HOUR, to_at=now - HOUR)

    assert (again.new, [gap.id for gap in again.known]) == ((), [first.new[0].id])
    assert (after.gaps, backfills.begin(services, after, ["alice"])) == ((), None)
    wider = backfills.plan(services, ["alice"], from_at=now - 4 * HOUR, to_at=now)
    assert [(gap.from_at, gap.to_at) for gap in wider.new] == [(now - 4 * HOUR, now - 3 * HOUR), (now - HOUR, now)]
    assert backfills.progress(services, run_id, first)["open"] == 0


def test_progress_is_the_time_that_was_read(services: Services, x: ScriptedX, stream: Stream, now: datetime) -> None:
    """After the first page from its oldest post up, at the end all of it; the run has paid and is done."""
    middle = snowflake.first_id_at(now - 2 * HOUR) + 1

    def answer(asked: Asked) -> tuple[int, object]:
        return page() if "next_token" in asked.params else page(middle, token="t")

    x.script = answer
    planned = backfills.plan(services, ["alice"], from_at=now - 3 * HOUR, to_at=now - HOUR)
    run_id = backfills.begin(services, planned, ["alice"])
    assert run_id is not None
    ((job, _),) = plan(services, BACKFILL)
    assert isinstance(job, SearchPage)

    before = backfills.progress(services, run_id, planned)
    search_page(services, job)
    during = backfills.progress(services, run_id, planned)
    read_to_end(services, job.sweep_id)
    after = backfills.progress(services, run_id, planned)

    assert [one["read_seconds"] for one in (before, during, after)] == pytest.approx([0, 3600, 7200], abs=0.01)
    assert (during["posts_under_way"], during["open"], after["open"], after["final"]) == (1, 1, 0, [])
    (row,) = runs.runs(services, 9)
    assert (row["posts"], row["calls"]) == (1, 2)


@pytest.mark.parametrize(
    ("names", "begin", "end", "fault"),
    [
        (["alice"], 24 * 8, 0, "further back than the 7 days"),
        (["alice"], 1, 2, "is not before to"),
        (["alice", "carol"], 2, 1, "carol is not followed"),
    ],
)
def test_what_cannot_be_read_is_refused_before_anything_is_noted(
    services: Services, stream: Stream, now: datetime, names: list[str], begin: int, end: int, fault: str
) -> None:
    """With a line that names what is wrong."""
    without_archive(services)
    with pytest.raises(InputError, match=fault):
        backfills.plan(services, names, from_at=now - begin * HOUR, to_at=now - end * HOUR)

    assert services.stores.gaps.missing() == []


def test_a_source_stands_for_what_it_asks(services: Services, stream: Stream, now: datetime) -> None:
    """By its id or its name: one of words for its query, one of accounts for each of these."""
    flood = Source(id="flood-watch", name="Flood watch", kind=SourceKind.TERMS, terms=Terms(keywords=("flood",)))
    team = Source(id="team", name="The team", kind=SourceKind.ACCOUNTS, accounts=("alice", "bob"))
    for source in (flood, team):
        sources.add(services, source)

    def asked(*words: str) -> list[tuple[str, ...]]:
        planned = backfills.plan(services, words, from_at=now - 3 * HOUR, to_at=now - HOUR)
        return sorted(gap.members for gap in planned.new)

    assert asked("flood-watch") == asked("FLOOD WATCH") == [("+flood-watch",)]
    assert asked("The team") == asked("team") == asked("@alice", "bob") == [("alice", "bob")]
    sources.add(services, replace(flood, id="again"))
    with pytest.raises(InputError, match="name of several sources: give an id of again, flood-watch"):
        asked("Flood Watch")


def test_many_names_take_no_more_round_trips_than_one(services: Services, now: datetime) -> None:
    """Each store is asked once for all of them."""
    names = [f"account_{number}" for number in range(60)]
    services.following.follow(names, since=now, now=now)

    def trips(words: list[str]) -> int:
        before = services.stores.db.command("serverStatus")["opcounters"]["query"]
        backfills.plan(services, words, from_at=now - 3 * HOUR, to_at=now - HOUR)
        return int(services.stores.db.command("serverStatus")["opcounters"]["query"]) - before

    assert trips(names[:1]) == trips(names)


def test_the_command_says_what_it_would_do_and_does_it(services: Services, stream: Stream, covey: Covey) -> None:
    """A dry run notes nothing; the real one names the run; a wrong time is one line."""
    dry = covey("backfill", "alice", "--from", "3h", "--to", "1h", "--dry-run")
    assert services.stores.gaps.missing() == []
    done = covey("backfill", "alice", "--from", "3h", "--to", "1h", "--json")
    wrong = covey("backfill", "alice", "--from", "tomorrow")
    stranger = covey("backfill", "no-such-source", "--dry-run")

    assert (dry.status, "Would read 2.0 h in 1 spans" in dry.stdout) == (0, True)
    document = json.loads(done.stdout)
    assert [span["members"] for span in document["spans"]] == [["alice"]]
    assert services.stores.gaps.of_run(document["run"])
    assert wrong.status == 2
    assert "tomorrow" in wrong.line
    assert stranger.status == 2
    assert "no-such-source" in stranger.line
