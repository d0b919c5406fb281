"""A Redis user with the rights that are documented, and no other."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis

from scheduler.leader import Leader
from scheduler.loop import Loop
from scheduler.reconciler import Reconciler
from shared.domain.jobs import ALL_QUEUES, Canary, Queue
from shared.domain.models import WorkClass
from shared.domain.money.budgets import ChosenBudgets
from shared.domain.preflight.finding import Check, Level
from shared.redis.connection import connect
from shared.redis.probe import NEEDED
from shared.runtime.clock import SystemClock
from shared.services.bootstrap import Services
from shared.services.preflight import Part, examine
from tests.workers.world import ScriptedX, Simulator, eventually, know_all, stored_ids, work_off

# What is tried, and done without; the client's library tells its name where it may.
WANTED = {b"info", b"config", b"config|get", b"client", b"client|setinfo"}
PAGE = Path(__file__).parents[2] / "docs" / "security.md"
ROOT = str(Path(__file__).parents[2])


def documented() -> list[str]:
    """The rights of the page, as words of ACL SETUSER."""
    [line] = re.findall(r"^ACL SETUSER covey on >PASSWORD (.*)$", PAGE.read_text(), flags=re.M)
    return str(line).split()


def refused(client: redis.Redis) -> list[dict[str, object]]:
    """What Redis refused the user covey since the log was emptied."""
    entries: list[dict[bytes, bytes]] = client.execute_command("ACL", "LOG")
    rows = [{key.decode() if isinstance(key, bytes) else key: value for key, value in row.items()} for row in entries]
    return [row for row in rows if row["username"] in (b"covey", "covey")]


@pytest.fixture
def as_user(redis_client: redis.Redis, redis_url: str) -> Iterator[Callable[..., str]]:
    """Makes the user covey with some rights; answers the address for it."""

    def make(*rights: str) -> str:
        redis_client.execute_command("ACL", "SETUSER", "covey", "reset", "on", ">word", *rights)
        redis_client.execute_command("ACL", "LOG", "RESET")
        return redis_url.replace("redis://", "redis://covey:word@")

    yield make
    redis_client.execute_command("ACL", "DELUSER", "covey")


def rounds(services: Services, url: str) -> Loop:
    """A scheduler of these services."""
    leader = Leader(connect(url), name="test", lease_seconds=15.0)
    return Loop(services, leader, SystemClock())


def live(services: Services, simulator: Simulator, url: str) -> None:
    """What processes and commands do: follow, plan, work, bury, pay, look, rebuild."""
    now = services.clock.now()
    services.following.follow(simulator.names(), since=now - timedelta(hours=1), now=now)
    loop = rounds(services, url)
    assert loop.run_once().sent > len(ALL_QUEUES)
    bury_one(services)
    loop.export()
    work_off(services)
    assert loop.run_once().led  # renews the lease
    services.limiter.choose_budgets(ChosenBudgets({"day_usd": 9.0}, {WorkClass.QUOTES: 0.5}))
    services.limiter.unblock(credential_id="app")
    services.ledger.copy()
    services.dead_letters.collect()
    services.broker.introspection.set_epoch("of another server")
    assert loop.run_once().led  # finds that Redis is another one, and rebuilds


def bury_one(services: Services) -> None:
    """One canary goes to the dead letters."""
    know_all(services)
    consumer = services.broker.consume(Queue.MEDIA, prefetch=1)
    message = next(consumer)
    assert message is not None
    consumer.nack(message)


def test_the_documented_rights_are_those_that_are_needed() -> None:
    """The page lists what the preflight tries, and INFO, once each."""
    commands = {str(command[0]).lower().replace(" ", "|") for command in NEEDED} | {"info"}

    rights = documented()

    assert rights[:3] == ["~covey:*", "resetchannels", "-@all"]
    assert sorted(rights[3:]) == sorted(f"+{command}" for command in commands)


@pytest.mark.parametrize("without", [(), ("-info",)])
def test_everything_works_with_them(
    without: tuple[str, ...],
    as_user: Callable[..., str],
    make_services: Callable[..., Services],
    redis_client: redis.Redis,
    simulator: Simulator,
) -> None:
    """Rounds of the scheduler, jobs, budgets and readings: Redis refuses nothing, with INFO or without."""
    url = as_user(*documented(), *without)
    services = make_services(simulator.url, redis_url=url)

    live(services, simulator, url)

    assert stored_ids(services)
    assert {row["object"] for row in refused(redis_client)} <= WANTED


def test_a_worker_and_a_scheduler_run_with_them(
    as_user: Callable[..., str],
    make_services: Callable[..., Services],
    redis_client: redis.Redis,
    x: ScriptedX,
    tmp_path: Path,
) -> None:
    """Both processes start, work on what is sent, and end well; Redis refuses none of their commands."""
    url = as_user(*documented(), "-info")
    services = make_services(x.url, redis_url=url)
    environment = {
        "PYTHONPATH": ROOT,
        "REDIS_URL": url,
        "MONGO_URI": services.settings.mongo_uri or "",
        "COVEY_MONGO_DATABASE": services.settings.mongo_database,
        "COVEY_METRICS_HOST": "127.0.0.1",
        "COVEY_X_BASE_URL": x.url,
        "X_BEARER_TOKEN": "sim-test",
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-m", module, "--metrics-port", "0"],
            env=environment,
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        )
        for module in ("scheduler", "workers.main")
    ]
    try:
        services.sender.send(Canary(queue=Queue.SEARCH, sent_at_ms=1), queue=Queue.SEARCH)
        eventually(lambda: len(services.stores.schedules.all()) >= 6)
        queues = services.broker.introspection
        eventually(lambda: not any(depth.ready + depth.in_flight for depth in queues.queue_stats().values()))
        for process in started:
            process.send_signal(signal.SIGTERM)
        said = [process.communicate(timeout=20)[1] for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()

    assert [process.returncode for process in started] == [0, 0]
    assert all("the Redis user may not run INFO" in text for text in said)
    assert "round cut short" not in said[0]
    assert {row["object"] for row in refused(redis_client)} <= WANTED


def test_without_info_the_preflight_says_what_is_not_known(
    as_user: Callable[..., str], make_services: Callable[..., Services], x: ScriptedX
) -> None:
    """One warning for INFO, and one for each thing that only it can tell."""
    services = make_services(x.url, redis_url=as_user(*documented(), "-info"))

    found = {one.check: one.level for one in examine(services, [Part.REDIS]) if one.level is not Level.OK}

    assert found == dict.fromkeys((Check.REDIS_INFO, Check.REDIS_EVICTION, Check.REDIS_PERSISTENCE), Level.WARNING)


def test_with_one_right_less_a_start_ends(
    as_user: Callable[..., str], make_services: Callable[..., Services], x: ScriptedX
) -> None:
    """The command that is missing is named, and where to read of the others."""
    services = make_services(x.url, redis_url=as_user(*documented(), "-zrangebyscore"))

    [finding] = [one for one in examine(services, [Part.REDIS]) if one.level is Level.ERROR]

    assert finding.ends_a_start
    assert "ZRANGEBYSCORE" in finding.message
    assert "docs/security.md" in finding.todo


def test_without_info_the_queue_is_rebuilt_once(
    as_user: Callable[..., str], make_services: Callable[..., Services], redis_client: redis.Redis, x: ScriptedX
) -> None:
    """Every server has the same name then, so only a loss of the data is seen, and no round is cut short."""
    services = make_services(x.url, redis_url=as_user(*documented(), "-info"))
    reconciler, now = Reconciler(services), services.clock.now()

    first, second = (reconciler.rebuild_if_redis_is_new(now) for _ in range(2))
    redis_client.flushall()
    after_a_loss = reconciler.rebuild_if_redis_is_new(now)

    assert (first, second, after_a_loss) == (True, False, True)
