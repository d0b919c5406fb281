"""The scheduler as a process."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import redis

from scheduler.leader import LEASE_KEY
from shared.services.bootstrap import Services
from tests.workers.world import eventually

ROOT = str(Path(__file__).parents[2])
# What a machine with other work takes beside: for a process to start, and to end.
START_SECONDS, BUSY_SECONDS = 60.0, 10.0
COMMAND = [sys.executable, "-m", "scheduler", "--metrics-port", "0"]


def test_without_servers_it_says_what_is_missing(tmp_path: Path) -> None:
    """It ends with status 2 and one line that names the setting."""
    done = subprocess.run(COMMAND, env={"PYTHONPATH": ROOT}, cwd=tmp_path, capture_output=True, text=True, timeout=30)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("covey scheduler: MONGO_URI is not set")


def test_a_database_that_gives_no_answer_ends_it(tmp_path: Path, redis_url: str) -> None:
    """With status 1, within 5 s of asking, and one line that names host and user and what to check."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = f"127.0.0.1:{silent.getsockname()[1]}"
        servers = {"REDIS_URL": redis_url, "MONGO_URI": f"mongodb://covey:hunter2@{where}/"}
        environment = {"PYTHONPATH": ROOT, "COVEY_METRICS_HOST": "127.0.0.1", **servers}
        process = subprocess.Popen(COMMAND, env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        try:
            silent.settimeout(START_SECONDS)
            asked, _ = silent.accept()
            with asked:
                _, told = process.communicate(timeout=5 + BUSY_SECONDS)
        finally:
            process.kill()
            process.communicate()

    assert process.returncode == 1
    (line,) = told.splitlines()
    assert f"MongoDB at {where} as user 'covey' cannot be reached: it gives no answer that can be used; check" in line
    assert "hunter2" not in line


def test_it_leads_schedules_and_lets_go_of_the_lease_at_sigterm(
    services: Services, redis_client: redis.Redis, tmp_path: Path
) -> None:
    """A started scheduler makes the schedules; told to stop it ends with status 0 and the next one need not wait."""
    settings = services.settings
    environment = {
        "PYTHONPATH": ROOT,
        "REDIS_URL": settings.redis_url or "",
        "MONGO_URI": settings.mongo_uri or "",
        "COVEY_MONGO_DATABASE": settings.mongo_database,
        "COVEY_METRICS_HOST": "127.0.0.1",
    }
    process = subprocess.Popen(COMMAND, env=environment, cwd=tmp_path, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: services.broker.introspection.queue_stats()["search"].ready)
        assert redis_client.exists(LEASE_KEY)
        process.send_signal(signal.SIGTERM)
        status = process.wait(10)
    finally:
        process.kill()
        process.wait()

    assert status == 0
    assert not redis_client.exists(LEASE_KEY)
    assert len(services.stores.schedules.all()) >= 6
