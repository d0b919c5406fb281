"""The start of a worker process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


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


def test_an_unknown_queue_is_named(tmp_path: Path) -> None:
    """A queue that does not exist ends the start with its name and the names there are."""
    done = start(tmp_path, "--queues", "serach", X_BEARER_TOKEN="sim-demo")

    assert done.returncode == 2
    assert "unknown queue 'serach'" in done.stderr
