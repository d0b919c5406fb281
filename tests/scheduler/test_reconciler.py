"""What was left behind is found and sent again, on real servers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import dramatiq
import pytest

from control import commands
from scheduler.planner import DEAD, RECONCILE, Planner
from scheduler.reconciler import MAX_NUDGES, Reconciler
from shared.domain import snowflake
from shared.domain.coverage.sweeps import SweepKind, SweepStatus
from shared.domain.errors import StoreUnavailable
from shared.domain.jobs import (
    ALL_QUEUES,
    DownloadMedia,
    Job,
    Queue,
    QuotePage,
    RefreshEngagement,
    ResolveHandles,
    SearchPage,
)
from shared.domain.models import Media, MediaType, Post
from shared.domain.snowflake import first_id_at
from shared.services.bootstrap import Services
from shared.services.following import SEARCH
from shared.stores.schedules import Schedule, Slot
from tests.workers.world import (
    ScriptedX,
    by_token,
    eventually,
    jobs_in,
    know_all,
    next_sweep,
    open_quotes,
    open_sweep,
    page,
    post_id,
    read_to_end,
    refusing,
    state_of,
    take_jobs,
    work_off,
)
from workers.handlers.search import search_page

A, B, C = (post_id(seconds) for seconds in (60, 120, 180))


def later(services: Services, steps: int = 1) -> datetime:
    """So much later that everything without progress is stalled, `steps` times over."""
    return services.clock.now() + steps * timedelta(seconds=services.settings.stalled_after_seconds + 1)


def outstanding(services: Services) -> set[tuple[str, str]]:
    """(queue, job) of everything that waits in the queues."""
    return {(queue, f"{job.name} {job.subject}") for queue in ALL_QUEUES for job in jobs_in(services, queue)}


# --- sweeps


def test_a_sweep_that_does_not_get_on_is_sent_for_again(services: Services, x: ScriptedX) -> None:
    """Its present page is sent for; a sweep that made progress meanwhile is left alone."""
    x.script = by_token({None: page(A, token="t1")})
    stalled = open_sweep(services)
    search_page(services, SearchPage(sweep_id=stalled.id, page=0))
    take_jobs(services, Queue.SEARCH)  # and the worker forgot it
    reconciler = Reconciler(services)

    reconciler.run_once(services.clock.now())
    assert jobs_in(services, Queue.SEARCH) == []
    reconciler.run_once(later(services))

    assert jobs_in(services, Queue.SEARCH) == [SearchPage(sweep_id=stalled.id, page=1)]


def test_a_page_that_waits_in_the_queue_is_no_stalled_one(services: Services) -> None:
    """A sweep whose job is deferred for long is not sent for twice and never given up."""
    sweep = open_sweep(services)
    services.sender.send(SearchPage(sweep_id=sweep.id, page=0))

    for step in range(1, MAX_NUDGES + 3):
        Reconciler(services).run_once(later(services, step))

    assert jobs_in(services, Queue.SEARCH) == [SearchPage(sweep_id=sweep.id, page=0)]
    assert state_of(services, sweep.id).status is SweepStatus.OPEN


def test_a_sweep_that_never_gets_on_is_given_up_and_read_again(services: Services, x: ScriptedX) -> None:
    """After three times it is abandoned; the next slot opens a sweep from the same cursor, which loses nothing."""
    sweep = open_sweep(services)
    reconciler = Reconciler(services)
    for step in range(1, MAX_NUDGES + 1):
        reconciler.run_once(later(services, step))
        assert take_jobs(services, Queue.SEARCH) == [SearchPage(sweep_id=sweep.id, page=0)]

    reconciler.run_once(later(services, MAX_NUDGES + 1))

    assert state_of(services, sweep.id).status is SweepStatus.ABANDONED
    now = services.clock.now()
    slot = Slot(Schedule(f"search:{sweep.subject}", SEARCH, sweep.subject, timedelta(minutes=1), now, 0), now)
    ((again, _),) = Planner(services).plan(slot, now)
    assert isinstance(again, SearchPage)
    assert state_of(services, again.sweep_id).since_id == sweep.since_id
    x.script = lambda asked: page(A)
    assert read_to_end(services, again.sweep_id).is_complete


def test_progress_gives_a_sweep_its_chances_back(services: Services, x: ScriptedX) -> None:
    """Three nudges count from the last page that was passed."""
    x.script = by_token({None: page(A, token="t1")})
    sweep = open_sweep(services)
    reconciler = Reconciler(services)
    for step in (1, 2, 3):
        reconciler.run_once(later(services, step))
        take_jobs(services, Queue.SEARCH)
    search_page(services, SearchPage(sweep_id=sweep.id, page=0))
    take_jobs(services, Queue.SEARCH)

    reconciler.run_once(later(services, 4))

    assert state_of(services, sweep.id).status is SweepStatus.OPEN
    assert jobs_in(services, Queue.SEARCH) == [SearchPage(sweep_id=sweep.id, page=1)]


# --- an emptied Redis


def claim_and_lose(services: Services) -> None:
    """A post was claimed to be read for an hour, and its job is lost."""
    now = services.clock.now()
    services.stores.engagement.begin([Post(id=C, text="", created_at=snowflake.created_at(C))], now=now)
    services.stores.engagement.claim_due(["lost"], size=100, now=now, lease=timedelta(hours=1))


def test_after_a_loss_of_redis_all_outstanding_work_is_sent_for_in_one_round(services: Services, x: ScriptedX) -> None:
    """Open sweeps at their page, quotes, claimed refreshes, ad-hoc requests, names and files are there again."""
    now = services.clock.now()
    x.script = by_token({None: page(A, token="t1")})
    search = open_sweep(services, names=["alice"])
    search_page(services, SearchPage(sweep_id=search.id, page=0))
    backfill = replace(search, id="old", subject="s-old", queue=Queue.BACKFILL, page=0)
    services.stores.sweeps.open(backfill)
    quotes = open_quotes(services, post_id(3600))
    claim_and_lose(services)
    services.stores.runs.begin("run", kind="refresh", subjects=["1", "2"], now=now)
    services.stores.runs.record("run", {"1": "alive"}, now=now)
    services.stores.media.upsert([Media(key="3_1", type=MediaType.PHOTO)], at=services.clock.now())
    reconciler = Reconciler(services)
    eventually(lambda: services.clock.now() > state_of_progress(services))
    assert reconciler.rebuild_if_redis_is_new(services.clock.now())
    everything = outstanding(services)
    services.broker.client.flushall()
    assert outstanding(services) == set()

    assert reconciler.rebuild_if_redis_is_new(services.clock.now() + timedelta(seconds=1))

    assert everything == {
        (Queue.SEARCH, f"search_page {search.id}:1"),
        (Queue.BACKFILL, "search_page old:0"),
        (Queue.QUOTES, f"quote_page {quotes.id}:0"),
        (Queue.INTERACTIVE, "refresh_engagement run:0"),
        (Queue.INTERACTIVE, "resolve_handles alice"),
        (Queue.MEDIA, "download_media 3_1"),
    }
    assert outstanding(services) == everything
    resumed = next(job for job in jobs_in(services, Queue.INTERACTIVE) if isinstance(job, RefreshEngagement))
    assert (resumed.post_ids, resumed.run_id) == (("1", "2"), "run")
    assert services.stores.engagement.count_due(now=services.clock.now() + timedelta(seconds=1)) >= 1


def state_of_progress(services: Services) -> datetime:
    """The latest progress of any sweep."""
    newest = services.stores.db["X_sweeps"].find_one(sort=[("progress_at", -1)])
    assert newest is not None
    moment: datetime = newest["progress_at"]
    return moment


def test_a_redis_that_kept_its_data_is_not_rebuilt(services: Services) -> None:
    """The second round finds the mark of the first and sends nothing."""
    reconciler = Reconciler(services)
    assert reconciler.rebuild_if_redis_is_new(services.clock.now())
    open_sweep(services)

    assert not reconciler.rebuild_if_redis_is_new(services.clock.now() + timedelta(minutes=1))
    assert outstanding(services) == set()


def test_a_redis_that_was_started_anew_is_rebuilt(services: Services) -> None:
    """It may have lost its last second: what is missing is sent for, also when a worker's clock is ahead."""
    ahead = open_sweep(services)
    services.stores.sweeps.nudge(ahead.id, now=services.clock.now() + timedelta(minutes=2))
    services.stores.media.upsert([Media(key="3_1", type=MediaType.PHOTO)], at=services.clock.now())
    services.sender.send(DownloadMedia(media_key="3_1"))
    services.broker.introspection.set_epoch("of the process before")

    assert Reconciler(services).rebuild_if_redis_is_new(services.clock.now())

    assert outstanding(services) == {
        (Queue.SEARCH, f"search_page {ahead.id}:0"),
        (Queue.INTERACTIVE, "resolve_handles alice"),
        (Queue.MEDIA, "download_media 3_1"),
    }
    assert services.broker.introspection.queue_stats()[Queue.MEDIA].ready == 1


def test_an_ad_hoc_request_that_is_outstanding_is_not_sent_twice(services: Services) -> None:
    """After a restart that lost nothing its jobs wait once; of those that were lost only the unanswered come back."""
    ids = [post_id(1000 + number) for number in range(250)]
    (run_id,) = commands.refresh(services, ids).run_ids
    before = jobs_in(services, Queue.INTERACTIVE)
    services.broker.introspection.set_epoch("of the process before")
    assert Reconciler(services).rebuild_if_redis_is_new(services.clock.now())
    assert jobs_in(services, Queue.INTERACTIVE) == before

    services.stores.runs.record(run_id, {str(id_): "alive" for id_ in ids[:110]}, now=services.clock.now())
    services.broker.client.flushall()
    assert Reconciler(services).rebuild_if_redis_is_new(services.clock.now())

    lost = [job for job in jobs_in(services, Queue.INTERACTIVE) if isinstance(job, RefreshEngagement)]
    assert {job.subject for job in lost} == {f"{run_id}:100", f"{run_id}:200"}


def test_a_rebuild_that_was_interrupted_is_done_by_the_next_round(services: Services) -> None:
    """When MongoDB fails in the middle, the mark is missing and the next round does all of it."""
    services.stores.engagement.begin(
        [Post(id=C, text="", created_at=snowflake.created_at(C))], now=services.clock.now()
    )
    services.stores.engagement.claim_due(["lost"], size=100, now=services.clock.now(), lease=timedelta(hours=1))
    services.stores.media.upsert([Media(key="3_1", type=MediaType.PHOTO)], at=services.clock.now())
    reconciler = Reconciler(services)

    with refusing(services, "X_engagement"), pytest.raises(StoreUnavailable):
        reconciler.rebuild_if_redis_is_new(services.clock.now())
    assert reconciler.rebuild_if_redis_is_new(services.clock.now())

    assert outstanding(services) == {(Queue.MEDIA, "download_media 3_1")}


def test_a_large_backlog_is_sent_for_in_one_round(services: Services) -> None:
    """Of 700 open sweeps none has to wait for the next look."""
    sweep = open_sweep(services)
    template = services.stores.db["X_sweeps"].find_one({"_id": sweep.id}) or {}
    services.stores.db["X_sweeps"].insert_many(
        [template | {"_id": f"sweep-{number}", "subject": f"s-{number}"} for number in range(2, 701)]
    )

    Reconciler(services).rebuild_if_redis_is_new(services.clock.now() + timedelta(seconds=1))

    assert services.broker.introspection.queue_stats()[Queue.SEARCH].ready == 700


# --- dead letters


def bury(services: Services, actor: str, payload: Any) -> None:
    """A message of the search queue that is given up, as a worker does it."""
    services.broker.enqueue(
        dramatiq.Message(queue_name=Queue.SEARCH, actor_name=actor, args=(payload,), kwargs={}, options={})
    )
    know_all(services)
    consumer = services.broker.consume(Queue.SEARCH)
    message = eventually(lambda: next(consumer))
    consumer.nack(message)


def test_a_sweep_whose_page_died_is_closed(services: Services) -> None:
    """The stream is read again from its cursor at its next slot, and the letter is in MongoDB."""
    sweep = open_sweep(services)
    bury(services, "search_page", SearchPage(sweep_id=sweep.id, page=0).model_dump())

    Reconciler(services).collect_dead(services.clock.now())

    assert state_of(services, sweep.id).status is SweepStatus.ABANDONED
    (letter,) = services.stores.db["dead_letters"].find()
    assert (letter["job"], letter["actor_args"][0]["page"]) == ("search_page", 0)
    assert services.broker.introspection.dead(10) == []
    assert next_sweep(services, sweep.subject, "sweep-2").since_id == sweep.since_id


@pytest.mark.parametrize("payload", ["text", None, {"sweep_id": 5}, {"sweep_id": "sweep-1"}, ["sweep-1", 0]])
def test_a_dead_message_of_any_shape_is_collected(services: Services, payload: Any) -> None:
    """What does not fit its schema is stored, and closes no sweep."""
    sweep = open_sweep(services)
    bury(services, "search_page", payload)

    Reconciler(services).collect_dead(services.clock.now())

    assert services.stores.db["dead_letters"].count_documents({}) == 1
    assert state_of(services, sweep.id).status is SweepStatus.OPEN


def test_the_death_of_a_passed_page_closes_nothing(services: Services, x: ScriptedX) -> None:
    """A repeat that died after its page was passed leaves the sweep to its present page."""
    x.script = by_token({None: page(A, token="t1")})
    sweep = open_sweep(services)
    search_page(services, SearchPage(sweep_id=sweep.id, page=0))
    take_jobs(services, Queue.SEARCH)
    bury(services, "search_page", {"version": 9, "sweep_id": sweep.id, "page": 0})

    Reconciler(services).collect_dead(services.clock.now())

    assert state_of(services, sweep.id).status is SweepStatus.OPEN


# --- names, streams, schedules


def test_a_name_that_was_never_resolved_is_looked_up_again(services: Services) -> None:
    """Names without an account are sent for after a while; those X denied and those no longer followed are not."""
    services.following.follow(["alice", "bob", "carol"], since=services.clock.now(), now=services.clock.now())
    services.stores.handles.note_missing({"bob": "not-found"}, now=services.clock.now())
    services.following.unfollow(["carol"], now=services.clock.now())

    Reconciler(services).run_once(services.clock.now())
    assert jobs_in(services, Queue.INTERACTIVE) == []
    Reconciler(services).run_once(later(services))

    assert jobs_in(services, Queue.INTERACTIVE) == [ResolveHandles(usernames=("alice",))]


def test_streams_that_fit_one_query_are_joined(services: Services, x: ScriptedX) -> None:
    """Two streams become one with the older cursor and coverage, and nothing between the two is missed."""
    newer, older = (first_id_at(services.clock.now() - timedelta(minutes=minutes)) for minutes in (1, 2))
    x.script = lambda asked: page(newer)
    first = read_to_end(services, open_sweep(services, names=["alice"], id_="sweep-1").id)
    x.script = lambda asked: page(older)
    second = read_to_end(services, open_sweep(services, names=["bob"], id_="sweep-2").id)

    Reconciler(services).run_once(services.clock.now())

    (stream,) = services.stores.streams.active()
    assert set(stream.members) == {"alice", "bob"}
    assert stream.cursor_id == older
    assert first.through_at is not None
    assert second.through_at is not None
    assert stream.covered_through == min(first.through_at, second.through_at)
    searches = [schedule.subject for schedule in services.stores.schedules.all() if schedule.kind == SEARCH]
    assert searches == [stream.id]


def test_a_stream_that_is_being_read_is_not_joined(services: Services, x: ScriptedX) -> None:
    """A join waits until both sweeps have ended."""
    x.script = lambda asked: page(A)
    for number, name in enumerate(("alice", "bob")):
        read_to_end(services, open_sweep(services, names=[name], id_=f"sweep-{number}").id)
    busy = services.stores.streams.active()[0]
    next_sweep(services, busy.id, "sweep-3")

    Reconciler(services).run_once(services.clock.now())

    assert len(services.stores.streams.active()) == 2
    assert services.stores.sweeps.open_subjects(SweepKind.SEARCH) == {busy.id}


def test_schedules_are_kept_in_step_with_what_is_followed(services: Services) -> None:
    """A schedule that vanished is made again, one of a stream that is gone is removed, due times are not touched."""
    now = services.clock.now()
    open_sweep(services)
    reconciler = Reconciler(services)
    reconciler.keep_schedules(now)
    before = services.stores.schedules.all()
    services.stores.db["schedules"].delete_one({"_id": RECONCILE})
    services.stores.schedules.ensure([Schedule("search:gone", SEARCH, "gone", timedelta(minutes=1), now, 0)])

    reconciler.run_once(now + timedelta(seconds=5))

    after = services.stores.schedules.all()
    assert [schedule.id for schedule in after] == [schedule.id for schedule in before]
    assert {schedule.kind for schedule in after} >= {SEARCH, RECONCILE, DEAD}
    assert [s.next_due_at for s in after if s.id != RECONCILE] == [s.next_due_at for s in before if s.id != RECONCILE]


def test_what_was_rebuilt_can_be_worked_off(services: Services, x: ScriptedX) -> None:
    """After a loss of Redis the sent work leads to the same documents as without the loss."""
    x.script = by_token({None: page(A, token="t1"), "t1": page(B)})
    sweep = open_sweep(services)
    search_page(services, SearchPage(sweep_id=sweep.id, page=0))
    services.stores.handles.note_missing({"alice": "not-found"}, now=services.clock.now())
    services.broker.client.flushall()

    Reconciler(services).rebuild_if_redis_is_new(services.clock.now() + timedelta(seconds=1))
    done: list[Job] = work_off(services)

    assert done == [SearchPage(sweep_id=sweep.id, page=1)]
    assert state_of(services, sweep.id).is_complete
    assert not any(isinstance(job, DownloadMedia | QuotePage) for job in done)
