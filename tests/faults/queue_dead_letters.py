"""Many dead letters, and the commands of the person who deals with them (R13)."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import dramatiq

from shared.domain.jobs import ALL_QUEUES, DownloadMedia, Queue, SearchPage
from shared.runtime.settings import blank_environment
from shared.stores.dead_letters import REPLAY_LEASE, DeadFilter
from tests.faults.finding import Finding
from tests.faults.flock import WholeFlock
from tests.faults.queue_fleet import wait_until

FILES = 200
UNREADABLE = 20
ONE_DAY_MS = 86_400_000


class Commands:
    """`covey dead ... --json` as a person runs it: processes of their own."""

    def __init__(self, flock: WholeFlock) -> None:
        self._environment = blank_environment(
            REDIS_URL=flock.redis.url, MONGO_URI=flock.mongo.url, COVEY_DATA_DIR=str(flock.folder)
        )

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command."""
        command = [sys.executable, "-m", "control.cli", "dead", *arguments, "--json"]
        return subprocess.Popen(
            command, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def run(self, *arguments: str) -> Any:
        """What a command answers."""
        return answer(self.start(*arguments))


def answer(command: subprocess.Popen[bytes]) -> Any:
    """What a command that was started answers; raises AssertionError when it failed."""
    stdout, _ = command.communicate(timeout=60)
    assert command.returncode == 0, command.args
    return json.loads(stdout)


def replayed_and_purged(folder: Path, *, pages: int, crash: bool, limit_seconds: float) -> Finding:
    """R13: jobs die, are listed, shown, replayed by id, job and age, by two at the same time, and purged.

    crash: one replay is killed between enqueueing and noting what it enqueued, and repeated after its lease.
    """
    with WholeFlock(folder, simulator=False) as flock:
        store, commands = flock.services.stores.dead_letters, Commands(flock)
        _die(flock, pages)
        letters = commands.run("list", "--limit", "10000")
        shown = commands.run("show", letters[0]["_id"])
        some = [letter["_id"] for letter in letters if letter["job"] == DownloadMedia.name][:3]
        counts = [
            commands.run("replay", *some)["replayed"],
            commands.run("replay", "--job", DownloadMedia.name)["replayed"],
        ]
        if crash:
            _crash(flock, commands, at_depth=FILES)
        began = time.monotonic()
        both = [commands.start("replay", "--older-than", "0s") for _ in range(2)]
        counts.append(sum(answer(command)["replayed"] for command in both))
        seconds = time.monotonic() - began
        again = commands.run("replay", "--all")
        waiting = depth(flock)
        purged = commands.run("purge", "--all", "--yes")["purged"]
        left = store.count(DeadFilter())
    total = pages + FILES
    return Finding(
        "R13",
        passed=len(letters) == purged == total + UNREADABLE
        and shown == letters[0]
        and (counts == [3, FILES - 3, pages] or crash)
        and waiting == total
        and again == {"replayed": 0, "outstanding": 0, "unreadable": UNREADABLE, "busy": 0}
        and left == 0
        and seconds < limit_seconds,
        figure=f"{len(letters)} listed; replayed {counts[0]} by id, {counts[1]} by job, {counts[2]} by age in "
        f"{seconds:.1f} s by two at once, then {again['replayed']}; {waiting} jobs in the queue; {purged} purged"
        + ("; one replay killed" if crash else ""),
        limit=f"each job in the queue once, {pages} replayed within {limit_seconds:g} s, none left",
    )


def _die(flock: WholeFlock, pages: int) -> None:
    """Jobs of a version that nobody knows, and bytes that nobody can read, die in a worker, and are stored."""
    broker = flock.services.broker
    payloads = [(SearchPage.name, Queue.SEARCH, {"version": 0, "sweep_id": str(n), "page": 0}) for n in range(pages)]
    payloads += [(DownloadMedia.name, Queue.MEDIA, {"version": 0, "media_key": f"3_{n}"}) for n in range(FILES)]
    entries = [
        (dramatiq.Message(queue, job, (payload,), {}, {"correlation_id": "c"}), f"{job}:{number}", None)
        for number, (job, queue, payload) in enumerate(payloads)
    ]
    broker.enqueue_many_once(entries, dedup_ttl_ms=ONE_DAY_MS)
    keys = broker.keys(Queue.QUOTES)
    broker.client.hset(keys.payloads, mapping={f"raw-{number}": b"\xff" for number in range(UNREADABLE)})
    broker.client.zadd(keys.waiting, {f"raw-{number}": 1 for number in range(UNREADABLE)})
    worker = flock.worker(ALL_QUEUES)
    wait_until(lambda: depth(flock) == 0, 60, "all are dead")
    flock.kill(worker)
    flock.services.dead_letters.collect()


def depth(flock: WholeFlock) -> int:
    """How many jobs wait in all queues, or are held."""
    return sum(stats.ready + stats.in_flight for stats in flock.services.broker.introspection.queue_stats().values())


def _crash(flock: WholeFlock, commands: Commands, *, at_depth: int) -> None:
    """Kill a replay when the first of its messages are in the queue, and let its lease pass."""
    replay = commands.start("replay", "--all")
    wait_until(lambda: depth(flock) > at_depth, 30, "the replay has begun")
    replay.kill()
    replay.wait()
    now = flock.services.clock.now
    until = now() + REPLAY_LEASE
    wait_until(lambda: now() > until, REPLAY_LEASE.total_seconds() + 5, "the lease is over")
