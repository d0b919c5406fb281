"""The start of a worker process."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from prometheus_client import REGISTRY

from shared.domain.jobs import SearchPage
from shared.services.bootstrap import Services
from tests.workers.world import Asked, ScriptedX, eventually, open_sweep, page, post_id, state_of
from workers.main import pause


def start(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A worker in an empty folder with no settings but `environment`, run to its end."""
    return subprocess.run(
        [sys.executable, "-m", "workers.main", *options],
        env={"PYTHONPATH": str(Path(__file__).parents[2]), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_without_a_token_a_worker_that_asks_x_does_not_start(tmp_path: Path) -> None:
    """It ends with status 2 and one line that names the setting, before it connects to anything."""
    done = start(
        tmp_path, "--queues", "search,media", REDIS_URL="redis://127.0.0.1:1", MONGO_URI="mongodb://127.0.0.1:1"
    )

    assert done.returncode == 2
    assert done.stderr.startswith("covey worker: X_BEARER_TOKEN is not set.")
    assert "Traceback" not in done.stderr


def test_a_media_worker_needs_no_token(tmp_path: Path) -> None:
    """A worker of the media queue misses its server, not the token."""
    done = start(tmp_path, "--queues", "media")

    assert done.returncode == 2
    assert "MONGO_URI is not set" in done.stderr


def test_a_media_worker_with_a_webhook_needs_what_signs_it(tmp_path: Path) -> None:
    """It ends with one line that names the setting, without the address."""
    done = start(tmp_path, "--queues", "media", COVEY_ALERT_WEBHOOK_URL="https://hooks.example/hush")

    assert done.returncode == 2
    assert done.stderr.startswith("covey worker: COVEY_ALERT_WEBHOOK_SECRET is not set")
    assert "hush" not in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_queue_is_named(tmp_path: Path) -> None:
    """A queue that does not exist ends the start with its name and the names there are."""
    done = start(tmp_path, "--queues", "serach", X_BEARER_TOKEN="sim-demo")

    assert done.returncode == 2
    assert "unknown queue 'serach'" in done.stderr


def test_sigterm_lets_the_running_job_end(tmp_path: Path, services: Services, x: ScriptedX) -> None:
    """A worker told to stop while X keeps it waiting stores the answer when it comes, and ends with status 0."""
    answer_now = threading.Event()

    def answer(asked: Asked) -> tuple[int, Any]:
        answer_now.wait(20)
        return page(post_id(60))

    x.script = answer
    sweep = open_sweep(services)
    services.sender.send(SearchPage(sweep_id=sweep.id, page=0))
    settings = services.settings
    assert settings.redis_url is not None
    assert settings.mongo_uri is not None
    process = subprocess.Popen(
        [sys.executable, "-m", "workers.main", "--metrics-port", "0"],
        env={
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "REDIS_URL": settings.redis_url,
            "MONGO_URI": settings.mongo_uri,
            "X_BEARER_TOKEN": "sim-test",
            "COVEY_X_BASE_URL": x.url,
            "COVEY_MONGO_DATABASE": settings.mongo_database,
            "COVEY_METRICS_HOST": "127.0.0.1",
        },
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        eventually(lambda: x.asked)
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        said = next(line for line in process.stderr if "worker stops" in line)
        answer_now.set()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.communicate()

    assert "sim-test" not in said
    assert state_of(services, sweep.id).is_complete
    assert services.broker.introspection.queue_stats()["search"].in_flight == 0


def test_a_media_worker_tells_the_room_of_its_disk(services: Services) -> None:
    """With each beat: what is free and the size, of the disk that files are stored on."""
    pause(services, ("media",), ())

    names = ("covey_disk_free_bytes", "covey_disk_bytes")
    free, size = (REGISTRY.get_sample_value(name, {"folder": "media"}) for name in names)
    assert free
    assert size
    assert free < size
