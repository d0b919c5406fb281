"""What `covey coverage` tells, on real servers."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from control import coverage as covering
from scheduler.planner import BACKFILL
from shared.domain.coverage.audits import Audit, Hour
from shared.domain.coverage.gaps import GapReason, GapState, Unread
from shared.domain.coverage.intervals import Interval
from shared.domain.coverage.streams import Stream
from shared.domain.coverage.subjects import Subject
from shared.domain.coverage.sweeps import ReadBy
from shared.domain.errors import InputError
from shared.domain.models import Post, User
from shared.domain.sources import Source, SourceKind, Terms
from shared.services import coverage
from shared.services.bootstrap import Services
from shared.stores.database import ServerClock
from tests.control.whole import Covey, covey
from tests.scheduler.slots import plan
from tests.workers.world import without_archive

__all__ = ["covey"]
HOUR = timedelta(hours=1)
ALICE = 42


@pytest.fixture
def stream(services: Services) -> Stream:
    """@alice and @bob, followed for ten hours and covered up to an hour ago."""
    now = ServerClock(services.stores.db).now()
    (one,) = services.following.follow(["alice", "bob"], since=now - 10 * HOUR, now=now)
    services.stores.handles.learn([User(id=ALICE, username="alice")], now=now)
    services.stores.streams.sweep_completed(one.id, sweep_id="w", newest_id=None, through_at=now - HOUR)
    (moved,) = services.stores.streams.active()
    return moved


def read(services: Services, stream: Stream, begin: float, end: float, **values: Any) -> None:
    """The stream was read from so many hours after its begin to so many."""
    span = {"from_at": stream.began_at + begin * HOUR, "to_at": stream.began_at + end * HOUR}
    fixed = {"id": f"{begin}", "stream": stream.id, "route": ReadBy.RECENT, "read_at": stream.covered_through}
    services.stores.intervals.add(Interval(**(fixed | span | values)))


def missing(services: Services, stream: Stream, begin: float, end: float, members: list[str]) -> None:
    """It was not, for these."""
    span = Unread(stream.began_at + begin * HOUR, stream.began_at + end * HOUR, GapReason.PAGE_LOST)
    coverage.note(services.stores, stream.id, members, span, now=stream.covered_through)


def rows(services: Services, *names: str, hours: float = 24 * 7) -> dict[str, dict[str, Any]]:
    """The rows by what they are about."""
    return {row["subject"]: row for row in covering.coverage(services, names, window=hours * HOUR)}


def test_the_share_that_was_read_is_of_the_time_since_it_is_followed(services: Services, stream: Stream) -> None:
    """A gap of one account is none of the other; what nobody noted is told as such; the rest is the lag."""
    read(services, stream, 0, 6, posts=7, late=2)
    missing(services, stream, 2, 5, ["alice"])

    told = rows(services)

    assert {name: row["covered_ratio"] for name, row in told.items()} == pytest.approx(
        {"@alice": 3 / 9, "@bob": 6 / 9}, abs=1e-5
    )
    assert told["@alice"]["unaccounted_seconds"] == pytest.approx(3 * 3600, abs=0.01)
    assert told["@alice"]["lag_seconds"] == pytest.approx(3600, abs=5)
    assert (told["@bob"]["posts"], told["@bob"]["late_posts"], told["@bob"]["verified_ratio"]) == (7, 2, 0)
    assert [gap["reason"] for gap in told["@alice"]["gaps"]] == ["page_lost"]
    assert told["@bob"]["gaps"] == []


def test_who_leaves_a_stream_takes_what_was_read_along(services: Services, stream: Stream) -> None:
    """Another stream carries @bob now: his time is whole, with a gap of before that was filled since; so is hers."""
    read(services, stream, 0, 9)
    missing(services, stream, 4, 5, ["bob"])
    now = ServerClock(services.stores.db).now()
    source = Source(id="often", name="o", kind=SourceKind.ACCOUNTS, accounts=("bob",), interval_seconds=30)
    assert services.stores.sources.add(source, now=now)
    services.following.keep_in_step(before=now + HOUR, now=now)
    ((other,), (gap,)) = services.stores.streams.with_members(["bob"]), services.stores.gaps.missing()

    before = rows(services)
    services.stores.gaps.end(gap.id, GapState.FILLED, now=now)
    read(services, stream, 4, 5, members=("bob",))

    assert (other.id != stream.id, other.began_at) == (True, stream.covered_through)
    assert {name: row["unaccounted_seconds"] for name, row in before.items()} == {"@alice": 0, "@bob": 0}
    assert {name: row["covered_ratio"] for name, row in before.items()} == {"@alice": 1.0, "@bob": 0.888889}
    assert {name: row["covered_ratio"] for name, row in rows(services).items()} == {"@alice": 1.0, "@bob": 1.0}


def test_a_gap_names_its_size_its_route_and_its_price(services: Services, stream: Stream) -> None:
    """By the assumed 50 posts a day of an account; beyond seven days the plan has no route."""
    without_archive(services)
    read(services, stream, 0, 9)
    missing(services, stream, 1, 4, ["alice", "bob"])
    missing(services, stream, -240, -216, ["alice"])

    far, near = rows(services)["@alice"]["gaps"]

    assert (near["seconds"], near["posts_about"], near["route"]) == (10_800, 12, "recent")
    assert near["usd_about"] == pytest.approx(2 * 50 * 3 / 24 * 0.005, abs=1e-4)
    assert (far["route"], far["state"]) == (None, "open")
    plan(services, BACKFILL)
    assert [gap["state"] for gap in rows(services)["@alice"]["gaps"]] == ["final", "open"]


def test_a_window_shows_only_its_time(services: Services, stream: Stream) -> None:
    """The last two hours of ten, of which one was not read yet."""
    read(services, stream, 0, 8.5)

    (row,) = rows(services, "alice", hours=2).values()

    assert row["covered_ratio"] == pytest.approx(0.5, abs=0.01)


def test_a_window_may_end_before_now(services: Services, stream: Stream, covey: Covey) -> None:
    """Of the fourth to the eighth hour three were read; what is missing outside of it counts for nothing."""
    read(services, stream, 0, 7)
    end = stream.began_at + 8 * HOUR

    (row,) = covering.coverage(services, ["alice"], window=4 * HOUR, until=end)
    begin, to = (f"{at:%Y-%m-%dT%H:%M:%S}" for at in (end - 4 * HOUR, end))
    told = covey("coverage", "@alice", "--since", begin, "--until", to, "--json")
    wrong = covey("coverage", "--since", "1h", "--until", "2h")

    assert (row["covered_ratio"], row["to_at"]) == (pytest.approx(0.75, abs=1e-4), end)
    assert row["lag_seconds"] == pytest.approx(3600, abs=20)
    assert json.loads(told.stdout)[0]["covered_ratio"] == pytest.approx(0.75, abs=1e-3)
    assert (wrong.status, "--since 1h is not before --until 2h" in wrong.line) == (2, True)


def test_an_account_that_fell_silent_is_told(services: Services, stream: Stream) -> None:
    """One that posted every hour and has not for two days; who never posted has no rhythm."""
    now = services.clock.now()
    posts = [Post(id=n, text="a", author_id=ALICE, created_at=now - timedelta(days=2) - n * HOUR) for n in range(1, 11)]
    services.stores.posts.upsert(posts, source="search", now=now)
    read(services, stream, 0, 9)

    told = rows(services)

    assert (told["@alice"]["is_silent"], told["@alice"]["expected_every_seconds"]) == (True, 3600)
    assert (told["@bob"]["is_silent"], told["@bob"]["last_post_at"]) == (False, None)


def test_who_is_not_followed_is_named(services: Services, stream: Stream) -> None:
    """A clear error, and nothing else."""
    with pytest.raises(InputError, match="carol is not followed"):
        rows(services, "alice", "carol")


def test_the_last_nightly_audit_is_told(services: Services, stream: Stream, covey: Covey) -> None:
    """When it was, what X counted and what was stored of it; nothing of whom it was not about."""
    now, audits = services.clock.now(), services.stores.audits
    audits.choose(now.date(), [Subject("alice", "@alice", now)], now=now)
    hour = Hour(now - HOUR, now, 1_100, 1_098, 3)
    audits.done(f"{now.date()}:alice", Audit((hour,)), micro_usd=5_000, now=now)

    told = rows(services)

    assert told["@bob"]["audit"] is None
    audit = told["@alice"]["audit"]
    assert (audit["counted"], audit["stored"], audit["gone"], audit["missing"], audit["unexplained"]) == (
        *(1_100, 1_098, 3),
        *(2, 2),
    )
    assert abs(audit["at"] - now) < timedelta(seconds=1)
    shown = covey("coverage", "@alice").stdout
    assert f"audited {now:%Y-%m-%d}: 1,098 of 1,100" in " ".join(shown.split())


def test_the_command_prints_tables_and_json(services: Services, stream: Stream, covey: Covey) -> None:
    """Accounts, then each gap once; the same as JSON."""
    read(services, stream, 0, 9)
    missing(services, stream, 1, 4, ["alice", "bob"])

    told = covey("coverage", "@alice", "--window", "24h")
    document = json.loads(covey("coverage", "--json").stdout)

    assert told.status == 0
    assert "66.66 %" in told.stdout
    assert told.stdout.count("page_lost") == 1
    assert [row["subject"] for row in document] == ["@alice", "@bob"]


def test_a_source_is_told_as_a_whole_or_by_its_accounts(services: Services, stream: Stream) -> None:
    """One of words has a row of its own since it asks; one of accounts stands for those that are followed."""
    now = services.clock.now()
    words = Source(id="launches", name="Launches", kind=SourceKind.TERMS, terms=Terms(keywords=("launch",)))
    services.stores.sources.add(words, now=now - 2 * HOUR)
    team = Source(id="team", name="Team", kind=SourceKind.ACCOUNTS, accounts=("alice", "nobody"))
    services.stores.sources.add(team, now=now)

    everything, some = rows(services), rows(services, "launches", "team", "@bob")

    assert set(everything) == {"@alice", "@bob", "launches"}
    assert set(some) == {"launches", "@alice", "@bob"}
    assert (everything["launches"]["covered_through"], everything["launches"]["covered_ratio"]) == (None, None)
    assert abs((now - everything["launches"]["from_at"]) / HOUR - 2) < 0.1
