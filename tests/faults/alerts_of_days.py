"""Two days of a flock of its own, which end when they are told to: what X counted of each beside the ledger."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests

from control import commands
from scheduler.planner import USAGE
from shared.domain.money.usage import TOLERATED_RATIO
from shared.runtime.embedded import free_port
from shared.stores.schedules import Slot
from tests.faults.alerts_flock import API_QUEUES, FACTOR, AlertsFlock
from tests.faults.alerts_stage import Act
from tests.faults.flock import WholeFlock
from tests.faults.queue_fleet import wait_until

DAY = timedelta(days=1)
POSTS, OF_A_STRANGER = 60, 30
RATIO = "max(covey_usage_difference_ratio)"


class Days(WholeFlock):
    """A scheduler and a worker that follow nobody, so that only what is asked for here is bought.

    The clocks of X and of the worker are ahead of the machine's by `ahead`.
    """

    ahead = timedelta(0)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, world=("--activity", "1", "--tempo", "1"))

    def begin(self) -> dict[str, str]:
        """Start both processes; answers what Prometheus is to find."""
        self._ports = {"scheduler": free_port(), "worker": free_port()}
        self._start_scheduler()
        self._start_worker()
        wait_until(lambda: self._usage() is not None, 60, "the scheduler has its schedules")
        return {f"127.0.0.1:{port}": f"covey-{name}" for name, port in self._ports.items()}

    def night(self) -> None:
        """A day passes for X and for the worker, which is started again; then the scheduler has the count due."""
        worker = self.processes[-1]
        worker.terminate()
        worker.wait(60)
        self.kill(worker)
        self._order("clock", {"seconds": DAY.total_seconds()})
        self.ahead += DAY
        self._start_worker()
        schedule = self._usage()
        assert schedule is not None
        before = replace(schedule, version=schedule.version - 1)
        self.services.stores.schedules.give_back(Slot(before, self.services.clock.now()))

    def buy(self, post_ids: Sequence[int]) -> None:
        """A person asks for posts, and waits until X has said something of each."""
        asked = commands.refresh(self.services, post_ids, max_age=timedelta(0))
        wait_until(
            lambda: len(commands.refreshed(self.services, asked.run_ids, post_ids)) == len(post_ids),
            60,
            "they are read",
        )

    def some_posts(self, count: int) -> list[int]:
        """Ids of posts that are there."""
        now = self.services.clock.now()
        found = self.truth.posts("-is:retweet", since=now - DAY, until=now - timedelta(minutes=1))
        return [int(post["id"]) for post in found if post["state"] == "live"][:count]

    def stranger_buys(self, post_ids: Sequence[int]) -> None:
        """Another program of the same project reads posts."""
        answer = requests.get(
            f"{self.x_url}/2/tweets",
            params={"ids": ",".join(map(str, post_ids))},
            headers={"Authorization": "Bearer sim-stranger"},
            timeout=10,
        )
        answer.raise_for_status()

    def compared(self) -> int:
        """How many days have been compared on which both X and the ledger have posts."""
        both = {"kind": "usage", "ours": {"$gt": 0}, "theirs": {"$gt": 0}}
        return int(self.services.stores.db["ledger"].count_documents(both))

    def _order(self, path: str, body: dict[str, Any]) -> None:
        requests.post(f"{self.x_url}/_sim/{path}", json=body, timeout=60).raise_for_status()

    def _usage(self) -> Any:
        return next((one for one in self.services.stores.schedules.all() if one.kind == USAGE), None)

    def _start_scheduler(self) -> None:
        port = ["--metrics-port", str(self._ports["scheduler"])]
        self._start(["-m", "tests.faults.alerts_scheduler", str(FACTOR), *port], COVEY_INSTANCE="days-scheduler")

    def _start_worker(self) -> None:
        module = ["-m", "tests.faults.wrong_clock", str(self.ahead.total_seconds()), "workers.main"]
        options = ["--queues", ",".join(API_QUEUES), "--threads", "2", "--metrics-port", str(self._ports["worker"])]
        self._start([*module, *options], COVEY_INSTANCE="days-worker")


@contextmanager
def differing(flock: AlertsFlock) -> Iterator[None]:
    """On one day a stranger of the same project buys a third of all posts; on the next one nobody does."""
    with Days(flock.folder / "days") as days, flock.beside(days.begin()):
        posts = days.some_posts(POSTS + OF_A_STRANGER)
        days.buy(posts[:POSTS])
        days.stranger_buys(posts[POSTS:])
        days.night()
        wait_until(lambda: days.compared() == 1, 60, "the first day is compared")
        yield
        days.buy(posts[:POSTS])
        days.night()
        wait_until(lambda: days.compared() == 2, 60, "the second day is compared")
        wait_until(lambda: _ratio(flock) <= TOLERATED_RATIO, 60, "both counts are equal")


def _ratio(flock: AlertsFlock) -> float:
    value = flock.prometheus.value(RATIO)
    return math.inf if value is None else value


ACTS = (Act("another program buys posts of the same project for a day", ("CoveyLedgerDiffers",), differing),)
