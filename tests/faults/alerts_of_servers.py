"""What happens to the processes, servers and disks of a flock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import dramatiq
import redis

from control import commands
from shared.credentials.keeping import keep
from shared.domain.jobs import Queue
from shared.services.pausing import Pausing
from tests.faults.alerts_flock import MEDIA, SCHEDULER, WORKERS, AlertsFlock
from tests.faults.alerts_of_x import purge
from tests.faults.alerts_stage import Act
from tests.faults.queue_fleet import wait_until
from tests.shared.credentials.accounts import Account
from tests.workers.world import Simulator

RENEWED_AFTER_MS = 4_000
PAUSED = (Queue.INTERACTIVE, Queue.QUOTES)
STARTS = 4


@contextmanager
def killed_workers(flock: AlertsFlock) -> Iterator[None]:
    """SIGKILL to the media worker and, when a file waits, to all others; a person asks for a post. All start again."""
    flock.end(MEDIA)
    media = flock.services.stores.media
    wait_until(lambda: media.count_by_status().get("pending", 0) > 0, 60, "a file waits")
    flock.end(*WORKERS)
    _ask_for_a_post(flock)
    yield
    for name in (*WORKERS, MEDIA):
        flock.start(name)


@contextmanager
def killed_scheduler(flock: AlertsFlock) -> Iterator[None]:
    """SIGKILL to the only scheduler; it is started again."""
    flock.end(SCHEDULER)
    yield
    flock.start(SCHEDULER)


@contextmanager
def restarting(flock: AlertsFlock) -> Iterator[None]:
    """One worker is killed and started again and again."""
    for _ in range(STARTS):
        before = flock.sees(WORKERS[0])
        flock.end(WORKERS[0])
        flock.start(WORKERS[0])
        wait_until(lambda before=before: flock.sees(WORKERS[0]) not in (None, before), 30, "it is there again")  # type: ignore[misc]
    yield


@contextmanager
def stuck(flock: AlertsFlock) -> Iterator[None]:
    """A media host says nothing for minutes; a worker was told to wait that long, and not to work that long."""
    with flock.answers({"match": {"endpoint": "files"}, "answer": {"kind": "no_answer"}}):
        flock.start(
            "media-2",
            COVEY_MEDIA_TIMEOUT_SECONDS="600",
            COVEY_JOB_LIMIT_SECONDS="3",
            COVEY_SHUTDOWN_GRACE_SECONDS="5",
        )
        flock.end(MEDIA, cleanly=True)
        yield
    flock.start(MEDIA)
    flock.end("media-2")


@contextmanager
def waiting(flock: AlertsFlock) -> Iterator[None]:
    """A person pauses two queues, one of which has a job that is due, and resumes them. Meanwhile a job that no worker
    knows is sent to a third, and ends as a dead letter, which is purged."""
    pausing = Pausing(flock.services.stores.state)
    pausing.pause(PAUSED, now=flock.services.clock.now())
    wait_until(lambda: flock.prometheus.value('max(covey_queue_paused{queue="interactive"})') == 1, 30, "it is paused")
    _ask_for_a_post(flock)
    flock.services.broker.enqueue(
        dramatiq.Message[None](queue_name=Queue.ENGAGEMENT, actor_name="of_tomorrow", args=(), kwargs={}, options={})
    )
    yield
    pausing.resume(PAUSED)
    wait_until(lambda: _letters(flock), 120, "the job is given up")
    purge(flock)


@contextmanager
def redis_down(flock: AlertsFlock) -> Iterator[None]:
    """Redis is killed, and started again on its data."""
    flock.redis.process.kill()
    flock.redis.process.wait()
    yield
    flock.redis.start_again()


@contextmanager
def redis_full(flock: AlertsFlock) -> Iterator[None]:
    """Redis is given hardly more memory than it uses, then less, and may throw keys away."""
    with redis.Redis.from_url(flock.redis.url) as client:
        client.mset({f"filler:{number}": "x" * 500 for number in range(4_000)})
        client.config_set("maxmemory", int(client.info("memory")["used_memory"] * 1.05))
        try:
            wait_until(lambda: "CoveyRedisFull" in flock.prometheus.firing(), 60, "Redis is full")
            client.config_set("maxmemory-policy", "allkeys-lru")
            client.config_set("maxmemory", int(client.info("memory")["used_memory"] * 0.9))
            yield
        finally:
            client.config_set("maxmemory", 0)
            client.config_set("maxmemory-policy", "noeviction")
            client.delete(*(f"filler:{number}" for number in range(4_000)))


@contextmanager
def mongo_down(flock: AlertsFlock) -> Iterator[None]:
    """MongoDB is killed, and started again on its data."""
    flock.mongo.process.kill()
    flock.mongo.process.wait()
    yield
    flock.mongo.start_again()


@contextmanager
def unsaved(flock: AlertsFlock) -> Iterator[None]:
    """X takes four seconds to renew a token, and MongoDB is killed meanwhile; it is started again on its data."""
    services = flock.services
    rule = {"match": {"endpoint": "oauth2/token"}, "answer": {"kind": "pass", "delay_ms": RENEWED_AFTER_MS}}
    account = Account(Simulator(flock.x_url))
    with flock.answers(rule):
        over = timedelta(seconds=-1)
        id = keep(services.stores.credentials, services.vault, account.tokens, lifetime=over)
        claimed = {"_id": id, "refresh": {"$ne": None}}
        wait_until(lambda: services.stores.db["X_credentials"].find_one(claimed) is not None, 60, "somebody renews it")
        flock.mongo.process.kill()
        flock.mongo.process.wait()
        yield
        flock.mongo.start_again()
        saved = {"_id": id, "refresh": None}
        wait_until(
            lambda: services.stores.db["X_credentials"].find_one(saved) is not None, 60, "they are stored at last"
        )
    services.stores.credentials.remove(id)


@contextmanager
def mongo_full(flock: AlertsFlock) -> Iterator[None]:
    """The disk of MongoDB is filled to 92 %, and emptied."""
    with flock.filled(flock.folder / "mongo", free=80_000_000):
        yield


@contextmanager
def media_full(flock: AlertsFlock) -> Iterator[None]:
    """The disk of the media is filled up to less than what is to stay free, and emptied."""
    with flock.filled(flock.folder / "media", free=2_000_000):
        yield


def _ask_for_a_post(flock: AlertsFlock) -> None:
    post = flock.services.stores.db["X_tweets"].find_one({}, {"_id": 1})
    assert post is not None
    commands.refresh(flock.services, [int(post["_id"])], max_age=timedelta(0))


def _letters(flock: AlertsFlock) -> int:
    return int(flock.services.stores.db["dead_letters"].count_documents({"reason": {"$regex": "unknown_actor"}}))


ACTS = (
    Act("the only scheduler is killed", ("CoveyNoLeader",), killed_scheduler),
    Act(
        "all workers are killed, and vanish from discovery",
        (
            *("CoveyNoWorkers", "CoveyWorkersGone", "CoveyProcessesGone", "CoveyQueueUnserved", "CoveyCanarySilent"),
            *("CoveyQueueOld", "CoveyMediaStopped"),
        ),
        killed_workers,
        fires_within_seconds=120,
        silent_within_seconds=90,
    ),
    Act("a worker is killed and started four times", ("CoveyRestarts",), restarting, silent_within_seconds=90),
    Act("a media host hangs", ("CoveyJobStuck",), stuck, fires_within_seconds=90),
    Act(
        "two queues are paused while a job is due, and a job of a newer version is sent",
        ("CoveyQueuePaused", "CoveyJobsLeft"),
        waiting,
        must_not=("CoveyQueueOld", "CoveyCanarySilent", "CoveyQueueUnserved"),
        fires_within_seconds=130,
    ),
    Act(
        "Redis is killed",
        ("CoveyRedisDown", "CoveyScheduleLags", "CoveyStateUnread"),
        redis_down,
        fires_within_seconds=110,
    ),
    Act("Redis is full, and evicts", ("CoveyRedisFull", "CoveyRedisEvicts", "CoveyRedisEvicted"), redis_full),
    Act("MongoDB is killed", ("CoveyMongoDown",), mongo_down),
    Act("MongoDB is killed while X renews a token", ("CoveyTokensUnsaved",), unsaved),
    Act("the disk of MongoDB fills up", ("CoveyMongoDiskFull",), mongo_full),
    Act("the disk of the media fills up", ("CoveyDiskFull", "CoveyWaitsForRoom"), media_full),
)
