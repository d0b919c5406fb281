"""Records a bad day: what `covey up`, `covey status` and the alerts say while things break and are mended.

`python -m tests.ops.recording FILE` runs a real flock on servers of its own against the simulator, with a real
Prometheus (Debian's package) and the rules as they are, breaks one thing after the other, and writes what was said,
with times, between the marks of FILE (docs/operate.md). It takes about a quarter of an hour.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from shared.runtime.embedded import free_port
from shared.runtime.settings import blank_environment
from tests.workers.world import Simulator, start_simulator

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- recording -->", "<!-- end of the recording -->"
GB = 10**9
PROMETHEUS = """
global: {{ scrape_interval: 5s, evaluation_interval: 5s }}
rule_files: [{rules}]
scrape_configs:
  - job_name: covey-worker
    static_configs: [{{ targets: {workers} }}]
  - job_name: covey-worker-media
    static_configs: [{{ targets: ["127.0.0.1:{media}"] }}]
  - job_name: covey-scheduler
    static_configs: [{{ targets: ["127.0.0.1:{scheduler}"] }}]
"""


class Day:
    """The flock, its Prometheus, and the record."""

    def __init__(self, folder: Path, media: Path, simulator: Simulator) -> None:
        self.folder, self.media, self.simulator = folder, media, simulator
        self.lines: list[str] = []
        self._began = time.monotonic()
        self._media_port, self._scheduler_port, self._prometheus_port = (free_port() for _ in range(3))
        self.environment = blank_environment(
            **{"PYTHONPATH": str(ROOT), "COLUMNS": "110", "COVEY_DATA_DIR": str(folder / "data")},
            **{"X_BEARER_TOKEN": "sim-demo", "COVEY_X_BASE_URL": simulator.url},
            **{"COVEY_MEDIA_HOSTS": json.dumps([simulator.url]), "COVEY_X_SEARCH_LAG_SECONDS": "1"},
            **{"COVEY_SEARCH_INTERVAL_SECONDS": "10", "COVEY_WORKER_METRICS_PORT": str(self._media_port)},
            **{"COVEY_SCHEDULER_METRICS_PORT": str(self._scheduler_port)},
            **{"COVEY_MEDIA_DIR": str(media), "COVEY_MEDIA_MIN_FREE_BYTES": str(shutil.disk_usage(media).free - GB)},
        )

    def note(self, text: str) -> None:
        """Write something down, with the time since the begin."""
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        for number, line in enumerate(text.rstrip().splitlines()):
            stamp = f"{minutes:02}:{seconds:02}" if number == 0 else "     "
            self.lines.append(
                f"{stamp}  {line}".rstrip().replace(str(self.folder), ".").replace(str(self.media), "./media")
            )
            sys.stderr.write(self.lines[-1] + "\n")

    def covey(self, *arguments: str) -> str:
        """Run a command and note it with what it says."""
        done = subprocess.run(
            [sys.executable, "-m", "control.cli", *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        self.note(f"$ covey {' '.join(arguments)}\n{said}")
        return said

    def status(self) -> None:
        """The verdict, and which alerts there are."""
        self.covey("status", "--check")
        self.note(f"alerts: {', '.join(self.alerts()) or 'none'}")

    def alerts(self) -> list[str]:
        """What Prometheus says: each alert that is pending or fires."""
        answer = requests.get(f"http://127.0.0.1:{self._prometheus_port}/api/v1/alerts", timeout=10).json()
        return sorted({f"{one['labels']['alertname']} {one['state']}" for one in answer["data"]["alerts"]})

    def until(self, what: Callable[[], object], seconds: float) -> None:
        """Wait for something; note when it does not come."""
        deadline, pause = time.monotonic() + seconds, threading.Event()
        while not what():
            if time.monotonic() > deadline:
                return self.note(f"(not within {seconds:.0f} s)")
            pause.wait(1)
        return None

    def is_healthy(self) -> bool:
        """Whether nothing is to be done."""
        done = subprocess.run(
            [sys.executable, "-m", "control.cli", "status", "--check", "--json"],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode == 0

    def well_again(self) -> None:
        """Note when all is well again, with the alerts."""
        self.until(self.is_healthy, 180)
        self.status()

    def pid_of(self, *words: str) -> int:
        """The process of the flock whose command line has these words; a Redis has forgotten its folder there."""
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                environment = (folder / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            is_ours = str(self.folder) in line or str(self.folder) in environment or "-server" in words
            if is_ours and all(word in line for word in words) and int(folder.name) != os.getpid():
                return int(folder.name)
        raise LookupError(words)

    @contextmanager
    def up(self) -> Iterator[None]:
        """`covey up`, whose lines are noted as they come, and a Prometheus."""
        command = [sys.executable, "-m", "control.cli", "up"]
        self.note("$ covey up")
        with (
            subprocess.Popen(
                command, env=self.environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            ) as process,
            self._prometheus(),
        ):
            assert process.stdout is not None
            threading.Thread(target=self._read, args=(process.stdout,), daemon=True).start()
            try:
                yield
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(60)

    def _read(self, output: Any) -> None:
        for line in output:
            self.note(f"[covey up] {line}")

    @contextmanager
    def _prometheus(self) -> Iterator[None]:
        workers = [f"127.0.0.1:{self._media_port + 10 + number}" for number in range(2)]
        path = self.folder / "prometheus.yml"
        path.write_text(
            PROMETHEUS.format(
                rules=ROOT / "ops/prometheus/rules.yml",
                workers=json.dumps(workers),
                media=self._media_port,
                scheduler=self._scheduler_port,
            )
        )
        command = [
            *("prometheus", f"--config.file={path}", f"--storage.tsdb.path={self.folder / 'prometheus'}"),
            f"--web.listen-address=127.0.0.1:{self._prometheus_port}",
        ]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                yield
            finally:
                process.terminate()


def first_run(day: Day) -> None:
    """From nothing to posts."""
    day.until(lambda: _quiet(day, "workers", "--json").count('"worker"') == 3, 30)
    day.status()
    names = [one["username"] for one in day.simulator.truth("accounts")["accounts"]][:5]
    day.covey("track", *names)
    day.well_again()
    day.covey("handles")


def worker_killed(day: Day) -> None:
    """A worker dies; it is started again."""
    day.note("(SIGKILL to a worker)")
    os.kill(day.pid_of("workers.main", "search"), signal.SIGKILL)
    threading.Event().wait(2)
    day.status()
    day.well_again()


def redis_killed(day: Day) -> None:
    """Redis dies; it is started again on its data."""
    port = json.loads((day.folder / "data/servers.json").read_text())["redis_url"].rpartition(":")[2].partition("/")[0]
    day.note("(SIGKILL to Redis)")
    os.kill(day.pid_of("-server", f":{port}"), signal.SIGKILL)
    threading.Event().wait(1)
    day.status()
    day.well_again()


def mongodb_away(day: Day) -> None:
    """MongoDB gives no answer for two minutes."""
    pid = day.pid_of("mongod", "--dbpath")
    day.note("(SIGSTOP to MongoDB)")
    os.kill(pid, signal.SIGSTOP)
    for wait in (10, 50, 60):
        threading.Event().wait(wait)
        day.status()
    day.note("(SIGCONT to MongoDB)")
    os.kill(pid, signal.SIGCONT)
    day.well_again()


def x_blocks(day: Day) -> None:
    """X answers 401 to everything, as to a token that was revoked."""
    day.note("(X answers 401 from now on)")
    rule = {"name": "revoked", "match": {"endpoint": "*"}, "answer": {"kind": "problem", "problem": "unauthorized"}}
    _faults(day, {"seed": 1, "rules": [rule]})
    day.until(lambda: not day.is_healthy(), 60)
    day.status()
    threading.Event().wait(60)
    day.note(f"alerts: {', '.join(day.alerts()) or 'none'}")
    _faults(day, {})
    day.note("(the token is let in again)")
    blocked = json.loads(_quiet(day, "status", "--json"))["blocked"]
    day.covey("unblock", next(row["credential"] for row in blocked if row["credential"]))
    day.well_again()


def _faults(day: Day, script: dict[str, Any]) -> None:
    answer = requests.post(f"{day.simulator.url}/_sim/faults", json=script, timeout=10)
    assert answer.status_code == 200, answer.text


def _quiet(day: Day, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "control.cli", *arguments],
        env=day.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def disk_full(day: Day) -> None:
    """Something else fills the disk of the media."""
    day.note("(something else takes 2 GB of the disk)")
    ballast = day.media / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, 2 * GB)
    day.until(lambda: not day.is_healthy(), 60)
    day.status()
    threading.Event().wait(60)
    day.status()
    ballast.unlink()
    day.note("(and is gone again)")
    day.well_again()


SCENES: dict[str, Callable[[Day], None]] = {
    "First run": first_run,
    "A worker is killed": worker_killed,
    "Redis is killed": redis_killed,
    "MongoDB is away for two minutes": mongodb_away,
    "X blocks with 401": x_blocks,
    "The disk of the media is full": disk_full,
}


def record(folder: Path, media: Path, simulator: Simulator) -> str:
    """Run all scenes; answers the record as Markdown."""
    day = Day(folder, media, simulator)
    parts: list[str] = []
    with day.up():
        for title, scene in SCENES.items():
            start = len(day.lines) if parts else 0
            scene(day)
            parts.append(f"### {title}\n```\n" + "\n".join(day.lines[start:]) + "\n```\n")
    return "\n".join(parts)


def main(path: Path) -> None:
    """Record, and put the record between the marks of a document."""
    if shutil.which("prometheus") is None:
        raise SystemExit("prometheus is not installed; on Debian and Ubuntu: apt-get install prometheus")
    simulator, process = start_simulator("--accounts", "8", "--activity", "20", "--tempo", "4", "--seed", "3")
    try:
        # The media are on a disk that nothing else fills or empties meanwhile.
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory(dir="/dev/shm") as media:
            recorded = record(Path(folder), Path(media), simulator)
    finally:
        process.terminate()
    text = path.read_text()
    before, _, rest = text.partition(BEGIN)
    path.write_text(f"{before}{BEGIN}\n{recorded}{END}{rest.partition(END)[2] if END in rest else rest}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
