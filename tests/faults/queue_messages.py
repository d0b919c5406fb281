"""Messages that cannot be worked on (R8)."""

from __future__ import annotations

from pathlib import Path

from tests.faults.finding import Finding
from tests.faults.queue_fleet import Fleet
from tests.faults.queue_worker import QUEUE


def unworkable(folder: Path, *, jobs: int) -> Finding:
    """R8: undecodable bytes, an unknown actor and a wrong schema version, each among good jobs."""
    with Fleet(folder) as fleet:
        keys = fleet.broker.keys(QUEUE)
        raw = {"raw-0": b"\xff\x00", "raw-1": b"[]", "raw-2": b'{"args": [], "options": null}'}
        for id, payload in raw.items():
            fleet.broker.client.hset(keys.payloads, id, payload)
            fleet.broker.client.zadd(keys.waiting, {id: 1})
        fleet.enqueue("nobody", "unknown")
        fleet.enqueue("refuse", "version")
        names = [fleet.enqueue("work", f"job-{number}", 1) for number in range(jobs)]
        worker = fleet.start()[0]
        fleet.wait_done(names, 30)
        fleet.wait_at_rest(10)
        reasons = {letter.redis_id: letter.reason.partition(":")[0] for letter in fleet.broker.dead(100)}
        alive = worker.poll() is None
    expected = {**dict.fromkeys(raw, "undecodable"), "unknown": "unknown_actor", "version": "BadJob"}
    return Finding(
        "R8",
        passed=reasons == expected and alive,
        figure=f"dead letters {reasons}, consumer {'alive' if alive else 'dead'}",
        limit=f"dead letters {expected}, consumer alive",
    )
