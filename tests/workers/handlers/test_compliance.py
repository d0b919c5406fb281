"""Compliance rounds against the simulator's: what is gone is known after one round, for nothing, also after a crash."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scheduler.compliance import compliance_jobs
from shared.domain.compliance import Kind
from shared.domain.errors import StoreUnavailable
from shared.domain.jobs import ComplianceRound
from shared.domain.models import Post, User, WorkClass
from shared.domain.snowflake import created_at
from shared.platforms.x.compliance import create_job, list_jobs
from shared.services.bootstrap import Services
from tests.shared.platforms.x.local_server import http, serving
from tests.workers.world import Simulator, eventually, refusing, start_simulator
from workers.handlers.compliance import compliance_round


@pytest.fixture(scope="module")
def gone_x() -> Iterator[Simulator]:
    """A simulator of which many posts are gone, whose compliance jobs take half a second."""
    world = ("--seed", "5", "--accounts", "6", "--activity", "6", "--history-hours", "100", "--deleted-share", "0.3")
    running, process = start_simulator(
        *world, "--compliance-seconds", "0.5", "--limit", "compliance/job=100000", "--limit", "compliance/jobs=100000"
    )
    yield running
    process.terminate()
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()


@pytest.fixture
def watched(make_services: Callable[..., Services], gone_x: Simulator) -> Services:
    """Services of that simulator, with batches of 150 ids."""
    return make_services(gone_x.url, compliance_ids=150)


def _know(services: Services, records: list[dict[str, Any]]) -> None:
    """The posts were stored while they were there."""
    for record in records:
        made = created_at(int(record["id"]))
        one = Post(id=int(record["id"]), text="text", created_at=made, author_id=int(record["author_id"]))
        services.stores.posts.upsert([one], source="search", now=made)
    services.stores.engagement.begin(
        [Post(id=int(one["id"]), text="", created_at=created_at(int(one["id"]))) for one in records],
        now=services.clock.now(),
    )


def _records(x: Simulator, count: int) -> list[dict[str, Any]]:
    """Posts of which nothing becomes any more while the test runs."""
    return list(x.truth("posts")["posts"][-count:])


def _run(services: Services, *, until: Callable[[], bool] | None = None) -> None:
    """Look at the open rounds, as the schedule does, until none is."""

    def look() -> bool:
        for job in _jobs(services):
            compliance_round(services, job)
        return until() if until else not services.stores.compliance.open()

    eventually(look)


def _jobs(services: Services) -> list[ComplianceRound]:
    return [ComplianceRound(round_id=one) for one in services.stores.compliance.open()]


def _states(services: Services) -> dict[str, str]:
    return {
        one["_id"]: one["gone"]["reason"] for one in services.stores.db["X_tweets"].find({"gone": {"$exists": True}})
    }


def _expected(records: list[dict[str, Any]]) -> dict[str, str]:
    return {one["id"]: one["state"] for one in records if one["state"] not in {"live", "superseded"}}


def test_a_round_learns_what_became_of_everything_for_nothing(watched: Services, gone_x: Simulator) -> None:
    """After one round, in batches, each post has the state that the simulator knows; nothing was bought."""
    records = _records(gone_x, 400)
    _know(watched, records)
    before = gone_x.truth("bill")["micro_usd"]
    watched.stores.compliance.begin(Kind.POSTS, now=watched.clock.now())

    _run(watched)

    assert _states(watched) == _expected(records)
    assert len(_expected(records)) > 50
    assert gone_x.truth("bill")["micro_usd"] == before
    found = watched.stores.db["compliance_rounds"].find_one() or {}
    assert (found["batches"], found["counts"]["ids"]) == (3, 400)
    gone = watched.stores.db["X_tweets"].find_one({"gone": {"$exists": True}}) or {}
    assert (gone["gone"]["by"], "purge_at" in gone["gone"]) == ("compliance", True)


def test_a_crash_at_any_write_leaves_a_round_that_goes_on(watched: Services, gone_x: Simulator) -> None:
    """Killed before the round moves, and before a word is written: the same job at X is found again, and none twice."""
    records = _records(gone_x, 100)
    _know(watched, records)
    watched.stores.compliance.begin(Kind.POSTS, now=watched.clock.now())
    before = gone_x.calls("compliance/jobs")
    for collection in ("compliance_rounds", "X_tweets"):
        with refusing(watched, collection), pytest.raises(StoreUnavailable):
            _run(watched, until=lambda: False)

    _run(watched)

    assert _states(watched) == _expected(records)
    assert (watched.stores.db["compliance_rounds"].find_one() or {})["batches"] == 1
    assert gone_x.calls("compliance/jobs") - before <= 4


def test_a_job_of_somebody_else_is_waited_for(watched: Services, gone_x: Simulator) -> None:
    """While another job of the kind runs at X, the round begins none and gives nothing up; then it goes on."""
    records = _records(gone_x, 10)
    _know(watched, records)
    other = watched.x.planned(WorkClass.BACKFILL, create_job(kind=Kind.POSTS, name="other"))
    watched.stores.compliance.begin(Kind.POSTS, now=watched.clock.now())

    compliance_round(watched, _jobs(watched)[0])
    waiting = watched.stores.compliance.get(watched.stores.compliance.open()[0])
    watched.x.files.upload(other, [12])
    _run(watched)

    assert waiting is not None
    assert waiting.batch is not None
    assert waiting.batch.job_id is None
    assert _states(watched) == _expected(records)


def test_restored_posts_are_read_again(watched: Services, gone_x: Simulator, request: pytest.FixtureRequest) -> None:
    """An account is suspended and comes back: its posts count as gone, then they are due at once."""
    account = gone_x.accounts()[0]
    mine = [one for one in gone_x.truth("posts")["posts"] if one["author_id"] == account["id"]]
    live = [one for one in mine if one["state"] == "live"][-40:]  # of old posts nothing becomes by itself
    _know(watched, live)
    request.addfinalizer(lambda: gone_x.order("accounts", {"account": account["id"], "change": "restore"}))
    gone_x.order("accounts", {"account": account["id"], "change": "suspend"})
    watched.stores.compliance.begin(Kind.POSTS, now=watched.clock.now())
    _run(watched)
    gone = _states(watched)
    gone_x.order("accounts", {"account": account["id"], "change": "restore"})
    eventually(lambda: watched.stores.compliance.begin(Kind.POSTS, now=watched.clock.now()))
    _run(watched)

    assert gone == {one["id"]: "suspended" for one in live}
    due = {"next_refresh_at": {"$lte": watched.clock.now()}, "state": "suspended"}
    assert watched.stores.db["X_engagement"].count_documents(due) == len(live)


def test_accounts_have_their_state_and_followed_ones_are_looked_at(watched: Services, gone_x: Simulator) -> None:
    """Suspended and protected accounts are known after a round over users."""
    accounts = gone_x.truth("accounts", all="1")["accounts"]
    seen = created_at(int(_records(gone_x, 1)[0]["id"]))
    users = [User(id=int(one["id"]), username=one["username"]) for one in accounts]
    watched.stores.users.upsert(users, now=seen)
    watched.stores.compliance.begin(Kind.USERS, now=watched.clock.now())

    _run(watched)

    expected = {one["id"]: "suspended" for one in accounts if one["suspended"]}
    expected |= {one["id"]: "protected" for one in accounts if one["protected"]}
    found = watched.stores.db["X_users"].find({"gone": {"$exists": True}})
    kept = {one["_id"]: (one["gone"]["reason"], "purge_at" in one["gone"]) for one in found}
    assert kept == {one: (state, state == "suspended") for one, state in expected.items()}
    assert len(expected) >= 2


def test_rounds_begin_daily_and_can_be_switched_off(make_services: Callable[..., Services], gone_x: Simulator) -> None:
    """Where something is stored a round begins, no second one that day; with the interval 0 none does."""
    services = make_services(gone_x.url)
    now = services.clock.now()
    nothing = compliance_jobs(services, now)
    _know(services, _records(gone_x, 1))
    off = compliance_jobs(make_services(gone_x.url, compliance_every_seconds=0), now)

    first = compliance_jobs(services, now)
    again = compliance_jobs(services, now)

    assert (nothing, off, len(first)) == ([], [], 1)
    assert first == again


ROUNDS = """
from shared.domain.jobs import ComplianceRound
from shared.runtime.settings import Settings
from shared.services.bootstrap import build
from workers.handlers.compliance import compliance_round
services = build(Settings.load(), middleware=[])
while rounds := services.stores.compliance.open():
    for one in rounds:
        compliance_round(services, ComplianceRound(round_id=one))
"""


def test_a_killed_worker_leaves_a_round_that_goes_on_at_its_batch(watched: Services, gone_x: Simulator) -> None:
    """SIGKILL after the first of four batches, wherever it hits: no batch is done twice but the one in hand."""
    records = _records(gone_x, 600)
    _know(watched, records)
    watched.stores.compliance.begin(Kind.POSTS, now=watched.clock.now())
    made = len(watched.x.planned(WorkClass.BACKFILL, list_jobs(kind=Kind.POSTS)))
    settings = watched.settings
    own = {
        "REDIS_URL": settings.redis_url,
        "MONGO_URI": settings.mongo_uri,
        "COVEY_MONGO_DATABASE": settings.mongo_database,
        "COVEY_DATA_DIR": str(settings.data_dir),
        "COVEY_X_BASE_URL": gone_x.url,
        "X_BEARER_TOKEN": "sim-test",
        "COVEY_COMPLIANCE_IDS": "150",
    }
    worker = subprocess.Popen([sys.executable, "-c", ROUNDS], env={**os.environ, **own}, stdout=subprocess.DEVNULL)
    eventually(lambda: watched.stores.db["compliance_rounds"].find_one({"batches": {"$gte": 1}}))
    worker.kill()
    worker.wait(10)
    at_the_kill = (watched.stores.db["compliance_rounds"].find_one() or {})["batches"]

    _run(watched)

    assert 1 <= at_the_kill < 4
    assert _states(watched) == _expected(records)
    found = watched.stores.db["compliance_rounds"].find_one() or {}
    assert (found["batches"], found["counts"]["ids"]) == (4, 600)
    assert len(watched.x.planned(WorkClass.BACKFILL, list_jobs(kind=Kind.POSTS))) - made == 4


def test_a_job_that_x_does_not_begin_is_waited_for(make_services: Callable[..., Services]) -> None:
    """Another program began one since the list was read: no letter, nothing given up; the next look asks again."""

    def reply(connection: socket.socket, head: str) -> None:
        is_list = "GET /2/compliance/jobs?" in head
        connection.sendall(http(200, {"meta": {"result_count": 0}}) if is_list else http(409, {"title": "Conflict"}))

    with serving(reply) as server:
        services = make_services(server.url)
        now = services.clock.now()
        services.stores.posts.upsert([Post(id=12, text="a", created_at=now)], source="search", now=now)
        services.stores.compliance.begin(Kind.POSTS, now=now)

        compliance_round(services, _jobs(services)[0])

    assert any("POST /2/compliance/jobs" in head for head in server.requests)
    waiting = services.stores.compliance.get(services.stores.compliance.open()[0])
    assert waiting is not None
    assert waiting.batch is not None
    assert (waiting.batch.job_id, waiting.batch.tries) == (None, 0)
