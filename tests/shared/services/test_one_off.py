"""What is left of one-off work, read from real stores."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.planner import BACKFILL
from shared.domain.coverage.gaps import GapReason, Unread
from shared.domain.jobs import SearchPage
from shared.domain.models import WorkClass
from shared.domain.snowflake import created_at
from shared.services import coverage
from shared.services.bootstrap import Services
from shared.services.one_off import left_now
from tests.scheduler.slots import plan
from tests.workers.world import ScriptedX, next_sweep, open_sweep, page, post_id, read_to_end
from workers.handlers.search import search_page

HOUR = timedelta(hours=1)


def test_nothing_is_left_of_nothing(services: Services) -> None:
    """No stream, no run, no name."""
    left = left_now(services, services.clock.now())

    assert (left.waited_for, left.names, left.authors, list(left.sweeps)) == (0, 0, 0, [])


def test_what_somebody_waits_for_is_counted_once(services: Services, x: ScriptedX) -> None:
    """Posts of young runs without X's word that were not bought today, and names without an account."""
    now = services.clock.now()
    posts = [post_id(300, number) for number in range(4)]
    x.script = lambda asked: page(posts[0])
    services.x.lookup_posts(WorkClass.ENGAGEMENT, post_ids=posts[:1])
    for run_id in ("r", "s"):
        services.stores.runs.begin(run_id, kind="refresh", subjects=list(map(str, posts)), now=now)
        services.stores.runs.record(run_id, {str(posts[1]): "deleted"}, now=now)
    services.stores.runs.begin("old", kind="refresh", subjects=["7"], now=now - 2 * HOUR)
    services.following.follow(["alice"], since=now, now=now - HOUR)
    services.stores.authors.want([1, 2], now=now, run_id="t")
    services.stores.authors.want([3], now=now)

    left = left_now(services, now)

    assert (left.waited_for, left.names, left.authors) == (2, 1, 2)


def test_a_gap_is_left_until_it_is_filled(services: Services, x: ScriptedX) -> None:
    """Not begun: all of its time; at its second page: from the oldest post down; filled: nothing."""
    now = services.clock.now()
    (stream,) = services.following.follow(["alice"], since=now - 2 * HOUR, now=now)
    unread = Unread(now - 2 * HOUR, now, GapReason.BEFORE_FOLLOWING)
    coverage.note(services.stores, stream.id, ["alice"], unread, now=now)
    services.stores.streams.sweep_completed(stream.id, sweep_id="x", newest_id=None, through_at=now)
    not_begun = left_now(services, now).sweeps
    pages = {None: page(post_id(60), post_id(1800), token="t"), "t": page(post_id(3000))}
    x.script = lambda asked: pages[asked.params.get("next_token")]
    ((job, _),) = plan(services, BACKFILL)
    assert isinstance(job, SearchPage)

    search_page(services, job)
    under_way = left_now(services, services.clock.now()).sweeps
    read_to_end(services, job.sweep_id)

    (waiting,), (one,) = not_begun, under_way
    assert (waiting.accounts, waiting.reached, waiting.posts) == (1, waiting.until, 0)
    assert (waiting.until - waiting.since) / HOUR == pytest.approx(2, abs=0.02)
    assert (one.posts, one.reached, one.since) == (2, created_at(post_id(1800)), waiting.since)
    assert left_now(services, services.clock.now()).sweeps == []


def test_a_first_sweep_is_left_until_it_ends(services: Services, x: ScriptedX) -> None:
    """Not begun: all of the time; at its second page: from the oldest post down; complete, and later ones: nothing."""
    now, began = services.clock.now(), timedelta(minutes=50)
    (waiting,) = services.following.follow(["bob"], since=now - 2 * HOUR, now=now)
    not_begun = left_now(services, now).sweeps
    services.stores.streams.sweep_completed(waiting.id, sweep_id="x", newest_id=None, through_at=now)
    pages = {None: page(post_id(60), post_id(1800), token="t"), "t": page(post_id(2700))}
    x.script = lambda asked: pages[asked.params.get("next_token")]
    sweep = open_sweep(services, since=now - began)

    search_page(services, SearchPage(sweep_id=sweep.id, page=0))
    under_way = left_now(services, services.clock.now()).sweeps
    read_to_end(services, sweep.id)
    next_sweep(services, sweep.subject, "second")

    assert [(one.accounts, one.until - one.since, one.reached, one.posts) for one in not_begun] == [
        (1, 2 * HOUR, now, 0)
    ]
    (one,) = under_way
    assert one.posts == 2
    assert (one.until - one.since) / began == pytest.approx(1, abs=0.02)
    assert one.reached == created_at(post_id(1800))
    assert left_now(services, services.clock.now()).sweeps == []
