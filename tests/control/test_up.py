"""`covey up` as a person runs it: servers of its own, a whole flock, other commands beside it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from control.cli.app import app  # its package adds the commands
from control.local import noted_servers
from tests.workers.world import Simulator, eventually

ROOT = str(Path(__file__).parents[2])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the one `covey up` of these tests has its data."""
    return tmp_path_factory.mktemp("up")


@pytest.fixture(scope="module")
def environment(folder: Path, simulator: Simulator) -> dict[str, str]:
    """No servers, a token that the simulator takes, free ports, and a quick rhythm."""
    return {
        "PYTHONPATH": ROOT,
        "PATH": os.environ["PATH"],
        "COVEY_DATA_DIR": str(folder),
        "X_BEARER_TOKEN": "sim-up",
        "COVEY_X_BASE_URL": simulator.url,
        "COVEY_X_SEARCH_LAG_SECONDS": "1",
        "COVEY_MEDIA_HOSTS": json.dumps([simulator.url]),
        "COVEY_SEARCH_INTERVAL_SECONDS": "1",
        "COVEY_SCHEDULER_TICK_SECONDS": "0.2",
        "COVEY_WORKER_METRICS_PORT": "0",
        "COVEY_SCHEDULER_METRICS_PORT": "0",
    }


@pytest.fixture(scope="module")
def running(environment: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """`covey up` that says it runs; the last of these tests ends it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "control.cli", "up", "--workers", "1"],
        env=environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said.startswith("Covey runs: 3 processes"), said
    yield process
    process.kill()
    process.communicate()


def children(pid: int) -> list[int]:
    """Process ids of the direct children."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError, ValueError):
            continue
        if parent == pid:
            found.append(int(folder.name))
    return found


def test_a_second_one_says_who_holds_the_folder(
    running: subprocess.Popen[str], environment: dict[str, str], folder: Path
) -> None:
    """One line with the process id, and the first goes on."""
    second = subprocess.run(
        [sys.executable, "-m", "control.cli", "up"],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )

    assert second.returncode == 2
    assert second.stderr.startswith(f"covey: {folder} is in use by covey up (process {running.pid})")
    assert len(second.stderr.splitlines()) == 1
    assert running.poll() is None


def test_who_was_started_again_is_not_missed(running: subprocess.Popen[str], environment: dict[str, str]) -> None:
    """The killed worker leaves no sign of life behind, and its successor gives one."""

    def pids() -> set[int]:
        listed = CliRunner().invoke(app, ["workers", "--json"], env=environment)
        return {row["pid"] for row in json.loads(listed.stdout)}

    eventually(lambda: len(pids()) == 3)
    before = pids()
    worker = next(pid for pid in before if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(worker, signal.SIGKILL)

    eventually(lambda: worker not in pids() and len(pids()) == 3)


def test_up_collects_what_another_terminal_asks_for(
    running: subprocess.Popen[str], environment: dict[str, str], simulator: Simulator, folder: Path
) -> None:
    """Commands in the same data folder find the servers; posts and files arrive; Ctrl-C ends everything in order."""

    def answer(*arguments: str) -> Any:
        done = CliRunner().invoke(app, [*arguments, "--json"], env=environment)
        assert done.exit_code == 0, done.exception
        return json.loads(done.stdout)

    name = simulator.names()[0]
    assert answer("track", name, "--since", "10m")["added"] == [name]
    status = eventually(lambda: (now := answer("status"))["posts"] and now["media"].get("ok") and now, 30)
    processes = children(running.pid)
    running.send_signal(signal.SIGINT)
    output, _ = running.communicate(timeout=40)

    assert status["streams"] == 1
    assert len(processes) == 5  # two servers, a scheduler, a worker, a media worker
    assert running.returncode == 0, output
    assert "running jobs are finished first" in output
    assert not [pid for pid in processes if Path(f"/proc/{pid}").exists()]
    assert noted_servers(folder) is None
    logs = [log.read_text() for log in (folder / "logs").iterdir()]
    assert not [log for log in logs if "sim-up" in log]
    found = [re.findall(r'"metrics_port": (\d+)', log) for log in logs]
    ports = [int(told[-1]) for told in found if told]  # of each process, as it runs now
    assert len(ports) == len(set(ports)) == 3
    assert all(port >= 1024 for port in ports)  # 0 is any free one, for every process


def test_a_webhook_that_nothing_signs_is_told_of_before_anything_starts(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """One line with the setting, and no server was started."""
    done = subprocess.run(
        [sys.executable, "-m", "control.cli", "up"],
        env={**environment, "COVEY_DATA_DIR": str(tmp_path), "COVEY_ALERT_WEBHOOK_URL": "https://hooks.example/hush"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.startswith("covey: COVEY_ALERT_WEBHOOK_SECRET is not set")
    assert len(done.stderr.splitlines()) == 1
    assert "hush" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []
