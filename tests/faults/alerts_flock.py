"""A small flock under a real Prometheus: each process has a name and a port of its own, and is found while it lives."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from cryptography.fernet import Fernet

from control import commands
from shared.domain.jobs import ALL_QUEUES, Queue
from shared.runtime.embedded import free_port
from tests.faults.alerts_prometheus import Prometheus
from tests.faults.flock import Process, WholeFlock
from tests.faults.queue_fleet import wait_until

FACTOR = 40.0
API_QUEUES = tuple(queue for queue in ALL_QUEUES if queue != Queue.MEDIA)
SCHEDULER, MEDIA = "scheduler-1", "media-1"
WORKERS = ("worker-1", "worker-2")
LISTENER = "listener-1"
TRACKED, KEPT_BACK = 8, 4
RHYTHM: dict[str, Any] = {
    "account_look_seconds": 5.0,
    "reread_after_seconds": 10.0,
    "reread_every_seconds": 10.0,
    "unknown_job_seconds": 85.0,
    "media_min_free_bytes": 4_000_000,
    "reconcile_interval_seconds": 5.0,
    "stalled_after_seconds": 15.0,
}
MEDIA_DISK, MONGO_DISK = "512m", "1g"


class AlertsFlock(WholeFlock):
    """Servers, simulator, a scheduler, two workers and one of media, on disks of their own where this may be had."""

    def __init__(self, folder: Path, prometheus: Prometheus) -> None:
        self.prometheus = prometheus
        self.mounts = [path for path in (folder / "media", folder / "mongo") if _mounted(path)]
        keys = {"credential_keys": Fernet.generate_key().decode(), "media_dir": folder / "media"}
        super().__init__(folder, **RHYTHM, **keys)
        self._ports: dict[str, int] = {}
        self.named: dict[str, Process] = {}
        self._others: dict[str, str] = {}
        names = self.truth.accounts()
        self.tracked, self.kept_back = names[:TRACKED], names[TRACKED : TRACKED + KEPT_BACK]

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        for mount in self.mounts:
            subprocess.run(["umount", "--lazy", str(mount)], check=False)

    def begin(self) -> None:
        """Start all processes, follow accounts, and wait until posts and files come in."""
        for name in (SCHEDULER, *WORKERS, MEDIA):
            self.start(name)
        commands.track(self.services, self.tracked, since=timedelta(minutes=5))
        stores = self.services.stores
        wait_until(lambda: stores.posts.count() > 0, 60, "posts come in")
        wait_until(lambda: stores.media.count_by_status().get("ok", 0) > 0, 60, "files come in")
        wait_until(lambda: all(self.sees(name) for name in self.named), 60, "Prometheus has found all")

    def start(self, name: str, **environment: str) -> None:
        """Start the process of that name, and let Prometheus find it; its port stays the same."""
        port = self._ports.setdefault(name, free_port())
        end = ["--metrics-port", str(port)]
        if name.startswith("scheduler"):
            arguments = ["-m", "tests.faults.alerts_scheduler", str(FACTOR), *end]
        elif name.startswith("listener"):
            arguments = ["-m", "listener", *end]
        else:
            queues = [Queue.MEDIA] if name.startswith("media") else list(API_QUEUES)
            arguments = ["-m", "workers.main", "--queues", ",".join(queues), "--threads", "4", *end]
        self.named[name] = self._start(arguments, COVEY_INSTANCE=name, **environment)
        self._discover()

    def end(self, *names: str, cleanly: bool = False) -> None:
        """SIGKILL, or SIGTERM and what follows it; Prometheus finds them no more."""
        for name in names:
            process = self.named.pop(name)
            if cleanly:
                process.terminate()
                process.wait(60)
            self.kill(process)
        self._discover()

    def sees(self, name: str) -> float | None:
        """The start of a process, in epoch seconds, as Prometheus has scraped it."""
        address = f"127.0.0.1:{self._ports[name]}"
        return self.prometheus.value(f'process_start_time_seconds{{instance="{address}"}}')

    def order(self, path: str, body: dict[str, Any]) -> None:
        """An order to the simulator."""
        requests.post(f"{self.x_url}/_sim/{path}", json=body, timeout=10).raise_for_status()

    @contextmanager
    def answers(self, *rules: dict[str, Any]) -> Iterator[None]:
        """X answers by these rules for as long as the block runs."""
        self.order("faults", {"seed": 1, "rules": list(rules)})
        try:
            yield
        finally:
            self.order("faults", {})

    @contextmanager
    def beside(self, others: dict[str, str]) -> Iterator[None]:
        """Prometheus finds processes of another flock too, job by address, for as long as the block runs."""
        self._others = others
        self._discover()
        try:
            yield
        finally:
            self._others = {}
            self._discover()

    @contextmanager
    def filled(self, folder: Path, *, free: int) -> Iterator[None]:
        """Leave so many bytes free on the small disk of a folder. Raises NotTried where it has none of its own."""
        if folder not in self.mounts:
            raise NotTriedError("mounting a small disk takes root")
        filler = folder / "filler"
        room = shutil.disk_usage(folder).free - free
        subprocess.run(["fallocate", "--length", str(room), str(filler)], check=True)
        try:
            yield
        finally:
            filler.unlink()

    def _discover(self) -> None:
        jobs = {"scheduler": "covey-scheduler", "media": "covey-worker-media", "listener": "covey-listener"}
        own = {
            f"127.0.0.1:{self._ports[name]}": jobs.get(name.partition("-")[0], "covey-worker") for name in self.named
        }
        self.prometheus.discover(own | self._others)


class NotTriedError(Exception):
    """This machine cannot do what it takes."""


def _mounted(folder: Path) -> bool:
    folder.mkdir(parents=True)
    size = MEDIA_DISK if folder.name == "media" else MONGO_DISK
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "covey", str(folder)]
    return (
        shutil.which("mount") is not None and subprocess.run(command, check=False, capture_output=True).returncode == 0
    )
