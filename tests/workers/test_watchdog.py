"""A job that does not end, in real processes."""

from __future__ import annotations

import threading
import time

from shared.runtime.clock import SystemClock
from tests.workers.world import eventually
from workers.running import Running, RunningJobs
from workers.watchdog import Watchdog


class Held(RunningJobs):
    """One job that a thread of this process hangs in."""

    def __init__(self, seconds: float, thread_id: int) -> None:
        super().__init__(SystemClock())
        self._one = Running(
            thread_id=thread_id,
            message_id="m",
            job="canary",
            queue="media",
            subject="s",
            since=SystemClock().now(),
            began=time.monotonic() - seconds,
        )

    def now(self) -> list[Running]:
        """It, for ever."""
        return [self._one]


def hang_here(end: threading.Event) -> None:
    """What a stack must show."""
    end.wait(20)


def test_a_stuck_job_is_told_once_with_its_stack() -> None:
    """Its message is abandoned and the process leaves; one that is merely slow is let be."""
    end = threading.Event()
    thread = threading.Thread(target=hang_here, args=(end,), daemon=True)
    thread.start()
    abandoned: list[str] = []
    left = threading.Event()

    def dog(seconds: float) -> Watchdog:
        jobs = Held(seconds, thread.ident or 0)
        return Watchdog(jobs, limit_seconds=10, patience_seconds=5, abandon=abandoned.append, leave=left.set)

    slow, stuck = dog(14), dog(16)

    assert slow.look() == []
    assert (abandoned, left.is_set()) == ([], False)
    (found,) = stuck.look()
    assert (found.message_id, abandoned, left.is_set()) == ("m", ["m"], True)
    assert stuck.look() == []
    assert stuck.stuck == [found]
    end.set()


def test_it_looks_until_it_is_told_to_stop() -> None:
    """On its own thread."""
    stop, left = threading.Event(), threading.Event()
    dog = Watchdog(Held(99, 0), limit_seconds=1, abandon=lambda _: None, leave=left.set)
    thread = threading.Thread(target=dog.run_forever, args=(stop,))
    thread.start()

    eventually(left.is_set)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
