"""Signs of life in a real MongoDB."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.domain.flock import ProcessKind
from shared.stores.bundle import Stores

SAID = {"host": "h", "pid": 1, "version": "1", "started_at": datetime(2026, 5, 1, tzinfo=UTC)}


def test_the_last_sign_counts(stores: Stores) -> None:
    """One a process, as of MongoDB's time, by kind and name."""
    stores.processes.beat("w:2", {**SAID, "kind": "worker", "threads": 1})
    stores.processes.beat("s:1", {**SAID, "kind": "scheduler"})
    stores.processes.beat("w:2", {**SAID, "kind": "worker", "threads": 4})

    first, second = stores.processes.all()

    assert (first.id, second.id, second.threads) == ("s:1", "w:2", 4)
    assert abs(second.beat_at - datetime.now(UTC)) < timedelta(seconds=5)


def test_what_an_older_version_did_not_say_has_its_default(stores: Stores) -> None:
    """A process of before is read beside the new ones."""
    stores.processes.beat("s:1", {**SAID, "kind": "scheduler"})

    (read,) = stores.processes.all()

    assert (read.kind, read.queues, read.running, read.ended_a_minute) == (ProcessKind.SCHEDULER, (), (), {})
    assert (read.waits_for, read.leads, read.threads) == (None, False, 0)


def test_who_leaves_is_forgotten(stores: Stores) -> None:
    """Once."""
    stores.processes.beat("w:2", {**SAID, "kind": "worker"})

    assert stores.processes.leave("w:2")
    assert not stores.processes.leave("w:2")
    assert stores.processes.all() == []
