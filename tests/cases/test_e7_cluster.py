"""Redis in cluster mode, where no script of ours could run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from shared.redis.connection import connect
from shared.redis.probe import probe
from shared.runtime.clock import SystemClock
from tests.cases.servers import redis_with

ROOT = str(Path(__file__).parents[2])


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster of one node that holds every slot."""
    with redis_with(tmp_path_factory.mktemp("cluster"), "--cluster-enabled", "yes") as url:
        with redis.Redis.from_url(url) as client:
            client.execute_command("CLUSTER", "ADDSLOTS", *range(16_384))
        yield url


@pytest.mark.parametrize("module", ["scheduler", "workers.main"])
def test_a_process_does_not_start_and_says_why_in_one_line(
    module: str, cluster: str, mongo_uri: str, tmp_path: Path
) -> None:
    """Status 2, and the line says what to do; nothing was written to the cluster."""
    done = subprocess.run(
        [sys.executable, "-m", module, "--metrics-port", "0"],
        env={"PYTHONPATH": ROOT, "REDIS_URL": cluster, "MONGO_URI": mongo_uri, "X_BEARER_TOKEN": "sim-test"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=20,
    )

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("covey ")
    assert "Redis is a cluster" in last
    assert "point REDIS_URL at a Redis without cluster mode" in last
    with redis.Redis.from_url(cluster) as client:
        assert client.keys() == []


def test_a_cluster_is_known_without_info_too(cluster: str) -> None:
    """By what it says of two keys in different slots."""
    with redis.Redis.from_url(cluster) as client:
        client.execute_command("ACL", "SETUSER", "plain", "on", ">word", "~covey:*", "+@all", "-info", "-cluster")

    with connect(cluster.replace("redis://", "redis://plain:word@")) as client:
        facts = probe(client, SystemClock().now).facts

    assert (facts.may_ask_info, facts.is_cluster) == (False, True)


def test_a_cluster_without_slots_is_refused_as_well(tmp_path: Path) -> None:
    """One that is still being put together answers nothing but that it is down."""
    with redis_with(tmp_path, "--cluster-enabled", "yes") as url, connect(url) as client:
        assert probe(client, SystemClock().now).facts.is_cluster
