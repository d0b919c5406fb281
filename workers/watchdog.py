"""Ends a process in which a job will not end.

    running --limit (Dramatiq raises TimeLimitExceeded in the thread)--> most end here
                        | PATIENCE_SECONDS more
                        v
    stuck: its stack is told, the others get their grace period, the process leaves

A thread that hangs in a system call or in foreign code never sees what Dramatiq raises. Its message is not given back:
the end of the process counts as a crash, so that it is poison when it does so again and again.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Final

from shared.runtime import metrics
from shared.runtime.log import get_logger
from workers.running import Running, RunningJobs

log = get_logger(__name__)

LOOK_SECONDS: Final = 1.0
# What a job may still take to end by itself after Dramatiq has told it to.
PATIENCE_SECONDS: Final = 15.0


class Watchdog:
    """limit_seconds: how long a job may run. abandon: is told the message of a stuck one. leave: ends the process."""

    def __init__(
        self,
        jobs: RunningJobs,
        *,
        limit_seconds: float,
        patience_seconds: float = PATIENCE_SECONDS,
        abandon: Callable[[str], None],
        leave: Callable[[], None],
    ) -> None:
        self._jobs = jobs
        self._after_seconds = limit_seconds + patience_seconds
        self._abandon = abandon
        self._leave = leave
        self.stuck: list[Running] = []

    def look(self) -> list[Running]:
        """Tell of each job that is stuck, once, and have the process leave."""
        late = time.monotonic() - self._after_seconds
        known = {one.message_id for one in self.stuck}
        new = [one for one in self._jobs.now() if one.began < late and one.message_id not in known]
        for one in new:
            self._tell(one)
            self._abandon(one.message_id)
        self.stuck += new
        if new:
            self._leave()
        return new

    def run_forever(self, stop: threading.Event) -> None:
        """Look until `stop` is set."""
        while not stop.wait(LOOK_SECONDS):
            self.look()

    def _tell(self, one: Running) -> None:
        frame = sys._current_frames().get(one.thread_id)
        stack = "".join(traceback.format_stack(frame)) if frame else "the thread has ended"
        metrics.JOBS_STUCK.labels(one.job).inc()
        log.error(
            "job stuck, this process leaves",
            job=one.job,
            queue=one.queue,
            subject=one.subject,
            message_id=one.message_id,
            seconds=round(time.monotonic() - one.began, 1),
            thread_stack=stack,
        )
