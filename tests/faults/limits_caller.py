"""A process that calls X through the product's own gateway as often as it may, and writes down what happened.

A thread without a grant waits as long as the limiter says, as a deferred job does. Times are of the machine's monotonic
clock, which all processes share. Invariant: every grant, refusal and answer is a line in the log.
"""

from __future__ import annotations

import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing.synchronize import Event as SharedEvent
from pathlib import Path
from typing import TextIO

from pydantic import SecretStr

from shared.domain.errors import LimiterUnavailable, NotNow, PassingFault
from shared.domain.models import WorkClass
from shared.platforms.gateway import FixedCredentials
from shared.platforms.transport import Timeouts
from shared.platforms.x.auth import bearer_credential
from shared.platforms.x.client import XClient
from shared.platforms.x.gateway import XGateway
from shared.ratelimit.limiter import Limiter
from shared.ratelimit.model import CallRequest, Grant, Refusal, Settlement
from shared.redis.connection import connect
from shared.runtime.log import configure

TOKEN = "sim-flock"
QUERY = "from:nobody_at_all"  # finds nothing, so a call costs the simulator little
RETRY_SECONDS = 0.05  # a job waits 1 to 5 s, which is most of a shortened window


@dataclass(frozen=True, slots=True)
class Load:
    """Threads of one class of work. every_seconds: between two calls of a thread; 0 = as often as it may."""

    work_class: WorkClass
    threads: int
    every_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class CallerConfig:
    """What one process does. lost_share: of the grants that are never settled."""

    x_url: str
    redis_url: str
    window_seconds: float
    lease_seconds: float
    loads: tuple[Load, ...]
    lost_share: float
    seed: int
    log: Path


@dataclass(frozen=True, slots=True)
class Called:
    """One call of X: when its grant was asked for, its answer came, and the limiter knew of it.

    reset: the name of X's window, None where no header told it.
    """

    work_class: str
    asked_at: float
    answered_at: float
    told_at: float
    is_probe: bool
    status: int | None
    reset: int | None


@dataclass(frozen=True, slots=True)
class Waited:
    """One refusal of the limiter."""

    work_class: str
    at: float
    blocked_by: str
    seconds: float


class Witness:
    """The limiter, with a log, and with settlements that get lost on the way."""

    def __init__(self, limiter: Limiter, log: TextIO, lost_share: float, rng: random.Random) -> None:
        self._limiter, self._log, self._lost_share, self._rng = limiter, log, lost_share, rng
        self._asked_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def acquire(self, request: CallRequest) -> Grant | Refusal:
        """Ask the limiter."""
        asked_at = time.monotonic()
        answer = self._limiter.acquire(request)
        if isinstance(answer, Refusal):
            self._write(Waited(request.work_class.value, asked_at, answer.blocked_by, answer.wait_seconds))
        else:
            self._asked_at[answer.id] = asked_at
        return answer

    def settle(self, grant: Grant, settlement: Settlement) -> None:
        """Tell the limiter, or lose it."""
        answered_at = time.monotonic()
        try:
            if self._rng.random() >= self._lost_share:
                self._limiter.settle(grant, settlement)
        finally:
            self._write(
                Called(
                    grant.work_class.value,
                    self._asked_at.pop(grant.id),
                    answered_at,
                    time.monotonic(),
                    grant.is_probe,
                    settlement.status,
                    settlement.rate.reset_at_seconds,
                )
            )

    def _write(self, event: Called | Waited) -> None:
        line = json.dumps([type(event).__name__, asdict(event)]) + "\n"
        with self._lock:
            self._log.write(line)


def call_until(config: CallerConfig, stop: SharedEvent) -> None:
    """Run every thread of one process until `stop` is set."""
    configure(
        level="error", form="json", process="caller"
    )  # grants that are not settled are what these programs are about
    client = connect(config.redis_url, timeout_seconds=1.0)
    limiter = Limiter(client, window_seconds=config.window_seconds, lease_seconds=config.lease_seconds)
    timeouts = Timeouts(connect_seconds=1.0, read_seconds=config.lease_seconds * 0.6)
    rng = random.Random(config.seed)
    with config.log.open("w", encoding="utf-8") as log:
        gateway = XGateway(
            XClient(config.x_url, timeouts=timeouts, dialect="new"),
            Witness(limiter, log, config.lost_share, rng),
            FixedCredentials([bearer_credential(SecretStr(TOKEN))]),
        )
        with ThreadPoolExecutor(sum(load.threads for load in config.loads)) as pool:
            callers = [pool.submit(_call, gateway, load, stop) for load in config.loads for _ in range(load.threads)]
            for caller in as_completed(callers):
                caller.result()


def _call(gateway: XGateway, load: Load, stop: SharedEvent) -> None:
    while not stop.is_set():
        pause = load.every_seconds
        try:
            gateway.search(load.work_class, query=QUERY, max_results=10)
        except (LimiterUnavailable, PassingFault):
            pause = RETRY_SECONDS
        except NotNow as error:
            pause = error.wait_seconds
        except BaseException:
            stop.set()  # nothing can be learned from the rest
            raise
        if pause:
            stop.wait(pause)
