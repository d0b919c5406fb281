"""More jobs than grants (L10): how often the limiter is asked in vain, and whether the oldest jobs start first.

The queue, the limiter and the outcome policy are real, two workers share them; X is an answer with headers. Jobs go on
arriving while others wait. Jobs are numbered by age.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dramatiq

from shared.broker import CoveyBroker, Outcomes, build_broker, start_worker
from shared.domain.errors import NotGranted
from shared.domain.models import RateHeaders, WorkClass
from shared.domain.outcomes import decide
from shared.ratelimit.limiter import Limiter
from shared.ratelimit.model import CallRequest, Grant, Settlement
from shared.redis.connection import connect
from shared.runtime.clock import SystemClock
from shared.runtime.embedded import start_redis
from tests.faults.finding import Finding

QUEUE, ACTOR, ENDPOINT = "engagement", "ask", "tweets"
GATED = {QUEUE: (ACTOR,)}
WORKERS, THREADS = 2, 8
MOST_REFUSALS_A_GRANT = 2.0
MOST_OVERTAKEN = 1 / 20  # of all jobs
WIDE = 1_000_000


@dataclass(frozen=True, slots=True)
class Squeeze:
    """What holds the jobs back: a least interval, or a window of X of which `used` calls are spent and `left_seconds`
    are left.
    """

    interval_seconds: float = 0.0
    limit: int = WIDE
    used: int = 1
    window_seconds: float = 900.0
    left_seconds: float = 900.0
    answer_seconds: float = 0.02


class AnsweringX:
    """X's side of a squeeze: its window, counted, and the headers of an answer."""

    def __init__(self, squeeze: Squeeze) -> None:
        self._squeeze = squeeze
        self._lock = threading.Lock()
        self._used = squeeze.used - 1
        self._ends_at = time.time() + squeeze.left_seconds

    def answer(self) -> RateHeaders:
        """Count a call and answer it."""
        with self._lock:
            now = time.time()
            if now >= self._ends_at:
                self._ends_at, self._used = math.ceil(now + self._squeeze.window_seconds), 0
            self._used += 1
            remaining, reset_at = max(0, self._squeeze.limit - self._used), self._ends_at
        threading.Event().wait(self._squeeze.answer_seconds)
        return RateHeaders(
            limit=self._squeeze.limit, remaining=remaining, reset_at_seconds=reset_at, date_seconds=int(now)
        )


@dataclass(slots=True)
class Seen:
    """What the jobs saw: numbers of those that got a grant, in the order of their starts, and refusals."""

    jobs: int
    started: list[int] = field(default_factory=list)
    refusals: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def refusals_a_grant(self) -> float:
        """Questions in vain for each that was not."""
        return self.refusals / max(1, len(self.started))

    @property
    def overtaken(self) -> float:
        """The largest distance in age, as part of all jobs, by which a younger one started before an older one did."""
        youngest, most = -1, 0
        for number in self.started:
            most, youngest = max(most, youngest - number), max(youngest, number)
        never = set(range(self.jobs)) - set(self.started)
        return max(most, youngest - min(never, default=self.jobs)) / self.jobs

    def figure(self) -> str:
        """In words."""
        return (
            f"{self.refusals} refusals for {len(self.started)} grants ({self.refusals_a_grant:.2f} each), "
            f"overtaken by up to {self.overtaken:.1%} of the jobs"
        )


def an_interval(folder: Path, *, jobs: int, interval_seconds: float, seconds: float) -> Finding:
    """L10: calls of an endpoint must keep apart, and a thousand jobs wait for them."""
    return _finding(folder, jobs, Squeeze(interval_seconds=interval_seconds), seconds)


def a_paced_window(folder: Path, *, jobs: int, window_seconds: float, limit: int, seconds: float) -> Finding:
    """L10: four fifths of a window are spent, and background work keeps to the pace of time."""
    squeeze = Squeeze(
        limit=limit, used=round(limit * 0.8), window_seconds=window_seconds, left_seconds=window_seconds * 0.24
    )
    return _finding(folder, jobs, squeeze, seconds)


def a_turning_window(folder: Path, *, jobs: int, window_seconds: float, limit: int, seconds: float) -> Finding:
    """L10: a window is spent, and each time that one ends there is room for hundreds at once."""
    squeeze = Squeeze(limit=limit, used=limit, window_seconds=window_seconds, left_seconds=2.0)
    return _finding(folder, jobs, squeeze, seconds)


def _finding(folder: Path, jobs: int, squeeze: Squeeze, seconds: float) -> Finding:
    with_gates = crowd(folder / "gates", jobs=jobs, squeeze=squeeze, seconds=seconds)
    without = crowd(folder / "none", jobs=jobs, squeeze=squeeze, seconds=seconds, has_gates=False)
    return Finding(
        "L10",
        with_gates.refusals_a_grant <= MOST_REFUSALS_A_GRANT and with_gates.overtaken <= MOST_OVERTAKEN,
        f"{jobs} jobs: {with_gates.figure()}; without gates {without.figure()}",
        f"at most {MOST_REFUSALS_A_GRANT:.0f} refusals a grant, overtaken by at most {MOST_OVERTAKEN:.0%}",
    )


def crowd(folder: Path, *, jobs: int, squeeze: Squeeze, seconds: float, has_gates: bool = True) -> Seen:
    """Let the workers go for so many seconds: half of the jobs wait from the start, half arrive meanwhile."""
    seen, pause = Seen(jobs), threading.Event()
    with at_work(folder, squeeze, seen, has_gates=has_gates) as broker:
        began = time.monotonic()
        for number in range(jobs // 2):
            broker.enqueue(_message(number))
        for number in range(jobs // 2, jobs):
            pause.wait(max(0.0, began + seconds * (number - jobs // 2) / (jobs / 2) - time.monotonic()))
            broker.enqueue(_message(number))
    return seen


@contextmanager
def at_work(folder: Path, squeeze: Squeeze, seen: Seen, *, has_gates: bool = True) -> Iterator[CoveyBroker]:
    """A broker whose messages the workers work on, under a squeeze that has begun."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        redis = start_redis(folder)
        stack.callback(redis.stop)
        x = AnsweringX(squeeze)
        limiter = Limiter(
            connect(redis.url),
            window_seconds=squeeze.window_seconds,
            intervals_seconds={ENDPOINT: squeeze.interval_seconds} if squeeze.interval_seconds else {},
        )

        def ask(work_class: WorkClass) -> None:
            answer = limiter.acquire(CallRequest(ENDPOINT, ("app",), work_class))
            if not isinstance(answer, Grant):
                raise NotGranted(ENDPOINT, wait_seconds=answer.wait_seconds, blocked_by=answer.blocked_by)
            limiter.settle(answer, Settlement(answered=True, status=200, rate=x.answer()))

        ask(WorkClass.INTERACTIVE)
        brokers = [_worker(stack, redis.url, seen, ask, has_gates) for _ in range(WORKERS)]
        yield brokers[0]


def _worker(stack: ExitStack, url: str, seen: Seen, ask: Callable[[WorkClass], None], has_gates: bool) -> CoveyBroker:
    broker = build_broker(
        url,
        middleware=[Outcomes(decide, clock=SystemClock())],
        queues=[QUEUE],
        gated=GATED if has_gates else {},
    )

    def work(number: int) -> None:
        try:
            ask(WorkClass.ENGAGEMENT)
        except NotGranted:
            with seen.lock:
                seen.refusals += 1
            raise
        with seen.lock:
            seen.started.append(number)

    dramatiq.actor(work, broker=broker, actor_name=ACTOR, queue_name=QUEUE, throws=(NotGranted,))
    worker = start_worker(broker, queues=[QUEUE], threads=THREADS)
    stack.callback(broker.close)
    stack.callback(worker.stop, timeout=5000)
    return broker


def _message(number: int) -> dramatiq.Message[None]:
    return dramatiq.Message(queue_name=QUEUE, actor_name=ACTOR, args=(number,), kwargs={}, options={})
