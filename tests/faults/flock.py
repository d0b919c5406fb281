"""The whole flock on servers of its own: real schedulers and workers as processes, the simulator as X, and damage."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from control.evidence import Truth
from shared.runtime.embedded import EmbeddedServer, die_with_parent, start_mongod, start_redis, tail
from shared.runtime.settings import Settings, blank_environment
from shared.services import bootstrap

WINDOW_SECONDS = 30
LAG_SECONDS = 1.0
ACCOUNTS = 20
# The limits of X are not what most of these programs are about.
WIDE_LIMITS = ("search/recent=10000", "quote_tweets=10000", "tweets=10000", "users/by=10000")
# A world that lives minutes instead of days. What decides how soon lost work is found again (stalled after, refresh
# lease, reconcile interval) is left as it is in operation.
RHYTHM: dict[str, Any] = {
    "x_search_lag_seconds": LAG_SECONDS,
    "rate_window_seconds": WINDOW_SECONDS,
    "search_interval_seconds": 2.0,
    "quotes_interval_seconds": 4.0,
    "refresh_interval_seconds": 1.0,
    "refresh_time_scale": 0.05,
    "heartbeat_timeout_seconds": 5.0,
    "scheduler_tick_seconds": 0.25,
    "metrics_host": "127.0.0.1",
    "x_bearer_token": "sim-faults",
}

Process = subprocess.Popen[bytes]


class WholeFlock:
    """Servers, the simulator if there is one, schedulers and workers, all started here and ended here.

    world: options of the simulator over its own. `services` reach the servers directly; `redis_port` and `mongo_port`
    (of a proxy) are what processes started from now on connect to.
    """

    def __init__(
        self,
        folder: Path,
        *,
        simulator: bool = True,
        limits: Sequence[str] = WIDE_LIMITS,
        world: Sequence[str] = (),
        **rhythm: Any,
    ) -> None:
        self.folder = folder
        self.redis: EmbeddedServer = start_redis(folder / "redis")
        self.mongo: EmbeddedServer = start_mongod(folder / "mongo")
        self.redis_port = self._own_redis_port = _port(self.redis.url)
        self.mongo_port = _port(self.mongo.url)
        self.processes: list[Process] = []
        self.x_url = self._start_simulator(limits, world) if simulator else "http://127.0.0.1:9"
        self.truth = Truth(self.x_url)
        self.rhythm = RHYTHM | {"x_base_url": self.x_url, "media_hosts": (self.x_url,), "data_dir": folder} | rhythm
        settings = Settings.alone(redis_url=self.redis.url, mongo_uri=self.mongo.url, **self.rhythm)
        self.services = bootstrap.build(settings, middleware=[])
        self.services.stores.ensure_indexes()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if error is not None:
            for log in sorted(self.folder.glob("process-*.log")):
                error.add_note(f"the end of {log.name}:\n{tail(log)}")
        for process in self.processes:
            process.kill()
            process.wait()
        self.services.broker.close()
        self.services.stores.db.client.close()
        self.redis.stop()
        self.mongo.stop()

    def scheduler(self, *, instance: str = "one", command: Sequence[str] = ("-m", "scheduler")) -> Process:
        """Start a scheduler."""
        return self._start([*command, "--metrics-port", "0"], COVEY_INSTANCE=instance)

    def worker(self, queues: Sequence[str], *, threads: int = 4) -> Process:
        """Start a worker of these queues."""
        options = ["--queues", ",".join(queues), "--threads", str(threads), "--metrics-port", "0"]
        return self._start(["-m", "workers.main", *options])

    def listener(self, *, instance: str) -> Process:
        """Start a listener."""
        return self._start(["-m", "listener", "--metrics-port", "0"], COVEY_INSTANCE=instance)

    def kill(self, process: Process) -> None:
        """SIGKILL."""
        process.kill()
        process.wait()
        self.processes.remove(process)

    def start_redis(self) -> None:
        """Start Redis again, on the same port and what is left of its data."""
        self.redis = start_redis(self.folder / "redis", port=self._own_redis_port)

    def logged(self, text: str) -> int:
        """How many lines of the logs of all processes hold a text."""
        return sum(log.read_text(errors="replace").count(text) for log in self.folder.glob("process-*.log"))

    def _start(self, arguments: list[str], **environment: str) -> Process:
        settings = {_name(name): _text(value) for name, value in self.rhythm.items()}
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env=blank_environment(
                **settings,
                REDIS_URL=f"redis://127.0.0.1:{self.redis_port}/0",
                MONGO_URI=f"mongodb://127.0.0.1:{self.mongo_port}/?directConnection=true",
                **environment,
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / f"process-{len(self.processes)}.log").open("ab"),
            preexec_fn=die_with_parent,  # noqa: PLW1509  # one libc call; no lock is taken before exec
        )
        self.processes.append(process)
        return process

    def _start_simulator(self, limits: Sequence[str], world: Sequence[str]) -> str:
        options = [
            *("--port", "0", "--seed", "7", "--accounts", str(ACCOUNTS), "--window-seconds", str(WINDOW_SECONDS)),
            *("--search-lag-seconds", str(LAG_SECONDS), "--history-hours", "12", "--activity", "30", "--tempo", "60"),
            *(part for limit in limits for part in ("--limit", limit)),
            *world,  # the last word of an option counts
        ]
        process = subprocess.Popen(
            [sys.executable, "-m", "simulator", *options],
            stdout=subprocess.PIPE,
            preexec_fn=die_with_parent,  # noqa: PLW1509  # as above
        )
        self.processes.append(process)
        assert process.stdout is not None
        return str(json.loads(process.stdout.readline())["url"])


def _port(url: str) -> int:
    return int(url.rpartition(":")[2].partition("/")[0])


def _name(setting: str) -> str:
    return "X_BEARER_TOKEN" if setting == "x_bearer_token" else f"COVEY_{setting.upper()}"


def _text(value: object) -> str:
    return json.dumps(value) if isinstance(value, tuple) else str(value)
