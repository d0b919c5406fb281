"""A Redis that throws keys away when it is full: what was bought today would be bought again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

ROOT = str(Path(__file__).parents[2])


@pytest.fixture
def policy(redis_client: redis.Redis) -> Iterator[redis.Redis]:
    """The session's Redis, whose policy a test may change."""
    yield redis_client
    redis_client.config_set("maxmemory-policy", "noeviction")


def start(module: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A process, run to its end."""
    return subprocess.run(
        [sys.executable, "-m", module, "--metrics-port", "0"],
        env={"PYTHONPATH": ROOT, "X_BEARER_TOKEN": "sim-test", **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=20,
    )


@pytest.mark.parametrize(
    ("module", "name"),
    [("scheduler", "volatile-lru"), ("workers.main", "volatile-ttl"), ("workers.main", "allkeys-lru")],
)
def test_a_process_does_not_start_on_it(
    module: str, name: str, policy: redis.Redis, redis_url: str, mongo_uri: str, tmp_path: Path
) -> None:
    """Status 2 and one line with the policy that is set and the one to set; the log has it as an error."""
    policy.config_set("maxmemory-policy", name)

    done = start(module, tmp_path, REDIS_URL=redis_url, MONGO_URI=mongo_uri)

    assert done.returncode == 2
    *log, last = done.stderr.splitlines()
    assert f"maxmemory-policy {name}" in last
    assert last.endswith("set maxmemory-policy noeviction")
    errors = [entry["check"] for line in log if (entry := json.loads(line))["level"] == "error"]
    assert errors == ["redis_eviction"]


def test_covey_up_says_so_before_it_starts_anything(
    policy: redis.Redis, redis_url: str, mongo_uri: str, tmp_path: Path
) -> None:
    """The same line at once, instead of children that keep dying."""
    policy.config_set("maxmemory-policy", "allkeys-lfu")

    done = subprocess.run(
        [sys.executable, "-m", "control.cli", "up"],
        env={"PYTHONPATH": ROOT, "X_BEARER_TOKEN": "sim-test", "REDIS_URL": redis_url, "MONGO_URI": mongo_uri},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=20,
    )

    assert done.returncode == 2
    assert "set maxmemory-policy noeviction" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "var" / "logs").exists()
