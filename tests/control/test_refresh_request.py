"""Asking for posts to be read again: what is asked for, and what is answered from the store."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from dramatiq.middleware import TimeLimit

from control import commands
from control.refresh_request import fresh
from shared.broker import Outcomes, start_worker
from shared.domain import snowflake
from shared.domain.counts import PostMetrics
from shared.domain.errors import InputError
from shared.domain.jobs import ALL_QUEUES, Queue, RefreshEngagement
from shared.domain.models import Post
from shared.domain.outcomes import decide
from shared.runtime.clock import SystemClock
from shared.services.bootstrap import Services
from tests.control.conftest import Invoke
from tests.workers.world import Asked, ScriptedX, eventually, jobs_in, page, post_id
from workers.actors import declare_all
from workers.main import URGENT
from workers.middleware.telemetry import Telemetry, tell_outcome

MINUTE = timedelta(minutes=1)
COUNTS = PostMetrics(like_count=1)


def read(services: Services, *, ago: timedelta, metrics: PostMetrics | None = COUNTS) -> int:
    """A stored post whose counts X told so long ago."""
    now = services.clock.now()
    id_ = snowflake.first_id_at(now - timedelta(hours=1) - ago)
    post = Post(id=id_, text="hello", created_at=snowflake.created_at(id_), author_id=7, metrics=metrics)
    services.stores.posts.upsert([post], source="search", now=now - ago)
    services.stores.engagement.begin([post], now=now - ago, at=now - ago)
    return id_


def asked(services: Services) -> list[int]:
    """The posts that wait to be read for a person."""
    jobs = [job for job in jobs_in(services, Queue.INTERACTIVE) if isinstance(job, RefreshEngagement)]
    return [int(post_id) for job in jobs for post_id in job.post_ids]


def test_posts_read_within_a_minute_are_not_asked_for(services: Services) -> None:
    """By the setting; a post that was never counted, or longer ago, is read, and so is one that is not known."""
    young, old = read(services, ago=MINUTE / 2), read(services, ago=2 * MINUTE)
    uncounted, unknown = read(services, ago=MINUTE / 3, metrics=None), 1460323737035677698

    request = commands.refresh(services, [young, old, uncounted, unknown])

    assert request.stored == {str(young): "alive"}
    assert asked(services) == [old, uncounted, unknown]
    assert (request.total, request.joined, len(request.run_ids)) == (4, 0, 1)


def test_the_age_is_as_the_person_says(services: Services) -> None:
    """Five minutes take more from the store, none takes nothing; all from the store is no run at all."""
    post = read(services, ago=2 * MINUTE)

    assert commands.refresh(services, [post], max_age=5 * MINUTE).run_ids == []
    assert asked(services) == []
    commands.refresh(services, [post], max_age=timedelta(0))
    assert asked(services) == [post]
    with pytest.raises(InputError, match="-60 s is below 0"):
        commands.refresh(services, [post], max_age=-MINUTE)


def test_a_post_that_may_be_gone_is_asked_for(services: Services) -> None:
    """X called it gone once after its counts: what is stored is no answer."""
    post, now = read(services, ago=MINUTE / 3), services.clock.now()
    services.stores.db["X_engagement"].update_one({"_id": str(post)}, {"$set": {"gone_reports": 1}})

    assert fresh(services, [post], now=now) == {}


def test_a_dry_run_counts_what_is_fresh_apart(invoke: Invoke, services: Services, x: ScriptedX) -> None:
    """What is told from the store costs nothing; the rest is billed unless it was bought today. X is asked nothing."""
    young, old = read(services, ago=MINUTE / 2), read(services, ago=2 * MINUTE)

    told = json.loads(invoke("refresh", str(young), str(old), "--dry-run", "--json").stdout)
    words = invoke("refresh", str(young), str(old), "--dry-run").stdout
    nothing = invoke("refresh", str(young), "--dry-run").stdout

    assert (told["posts"], told["stored"], told["billed"], told["usd"]) == (2, 1, 1, 0.005)
    assert told["fits"] is True
    assert "1 of 2 posts were read a moment ago and would not be asked for" in words
    assert "X bills for 1" in words
    assert "Nothing was done." in nothing
    assert "X bills" not in nothing
    assert (asked(services), x.asked) == ([], [])


def test_without_waiting_it_is_said_what_was_not_asked_for(invoke: Invoke, services: Services) -> None:
    """In words, and as results for scripts."""
    young = read(services, ago=MINUTE / 2)

    words = invoke("refresh", str(young)).stdout
    document = json.loads(invoke("refresh", str(young), "--json").stdout)

    assert "1 of 1 posts were read a moment ago: not asked for again" in words
    assert "Refreshing" not in words
    assert (document["stored"], document["results"]) == ([str(young)], {str(young): "alive"})


def test_a_person_overtakes_all_that_waits_in_the_background(
    make_services: Callable[..., Services], x: ScriptedX
) -> None:
    """Of sixty refreshes X is asked for no more than those the process has in hand; then for the person's."""
    clock, answer = SystemClock(), threading.Event()
    middleware = [Telemetry(clock), TimeLimit(), Outcomes(decide, clock=clock, on_outcome=tell_outcome)]
    services = make_services(x.url, middleware=middleware)
    declare_all(services)
    background = [post_id(1000 + number) for number in range(60)]
    claims = [RefreshEngagement(claim_id=f"claim {one}", post_ids=(str(one),)) for one in background]
    services.sender.send_all(claims, queue=Queue.ENGAGEMENT)

    def answered(request: Asked) -> tuple[int, Any]:
        answer.wait(4)
        return page(*map(int, request.params["ids"].split(",")))

    x.script = answered
    worker = start_worker(services.broker, queues=ALL_QUEUES, threads=1, urgent=URGENT)
    try:
        eventually(lambda: x.asked)  # the only thread is busy with the first of them
        request = commands.refresh(services, [post_id(5)])
        eventually(lambda: services.broker.introspection.queue_stats()[Queue.INTERACTIVE].in_flight)
        answer.set()
        eventually(lambda: commands.refreshed(services, request.run_ids, [post_id(5)]))
    finally:
        worker.stop(timeout=5000)

    order = [int(one.params["ids"]) for one in x.asked]
    assert order.index(post_id(5)) <= 2
    assert order[0] in background
