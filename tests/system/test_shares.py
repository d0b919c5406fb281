"""A source that has a share of the day's money, beside one that has none, over midnight: real servers and simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from control import sources
from scheduler.planner import BACKFILL
from scheduler.treasurer import Treasurer
from shared.domain.coverage.gaps import GapReason
from shared.domain.coverage.intervals import account
from shared.domain.coverage.streams import Stream
from shared.domain.jobs import SearchPage
from shared.domain.sources import Source, SourceKind, Terms
from shared.runtime.clock import SystemClock
from shared.services.bootstrap import Services
from shared.services.following import SEARCH
from tests.faults.later_clock import Ahead, clocks
from tests.scheduler.slots import plan
from tests.workers.world import (
    WIDE,
    Simulator,
    database,
    db,
    make_services,
    read_to_end,
    start_simulator,
    stored_ids,
    without_archive,
)

__all__ = ["database", "db", "make_services"]

STEP = timedelta(minutes=30)
LIMITED = ("climate", "football", "election", "music", "ai")
FREE = ("space", "health", "markets", "travel", "food")
A_SHARE = 100_000  # micro-dollars: a thousandth of a hundred dollars a day
A_PAGE = 10 * (5_000 + 10_000)  # the least page, each post with an author


def listening(name: str, topics: tuple[str, ...], quota_share: float | None) -> Source:
    """A source of any of the topics."""
    terms = Terms(hashtags=topics)
    return Source(id=name, name=name, kind=SourceKind.TERMS, terms=terms, quota_share=quota_share)


class Days:
    """Covey and X, at one time that goes on by steps."""

    def __init__(self, services: Services, simulator: Simulator, ahead: Ahead) -> None:
        self.services, self.simulator, self.ahead = services, simulator, ahead
        self.treasurer = Treasurer(services)
        self.began_at = services.clock.now()

    def go(self, by: timedelta) -> None:
        """So much time passes, without anybody looking."""
        self.simulator.order("clock", {"seconds": by.total_seconds()})
        self.ahead.go(by.total_seconds())

    def look(self) -> None:
        """The scheduler's look and what it leads to."""
        self.treasurer.run_once(self.services.clock.now())
        for stream in self.services.stores.streams.active():
            self._read(SEARCH, stream.id)
            self.treasurer.run_once(self.services.clock.now())

    def fill(self) -> int:
        """Fill what gaps may be filled; answers how many readings that took."""
        self.treasurer.run_once(self.services.clock.now())
        return self._read(BACKFILL, "")

    def spent(self) -> int:
        """What the source spent of its share today."""
        return self.services.shares.spent("limited").get("limited", 0)

    def stream(self, name: str) -> Stream:
        """The stream of a source."""
        (stream,) = self.services.stores.streams.with_members([f"+{name}"])
        return stream

    def missing(self, topics: tuple[str, ...]) -> set[int]:
        """Posts that a search can find, of what counts as covered, and that are not stored."""
        query = f"({' OR '.join(f'#{topic}' for topic in topics)}) -is:retweet"
        until = min(one.covered_through for one in self.services.stores.streams.active())
        return self.simulator.findable(query, since=self.began_at, until=until) - stored_ids(self.services)

    def _read(self, kind: str, subject: str) -> int:
        jobs = plan(self.services, kind, subject, shares=lambda: self.treasurer.shares)
        for job, _ in jobs:
            assert isinstance(job, SearchPage)
            read_to_end(self.services, job.sweep_id)
        return len(jobs)


@pytest.fixture
def days(make_services: Callable[..., Services], tmp_path: Path) -> Iterator[Days]:
    """An evening, three hours before midnight UTC; two sources of topics, one with a share."""
    ahead = Ahead(tmp_path / "ahead")
    evening = SystemClock().now().replace(hour=21, minute=0, second=0, microsecond=0)
    ahead.go((evening - SystemClock().now()).total_seconds())
    simulator, process = start_simulator(
        *("--seed", "11", "--accounts", "16", "--activity", "12", "--history-hours", "6"),
        *("--time-offset-seconds", str(ahead.seconds), "--search-lag-seconds", "1"),
        *(f"--limit={name}={WIDE}" for name in ("search/recent", "tweets", "users/by")),
    )
    with clocks(ahead):
        services = make_services(simulator.url, budget_day_usd=100.0, search_interval_seconds=STEP.total_seconds())
        without_archive(services)
        for source in (listening("limited", LIMITED, 0.001), listening("free", FREE, None)):
            sources.add(services, source)
        yield Days(services, simulator, ahead)
    process.terminate()
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()


def test_a_source_keeps_to_its_share_and_misses_nothing_for_good(days: Days) -> None:
    """It rests when its share is spent while the other goes on; after midnight it goes on, and what it left is a gap
    that says so. With more money all of it is filled.
    """
    rested_at: datetime | None = None
    for _ in range(5):
        days.go(STEP)
        days.look()
        while days.fill():
            pass
        rested_at = rested_at or days.stream("limited").rested_at

    assert rested_at is not None
    first_day = days.spent()
    assert A_SHARE <= first_day <= A_SHARE + A_PAGE
    now = days.services.clock.now()
    assert now - days.stream("free").covered_through < timedelta(minutes=1)
    assert now - days.stream("limited").covered_through > STEP
    behind = days.stream("limited").covered_through

    for _ in range(2):  # midnight, and a little more
        days.go(STEP)
        days.look()

    limited = days.stream("limited")
    assert limited.covered_through > behind
    assert 0 < days.spent() <= A_SHARE + A_PAGE
    gaps = days.services.stores.gaps.missing()
    assert GapReason.OVER_SHARE in {gap.reason for gap in gaps}
    read = days.services.stores.intervals.of([limited.id])
    pieces = account(limited.began_at, limited.covered_through, read, gaps)
    assert [piece for piece in pieces if piece.of is None] == []
    assert days.missing(FREE) == set()
    assert days.missing(LIMITED) != set()

    sources.edit(days.services, "limited", lambda before: replace(before, quota_share=1.0))
    days.look()
    while days.fill():
        pass

    assert days.services.stores.gaps.missing() == []
    assert days.missing(LIMITED) == set()
