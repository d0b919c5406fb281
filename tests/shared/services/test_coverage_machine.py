"""Everything that can happen to coverage, in any order: the ledger always adds up, and at rest nothing is missing.

The world is a model of X with a clock of its own: posts of three accounts, some of which come late into the search or
are hidden for a while; pages that fail or are cut off; times without money, without X, without a scheduler. Planner,
handler, reconciler, stores and the HTTP client are the real ones. What is followed has a share of the money, which may
be spent for a while.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from scheduler.planner import BACKFILL, REREAD, Planner
from scheduler.reconciler import Reconciler
from shared.domain import snowflake
from shared.domain.coverage.gaps import GapState
from shared.domain.coverage.intervals import Check, account
from shared.domain.coverage.sweeps import SweepStatus
from shared.domain.errors import CoveyError
from shared.domain.jobs import SearchPage
from shared.domain.sources import TRACKED
from shared.services import coverage
from shared.services.bootstrap import Services
from shared.services.following import SEARCH
from shared.services.source_shares import standings
from shared.stores.schedules import Schedule, Slot
from tests.workers.world import Asked, ScriptedX, post, refusing, stored_ids, without_archive
from workers.handlers.search import search_page

ACCOUNTS = ("alice", "bob", "carol")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LATEST = 30 * MINUTE  # no post comes later than this into the search
DAY_USD = 1_000_000  # so much that only a test spends it
PAGE = 3  # posts, so that a few make many pages
REACH = timedelta(days=7)
WRITES = ("X_tweets", "X_sweeps", "X_streams", "intervals", "gaps")


@dataclass
class ModelPost:
    """A post, from when on a search shows it."""

    id: int
    account: str
    shown_at: datetime


@dataclass
class Model:
    """X: what was posted, who is hidden, whether it answers."""

    now: datetime
    posts: list[ModelPost] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    is_away: bool = False
    number: int = 0

    def advance(self, length: timedelta) -> None:
        """Let time pass."""
        self.now += length

    def write(self, account: str, ago: timedelta, late: timedelta) -> None:
        """A post that was made a moment ago, and is shown so much later."""
        self.number += 1
        made_at = self.now - ago
        id_ = snowflake.first_id_at(made_at) + self.number
        self.posts.append(ModelPost(id_, account, snowflake.created_at(id_) + late))

    def found(self, query: str, since_id: int, until_id: int) -> list[int]:
        """What a search shows now, the newest first."""
        return sorted(
            (
                one.id
                for one in self.posts
                if f"from:{one.account}" in query
                and since_id < one.id < until_id
                and one.shown_at <= self.now
                and one.account not in self.hidden
            ),
            reverse=True,
        )

    def answer(self, asked: Asked) -> tuple[int, Any]:
        """A page, or what X says instead."""
        if self.is_away:
            return 503, {"title": "Service Unavailable"}
        since_id, until_id = int(asked.params["since_id"]), int(asked.params.get("until_id", 10**19))
        oldest = snowflake.first_id_at(self.now - REACH)
        if since_id < oldest:
            words = (
                f"'since_id' must be a tweet id created after T. Please use a 'since_id' that is larger than {oldest}"
            )
            return 400, {"errors": [{"parameters": {"since_id": ["1"]}, "message": words}], "title": "Invalid Request"}
        token = asked.params.get("next_token")
        below = int(token) if token else until_id
        ids = self.found(asked.params["query"], since_id, min(below, until_id))
        some, more = ids[:PAGE], len(ids) > PAGE
        meta = {"result_count": len(some)} | ({"next_token": str(some[-1])} if more else {})
        return 200, {"data": [post(one) for one in some], "meta": meta}


def stale(oldest: int) -> tuple[int, Any]:
    """X refuses a since_id and proposes another."""
    words = f"'since_id' must be a tweet id created after T. Please use a 'since_id' that is larger than {oldest}"
    return 400, {"errors": [{"parameters": {"since_id": ["1"]}, "message": words}], "title": "Invalid Request"}


class ModelClock:
    """The model's time, as a process would see it."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def now(self) -> datetime:
        return self._model.now


class Collecting(RuleBasedStateMachine):
    """What happens, one thing after another."""

    services: Services
    x: ScriptedX

    @initialize()
    def begin(self) -> None:
        """Nobody is followed, nothing was posted."""
        db = self.services.stores.db
        for name in db.list_collection_names():
            db[name].delete_many({})
        self.services.broker.client.flushdb()
        without_archive(self.services)  # it is paced by the machine's clock
        self.slots = 0
        self.model = Model(datetime.now(self.started.tzinfo).replace(microsecond=0) - timedelta(days=40))
        self.x.script = self.model.answer
        self.covey = replace(self.services, clock=ModelClock(self.model))
        self.since: dict[str, datetime] = {}
        self.jobs: list[SearchPage] = []
        self.has_money = True
        self.refusal = ""
        self.covey.stores.sources.add_accounts(TRACKED, [], now=self.model.now)
        db["sources"].update_one({"_id": TRACKED}, {"$set": {"quota_share": 1.0}})

    started = datetime.now().astimezone()

    # --- what people do

    @rule(name=st.sampled_from(ACCOUNTS), back=st.sampled_from([0, 30, 600]))
    def follow(self, name: str, back: int) -> None:
        """Somebody follows an account, perhaps from before now."""
        if name not in self.since:
            since = self.model.now - back * MINUTE
            self.covey.stores.sources.add_accounts(TRACKED, [name], now=self.model.now)
            self.covey.following.follow([name], since=since, now=self.model.now, source=TRACKED)
            self.since[name] = since

    @precondition(lambda self: self.since)
    @rule(data=st.data())
    def unfollow(self, data: st.DataObject) -> None:
        """Somebody follows one no longer."""
        name = data.draw(st.sampled_from(sorted(self.since)))
        self.covey.stores.sources.take_accounts(TRACKED, [name], now=self.model.now)
        self.covey.following.unfollow([name], now=self.model.now, source=TRACKED)
        del self.since[name]

    @rule()
    def join(self) -> None:
        """The scheduler joins streams and brings them in step."""
        Reconciler(self.covey)._merge(self.model.now)  # a part of its round
        self.covey.following.keep_in_step(before=self.model.now, now=self.model.now)

    # --- what X does

    @rule(
        name=st.sampled_from(ACCOUNTS),
        ago=st.integers(0, 55),
        late_seconds=st.one_of(st.just(0), st.just(0), st.integers(1, int(LATEST.total_seconds()))),
        count=st.integers(1, 9),
    )
    def write(self, name: str, ago: int, late_seconds: int, count: int) -> None:
        """An account posts, and perhaps X shows it late."""
        self.model.advance(MINUTE)
        for number in range(count):
            self.model.write(name, timedelta(seconds=ago + number / 20), timedelta(seconds=late_seconds))

    @rule(minutes=st.sampled_from([1, 7, 40, 100]))
    def wait(self, minutes: int) -> None:
        """Time passes."""
        self.model.advance(minutes * MINUTE)

    @rule()
    def nobody_was_there(self) -> None:
        """Nine days without a scheduler."""
        self.model.advance(9 * DAY)

    @rule(name=st.sampled_from(ACCOUNTS))
    def hide(self, name: str) -> None:
        """An account is protected."""
        self.model.hidden.add(name)
        self.hidden_at = {**getattr(self, "hidden_at", {}), name: self.model.now}

    @precondition(lambda self: self.model.hidden)
    @rule(data=st.data())
    def show(self, data: st.DataObject) -> None:
        """It can be seen again, and the daily look notices."""
        name = data.draw(st.sampled_from(sorted(self.model.hidden)))
        self.model.hidden.discard(name)
        coverage.can_be_seen_again(self.covey.stores, name, since=self.hidden_at[name] - LATEST, now=self.model.now)

    @rule(is_away=st.booleans())
    def leave(self, is_away: bool) -> None:
        """X does not answer, or does again."""
        self.model.is_away = is_away
        if not is_away:  # the breaker goes by the machine's clock, which hardly moves here
            self.services.broker.client.flushdb()

    @rule(has_money=st.booleans())
    def spend(self, has_money: bool) -> None:
        """The budget of the lowest class is gone, or there again."""
        self.has_money = has_money

    @rule(is_spent=st.booleans())
    def spend_share(self, is_spent: bool) -> None:
        """The share that pays for all of it is spent, or its next day has come."""
        shares, today = self.covey.stores.shares, self.covey.ledger.now().date()
        if is_spent:
            shares.keep(today, "of the model", {TRACKED: 10**6 * DAY_USD})
        else:
            self.covey.stores.db["shares"].delete_many({})

    # --- what Covey does

    @rule(is_read=st.sampled_from([True, True, False]))
    def search(self, is_read: bool) -> None:
        """Every stream's slot comes; mostly its pages are read at once."""
        for stream in self.covey.stores.streams.active():
            self._plan(SEARCH, stream.id)
        if is_read:
            self.work(pages=20)

    @rule(
        name=st.sampled_from(ACCOUNTS),
        late_seconds=st.integers(30, int(LATEST.total_seconds())),
        count=st.integers(1, 4),
    )
    def write_between_searches(self, name: str, late_seconds: int, count: int) -> None:
        """Posts are made, the search that should have them comes before X shows them."""
        self.write(name, ago=5, late_seconds=late_seconds, count=count)
        self.model.advance(timedelta(seconds=20))
        self.search(is_read=True)

    @precondition(lambda self: self.since)
    @rule(data=st.data(), count=st.integers(1, 9), pages=st.integers(0, 3))
    def run_out_of_the_share(self, data: st.DataObject, count: int, pages: int) -> None:
        """Posts are made, and the share is spent after some pages; so it stays for a while, and is there again."""
        name = data.draw(st.sampled_from(sorted(self.since)))
        self.write(name, ago=5, late_seconds=0, count=count)
        self.model.advance(MINUTE)
        self.search(is_read=False)
        self.work(pages)
        self.spend_share(is_spent=True)
        self.search(is_read=True)
        self.write(name, ago=5, late_seconds=0, count=count)
        self.wait(100)
        self.spend_share(is_spent=False)
        self.search(is_read=True)

    @rule(kind=st.sampled_from([REREAD, BACKFILL]))
    def look_again(self, kind: str) -> None:
        """The slots of what is read again, and of what is missing."""
        if self.has_money:
            self._plan(kind, "")
            self.work(pages=20)

    @rule(pages=st.integers(1, 8))
    def work(self, pages: int) -> None:
        """A worker reads some pages; what X does not answer stays to be done."""
        for _ in range(pages):
            if self.jobs and not self._work(self.jobs.pop(0)):
                break

    @precondition(lambda self: self.jobs)
    @rule(collection=st.sampled_from(WRITES))
    def crash(self, collection: str) -> None:
        """A worker dies in the middle of a page; another one gets it."""
        with refusing(self.covey, collection):
            self._work(self.jobs[0])

    @precondition(lambda self: self.jobs)
    @rule()
    def lose(self) -> None:
        """A page is given up."""
        job = self.jobs.pop(0)
        sweep = self.covey.stores.sweeps.get(job.sweep_id)
        if sweep is not None and sweep.status is SweepStatus.OPEN:
            Reconciler(self.covey)._abandon(sweep, self.model.now)  # what a dead letter leads to

    @invariant()
    def every_moment_is_accounted_for(self) -> None:
        """Intervals and gaps of each stream are the whole of its time."""
        if not hasattr(self, "covey"):
            return
        stores = self.covey.stores
        for stream in stores.streams.active():
            gaps = stores.gaps.missing(streams=[stream.id])
            read = stores.intervals.of([stream.id])
            for piece in account(stream.began_at, stream.covered_through, read, gaps):
                assert piece.of is not None, (stream, piece)

    def teardown(self) -> None:
        """At rest, everything that can be recovered is stored, once."""
        if not hasattr(self, "covey"):
            return
        self.leave(is_away=False)
        self.has_money = True
        self.spend_share(is_spent=False)
        for name in sorted(self.model.hidden):
            self.model.hidden.discard(name)
            coverage.can_be_seen_again(self.covey.stores, name, since=self.hidden_at[name] - LATEST, now=self.model.now)
        self._come_to_rest()
        stores = self.covey.stores
        assert [gap for gap in stores.gaps.missing() if gap.state is GapState.OPEN] == []
        told = [(gap.members, gap.from_at, gap.to_at) for gap in stores.gaps.missing()]
        for name in self.since:
            read = stores.intervals.of([stream.id for stream in stores.streams.that_carried([name])])
            told += [((name,), one.from_at, one.to_at) for one in read if one.check is Check.NOT_VERIFIED]
        stored = stored_ids(self.covey)
        for one in self.model.posts:
            made_at = snowflake.created_at(one.id)
            if one.account in self.since and made_at >= self.since[one.account] and one.id not in stored:
                assert any(one.account in who and begin <= made_at <= end for who, begin, end in told), one

    def _come_to_rest(self) -> None:
        """Time goes by in which everything works."""
        for _ in range(6):
            self.model.advance(40 * MINUTE)
            for _ in range(3):
                self.search(is_read=False)
                self._plan(REREAD, "")
                self._plan(BACKFILL, "")
                while self.jobs:
                    assert self._work(self.jobs.pop(0)), self.refusal
                self.model.advance(15 * MINUTE)
        self.model.advance(DAY)  # gaps that were tried in vain are tried again within a day
        for _ in range(12):
            self._plan(BACKFILL, "")
            while self.jobs:
                assert self._work(self.jobs.pop(0)), self.refusal

    def _plan(self, kind: str, subject: str) -> None:
        self.slots += 1
        now = self.model.now
        slot = Slot(Schedule(f"{kind}:{subject}:{self.slots}", kind, subject, MINUTE, now, 0), now)
        stores = self.covey.stores
        shares = list(standings(self.covey, stores.sources.with_share()).values())
        planner = Planner(self.covey, shares=lambda: shares)
        self.jobs += [job for job, _ in planner.plan(slot, now) if isinstance(job, SearchPage)]

    def _work(self, job: SearchPage) -> bool:
        """Deliver a page; what it leads to waits behind the others. False: it is to be done again."""
        try:
            search_page(self.covey, job)
        except CoveyError as error:
            self.jobs.insert(0, job)
            self.refusal = repr(error)
            return False
        sweep = self.covey.stores.sweeps.get(job.sweep_id)
        if sweep is not None and sweep.status is SweepStatus.OPEN and sweep.page > job.page:
            self.jobs.append(SearchPage(sweep_id=sweep.id, page=sweep.page))
        return True


# 6 take five seconds; longer runs: EXAMPLES=200 in this file, by hand, after a change of what it is about.
EXAMPLES = 6


def test_whatever_happens_to_coverage(make_services: Callable[..., Services], x: ScriptedX) -> None:
    """At each step intervals and gaps are the whole time; at rest what X shows is stored, or told to be missing."""
    rhythm = {"reread_every_seconds": 1800.0, "margin_min_seconds": 20.0}
    services = make_services(x.url, budget_day_usd=float(DAY_USD), **rhythm)
    x.dated = False  # the model's clock is not the machine's

    class Machine(Collecting):
        pass

    Machine.services, Machine.x = services, x
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            phases=[Phase.generate],  # to make a failure small would take minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
