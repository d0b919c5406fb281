"""Signs of life in a real MongoDB."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.stores.bundle import Stores


def test_the_last_sign_counts(stores: Stores) -> None:
    """One document a process, as of MongoDB's time, by kind and name."""
    stores.processes.beat("w:2", {"kind": "worker", "threads": 1})
    stores.processes.beat("s:1", {"kind": "scheduler"})
    stores.processes.beat("w:2", {"kind": "worker", "threads": 4})

    first, second = stores.processes.all()

    assert (first["_id"], second["_id"], second["threads"]) == ("s:1", "w:2", 4)
    assert abs(second["beat_at"] - datetime.now(UTC)) < timedelta(seconds=5)


def test_who_leaves_is_forgotten(stores: Stores) -> None:
    """Once."""
    stores.processes.beat("w:2", {"kind": "worker"})

    assert stores.processes.leave("w:2")
    assert not stores.processes.leave("w:2")
    assert stores.processes.all() == []
