"""Who is there, and who is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.domain.flock import GONE_AFTER, Process, ProcessKind, ended_a_minute, missing, serving

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def process(name: str = "a", **changes: Any) -> Process:
    """A worker with four threads on two queues that beat just now."""
    values: dict[str, Any] = {
        "id": name,
        "kind": ProcessKind.WORKER,
        "host": "h",
        "pid": 7,
        "version": "1",
        "started_at": NOW - timedelta(hours=1),
        "beat_at": NOW,
        "queues": ("search", "media"),
        "threads": 4,
        "ended_a_minute": {"search": 10},
    }
    return Process(**values | changes)


def test_silence_makes_a_process_gone() -> None:
    """Not at the limit, but beyond it."""
    assert not process(beat_at=NOW - GONE_AFTER).is_gone(NOW)
    assert process(beat_at=NOW - GONE_AFTER - timedelta(milliseconds=1)).is_gone(NOW)


def test_only_those_that_are_there_serve_and_count() -> None:
    """Threads and rates are summed by queue, without the gone ones."""
    flock = [
        process("a"),
        process("b", queues=("search",), threads=2, ended_a_minute={"search": 5, "media": 1}),
        process("c", beat_at=NOW - timedelta(minutes=1)),
    ]

    assert serving(flock, NOW) == {"search": 6, "media": 4}
    assert ended_a_minute(flock, NOW) == {"search": 15, "media": 1}


def test_one_that_was_replaced_is_not_missing() -> None:
    """What was started afterwards stands in for one, also when it is gone itself; others of the kind do not."""
    minute = timedelta(minutes=1)
    first = process("a", beat_at=NOW - 10 * minute)
    second = process("b", started_at=NOW - 9 * minute, beat_at=NOW - 5 * minute)
    third = process("c", started_at=NOW - 4 * minute)
    scheduler = process("s", kind=ProcessKind.SCHEDULER, started_at=NOW - minute)
    old = process("d")

    def workers(*flock: Process) -> int:
        return missing([*flock, scheduler], NOW)[ProcessKind.WORKER]

    assert [workers(old), workers(first, old), workers(first, second, old)] == [0, 1, 1]
    assert [workers(first, second, third), workers(first, second, third, old)] == [0, 0]
    assert missing([first, scheduler], NOW)[ProcessKind.SCHEDULER] == 0
