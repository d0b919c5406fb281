"""A simulator that misbehaves as it is told, what is read from it, and whether all of it arrived.

Fixtures are imported by the conftest. The simulator's own word on what could be found is the judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from shared.domain import snowflake
from shared.domain.coverage.streams import Stream
from shared.domain.coverage.sweeps import Sweep, SweepStatus
from shared.domain.jobs import QuotePage, RefreshEngagement, SearchPage
from shared.domain.models import Post
from shared.services.bootstrap import Services
from shared.stores.beginnings import FIRST
from tests.faults.shift import Shift
from tests.workers.world import Simulator, open_sweep, start_simulator, state_of, stored_ids

SEARCH, QUOTES, LOOKUP = "search/recent", "quote_tweets", "tweets"
LAG_SECONDS = 1.0
AT_ONCE = 1e-9  # rounded to no time at all: X's Date has whole seconds, and two words come within one
HITS = 130  # of the first sweep: two pages


class FaultyX(Simulator):
    """A simulator that misbehaves as it is told."""

    def since(self, hits: int = HITS) -> datetime:
        """So long ago that a search for all accounts from then on finds so many posts."""
        now, names = datetime.now(UTC), self.names()
        query = " OR ".join([*(f"from:{name}" for name in names), *(f"@{name}" for name in names)])
        found = self.posts(f"({query}) -is:retweet", since=now - timedelta(days=3), until=now)
        return datetime.fromisoformat(found[hits]["created_at"])

    def misbehave(self, answer: dict[str, Any], **match: Any) -> None:
        """From now on give that answer to the calls that match; all counts begin again."""
        self.run_script({"seed": 1, "rules": [{"match": match, "answer": answer}]})

    def misbehave_each(self, answer: dict[str, Any], nth: Mapping[str, Sequence[int]]) -> None:
        """The same for the calls of each endpoint that have these numbers."""
        matches = [{"endpoint": name, "nth": numbers} for name, numbers in nth.items() if numbers]
        self.run_script({"seed": 1, "rules": [{"match": match, "answer": answer} for match in matches]})

    def behave(self) -> None:
        """Be good again."""
        self.run_script({})

    def fired(self) -> int:
        """How often the answer was given."""
        return int(self.truth("faults")["rules"][0]["fired"])

    def run_script(self, script: dict[str, Any]) -> None:
        """Put a whole script in force."""
        answer = requests.post(f"{self.url}/_sim/faults", json=script, timeout=5)
        assert answer.status_code == 200, answer.text


@pytest.fixture(scope="session")
def running_x() -> Iterator[FaultyX]:
    """A lively simulator with wide limits."""
    limits = [f"--limit={name}=100000" for name in (SEARCH, QUOTES, LOOKUP)]
    found, process = start_simulator(
        *("--seed", "11", "--accounts", "8", "--activity", "30", "--history-hours", "192"),
        *("--search-lag-seconds", str(LAG_SECONDS)),
        *limits,
    )
    yield FaultyX(found.url)
    process.terminate()
    process.wait(10)


@pytest.fixture
def x(running_x: FaultyX) -> Iterator[FaultyX]:
    """The simulator, behaving well at first."""
    running_x.behave()
    yield running_x
    running_x.behave()


@pytest.fixture
def services(make_services: Callable[..., Services], x: FaultyX) -> Services:
    """Services that ask the faulty simulator."""
    return make_services(x.url, x_dialect="new", gone_confirm_seconds=AT_ONCE)


# --- what is being read


def begin_search(services: Services, x: FaultyX, since: datetime | None = None) -> Sweep:
    """The first sweep of a stream, by default two pages long."""
    return open_sweep(services, names=x.names(), since=since or x.since())


def stream_of(services: Services) -> Stream:
    """The stream that is being swept."""
    return services.stores.streams.active()[0]


def search(services: Services, sweep: Sweep) -> Shift:
    """Read the sweep to its end."""
    shift = Shift(services)
    shift.work(SearchPage(sweep_id=sweep.id, page=state_of(services, sweep.id).page))
    return shift


def assert_nothing_missed(services: Services, x: FaultyX, sweep: Sweep) -> None:
    """The sweep is complete, without a gap, and everything that could be found is stored."""
    ended, stream = state_of(services, sweep.id), stream_of(services)
    assert ended.status is SweepStatus.COMPLETE
    assert services.stores.gaps.missing() == []
    assert ended.through_at is not None
    since = snowflake.created_at(sweep.since_id)
    findable = x.findable(stream.query, since=since, until=ended.through_at)
    missed = sorted(findable - stored_ids(services))
    assert len(findable) > HITS / 2, f"{stream.query} has only {len(findable)} posts since {since}"
    assert not missed, f"of {len(findable)}, from {since} to {ended.through_at}"


def read_quotes(services: Services, sweep: Sweep) -> Shift:
    """Read the quotes to their end."""
    shift = Shift(services)
    shift.work(QuotePage(sweep_id=sweep.id, page=state_of(services, sweep.id).page))
    return shift


@pytest.fixture(scope="session")
def quoted(running_x: FaultyX) -> int:
    """A post that is alive and was quoted."""
    for name in running_x.names():
        for post in running_x.truth("posts", query=f"from:{name}")["posts"][:50]:
            if post["state"] == "live" and living_quotes(running_x, int(post["id"])):
                return int(post["id"])
    raise AssertionError("nobody was quoted")


def living_quotes(x: FaultyX, post_id: int) -> set[int]:
    """The quotes of a post that can be found."""
    posts = x.truth(f"quotes/{post_id}")["posts"]
    return {int(post["id"]) for post in posts if post["unsearchable_at"] is None and post["searchable_at"]}


@pytest.fixture(scope="session")
def living(running_x: FaultyX) -> list[int]:
    """Posts that are alive and stay so: the oldest that are."""
    posts = running_x.truth("posts")["posts"][::-1]
    return [int(post["id"]) for post in posts if post["state"] == "live"][:100]


def refresh(services: Services, ids: list[int], *, claim: str = "c1", run: str | None = None) -> Shift:
    """Refresh posts that were found some time ago."""
    posts = [Post(id=id_, text="", created_at=snowflake.created_at(id_)) for id_ in ids]
    services.stores.posts.upsert(posts, source="search", now=services.clock.now())
    services.stores.engagement.begin(posts, now=services.clock.now())
    if run is not None:
        services.stores.runs.begin(run, kind="refresh", subjects=list(map(str, ids)), now=services.clock.now())
    else:  # as the planner does
        chosen = {"_id": {"$in": list(map(str, ids))}}
        services.stores.db["X_engagement"].update_many(chosen, {"$set": {"claim_id": claim}})
    shift = Shift(services)
    shift.work(RefreshEngagement(claim_id=claim, post_ids=tuple(map(str, ids)), run_id=run))
    return shift


def states(services: Services) -> dict[int, str]:
    """What Covey holds of each post."""
    return {int(one["_id"]): one["state"] for one in services.stores.db["X_engagement"].find()}


def counted(services: Services) -> set[int]:
    """The posts that a refresh has read: not those that only have the counts of the page they were found in."""
    history = services.stores.db["X_engagement_history"].find()
    return {int(one["post_id"]) for one in history if not one["_id"].endswith(f":{FIRST}")}
