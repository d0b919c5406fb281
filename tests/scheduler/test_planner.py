"""What claimed slots lead to, on real servers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from scheduler.planner import ACCOUNTS, AUTHORS, CANARY, MEDIA, PURGE, QUOTES, REFRESH
from shared.domain import snowflake
from shared.domain.counts import PostMetrics
from shared.domain.coverage.quotes import posts_of
from shared.domain.coverage.streams import Stream
from shared.domain.coverage.sweeps import Sweep, SweepKind
from shared.domain.errors import StoreUnavailable
from shared.domain.jobs import (
    ALL_QUEUES,
    Job,
    LookAtAccounts,
    LookUpAuthors,
    PurgeGone,
    Queue,
    QuotePage,
    RefreshEngagement,
    RemoveMedia,
    SearchPage,
    ThinSeries,
)
from shared.domain.models import Media, MediaType, Post, PostState, Reference, ReferenceType, User
from shared.domain.states import By, Word
from shared.services.bootstrap import Services
from shared.services.following import SEARCH
from shared.stores.sweeps import SweepStore
from tests.scheduler.slots import MINUTE, plan
from tests.workers.world import NOW, ScriptedX, page, post_id, read_to_end, refusing, state_of, take_jobs, work_off

ALICE = 42


def follow(services: Services, name: str = "alice", *, ago: timedelta = MINUTE) -> Stream:
    """Follow an account, from `ago` on, under a known id."""
    now = services.clock.now()
    stream = services.following.follow([name], since=NOW - ago, now=now)[0]
    services.stores.handles.learn([User(id=ALICE, username=name)], now=now)
    return stream


# --- search


def test_a_stream_has_one_open_sweep(services: Services, x: ScriptedX) -> None:
    """While a sweep is being read the next slots send nothing; afterwards the next begins where it ended."""
    x.script = lambda asked: page(post_id(5))
    stream = follow(services)
    ((job, queue),) = plan(services, SEARCH, stream.id)
    assert isinstance(job, SearchPage)
    assert queue == Queue.SEARCH

    during = plan(services, SEARCH, stream.id, now=services.clock.now() + MINUTE)
    read_to_end(services, job.sweep_id)
    ((after, _),) = plan(services, SEARCH, stream.id, now=services.clock.now() + 2 * MINUTE)

    assert during == []
    assert isinstance(after, SearchPage)
    assert state_of(services, after.sweep_id).since_id == post_id(5)


def test_the_same_slot_opens_nothing_twice(services: Services, x: ScriptedX) -> None:
    """A slot that is carried out again, after its sweep was read, leads to no second sweep."""
    x.script = lambda asked: page()
    stream, now = follow(services), services.clock.now()
    ((job, _),) = plan(services, SEARCH, stream.id, now=now)
    assert isinstance(job, SearchPage)
    read_to_end(services, job.sweep_id)

    assert plan(services, SEARCH, stream.id, now=now) == []


def test_the_run_that_began_a_stream_pays_for_its_first_sweep(services: Services, x: ScriptedX) -> None:
    """The second sweep is everyday work; authors that a run wants are looked up by themselves, and it pays."""
    x.script = lambda asked: page()
    now = services.clock.now()
    (stream,) = services.following.follow(["alice"], since=now, now=now, run_id="r")
    ((first, _),) = plan(services, SEARCH, stream.id)
    assert isinstance(first, SearchPage)
    read_to_end(services, first.sweep_id)
    ((second, _),) = plan(services, SEARCH, stream.id)
    assert isinstance(second, SearchPage)
    services.stores.authors.want([1], now=now, run_id="r")
    services.stores.authors.want([2], now=now)

    jobs = [job for job, _ in plan(services, AUTHORS)]

    assert [state_of(services, one.sweep_id).run_id for one in (first, second)] == ["r", None]
    asked = {job.run_id: (job.user_ids, job.subject) for job in jobs if isinstance(job, LookUpAuthors)}
    assert {run_id: ids for run_id, (ids, _) in asked.items()} == {"r": ("1",), None: ("2",)}
    assert len({subject for _, subject in asked.values()}) == 2


def test_a_quiet_stream_does_not_ask_from_an_id_that_x_refuses(services: Services) -> None:
    """A stream without posts for weeks is read from a day before its coverage ends."""
    stream, now = follow(services, ago=timedelta(days=30)), services.clock.now()
    services.stores.streams.sweep_completed(stream.id, sweep_id="earlier", newest_id=None, through_at=now)

    ((job, _),) = plan(services, SEARCH, stream.id, now=now)

    assert isinstance(job, SearchPage)
    age = now - snowflake.created_at(state_of(services, job.sweep_id).since_id)
    assert timedelta(hours=23) < age < timedelta(hours=25)


def test_a_slot_of_a_stream_that_is_gone_leads_to_nothing(services: Services) -> None:
    """A schedule that outlived its stream does no harm."""
    assert plan(services, SEARCH, "s-nobody") == []


def test_a_slot_of_an_unknown_kind_leads_to_nothing(services: Services) -> None:
    """A schedule that a newer version wrote does not stop this one."""
    assert plan(services, "from-the-future") == []


# --- quotes


def know_post(
    services: Services, id_: int, *, author: int = ALICE, quotes: int = 0, likes: int = 0, **more: Any
) -> None:
    """A post that was found, with its counts."""
    metrics = PostMetrics(quote_count=quotes, like_count=likes)
    post = Post(id=id_, text="", created_at=snowflake.created_at(id_), author_id=author, metrics=metrics, **more)
    services.stores.posts.upsert([post], source="search", now=services.clock.now())
    services.stores.engagement.begin([post], now=services.clock.now())


def chosen(jobs: list[tuple[Job, str | None]], services: Services) -> list[int]:
    """The posts whose quotes are to be read."""
    sweeps = [state_of(services, job.sweep_id) for job, _ in jobs if isinstance(job, QuotePage)]
    return [post for sweep in sweeps for post in posts_of(sweep)]


def opened(jobs: list[tuple[Job, str | None]]) -> str:
    """The sweep of the only reading of quotes."""
    ((job, _),) = jobs
    assert isinstance(job, QuotePage)
    return job.sweep_id


def test_quotes_are_read_of_the_most_quoted_posts_of_followed_accounts(services: Services) -> None:
    """Of the newest posts the five most quoted; one with likes only behind them, strangers and reposts never."""
    follow(services)
    for number in range(7):
        know_post(services, post_id(100 + number), quotes=number)
    know_post(services, post_id(200), likes=11)
    know_post(services, post_id(201), likes=10)
    know_post(services, post_id(202), author=99, quotes=1000)
    know_post(services, post_id(203), quotes=500, references=(Reference(ReferenceType.RETWEETED, 1),))

    first = chosen(plan(services, QUOTES), services)
    second = chosen(plan(services, QUOTES, now=services.clock.now() + MINUTE), services)

    assert set(first) == {post_id(100 + number) for number in (6, 5, 4, 3, 2)}
    assert set(second) == {post_id(101), post_id(200)}


def test_quotes_are_not_read_again_within_the_recheck(services: Services, x: ScriptedX) -> None:
    """A post competes again when four hours have passed, and from a margin before the last reading on."""
    follow(services)
    know_post(services, post_id(7_200), quotes=3)
    x.script = lambda asked: page(post_id(50))
    now = services.clock.now()
    ((job, _),) = plan(services, QUOTES, now=now)
    assert isinstance(job, QuotePage)
    read_to_end(services, job.sweep_id)

    soon = plan(services, QUOTES, now=now + timedelta(hours=4) - timedelta(seconds=1))
    later = plan(services, QUOTES, now=now + timedelta(hours=4))

    assert soon == []
    behind = now - snowflake.created_at(state_of(services, opened(later)).since_id)
    assert abs(behind - timedelta(minutes=35)) <= timedelta(milliseconds=2)


def test_only_the_newest_posts_compete_for_quotes(services: Services) -> None:
    """With the default of 50, a fifty-first post that is older has no chance, however often it was quoted."""
    follow(services)
    for number in range(50):
        know_post(services, post_id(100 + number), quotes=1)
    know_post(services, post_id(9000), quotes=1000)

    assert post_id(9000) not in chosen(plan(services, QUOTES), services)


def test_two_planners_do_not_read_the_quotes_of_one_post_twice(services: Services) -> None:
    """The second of two schedulers finds the reading under way, in the same slot and in another."""
    follow(services)
    know_post(services, post_id(100), quotes=5)
    now = services.clock.now()

    first, second, third = (plan(services, QUOTES, now=at) for at in (now, now, now + MINUTE))

    assert (len(first), len(second), len(third)) == (1, 0, 0)


class Overtaken(SweepStore):
    """The sweeps of a scheduler that another one overtakes: just before it opens its first, the other's is read."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.stores.db)
        self._others: list[Services] = [services]

    def open(self, sweep: Sweep) -> bool:
        """Let the other one go first, once."""
        for services in (self._others.pop(),) if self._others else ():
            read_to_end(services, opened(plan(services, QUOTES, now=sweep.started_at + MINUTE)))
        return super().open(sweep)


def test_a_planner_that_is_overtaken_does_not_read_quotes_again(services: Services, x: ScriptedX) -> None:
    """Another scheduler has them read between this one's choice and its sweep: the sweep is closed, nothing is sent."""
    follow(services)
    know_post(services, post_id(100), quotes=5)
    late = replace(services, stores=replace(services.stores, sweeps=Overtaken(services)))

    assert plan(late, QUOTES) == []

    assert len(x.asked) == 1
    assert services.stores.sweeps.open_subjects(SweepKind.QUOTES) == set()


@pytest.mark.parametrize("fate", ["never opened", "abandoned", "job never sent"])
def test_a_reading_of_quotes_that_fails_costs_the_post_nothing(services: Services, x: ScriptedX, fate: str) -> None:
    """The next slot reads them; the four hours count from a reading that happened."""
    follow(services)
    know_post(services, post_id(100), quotes=5)
    now = services.clock.now()
    if fate == "never opened":
        with refusing(services, "X_sweeps"), pytest.raises(StoreUnavailable):
            plan(services, QUOTES, now=now)
    else:
        first = opened(plan(services, QUOTES, now=now))
    if fate == "abandoned":
        assert services.stores.sweeps.abandon(state_of(services, first), now=now)

    if fate == "job never sent":  # the sweep is open: the reconciler sends for it, and no slot opens another
        assert plan(services, QUOTES, now=now + MINUTE) == []
        read_to_end(services, first)
    else:
        read_to_end(services, opened(plan(services, QUOTES, now=now + MINUTE)))

    assert len(x.asked) == 1
    assert plan(services, QUOTES, now=now + timedelta(hours=3, minutes=59)) == []
    assert len(plan(services, QUOTES, now=now + timedelta(hours=4, minutes=1))) == 1


# --- refresh


def due_posts(services: Services, count: int, first: int = 0) -> list[int]:
    """Posts that are due to be read."""
    ids = [post_id(1000 + number) for number in range(first, first + count)]
    posts = [Post(id=id_, text="", created_at=snowflake.created_at(id_)) for id_ in ids]
    services.stores.engagement.begin(posts, now=services.clock.now())
    return ids


def refreshes(jobs: list[tuple[Job, str | None]]) -> list[list[int]]:
    """The ids of each job."""
    return [[int(id_) for id_ in job.post_ids] for job, _ in jobs if isinstance(job, RefreshEngagement)]


def test_due_posts_are_claimed_in_batches_once(services: Services) -> None:
    """Each due post is in one batch of at most 100, and not claimed again within its lease."""
    ids = due_posts(services, 250)

    batches = refreshes(plan(services, REFRESH))

    assert [len(batch) for batch in batches] == [100, 100, 50]
    assert sorted(id_ for batch in batches for id_ in batch) == sorted(ids)
    assert refreshes(plan(services, REFRESH)) == []


def test_a_claim_whose_job_was_lost_is_due_again_after_the_lease(services: Services) -> None:
    """Nothing was sent, nothing answered: after the lease the posts are claimed anew."""
    ids = due_posts(services, 3)
    plan(services, REFRESH)

    lease = timedelta(seconds=services.settings.refresh_lease_seconds + 1)
    (again,) = refreshes(plan(services, REFRESH, now=services.clock.now() + lease))

    assert sorted(again) == sorted(ids)


@pytest.mark.parametrize(("waiting", "claimed"), [(0, 2), (1, 1), (2, 0), (5, 0)])
def test_no_more_is_claimed_than_the_queue_can_take(
    make_services: Any, x: ScriptedX, waiting: int, claimed: int
) -> None:
    """What waits in the queue counts against the batches of a round, so that claims do not age there."""
    services = make_services(x.url, refresh_max_batches=2)
    due_posts(services, 300)
    for number in range(waiting):
        services.sender.send(RefreshEngagement(claim_id=f"waits-{number}", post_ids=("1",)))

    assert len(refreshes(plan(services, REFRESH))) == claimed


def test_an_id_that_x_cannot_be_asked_for_does_not_stop_the_others(services: Services) -> None:
    """A post stored under an id of twenty digits is passed over."""
    ids = due_posts(services, 2)
    monster = Post(id=2**64, text="", created_at=services.clock.now())
    services.stores.engagement.begin([monster], now=services.clock.now() - MINUTE)

    (batch,) = refreshes(plan(services, REFRESH))

    assert sorted(batch) == sorted(ids)


# --- media and canaries


def test_files_that_nobody_tried_for_a_while_are_sent_for_again(services: Services) -> None:
    """Pending files are sent for; one tried a moment ago, one stored, one failed and one of an odd key are not."""
    now = services.clock.now()
    keys = ["3_1", "3_2", "3_3", "3_4", "3_5", "odd key"]
    services.stores.media.upsert([Media(key=key, type=MediaType.PHOTO) for key in keys], at=services.clock.now())
    services.stores.media.mark_ok("3_2", path="p", byte_size=1, checksum="c", now=now)
    services.stores.media.mark_attempt("3_3", error="e", now=now, failed=True)
    services.stores.media.mark_attempt("3_4", error="e", now=now, failed=False)
    services.stores.media.mark_attempt("3_5", error="e", now=now - timedelta(hours=1), failed=False)

    jobs = plan(services, MEDIA, now=now)

    assert {job.subject for job, _ in jobs} == {"3_1", "3_5"}


def test_every_queue_gets_a_canary(services: Services) -> None:
    """One canary a queue, and each can be sent and done."""
    for job, queue in plan(services, CANARY):
        assert services.sender.send(job, queue=queue)

    assert {queue: len(take_jobs(services, queue)) for queue in ALL_QUEUES} == dict.fromkeys(ALL_QUEUES, 1)
    assert work_off(services) == []


def test_followed_accounts_are_looked_at_by_id_in_one_job(services: Services) -> None:
    """Those whose id is known and who are due; a minute later nobody is, and without the setting nobody ever."""
    follow(services)
    follow(services, "nobody_knows")
    services.stores.db["X_tracked_handles"].update_one({"_id": "nobody_knows"}, {"$set": {"user_id": None}})

    (planned,) = plan(services, ACCOUNTS)

    job, queue = planned
    assert isinstance(job, LookAtAccounts)
    assert (job.user_ids, queue) == ((str(ALICE),), None)
    assert plan(services, ACCOUNTS, now=services.clock.now() + MINUTE) == []


def test_nobody_is_looked_at_where_nobody_wants_it(make_services: Any, x: ScriptedX) -> None:
    """A setting of 0 buys no account, and claims none."""
    services = make_services(x.url, account_look_seconds=0)
    follow(services)

    assert plan(services, ACCOUNTS) == []
    assert services.stores.accounts.claim(now=services.clock.now(), lease=MINUTE, limit=9) == [ALICE]


def test_what_is_to_go_is_sent_for(services: Services) -> None:
    """Each round purges what is due, and sends marked media to the workers that have the folder."""
    media = [Media(key=f"3_{n}", type=MediaType.PHOTO) for n in range(101)]
    services.stores.media.upsert(media, at=services.clock.now())
    services.stores.removals.mark([one.key for one in media], now=services.clock.now())

    sent = [job.media for job, _ in plan(services, PURGE) if isinstance(job, RemoveMedia)]
    now = services.clock.now()
    services.stores.users.upsert([User(id=7, username="a")], now=now)
    services.stores.fates.bury_users({7: Word(PostState.DELETED, now, By.EVENT)}, now=now, purge_after=timedelta(0))

    assert PurgeGone() in [job for job, _ in plan(services, PURGE)]
    assert sorted(key for batch in sent for key in batch) == sorted(one.key for one in media)
    assert len(sent) == 2


def test_old_series_are_sent_for_unless_all_is_kept(services: Services, make_services: Any, x: ScriptedX) -> None:
    """A setting of 0 keeps every reading for ever."""
    keeps_all = make_services(x.url, series_full_days=0)

    assert ThinSeries() in [job for job, _ in plan(services, PURGE)]
    assert ThinSeries() not in [job for job, _ in plan(keeps_all, PURGE)]
