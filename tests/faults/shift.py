"""One worker's shift, without the waits of its retries: every job is run by its handler, and every error decided on.

Owns what a worker does around a handler: take the job from its queue, ask the outcome policy, and bring the job again
or bury it. Waits that X names are waited for in full when they are short; where a person must act, the block is lifted
as a person would. Invariant: a shift ends, or fails for going round.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

from shared.domain.errors import PostsWithheld
from shared.domain.jobs import Job, Queue
from shared.domain.outcomes import DeferFor, Done, GiveUp, Outcome, Pause, RetryIn, decide
from shared.services.bootstrap import Services
from tests.workers.world import HANDLERS, jobs_in, take_jobs

QUEUES = (Queue.SEARCH, Queue.BACKFILL, Queue.QUOTES, Queue.ENGAGEMENT, Queue.INTERACTIVE)
MOST_DELIVERIES = 60
LONGEST_WAIT_SECONDS = 4.0


@dataclass
class Shift:
    """What became of the jobs: every decision but the last one of each, those that are dead, and blocks lifted."""

    services: Services
    decisions: list[Outcome] = field(default_factory=list)
    dead: list[Job] = field(default_factory=list)
    lifted: list[str] = field(default_factory=list)

    def work(self, job: Job) -> None:
        """Work on the job and on all that it leads to. Fails when there is no end to it."""
        waiting = deque([(job, 1)])
        for _ in range(MOST_DELIVERIES):
            if not waiting:
                waiting.extend((sent, 1) for sent in self._sent())
            if not waiting:
                return
            present, attempt = waiting.popleft()
            match decision := self._deliver(present, attempt):
                case Done():
                    continue
                case GiveUp():
                    self.dead.append(present)
                case RetryIn():
                    waiting.append((present, attempt + 1))
                case DeferFor(_, reason) if reason == PostsWithheld.__name__:  # a wait of ours, not one that X names
                    waiting.append((present, attempt))
                case DeferFor(seconds, _) if seconds <= LONGEST_WAIT_SECONDS:
                    threading.Event().wait(seconds)
                    waiting.append((present, attempt))
                case DeferFor() | Pause():
                    self._lift_blocks()
                    waiting.append((present, attempt))
            self.decisions.append(decision)
        raise AssertionError(f"no end after {MOST_DELIVERIES} deliveries: {self.decisions}")

    def reasons(self, kind: type[Outcome]) -> list[str]:
        """Why jobs were decided on so, in order."""
        return [one.reason for one in self.decisions if isinstance(one, kind) and not isinstance(one, Done)]

    def _sent(self) -> list[Job]:
        """The jobs that were sent for meanwhile. An empty queue is left alone: to take from it lasts 5 ms."""
        full = [queue for queue in QUEUES if jobs_in(self.services, queue)]
        return [sent for queue in full for sent in take_jobs(self.services, queue)]

    def _deliver(self, job: Job, attempt: int) -> Outcome:
        error: Exception | None = None
        try:
            HANDLERS[type(job)](self.services, job)
        except Exception as caught:  # noqa: BLE001  # the policy decides on every one
            error = caught
        return decide(error, attempt=attempt, age_seconds=0.0)

    def _lift_blocks(self) -> None:
        """What a person does: buy credits, renew a token, and tell the limiter."""
        limiter = self.services.limiter
        state = limiter.state()
        for window in state.windows:
            if window.blocked:
                self.lifted.append(window.blocked)
                limiter.unblock(credential_id=window.credential_id, endpoint=window.endpoint)
        for block in state.blocks:
            self.lifted.append(block.scope)
            limiter.unblock(credential_id=block.credential_id)
