"""Messages that cannot be worked on (R8)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dramatiq

from tests.faults.finding import Finding
from tests.faults.queue_fleet import Fleet, wait_until
from tests.faults.queue_worker import QUEUE

# By id: options of de-duplication that no settlement can work with.
DEDUPS: dict[str, dict[str, object]] = {
    "dedup-0": {"dedup_key": "k", "dedup_ttl_ms": "x"},
    "dedup-1": {"dedup_key": "\ud800", "dedup_ttl_ms": 60_000},
}


# A job that this worker does not know is left for so long.
LEFT_MS = 5_000


def unworkable(folder: Path, *, jobs: int) -> Finding:
    """R8: what can be of no version dies at once (undecodable bytes, options that cannot be settled, a wrong version).

    An unknown actor and a newer schema are left for a worker that knows them, and die after the time that was set.
    """
    with Fleet(folder, unknown_job_ms=LEFT_MS) as fleet:
        keys = fleet.broker.keys(QUEUE)
        raw = {"raw-0": b"\xff\x00", "raw-1": b"[]", "raw-2": b'{"args": [], "options": null}'}
        for id, payload in raw.items():
            fleet.broker.client.hset(keys.payloads, id, payload)
            fleet.broker.client.zadd(keys.waiting, {id: 1})
        for id, options in DEDUPS.items():
            message: dramatiq.Message[Any] = dramatiq.Message(QUEUE, "work", (id, 1), {}, options, message_id=id)
            fleet.enqueue_message(message, None)
        fleet.enqueue("nobody", "unknown")
        fleet.enqueue("leave", "newer")
        fleet.enqueue("refuse", "version")
        at_once = {**dict.fromkeys([*raw, *DEDUPS], "undecodable"), "version": "BadJob"}
        worker = fleet.start()[0]
        wait_until(lambda: len(_reasons(fleet)) >= len(at_once), 30, "those that fit no version are dead")
        first = _reasons(fleet)
        names = [fleet.enqueue("work", f"job-{number}", 1) for number in range(jobs)]
        fleet.wait_done(names, 30)
        fleet.wait_at_rest(30)
        last = _reasons(fleet)
        alive = worker.poll() is None
    expected = {**at_once, "unknown": "unknown_actor", "newer": "NewerJob"}
    return Finding(
        "R8",
        passed=first == at_once and last == expected and alive,
        figure=f"dead at once {first}, in the end {last}, consumer {'alive' if alive else 'dead'}",
        limit=f"dead at once {at_once}, after {LEFT_MS} ms also unknown and newer, consumer alive",
    )


def _reasons(fleet: Fleet) -> dict[str, str]:
    """The kind of reason of each dead letter."""
    return {letter.redis_id: letter.reason.partition(":")[0] for letter in fleet.broker.introspection.dead(100)}
