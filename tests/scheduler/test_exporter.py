"""The gauges of the scheduler, on real servers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import redis
from prometheus_client import REGISTRY
from pymongo.database import Database

from scheduler.exporter import Exporter
from shared.domain.coverage.accounts import AccountState
from shared.domain.coverage.audits import Audit, Hour
from shared.domain.coverage.gaps import GapReason, GapState, Unread, note
from shared.domain.coverage.intervals import Interval
from shared.domain.coverage.streams import Stream
from shared.domain.coverage.subjects import Subject
from shared.domain.coverage.sweeps import ReadBy
from shared.domain.engagement.standing import Standing, TierStanding
from shared.domain.engagement.tiers import Tier
from shared.domain.jobs import ALL_QUEUES
from shared.domain.models import WorkClass
from shared.ratelimit.model import Block, BlockScope, CallRequest, Grant, Settlement
from shared.runtime.embedded import free_port
from shared.runtime.settings import Settings
from shared.services import bootstrap
from shared.services.silence import SILENT
from shared.stores.bundle import INDEXES, Stores

# The session's Redis holds what earlier tests left until a client of this one empties it.
pytestmark = pytest.mark.usefixtures("redis_client")

FIRST = datetime(2026, 11, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 1, 13, tzinfo=UTC)


def exporter(redis_url: str, mongo_uri: str) -> Exporter:
    """An exporter of an empty database."""
    settings = Settings.load(redis_url=redis_url, mongo_uri=mongo_uri, mongo_database="covey_test")
    services = bootstrap.build(settings, middleware=[])
    for queue in ALL_QUEUES:
        services.broker.declare_queue(queue)
    return Exporter(services)


def read_at(part: str) -> float | None:
    """When the part was last read, in seconds since the epoch."""
    return REGISTRY.get_sample_value("covey_state_read_timestamp_seconds", {"part": part})


def test_all_parts_are_read_and_say_when(redis_url: str, mongo_uri: str, mongo_db: Database[dict[str, object]]) -> None:
    """A look at reachable servers sets the time of every part."""
    mongo_db["dead_letters"].insert_many([{"_id": "waits"}, {"_id": "was replayed", "replay": {"sent": True}}])

    exporter(redis_url, mongo_uri).run_once(FIRST)

    assert {read_at(part) for part in ("queues", "documents", "coverage", "windows", "servers", "flock")} == {
        FIRST.timestamp()
    }
    assert REGISTRY.get_sample_value("covey_queue_jobs", {"queue": "search", "state": "ready"}) == 0
    assert REGISTRY.get_sample_value("covey_dead_letters_waiting") == 1


def test_what_cannot_be_read_stays_old_and_the_rest_goes_on(
    redis_url: str, mongo_uri: str, mongo_db: Database[dict[str, object]]
) -> None:
    """Without Redis the look ends well: the queues keep their time, MongoDB's parts have a new one."""
    exporter(redis_url, mongo_uri).run_once(FIRST)

    exporter(f"redis://127.0.0.1:{free_port()}/0", mongo_uri).run_once(LATER)

    assert read_at("queues") == FIRST.timestamp()
    assert read_at("windows") == FIRST.timestamp()
    assert read_at("documents") == LATER.timestamp()
    assert read_at("coverage") == LATER.timestamp()


def test_what_x_blocks_is_a_gauge_that_falls_again(
    redis_url: str, mongo_uri: str, mongo_db: Database[dict[str, object]]
) -> None:
    """Each block is counted under its scope and endpoint, and is 0 once it is lifted."""
    settings = Settings.load(redis_url=redis_url, mongo_uri=mongo_uri, mongo_database="covey_test")
    limiter = bootstrap.build(settings, middleware=[]).limiter
    for scope in (BlockScope.PAID, BlockScope.CREDENTIAL_ENDPOINT):
        one = limiter.acquire(CallRequest("media", (f"of-{scope}",), WorkClass.INTERACTIVE))
        assert isinstance(one, Grant)
        limiter.settle(one, Settlement(answered=True, status=403, block=Block(scope, "", for_seconds=60)))
    looking = exporter(redis_url, mongo_uri)

    def blocked(scope: BlockScope, endpoint: str) -> float | None:
        return REGISTRY.get_sample_value("covey_x_blocked", {"scope": scope.value, "endpoint": endpoint})

    looking.run_once(FIRST)
    assert (blocked(BlockScope.PAID, ""), blocked(BlockScope.CREDENTIAL_ENDPOINT, "media")) == (1, 1)
    limiter.unblock()
    looking.run_once(LATER)
    assert (blocked(BlockScope.PAID, ""), blocked(BlockScope.CREDENTIAL_ENDPOINT, "media")) == (0, 1)


def test_the_series_of_broken_endpoints_begin_at_0(
    redis_url: str, mongo_uri: str, mongo_db: Database[dict[str, object]]
) -> None:
    """Before X fails at an endpoint its series is there, so that an alert has something to look at."""
    exporter(redis_url, mongo_uri).run_once(FIRST)

    series = {"scope": "breaker", "endpoint": "search/recent"}
    assert REGISTRY.get_sample_value("covey_x_blocked", series) == 0


def test_what_the_servers_lack_is_told(
    redis_url: str, mongo_uri: str, redis_client: redis.Redis, mongo_db: Database[dict[str, object]]
) -> None:
    """Whether Redis may throw keys away, and how many indexes are missing; looked at again after a minute."""
    told = exporter(redis_url, mongo_uri)

    def look(now: datetime) -> tuple[float | None, float | None]:
        told.run_once(now)
        names = ("covey_redis_evictable", "covey_indexes_missing")
        return REGISTRY.get_sample_value(names[0]), REGISTRY.get_sample_value(names[1])

    first = look(FIRST)
    redis_client.config_set("maxmemory-policy", "volatile-lru")
    try:
        Stores.on(mongo_db).ensure_indexes()
        within_the_minute = look(FIRST + timedelta(seconds=59))
        after_it = look(FIRST + timedelta(seconds=60))
    finally:
        redis_client.config_set("maxmemory-policy", "noeviction")

    assert first == within_the_minute == (0, len(INDEXES))
    assert after_it == (1, 0)


def test_how_full_the_servers_are_is_told(
    redis_url: str, mongo_uri: str, redis_client: redis.Redis, mongo_db: Database[dict[str, object]]
) -> None:
    """Redis by its limit, 0 without one; the disk of MongoDB, 0 while it stores nothing."""
    told = exporter(redis_url, mongo_uri)
    told.run_once(FIRST)
    names = ("covey_redis_memory_used_ratio", "covey_mongo_disk_used_ratio")
    before = [REGISTRY.get_sample_value(name) for name in names]
    mongo_db["X_tweets"].insert_one({"a": 1})
    redis_client.config_set("maxmemory", redis_client.info("memory")["used_memory"] * 2)
    try:
        told.run_once(LATER + timedelta(minutes=1))
    finally:
        redis_client.config_set("maxmemory", 0)

    memory, disk = [REGISTRY.get_sample_value(name) for name in names]
    assert before == [0, 0]
    assert memory == pytest.approx(0.5, rel=0.2)
    assert disk is not None
    assert 0 < disk < 1


def test_followed_accounts_are_told_by_state(
    redis_url: str, mongo_uri: str, mongo_db: Database[dict[str, object]]
) -> None:
    """Every state has its gauge; a name that was left, and one that somebody else has now, are told apart."""
    mongo_db["X_tracked_handles"].insert_many(
        [
            {"_id": "a", "username": "a", "active": True, "user_id": "1"},
            {"_id": "b", "username": "b", "active": True, "user_id": "2", "state": "suspended"},
            {"_id": "c", "username": "c", "active": False, "user_id": "3", "state": "renamed"},
            {"_id": "d", "username": "d", "active": False, "user_id": "4", "state": "renamed", "taken_by": "9"},
            {"_id": "e", "username": "e", "active": False, "user_id": "5"},
        ]
    )

    exporter(redis_url, mongo_uri).run_once(FIRST)

    counts = {state: REGISTRY.get_sample_value("covey_accounts", {"state": state.value}) for state in AccountState}
    ones = {AccountState.ACTIVE, AccountState.SUSPENDED, AccountState.RENAMED, AccountState.NAME_REUSED}
    assert counts == {state: float(state in ones) for state in AccountState}


def test_who_is_there_and_who_is_not(redis_url: str, mongo_uri: str, mongo_db: Database[dict[str, object]]) -> None:
    """Counted by the last signs of life, so that a process is missed also where nobody scrapes it any more."""
    now = datetime.now(UTC)
    common = {"host": "h", "pid": 1, "version": "1", "started_at": now, "queues": ["media"], "threads": 8}
    mongo_db["processes"].insert_many(
        [
            {"_id": "a", "kind": "worker", "beat_at": now, "waits_for": "room", **common},
            {"_id": "b", "kind": "worker", "beat_at": now - timedelta(minutes=5), **common},
        ]
    )
    mongo_db["X_state"].insert_one({"_id": "paused_queues", "value": {"quotes": now}})

    exporter(redis_url, mongo_uri).run_once(now)

    def value(name: str, **labels: str) -> float | None:
        return REGISTRY.get_sample_value(name, labels)

    assert value("covey_processes", kind="worker", state="there") == 1
    assert value("covey_processes", kind="worker", state="gone") == 1
    assert value("covey_processes", kind="worker", state="missing") == 0  # the other one was started afterwards
    assert value("covey_processes", kind="scheduler", state="there") == 0
    assert (value("covey_queue_threads", queue="media"), value("covey_queue_threads", queue="search")) == (8, 0)
    assert (value("covey_queue_paused", queue="quotes"), value("covey_queue_paused", queue="media")) == (1, 0)
    assert value("covey_processes_waiting") == 1


def test_the_last_nightly_audit_is_told_by_its_worst_source(
    redis_url: str, mongo_uri: str, mongo_db: Database[dict[str, object]]
) -> None:
    """The greatest part that is missing, all posts that are, and of how many sources; what is in a gap is none. So is
    how many were silent at the last look."""
    audits, day = Stores.on(mongo_db).audits, date(2026, 11, 1)
    Stores.on(mongo_db).state.set(SILENT, 4)
    audits.choose(day, [Subject(name, name, FIRST) for name in ("a", "b", "c")], now=FIRST)
    hours = {
        "a": Hour(FIRST, LATER, 50, 48, 0),
        "b": Hour(FIRST, LATER, 9, 9, 0),
        "c": Hour(FIRST, LATER, 9, 0, 0, True),
    }
    for name, hour in hours.items():
        audits.done(f"{day}:{name}", Audit((hour,)), micro_usd=5_000, now=FIRST)

    exporter(redis_url, mongo_uri).run_once(LATER)

    assert REGISTRY.get_sample_value("covey_silent_sources") == 4
    told = [REGISTRY.get_sample_value(f"covey_audit_{name}") for name in ("missing_ratio", "missing_posts", "sources")]
    assert told == [2 / 50, 2, 3]


def test_what_rests_on_purpose_is_no_delay(
    redis_url: str, mongo_uri: str, mongo_db: Database[dict[str, object]]
) -> None:
    """A stream whose share is spent is neither behind nor not verified, and what it left is no open gap."""
    stores, hour = Stores.on(mongo_db), timedelta(hours=1)
    for name, rested_at in (("rests", LATER), ("lags", None)):
        covered = LATER - (5 * hour if rested_at else 0.5 * hour)
        fixed = {"began_at": FIRST - 9 * hour, "covered_through": covered, "cursor_id": 1, "rested_at": rested_at}
        stores.streams.add(Stream(id=name, members=(name,), query="q", **fixed), now=LATER)
        span = {"from_at": LATER - 9 * hour, "to_at": LATER - 8 * hour, "read_at": LATER - 8 * hour}
        stores.intervals.add(Interval(id=name, stream=name, route=ReadBy.RECENT, posts=0, **span))
    for number, reason in enumerate((GapReason.OVER_SHARE, GapReason.PAGE_LOST, GapReason.TOO_LONG)):
        span_of = Unread(LATER - (number + 2) * hour, LATER - hour, reason)
        stores.gaps.note([note(span_of, stream="rests", members=["rests"], now=LATER)])
    (long, *_) = [one for one in stores.gaps.missing() if one.reason is GapReason.TOO_LONG]
    stores.gaps.end(long.id, GapState.FINAL, now=LATER)

    exporter(redis_url, mongo_uri).run_once(LATER)

    assert REGISTRY.get_sample_value("covey_coverage_lag_seconds") == 1800
    assert REGISTRY.get_sample_value("covey_unverified_seconds") == 3600
    found = {
        state: REGISTRY.get_sample_value("covey_gaps_seconds", {"state": state})
        for state in ("open", "resting", "final")
    }
    assert found == {"open": 7200, "resting": 3600, "final": 10800}


def test_how_engagement_is_followed_is_told_by_tier(
    redis_url: str, mongo_uri: str, mongo_db: Database[dict[str, object]]
) -> None:
    """As it was counted last, with the time of that; what is due too."""
    one = TierStanding(followed=100, due=4, overdue=3, claimed=1, lag_seconds=9.5)
    standing = Standing(at=FIRST, took_seconds=0.1, tiers={Tier.WARM: one}, unpaid=0)
    Stores.on(mongo_db).standing.keep(standing)

    exporter(redis_url, mongo_uri).run_once(FIRST)

    labels = {"tier": "warm"}
    told = [
        REGISTRY.get_sample_value(f"covey_{name}", labels)
        for name in ("followed_posts", "refreshes_overdue", "refresh_lag_seconds", "stale_ratio")
    ]
    assert told == [100, 3, 9.5, 0.05]
    assert REGISTRY.get_sample_value("covey_followed_timestamp_seconds") == FIRST.timestamp()
    assert REGISTRY.get_sample_value("covey_refreshes_due") == 4
