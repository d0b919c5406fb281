"""Callers in processes of their own, an X that counts, a Redis between them, and what all of them saw.

X is the simulator over HTTP: its own count of windows and refusals is the judge. Windows are shorter than X's 900 s;
the limits are X's own.
"""

from __future__ import annotations

import json
import multiprocessing
import statistics
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Self

import requests

from shared.domain.models import WorkClass
from shared.runtime.embedded import start_redis
from tests.faults.limits_caller import TOKEN, Called, CallerConfig, Load, Waited, call_until
from tests.faults.queue_fleet import wait_until
from tests.workers.world import start_simulator

ENDPOINT = "search/recent"
LIMIT = 450
PROCESSES = 4
WINDOW_SECONDS = 4.0
# Many times the time of a call here, as the 60 s in life are. A lost probe holds the others back this long.
LEASE_SECONDS = 1.0
# Each process. People's work is there without end, and so takes what the floors leave; the rest comes on top.
ALL_CLASSES = (
    Load(WorkClass.INTERACTIVE, 2),
    Load(WorkClass.SEARCH, 2),
    Load(WorkClass.ENGAGEMENT, 2),
    Load(WorkClass.BACKFILL, 2),
)


@dataclass(frozen=True, slots=True)
class Window:
    """One window as X counted it. reset: epoch seconds, its name. used: calls let through, of ours and of strangers."""

    reset: int
    is_past: bool
    limit: int
    used: int
    refused: int

    @property
    def share(self) -> float:
        """Part of the limit that was used."""
        return self.used / self.limit


@dataclass(frozen=True, slots=True)
class Record:
    """What X counted and the callers saw. whole: windows that ended while the callers were at work."""

    whole: tuple[Window, ...]
    windows: tuple[Window, ...]
    calls: tuple[Called, ...]
    waits: tuple[Waited, ...]

    @property
    def refused(self) -> int:
        """Answers of 429 in all windows."""
        return sum(window.refused for window in self.windows)

    @property
    def least_share(self) -> float:
        """Use of the whole window that was used least."""
        return min(window.share for window in self.whole)

    def usage(self) -> str:
        """Use of the whole windows, in words."""
        shares = [window.share for window in self.whole]
        return f"{len(shares)} windows used {min(shares):.1%} at least, {statistics.median(shares):.1%} in the median"


class LimitsFlock:
    """Callers at work on a fresh X and Redis until the block ends. redis_url: of a Redis or a way to one, else its own.

    loads: of every process. slow_ms: how much later half of X's answers come, so that they overtake one another.
    offset_seconds: how far X's clock is ahead of Redis's.
    """

    def __init__(
        self,
        folder: Path,
        *,
        loads: Sequence[Load] = ALL_CLASSES,
        processes: int = PROCESSES,
        window_seconds: float = WINDOW_SECONDS,
        limit: int = LIMIT,
        lost_share: float = 0.0,
        seed: int = 1,
        redis_url: str | None = None,
        slow_ms: int = 0,
        offset_seconds: float = 0.0,
    ) -> None:
        self.folder = folder
        self.window_seconds = window_seconds
        self._loads, self._processes, self._lost_share, self._seed = tuple(loads), processes, lost_share, seed
        self._redis_url, self._slow_ms = redis_url, slow_ms
        self._options = (
            *("--accounts", "1", "--activity", "0", "--history-hours", "1"),
            *("--window-seconds", str(window_seconds), "--limit", f"{ENDPOINT}={limit}"),
            *("--time-offset-seconds", str(offset_seconds)),
        )
        self._session = requests.Session()
        self._session.trust_env = False  # see `Simulator`
        self._stack = ExitStack()
        # Forked from a process without threads, so that the tests may run several flocks at a time.
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["__main__", "tests.faults.limits_caller"])
        self._stop = self._context.Event()
        self._callers: list[BaseProcess] = []

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._x, process = start_simulator(*self._options)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            if self._slow_ms:
                rule = {"match": {"probability": 0.5}, "answer": {"kind": "pass", "delay_ms": self._slow_ms}}
                self._order("faults", {"seed": self._seed, "rules": [rule]})
            if self._redis_url is None:
                redis = start_redis(self.folder / "redis")
                stack.callback(redis.stop)
                self._redis_url = redis.url
            stack.callback(self._end)
            for number in range(self._processes):
                self._start(number)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    @property
    def redis_url(self) -> str:
        """Where the callers' limiter is."""
        assert self._redis_url is not None
        return self._redis_url

    def windows(self) -> tuple[Window, ...]:
        """Every window so far, the oldest first."""
        found = self._x.truth("windows", endpoint=ENDPOINT)["windows"]
        return tuple(
            Window(
                reset=round(datetime.fromisoformat(one["reset_at"]).timestamp()),
                is_past=one["past"],
                limit=one["limit"],
                used=one["granted"] + one["strangers"],
                refused=one["refused"],
            )
            for one in found
        )

    def present(self) -> Window | None:
        """The window that is open, None where the last one is over."""
        windows = self.windows()
        return windows[-1] if windows and not windows[-1].is_past else None

    def wait_windows(self, count: int) -> None:
        """Wait until so many windows are over."""
        seconds = (count + 1) * (self.window_seconds + 4) + 20
        self._wait(lambda: sum(window.is_past for window in self.windows()) >= count, seconds, f"{count} windows")

    def wait_used(self, calls: int, *, after: Window | None = None) -> Window:
        """Wait until the open window has so many calls; `after`: another window than this one."""
        found: list[Window] = []

        def is_used() -> bool:
            window = self.present()
            if window is None or window.used < calls or (after is not None and window.reset == after.reset):
                return False
            found.append(window)
            return True

        self._wait(is_used, 3 * self.window_seconds + 20, f"{calls} calls in a window")
        return found[0]

    def cut(self, limit: int) -> None:
        """X lowers the limit of the open window."""
        self._order("limits", {"endpoint": ENDPOINT, "limit": limit, "token": TOKEN, "lasting": False})

    def spend(self, calls: int) -> None:
        """A stranger spends the same token."""
        self._order("spend", {"endpoint": ENDPOINT, "token": TOKEN, "calls": calls})

    def record(self) -> Record:
        """Let the callers end, and answer what was seen."""
        whole = tuple(window for window in self.windows() if window.is_past)
        self._end()
        events = [json.loads(line) for path in self.folder.glob("caller-*.jsonl") for line in path.open()]
        return Record(
            whole=whole,
            windows=self.windows(),
            calls=tuple(sorted((Called(**e) for kind, e in events if kind == "Called"), key=lambda c: c.asked_at)),
            waits=tuple(sorted((Waited(**e) for kind, e in events if kind == "Waited"), key=lambda w: w.at)),
        )

    def _start(self, number: int) -> None:
        config = CallerConfig(
            x_url=self._x.url,
            redis_url=self.redis_url,
            window_seconds=self.window_seconds,
            lease_seconds=LEASE_SECONDS,
            loads=self._loads,
            lost_share=self._lost_share,
            seed=self._seed * 100 + number,
            log=self.folder / f"caller-{number}.jsonl",
        )
        process = self._context.Process(target=call_until, args=(config, self._stop), daemon=True)
        process.start()
        self._callers.append(process)

    def _wait(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        wait_until(lambda: self._stop.is_set() or condition(), seconds, what)
        assert not self._stop.is_set(), "a caller has failed"

    def _order(self, name: str, order: dict[str, Any]) -> None:
        answer = self._session.post(f"{self._x.url}/_sim/{name}", json=order, timeout=10)
        assert answer.status_code == 200, answer.text

    def _end(self) -> None:
        self._stop.set()
        for caller in self._callers:
            caller.join(20)
            if caller.exitcode is None:
                caller.kill()
        assert [caller.exitcode for caller in self._callers] == [0] * len(self._callers)
