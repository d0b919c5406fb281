"""Listeners as processes, against a simulated X on real servers: killed, disconnected, refused."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis

from listener.__main__ import LEASE_KEY
from shared.domain.live.spans import silences
from shared.services.bootstrap import Services
from tests.listener.live_world import follow
from tests.workers.world import Simulator, eventually, next_sweep, read_to_end

ROOT = str(Path(__file__).parents[2])
COMMAND = [sys.executable, "-m", "listener", "--metrics-port", "0"]
LEASE_SECONDS = 2.0
# To start a process takes seconds, on a busy machine many.
soon = partial(eventually, seconds=60.0)
BUSY = ("--activity", "200", "--deleted-share", "0", "--edited-share", "0")

Start = Callable[..., Simulator]
Make = Callable[..., Services]
Listen = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def listen(tmp_path: Path) -> Iterator[Listen]:
    """Starts listeners; all are killed at the end."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(services: Services, name: str, **settings: str) -> subprocess.Popen[bytes]:
        known = services.settings
        environment = {
            "PYTHONPATH": ROOT,
            "REDIS_URL": known.redis_url or "",
            "MONGO_URI": known.mongo_uri or "",
            "COVEY_MONGO_DATABASE": known.mongo_database,
            "COVEY_METRICS_HOST": "127.0.0.1",
            "COVEY_X_BASE_URL": known.x_base_url,
            "X_BEARER_TOKEN": "sim-test",
            "COVEY_LIVE_LEASE_SECONDS": str(LEASE_SECONDS),
            "COVEY_LIVE_SILENCE_SECONDS": "2",
            "COVEY_LIVE_RECONCILE_SECONDS": "1",
            "COVEY_INSTANCE": name,
            **settings,
        }
        with (tmp_path / f"{name}.log").open("ab") as output:
            running.append(subprocess.Popen(COMMAND, env=environment, cwd=tmp_path, stderr=output, stdout=output))
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.wait()


def _connections(simulator: Simulator, stream: str = "activity/stream") -> list[dict[str, Any]]:
    return [one for one in simulator.truth("streams")["connections"] if one["stream"] == stream]


def _living(simulator: Simulator, stream: str = "activity/stream") -> list[dict[str, Any]]:
    return [one for one in _connections(simulator, stream) if one["ended_at"] is None]


def _accounts(simulator: Simulator) -> dict[str, int]:
    return {one["username"]: int(one["id"]) for one in simulator.truth("accounts")["accounts"]}


def _in_step(simulator: Simulator, subscriptions: int) -> bool:
    projects = simulator.truth("streams")["projects"]
    return bool(projects) and projects["default"]["subscriptions"] == subscriptions


def _by(services: Services, post_id: int) -> str | None:
    document = services.stores.posts.get(post_id) or {}
    return (document.get("gone") or {}).get("by")


def test_without_a_token_it_says_what_is_missing(tmp_path: Path) -> None:
    """It ends with status 2 and one line that names the setting."""
    done = subprocess.run(COMMAND, env={"PYTHONPATH": ROOT}, cwd=tmp_path, capture_output=True, text=True, timeout=30)

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "covey listener: X_BEARER_TOKEN is not set: the streams take the app-only bearer token of your app on X"
    ]


def test_live_posts_deletions_and_names_are_followed(start: Start, make_services: Make, listen: Listen) -> None:
    """What a live source's account posts is stored within moments and booked as X bills it; a deletion marks the post
    gone, and a new name is followed."""
    simulator = start(*BUSY)
    services = make_services(simulator.url)
    accounts = _accounts(simulator)
    follow(services, accounts, live=True)
    process = listen(services, "one")
    soon(lambda: _in_step(simulator, 3 * len(accounts)) and _living(simulator) and _living(simulator, "search/stream"))
    mine = soon(lambda: _stored_of(services, accounts))
    soon(lambda: services.stores.db["X_tweets"].count_documents({}) >= 12)

    simulator.order("posts", {"delete": str(mine)})
    name, user_id = next(iter(accounts.items()))
    simulator.order("accounts", {"account": name, "change": "rename", "username": "brand_new"})

    soon(lambda: _by(services, mine) == "event")
    soon(lambda: "brand_new" in services.stores.handles.names(["brand_new"]))
    assert services.stores.handles.names(["brand_new"])["brand_new"].user_id == user_id
    assert services.stores.db["mentions"].count_documents({}) > 0
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0
    assert not _living(simulator)
    _money_agrees(simulator, services)
    _the_search_buys_nothing_again(simulator, services)


def _the_search_buys_nothing_again(simulator: Simulator, services: Services) -> None:
    """The search reads the same span by itself: what came live is free, and is there once."""
    live = {int(one["_id"]) for one in services.stores.db["X_tweets"].find({"gone": None}, {"_id": 1})}
    before = simulator.truth("bill")
    for number, stream in enumerate(services.stores.streams.active()):
        next_sweep(services, stream.id, f"sweep-{number}")
        read_to_end(services, f"sweep-{number}")
    after = simulator.truth("bill")

    stored = [int(one["_id"]) for one in services.stores.db["X_tweets"].find({}, {"_id": 1})]
    assert after["posts_reread"] > before["posts_reread"]
    assert after["posts_bought"] - before["posts_bought"] <= len(set(stored) - live)
    assert len(stored) == len(set(stored))
    _money_agrees(simulator, services)


def _stored_of(services: Services, accounts: dict[str, int]) -> int | None:
    authors = [str(one) for one in accounts.values()]
    found = services.stores.db["X_tweets"].find_one({"author_id": {"$in": authors}})
    return int(found["_id"]) if found else None


def _money_agrees(simulator: Simulator, services: Services) -> None:
    """What the ledger counts is what X bills, but for what was on its way when the listener was told to stop."""
    services.ledger.copy()
    rows = list(services.stores.db["ledger"].find({}))
    booked = sum(row["micro_usd"] for row in rows)
    billed = simulator.truth("bill")["micro_usd"]
    assert 0 < booked <= billed
    assert billed - booked <= 3 * 5_000


def test_a_standby_takes_over_from_one_that_was_killed(
    start: Start, make_services: Make, listen: Listen, redis_client: redis.Redis
) -> None:
    """The holder of the leases is killed: within the lease the other one is connected, and a deletion is heard."""
    simulator = start("--activity", "0", "--history-hours", "72")
    services = make_services(simulator.url)
    accounts = _accounts(simulator)
    follow(services, accounts)
    holder = listen(services, "holder")
    [first] = soon(lambda: _living(simulator))
    listen(services, "standby")
    soon(lambda: services.stores.db["processes"].count_documents({"kind": "listener"}) == 2)
    assert len(_connections(simulator)) == 1

    holder.kill()
    holder.wait()

    soon(lambda: [one for one in _living(simulator) if one["id"] != first["id"]])
    assert len(_living(simulator)) == 1
    assert redis_client.exists(LEASE_KEY.format(route="activity"))
    soon(lambda: _spans(services) == [("standby", None), ("holder", "lost")])
    _a_deletion_is_heard(simulator, services, accounts)


def _spans(services: Services) -> list[tuple[str, str | None]]:
    """Of each connection to the activity stream, the newest first, whose it was and how it ended."""
    return [(one.by, one.why) for one in services.stores.live.recent("activity")]


def _a_deletion_is_heard(simulator: Simulator, services: Services, accounts: dict[str, int]) -> None:
    """Store one post of theirs as a search would, let its author delete it, and wait for the word."""
    found = simulator.truth("posts")["posts"]
    mine = {str(one) for one in accounts.values()}
    post_id = next(one["id"] for one in found if one["state"] == "live" and one["author_id"] in mine)
    services.stores.db["X_tweets"].update_one({"_id": post_id}, {"$set": {"text": "there"}}, upsert=True)
    simulator.order("posts", {"delete": post_id})
    soon(lambda: _by(services, int(post_id)) == "event")


def test_a_broken_stream_is_connected_to_again(start: Start, make_services: Make, listen: Listen) -> None:
    """Ended by X it is there again at once, after a row of 503 by the rule, after silence when its time is over; every
    break is written down, that of the silence from its beginning, and nothing is stored twice."""
    simulator = start(*BUSY)
    services = make_services(simulator.url)
    follow(services, _accounts(simulator), live=True)
    listen(services, "one")

    for order in ({"act": "disconnect"}, {"act": "disconnect", "by_reset": True}, {"act": "silence"}):
        [living] = soon(lambda: _living(simulator))
        seen = len(_connections(simulator))
        simulator.order("streams", {**order, "stream": "activity/stream"})
        soon(lambda seen=seen: len(_connections(simulator)) > seen)
        assert living["id"]

    soon(lambda: len(services.stores.live.recent("activity")) >= 4)
    spans = services.stores.live.recent("activity")
    assert "it sent nothing for 2 s" in {one.why for one in spans}
    assert all(one.why for one in spans[1:])
    assert [one for one in silences(spans) if one.to_at and (one.to_at - one.from_at).total_seconds() >= 2.0]
    ids = [document["_id"] for document in services.stores.db["X_tweets"].find({}, {"_id": 1})]
    assert len(ids) == len(set(ids))
    assert services.stores.db["mentions"].count_documents({}) == len(
        services.stores.db["mentions"].distinct("external_id")
    )


def test_without_money_only_what_is_free_is_heard(start: Start, make_services: Make, listen: Listen) -> None:
    """When the budget of the day is spent the filtered stream is left and posts are not subscribed to any more, while
    deletions are still heard; the budget is passed by no more than what was on its way."""
    simulator = start(*BUSY)
    services = make_services(simulator.url)
    accounts = _accounts(simulator)
    follow(services, accounts, live=True)
    listen(services, "one", COVEY_BUDGET_DAY_USD="0.1")

    soon(lambda: simulator.truth("bill")["micro_usd"] >= 80_000)
    soon(lambda: _in_step(simulator, len(accounts)) and _living(simulator) and not _living(simulator, "search/stream"))
    before = simulator.truth("bill")["micro_usd"]
    _a_deletion_is_heard(simulator, services, accounts)

    assert before <= 100_000 + 20 * 5_000
    assert simulator.truth("bill")["micro_usd"] == before
