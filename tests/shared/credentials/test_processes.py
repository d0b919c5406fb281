"""Many processes and one rotating token; and processes that die at every step of its renewal."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from pydantic import SecretStr
from requests import PreparedRequest, Response

from shared.credentials.secrets import UserTokens
from shared.credentials.standing import State
from shared.credentials.vault import Vault
from shared.domain.errors import NotNow
from shared.domain.models import WorkClass
from shared.http.adapter import BoundedAdapter
from shared.platforms.x.answer import CallRecord
from shared.runtime import log
from shared.stores.credentials import CredentialStore
from shared.stores.database import Db, connect
from tests.shared.credentials.accounts import KEY, Account, make_gateway, make_pool, may_try_now, state_of, wait_for
from tests.workers.world import Simulator, eventually, start_simulator

PROCESSES = 16
CALLS = 3
FORK = multiprocessing.get_context("fork")
OVER = timedelta(seconds=-1)


class Places:
    """Where a process finds what it needs; it opens connections of its own."""

    def __init__(self, mongo_uri: str, redis_url: str, x_url: str, database: str) -> None:
        self.mongo_uri = mongo_uri
        self.redis_url = redis_url
        self.x_url = x_url
        self.database = database

    def db(self) -> Db:
        """The database."""
        return connect(self.mongo_uri, self.database)


@pytest.fixture
def places(mongo_uri: str, redis_url: str, redis_client: redis.Redis, x: Simulator, mongo_db: Db) -> Places:
    """The servers of this test."""
    return Places(mongo_uri, redis_url, x.url, mongo_db.name)


def ask(places: Places, barrier: Any, results: Any, log_path: Path, until: Callable[[list[int | None]], bool]) -> None:
    """One process: meets the others, then calls X until it has enough; answers the statuses that it saw."""
    sys.stderr = log_path.open("a")
    log.configure(level="debug", form="json", process="test")
    seen: list[CallRecord] = []
    pool = make_pool(places.db(), places.x_url)
    gateway = make_gateway(places.redis_url, places.x_url, pool, seen)
    pause, deadline = threading.Event(), time.monotonic() + 30
    barrier.wait(30)
    while not until([record.status for record in seen]) and time.monotonic() < deadline:
        try:
            gateway.users(WorkClass.INTERACTIVE, user_ids=[1])
        except NotNow as error:
            pause.wait(min(error.wait_seconds, 0.25))
    results.put([record.status for record in seen])


def has_enough(statuses: list[int | None]) -> bool:
    """Until some calls were good."""
    return statuses.count(200) >= CALLS


def together(
    places: Places, log_path: Path, count: int = PROCESSES, until: Callable[[list[int | None]], bool] = has_enough
) -> list[list[int | None]]:
    """Run processes that all begin at once; the statuses that each of them saw, in order."""
    barrier, results = FORK.Barrier(count), FORK.Queue()
    processes = [
        FORK.Process(target=ask, args=(places, barrier, results, log_path, until), daemon=True) for _ in range(count)
    ]
    for process in processes:
        process.start()
    found = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(10)
        assert process.exitcode == 0
    return found


def secrets_of(tokens: UserTokens) -> list[str]:
    """The texts of an account's tokens."""
    values = (tokens.access, tokens.refresh)
    return [value.get_secret_value() for value in values if value is not None]


def test_sixteen_processes_renew_an_ended_token_once(
    places: Places, store: CredentialStore, account: Account, tmp_path: Path
) -> None:
    """One refresh at X, not one call with the dead token, and no token in any line they logged at level debug."""
    account.stored(store, lifetime=OVER)
    asked = account.simulator.calls("oauth2/token")

    found = together(places, tmp_path / "log")

    assert account.simulator.calls("oauth2/token") == asked + 1
    assert (account.session["refreshes"], account.session["ended"]) == (1, None)
    assert found == [[200] * CALLS] * PROCESSES
    logged = (tmp_path / "log").read_text()
    assert "credential renewed" in logged
    renewed = Vault(KEY).open(account.id, store.all()[0].sealed)
    assert isinstance(renewed, UserTokens)
    assert not [secret for secret in secrets_of(account.tokens) + secrets_of(renewed) if secret in logged]


def test_sixteen_processes_that_meet_a_401_renew_once(
    places: Places, store: CredentialStore, account: Account, tmp_path: Path
) -> None:
    """One refresh at X; each process learns by one call at most that the token is dead, and never uses it again."""
    account.stored(store, lifetime=None, access=SecretStr("an-access-token-that-x-does-not-know"))
    asked = account.simulator.calls("oauth2/token")

    found = together(places, tmp_path / "log")

    assert account.simulator.calls("oauth2/token") == asked + 1
    assert (account.session["refreshes"], account.session["ended"]) == (1, None)
    for statuses in found:
        assert statuses in ([200] * CALLS, [401, *[200] * CALLS])
    assert [401, *[200] * CALLS] in found
    assert "an-access-token-that-x-does-not-know" not in (tmp_path / "log").read_text()


def test_short_lived_tokens_are_replaced_in_time(places: Places, store: CredentialStore, tmp_path: Path) -> None:
    """Tokens of three seconds under three processes: each is renewed once, and X refuses no call."""
    x, process = start_simulator("--accounts", "2", "--history-hours", "1", "--access-token-seconds", "3")
    try:
        account = Account(x)
        account.stored(store, lifetime=timedelta(seconds=3))
        places.x_url = x.url
        ends = time.monotonic() + 4.5

        found = together(places, tmp_path / "log", 3, lambda _: time.monotonic() > ends)

        assert 1 <= account.session["refreshes"] <= 3
        assert account.session["ended"] is None
        assert {status for statuses in found for status in statuses} == {200}
        assert x.truth("calls")["endpoints"]["oauth2/token"] == {"200": account.session["refreshes"] + 1}
    finally:
        process.terminate()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


# --- a process that dies


def die() -> None:
    """What the kernel does to a process without memory."""
    os.kill(os.getpid(), signal.SIGKILL)


class DiesBeforeSending(BoundedAdapter):
    """The claim is written; nothing reaches X."""

    def send(self, *arguments: Any, **named: Any) -> Response:
        """Die."""
        die()
        raise AssertionError


class DiesBeforeReading(BoundedAdapter):
    """X has issued the tokens; nobody has seen them."""

    def send(self, request: PreparedRequest, *arguments: Any, **named: Any) -> Response:
        """Send, and die."""
        super().send(request, *arguments, **named)
        die()
        raise AssertionError


class DiesBeforeStoring(CredentialStore):
    """The tokens are in memory."""

    def store_refreshed(self, *arguments: Any, **named: Any) -> bool:
        """Die."""
        die()
        raise AssertionError


class DiesAfterStoring(CredentialStore):
    """The tokens are stored; this process has not used them."""

    def store_refreshed(self, *arguments: Any, **named: Any) -> bool:
        """Store, and die."""
        super().store_refreshed(*arguments, **named)
        die()
        raise AssertionError


class DiesBeforeClaiming(CredentialStore):
    """Nothing has happened."""

    def claim_refresh(self, *arguments: Any, **named: Any) -> None:
        """Die."""
        die()


def renew(places: Places, adapter: type[BoundedAdapter] | None, kind: type[CredentialStore]) -> None:
    """One process: finds the token ended, and renews it."""
    db = places.db()
    pool = make_pool(db, places.x_url, store=kind(db), adapter=adapter() if adapter else None)
    pool.usable()
    threading.Event().wait(30)


SURVIVED: list[tuple[type[BoundedAdapter] | None, type[CredentialStore], bool]] = [
    (None, DiesBeforeClaiming, False),
    (DiesBeforeSending, CredentialStore, True),
    (None, DiesAfterStoring, False),
]
LOST: list[tuple[type[BoundedAdapter] | None, type[CredentialStore]]] = [
    (DiesBeforeReading, CredentialStore),
    (None, DiesBeforeStoring),
]


def kill(places: Places, adapter: type[BoundedAdapter] | None, kind: type[CredentialStore]) -> None:
    """Run a process that dies by SIGKILL in the middle of a renewal."""
    process = FORK.Process(target=renew, args=(places, adapter, kind), daemon=True)
    process.start()
    process.join(20)
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.parametrize(("adapter", "kind", "is_claimed"), SURVIVED, ids=["claim", "call", "use"])
def test_a_death_before_the_call_or_after_the_write_costs_nothing(
    places: Places,
    store: CredentialStore,
    mongo_db: Db,
    account: Account,
    adapter: type[BoundedAdapter] | None,
    kind: type[CredentialStore],
    is_claimed: bool,
) -> None:
    """The next process has a good token, X saw one refresh; a claim is waited out, not broken."""
    account.stored(store, lifetime=OVER)
    kill(places, adapter, kind)
    assert (store.all()[0].refresh is not None) is is_claimed
    if is_claimed:
        may_try_now(mongo_db)
    pool = make_pool(mongo_db, places.x_url)

    wait_for(pool, account.id, State.OK)

    assert (account.session["refreshes"], account.session["ended"]) == (1, None)
    make_gateway(places.redis_url, places.x_url, pool).users(WorkClass.INTERACTIVE, user_ids=[1])


@pytest.mark.parametrize(("adapter", "kind"), LOST, ids=["before reading", "before storing"])
def test_a_death_between_answer_and_write_is_told_and_tried_once(
    places: Places,
    store: CredentialStore,
    mongo_db: Db,
    account: Account,
    adapter: type[BoundedAdapter] | None,
    kind: type[CredentialStore],
) -> None:
    """The only tokens died with it: one more try by whoever comes next, then the credential is lost, for all."""
    account.stored(store, lifetime=OVER)
    kill(places, adapter, kind)
    assert account.session["refreshes"] == 1
    may_try_now(mongo_db)
    asked = account.simulator.calls("oauth2/token")
    pools = [make_pool(mongo_db, places.x_url, cache_seconds=0) for _ in range(3)]

    def all_look() -> bool:
        for pool in pools:
            assert pool.usable() == ()
        return state_of(pools[0], account.id) is State.LOST

    eventually(all_look)

    assert account.simulator.calls("oauth2/token") == asked + 1
    reason = next(found.reason for found in pools[1].states())
    assert reason is not None
    assert "a renewal ended before its tokens were stored" in reason
    assert "covey connect" in reason
