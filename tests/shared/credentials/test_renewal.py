"""The one renewal of a rotating token, and every way in which it fails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from pydantic import SecretStr

from shared.credentials.pool import CredentialPool
from shared.credentials.renewal import RESULTS, Renewal
from shared.credentials.secrets import BearerToken
from shared.credentials.standing import State
from shared.credentials.vault import Vault
from shared.domain.errors import CredentialNotReady, InputError, StoreUnavailable
from shared.http.adapter import BoundedAdapter
from shared.platforms.x.blocks import LOOK_AGAIN_SECONDS
from shared.platforms.x.endpoints import ANY_KIND
from shared.platforms.x.oauth import TokenEndpoint
from shared.runtime import metrics
from shared.stores.credentials import CredentialStore, NewTokens
from shared.stores.database import Db
from tests.shared.credentials.accounts import (
    KEY,
    LEASE,
    TIMEOUTS,
    Account,
    is_usable,
    make_pool,
    may_try_now,
    state_of,
    wait_for,
)
from tests.shared.platforms.x.token_server import TokenServer
from tests.workers.world import Simulator, eventually

OVER = timedelta(seconds=-1)


@pytest.fixture
def server() -> Iterator[TokenServer]:
    """A token endpoint whose answers the test decides."""
    running = TokenServer()
    yield running
    running.stop()


@pytest.fixture
def lost_answers(x: Simulator) -> Iterator[None]:
    """X issues tokens, and every answer is lost on the way."""
    rule = {"match": {"endpoint": "oauth2/token"}, "answer": {"kind": "cut_body", "share": 0.5}}
    requests.post(f"{x.url}/_sim/faults", json={"seed": 1, "rules": [rule]}, timeout=5).raise_for_status()
    yield
    requests.post(f"{x.url}/_sim/faults", json={}, timeout=5).raise_for_status()


class UnwritableStore(CredentialStore):
    """A store that cannot be written to when tokens come, as long as `is_away`."""

    is_away = True
    asked = 0

    def store_refreshed(self, *arguments: Any, **named: Any) -> bool:
        """Fail as a store does whose MongoDB is away."""
        self.asked += 1
        if self.is_away:
            raise StoreUnavailable("MongoDB is away")
        return super().store_refreshed(*arguments, **named)


def counted(result: str) -> float:
    """Renewals with that result so far, in this process."""
    return float(metrics.CREDENTIAL_RENEWALS.labels(result)._value.get())


def waits_after(db: Db) -> tuple[str | None, float, int]:
    """Of the failed renewal: its holder, the seconds it makes others wait, and the tries."""
    document = db["X_credentials"].find_one({}) or {}
    refresh = document["refresh"]
    return refresh["holder"], (refresh["until"] - refresh["since"]).total_seconds(), refresh["tries"]


def failed(pool: CredentialPool, db: Db) -> None:
    """Begin a renewal and wait until it has failed."""
    pool.usable()
    eventually(lambda: (db["X_credentials"].find_one({}) or {}).get("refresh", {}).get("holder", "x") is None)


@pytest.mark.parametrize("confidential", [False, True], ids=["public", "confidential"])
def test_tokens_are_renewed_again_and_again(
    store: CredentialStore, mongo_db: Db, x: Simulator, confidential: bool
) -> None:
    """Each time with the newest refresh token, by the app that they were issued to."""
    account, before = Account(x, confidential=confidential), counted("renewed")
    account.stored(store)
    pool = make_pool(mongo_db, x.url, cache_seconds=0)

    for times in range(1, 4):
        mongo_db["X_credentials"].update_one({}, [{"$set": {"expires_at": "$$NOW"}}])
        wait_for(pool, account.id, State.OK)
        assert account.session["refreshes"] == times

    assert account.session["ended"] is None
    assert store.all()[0].scopes == ("offline.access", "tweet.read", "users.read")
    assert counted("renewed") == before + 3


def test_a_used_refresh_token_loses_the_credential(
    store: CredentialStore, mongo_db: Db, x: Simulator, account: Account
) -> None:
    """It is marked with what to do, counted once, left out by everybody, and never tried again."""
    account.stored(store, lifetime=OVER)
    assert account.tokens.refresh is not None
    TokenEndpoint(x.url).refresh(account.client, account.tokens.refresh)
    before = counted("lost")
    pool, other = make_pool(mongo_db, x.url, cache_seconds=0), make_pool(mongo_db, x.url, cache_seconds=0)

    reason = wait_for(pool, account.id, State.LOST)

    assert reason is not None
    assert "X answered 400 invalid_request: Value passed for the token was invalid." in reason
    assert "covey connect" in reason
    asked = x.calls("oauth2/token")
    for one in (pool, other):
        assert one.usable() == ()
        assert "is lost" in str(one.missing("users", ANY_KIND))
    assert x.calls("oauth2/token") == asked
    assert counted("lost") == before + 1


def test_an_answer_that_was_lost_costs_the_session_and_is_told(
    store: CredentialStore, mongo_db: Db, x: Simulator, account: Account, lost_answers: None
) -> None:
    """After no answer the old refresh token is tried once more; X says that it was used."""
    account.stored(store, lifetime=OVER)
    pool = make_pool(mongo_db, x.url, cache_seconds=0)
    failed(pool, mongo_db)
    assert state_of(pool, account.id) is State.WAITING
    assert isinstance(pool.missing("users", ANY_KIND), CredentialNotReady)
    requests.post(f"{x.url}/_sim/faults", json={}, timeout=5).raise_for_status()
    may_try_now(mongo_db)

    reason = wait_for(pool, account.id, State.LOST)

    assert reason is not None
    assert "a renewal ended before its tokens were stored" in reason


@pytest.mark.parametrize("status", [500, 503, 404])
def test_x_s_own_fault_is_waited_out(
    store: CredentialStore, mongo_db: Db, server: TokenServer, x: Simulator, status: int
) -> None:
    """Each try waits longer; the old token is used while it lasts; then X is back and nothing was lost."""
    account = Account(x)
    account.stored(store, lifetime=timedelta(seconds=60))
    mongo_db["X_credentials"].update_one({}, [{"$set": {"issued_at": {"$subtract": ["$issued_at", 7_200_000]}}}])
    server.answer = (status, b"gateway")
    pool = make_pool(mongo_db, server.url, cache_seconds=0)

    for tries, wait in ((1, 5), (2, 10), (3, 20)):
        failed(pool, mongo_db)
        holder, seconds, counted_tries = waits_after(mongo_db)
        assert (holder, counted_tries) == (None, tries)
        assert wait <= seconds < wait + 3
        assert is_usable(pool, account.id)
        may_try_now(mongo_db)
    server.answer = (200, b'{"access_token": "new", "refresh_token": "next", "expires_in": 7200}')
    wait_for(pool, account.id, State.OK)

    assert server.form["refresh_token"] == (account.tokens.refresh or SecretStr("")).get_secret_value()
    assert store.all()[0].reason is None


def test_a_throttled_renewal_waits_as_long_as_x_says(
    store: CredentialStore, mongo_db: Db, server: TokenServer, account: Account
) -> None:
    """429 without a reset: a minute, as everywhere."""
    account.stored(store, lifetime=OVER)
    server.answer = (429, b"{}")

    failed(make_pool(mongo_db, server.url), mongo_db)

    assert 59 < waits_after(mongo_db)[1] < 63


@pytest.mark.parametrize(
    ("status", "body"),
    [(401, b'{"error": "unauthorized_client"}'), (400, b'{"error": "invalid_request"}'), (405, b"{}")],
)
def test_an_app_that_x_refuses_pauses_the_credential(
    store: CredentialStore, mongo_db: Db, server: TokenServer, account: Account, status: int, body: bytes
) -> None:
    """The refresh token may be good: it is kept, and tried again in a quarter of an hour."""
    account.stored(store, lifetime=OVER)
    server.answer = (status, body)
    pool = make_pool(mongo_db, server.url, cache_seconds=0)

    reason = wait_for(pool, account.id, State.PAUSED)

    assert reason is not None
    assert str(status) in reason
    found = next(state for state in pool.states() if state.id == account.id)
    assert found.wait_seconds is not None
    assert LOOK_AGAIN_SECONDS - 10 < found.wait_seconds <= LOOK_AGAIN_SECONDS
    mongo_db["X_credentials"].update_one({}, [{"$set": {"paused_until": "$$NOW"}}])
    server.answer = (200, b'{"access_token": "new", "refresh_token": "next"}')
    wait_for(pool, account.id, State.OK)


def test_tokens_that_cannot_be_stored_are_kept_and_stored_later(
    store: CredentialStore, mongo_db: Db, x: Simulator, account: Account
) -> None:
    """Also over a verdict of lost, which another process gave when the lease had ended; nobody uses them before."""
    account.stored(store, lifetime=OVER)
    unwritable, before = UnwritableStore(mongo_db), counted("unsaved")
    pool = make_pool(mongo_db, x.url, store=unwritable, cache_seconds=0)
    other = make_pool(mongo_db, x.url, cache_seconds=0)
    pool.usable()
    eventually(lambda: unwritable.asked)
    assert pool.usable() == ()
    assert state_of(pool, account.id) is State.RENEWING
    may_try_now(mongo_db)
    wait_for(other, account.id, State.LOST)
    assert pool.usable() == ()

    unwritable.is_away = False

    wait_for(pool, account.id, State.OK)
    assert is_usable(other, account.id)
    assert account.session["refreshes"] == 1
    assert counted("unsaved") > before


def test_tokens_of_a_credential_that_was_connected_anew_are_dropped(
    store: CredentialStore, mongo_db: Db, x: Simulator, account: Account
) -> None:
    """The new session is not overwritten by what the old one brought."""
    account.stored(store, lifetime=OVER)
    unwritable = UnwritableStore(mongo_db)
    pool = make_pool(mongo_db, x.url, store=unwritable, cache_seconds=0)
    pool.usable()
    eventually(lambda: unwritable.asked)
    again = Account(x)
    again.stored(store)
    newest = store.all()[0].sealed

    unwritable.is_away = False

    wait_for(pool, account.id, State.OK)
    assert store.all()[0].sealed == newest
    asked = unwritable.asked
    pool.usable()
    assert unwritable.asked == asked


def test_a_process_that_was_stopped_before_the_call_does_not_make_it(
    store: CredentialStore, mongo_db: Db, x: Simulator, account: Account
) -> None:
    """When its lease may end during the call, the claim is given back and the next one renews."""
    account.stored(store, lifetime=OVER)
    longest = TokenEndpoint(x.url, timeouts=TIMEOUTS).longest_call_seconds
    stopped = make_pool(mongo_db, x.url, lease=timedelta(seconds=longest + 0.0001), cache_seconds=0)

    failed(stopped, mongo_db)

    assert account.session["refreshes"] == 0
    assert "stopped before the call" in (store.all()[0].reason or "")
    wait_for(make_pool(mongo_db, x.url, cache_seconds=0), account.id, State.OK)
    assert (account.session["refreshes"], account.session["ended"]) == (1, None)


def test_a_verdict_that_cannot_be_written_is_given_by_the_next(
    store: CredentialStore, mongo_db: Db, server: TokenServer, account: Account
) -> None:
    """MongoDB is away when X has refused: the claim stays until its lease ends."""
    account.stored(store, lifetime=OVER)

    class Away(CredentialStore):
        def mark_lost(self, *arguments: Any, **named: Any) -> bool:
            """Fail as a store does whose MongoDB is away."""
            raise StoreUnavailable("MongoDB is away")

    server.answer = (400, b'{"error": "invalid_grant"}')
    pool = make_pool(mongo_db, server.url, store=Away(mongo_db), cache_seconds=0)
    pool.usable()
    eventually(lambda: server.form)
    assert state_of(pool, account.id) is State.RENEWING

    may_try_now(mongo_db)
    wait_for(make_pool(mongo_db, server.url, cache_seconds=0), account.id, State.LOST)


def test_a_refresh_token_that_x_leaves_out_stays(
    store: CredentialStore, mongo_db: Db, server: TokenServer, account: Account
) -> None:
    """RFC 6749, 6: the server may issue no new one."""
    account.stored(store, lifetime=OVER)
    server.answer = (200, b'{"access_token": "new", "expires_in": 7200}')
    pool = make_pool(mongo_db, server.url, cache_seconds=0)

    wait_for(pool, account.id, State.OK)

    opened = Vault(KEY).open(account.id, store.all()[0].sealed)
    assert opened == type(account.tokens)(
        account.tokens.user_id, account.client, SecretStr("new"), account.tokens.refresh
    )


def test_a_lease_is_longer_than_a_call(store: CredentialStore) -> None:
    """Else two processes could hold the same refresh token at once."""
    endpoint = TokenEndpoint("http://127.0.0.1:1", timeouts=TIMEOUTS)

    with pytest.raises(InputError, match="not longer than a call of 15 s"):
        Renewal(store, Vault(KEY), endpoint, lease=timedelta(seconds=15))


def test_what_has_no_refresh_token_is_not_renewed(store: CredentialStore) -> None:
    """A mistake of the caller, said before anything is claimed."""
    bearer = BearerToken(SecretStr("a-token"))
    sealed = Vault(KEY).seal("app-1", bearer)
    store.put("app-1", bearer.kind, NewTokens(sealed, is_renewable=True))
    renewal = Renewal(store, Vault(KEY), TokenEndpoint("http://127.0.0.1:1", adapter=BoundedAdapter()), lease=LEASE)

    with pytest.raises(InputError, match="no refresh token"):
        renewal.begin(store.all()[0])

    assert store.all()[0].refresh is None


def test_every_result_is_a_series() -> None:
    """What is counted begins at 0 in every worker."""
    assert set(RESULTS) == {"renewed", "failed", "paused", "lost", "unsaved"}
