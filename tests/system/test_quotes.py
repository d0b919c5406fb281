"""Quotes by evidence against the simulated X: of old posts behind newer ones, late ones, and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest

from scheduler.planner import QUOTES, REFRESH, SEARCH
from shared.domain.jobs import QuotePage, SearchPage
from shared.domain.models import User
from shared.domain.sources import TRACKED
from shared.services.bootstrap import Services
from tests.scheduler.slots import fill_gaps, plan
from tests.workers.world import HANDLERS, Simulator, read_to_end, start_simulator, stored_ids, without_archive

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
QUOTED, EACH, NEWER = 12, 30, 50
Make = Callable[..., Services]


@pytest.fixture
def world() -> Iterator[Simulator]:
    """Accounts that are quoted by order only; nothing is deleted, edited or changed."""
    quiet = ("--reactions", "0", "--deleted-share", "0", "--edited-share", "0", "--account-changes", "0")
    limits = [f"--limit={name}=100000" for name in ("search/recent", "quote_tweets", "tweets")]
    running, process = start_simulator(
        *("--seed", "5", "--accounts", "1", "--activity", "20", "--history-hours", "90", "--search-lag-seconds", "0.2"),
        *(*quiet, *limits, "--no-archive"),
    )
    yield running
    process.terminate()
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()


def follow(services: Services, world: Simulator) -> list[int]:
    """Follow an account from six days ago on, and read what it posted; its posts, the oldest first."""
    without_archive(services)
    account = world.accounts()[0]
    name, now = account["username"], services.clock.now()
    services.stores.sources.add_accounts(TRACKED, [name], now=now)
    services.stores.handles.activate([name], now=now, source=TRACKED)
    (stream,) = services.following.carry([name], since=now - 6 * DAY, now=now)
    services.stores.handles.learn([User(id=int(account["id"]), username=name)], now=now)
    own = {one["id"] for one in world.truth("posts", query=f"from:{name} -is:retweet")["posts"]}
    pass_lag(world)
    for job, _ in plan(services, SEARCH, stream.id):
        assert isinstance(job, SearchPage)
        read_to_end(services, job.sweep_id)
    fill_gaps(services)
    posts = sorted(int(one) for one in own)
    assert len(posts) >= QUOTED + NEWER
    assert set(posts) <= stored_ids(services)
    return posts


def quote(world: Simulator, post: int, count: int = 1, *, late_seconds: float = 0) -> None:
    """Let strangers quote a post."""
    world.order("quotes", {"post": str(post), "count": count, "late_seconds": late_seconds})


def pass_lag(world: Simulator) -> None:
    """Let the time pass after which the search shows what is there now."""
    world.order("clock", {"seconds": 1})


def count_again(services: Services, *, later: timedelta) -> None:
    """Read the counts of all posts, as they are read anyway."""
    for job, _ in plan(services, REFRESH, now=services.clock.now() + later):
        HANDLERS[type(job)](services, job)


def read_quotes(services: Services, *, later: timedelta = timedelta(0), rounds: int = 9) -> int:
    """Let rounds of quotes be chosen and read until nothing is chosen; answers how many readings there were."""
    readings = 0
    for number in range(rounds):
        jobs = plan(services, QUOTES, now=services.clock.now() + later + number * timedelta(minutes=15))
        if not jobs:
            return readings
        for job, _ in jobs:
            assert isinstance(job, QuotePage)
            assert read_to_end(services, job.sweep_id).is_complete
        readings += len(jobs)
    raise AssertionError(f"still something to read after {rounds} rounds")


def missing(services: Services, world: Simulator, posts: Sequence[int]) -> set[int]:
    """The quotes of posts that can be found and are not stored."""
    shown = [quote for post in posts for quote in world.truth(f"quotes/{post}")["posts"]]
    return {int(one["id"]) for one in shown if one["unsearchable_at"] is None} - stored_ids(services)


@pytest.mark.system
def test_quotes_of_old_posts_are_found_behind_newer_ones(make_services: Make, world: Simulator) -> None:
    """Twelve posts with 30 quotes each behind 50 newer posts: the newest rule chooses none; by evidence every quote is
    found, by two searches, and bought once; one more quote of each costs one quote of each."""
    services = make_services(world.url, quotes_preset="evidence")
    posts = follow(services, world)
    quoted = posts[-NEWER - QUOTED : -NEWER]
    for post in quoted:
        quote(world, post, EACH)
    pass_lag(world)
    count_again(services, later=2 * DAY)
    assert len(missing(services, world, quoted)) == QUOTED * EACH
    assert plan(make_services(world.url), QUOTES) == []
    before = world.truth("bill")["posts_bought"], world.calls("search/recent")

    readings = read_quotes(services)

    assert missing(services, world, quoted) == set()
    assert world.truth("bill")["posts_bought"] - before[0] == QUOTED * EACH
    assert (readings, world.calls("search/recent") - before[1], world.calls("quote_tweets")) == (2, 5, 0)

    for post in quoted:
        quote(world, post)
    pass_lag(world)
    count_again(services, later=4 * DAY)
    bought = world.truth("bill")["posts_bought"]
    read_quotes(services, later=5 * HOUR)
    assert missing(services, world, quoted) == set()
    assert world.truth("bill")["posts_bought"] - bought == QUOTED


@pytest.mark.system
@pytest.mark.parametrize("preset", ["newest", "evidence"])
def test_a_quote_that_comes_late_is_found(make_services: Make, world: Simulator, preset: str) -> None:
    """Indexed after a reading, and more than a page below the newest: the next reading has it."""
    services = make_services(world.url, quotes_preset=preset)
    post = follow(services, world)[-1]
    quote(world, post, 20)
    quote(world, post, late_seconds=100)
    (late,) = (int(one["id"]) for one in world.truth(f"quotes/{post}")["posts"] if one["late_seconds"] == 100)
    pass_lag(world)
    count_again(services, later=HOUR)
    assert read_quotes(services) == 1
    assert missing(services, world, [post]) == {late}
    quote(world, post, 150)
    world.order("clock", {"seconds": 110})
    count_again(services, later=2 * HOUR)
    assert len(missing(services, world, [post])) == 151

    assert read_quotes(services, later=5 * HOUR) == 1

    assert missing(services, world, [post]) == set()
