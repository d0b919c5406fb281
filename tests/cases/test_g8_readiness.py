"""A worker whose server is away lives and is not ready; one in which a job hangs leaves; both say why."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from typer.testing import CliRunner

from control.cli.app import app
from shared.broker import build_broker
from shared.broker.sender import Sender
from shared.domain.jobs import ALL_QUEUES, Canary
from shared.runtime.embedded import free_port, start_mongod, start_redis
from shared.runtime.settings import blank_environment
from tests.control.conftest import own_logging
from tests.workers.world import eventually

ROOT = Path(__file__).parents[2]
# A worker whose canaries hang where Python cannot interrupt them, as a call of foreign code can.
HANGING = """
import functools, sys, time
from shared.domain import jobs
from workers import actors, main
main.Watchdog = functools.partial(main.Watchdog, patience_seconds=0.5)
hang = actors.Actor(jobs.Canary, lambda services, job: time.sleep(600))
actors.ACTORS = tuple(hang if one.job_type is jobs.Canary else one for one in actors.ACTORS)
main.app(sys.argv[1:], prog_name="covey worker")
"""


@contextmanager
def worker(environment: dict[str, str], *program: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A worker process and the address of what it serves."""
    port = free_port()
    command = [sys.executable, *(program or ("-m", "workers.main")), "--queues", "media", "--metrics-port", str(port)]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE) as process:
        try:
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Servers of the test's own, as an environment."""
    redis, mongod = start_redis(tmp_path / "redis"), start_mongod(tmp_path / "mongo")
    yield blank_environment(
        PYTHONPATH=str(ROOT),
        REDIS_URL=redis.url,
        MONGO_URI=mongod.url,
        COVEY_DATA_DIR=str(tmp_path),
        MONGOD=str(mongod.process.pid),
    )
    mongod.process.send_signal(signal.SIGCONT)
    mongod.stop()
    redis.stop()


def answer(address: str) -> int:
    """The status; 0 where nothing answers."""
    try:
        return requests.get(address, timeout=8).status_code
    except requests.RequestException:
        return 0


def test_life_and_readiness_are_apart(servers: dict[str, str]) -> None:
    """MongoDB is stopped and goes on: the worker is alive all the time, unready meanwhile, and ready again after."""
    with worker(servers) as (process, address):
        eventually(lambda: answer(f"{address}/ready") == 200, 15)
        mongod = int(servers["MONGOD"])
        subprocess.run(["kill", "-STOP", str(mongod)], check=True)

        eventually(lambda: answer(f"{address}/ready") == 503, 10)
        assert requests.get(f"{address}/ready", timeout=8).text == "MongoDB cannot be reached\n"
        assert answer(f"{address}/health") == 200
        subprocess.run(["kill", "-CONT", str(mongod)], check=True)
        eventually(lambda: answer(f"{address}/ready") == 200, 10)
        assert process.poll() is None


def test_a_worker_with_a_job_that_hangs_leaves(servers: dict[str, str]) -> None:
    """It tells the job with its stack, ends with a status that is no success, and its message counts as crashed."""
    broker = build_broker(servers["REDIS_URL"], middleware=[], queues=ALL_QUEUES)
    environment = servers | {"COVEY_JOB_LIMIT_SECONDS": "0.5", "COVEY_SHUTDOWN_GRACE_SECONDS": "0.5"}
    with worker(environment, "-c", HANGING) as (process, address):
        eventually(lambda: answer(f"{address}/ready") == 200, 15)
        Sender(broker).send(Canary(queue="media", sent_at_ms=0), queue="media")

        _, errors = process.communicate(timeout=18)

    told = next(json.loads(line) for line in errors.decode().splitlines() if "job stuck" in line)
    assert process.returncode == 70
    assert (told["job"], told["subject"]) == ("canary", "sign of life of media")
    assert "actor.handler(services" in told["thread_stack"]
    assert broker.introspection.queue_stats()["media"].in_flight == 1


def test_servers_that_are_away_are_a_verdict(servers: dict[str, str]) -> None:
    """Also for scripts, within seconds, in one line."""
    away = servers | {"MONGO_URI": f"mongodb://127.0.0.1:{free_port()}/"}

    with own_logging():
        done = CliRunner().invoke(app, ["status", "--check"], env=away)

    assert done.exit_code == 2
    assert done.stdout.splitlines()[0] == "stopped"
    assert "MongoDB at 127.0.0.1" in " ".join(done.stdout.split())
