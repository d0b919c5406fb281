"""`covey connect` from the address to the stored credential, by real HTTP against the simulator."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from pydantic import SecretStr

from control import budget
from control.connect import Connected, client_of, connect, name_account
from shared.credentials.secrets import UserTokens
from shared.credentials.vault import new_key
from shared.domain.errors import CoveyError, InputError, StoreUnavailable, Unauthorized
from shared.domain.models import WorkClass
from shared.platforms.x.oauth import OAuthClient
from shared.platforms.x.scopes import DEFAULT_SCOPES
from shared.ratelimit.model import Block, BlockScope, CallRequest, Grant, Settlement
from shared.services.bootstrap import Services
from tests.amounts import amounts
from tests.workers.world import Simulator, eventually, refusing

ROOT = str(Path(__file__).parents[2])
KEY = new_key()


@pytest.fixture
def connected(make_services: Callable[..., Services], simulator: Simulator) -> Services:
    """Services that have all that `covey connect` needs, and no other credential."""
    return make_services(
        simulator.url,
        credential_keys=KEY,
        x_client_id="sim-app",
        x_client_secret="sim-app-secret",
        x_authorize_url=f"{simulator.url}/i/oauth2/authorize",
        x_bearer_token=None,
    )


def agree(url: str, how: str = "auto=1") -> None:
    """What a person and their browser do; X sends the browser back to us."""
    assert requests.get(f"{url}&{how}", timeout=10).status_code == 200


def ask(services: Services, show: Callable[[str], None] = agree, **options: Any) -> Connected:
    """Connect an account on a free port."""
    return connect(services, **{"scopes": DEFAULT_SCOPES, "port": 0, "wait_seconds": 10, "show": show, **options})


def opened(services: Services, credential_id: str) -> UserTokens:
    """The stored tokens."""
    stored = services.stores.credentials.get(credential_id)
    assert stored is not None
    secret = services.vault.open(credential_id, stored.sealed)
    assert isinstance(secret, UserTokens)
    return secret


def test_an_account_is_connected_and_asked_with(connected: Services) -> None:
    """The stored credential is the account's, encrypted, renewable, with its scopes; workers use it at once."""
    found = ask(connected)

    tokens = opened(connected, found.id)
    assert found.id == f"user-{tokens.user_id}"
    assert set(found.scopes) == set(DEFAULT_SCOPES)
    assert found.is_renewable
    assert found.unnamed_because is None
    assert tokens.client == OAuthClient("sim-app", SecretStr("sim-app-secret"))
    [document] = connected.stores.db["X_credentials"].find()
    assert tokens.access.get_secret_value() not in str(document)
    [state] = connected.credentials.states()
    assert state.expires_at is not None
    assert tokens.user_id is not None
    assert connected.x.users(WorkClass.INTERACTIVE, user_ids=[tokens.user_id]).users[0].id == tokens.user_id


def test_a_second_time_replaces_the_tokens_and_lifts_blocks(connected: Services) -> None:
    """One credential an account; what X refused to its older token is forgotten."""
    first = ask(connected)
    before = opened(connected, first.id)
    for credential_id, scope in ((first.id, BlockScope.CREDENTIAL), ("user-unknown", BlockScope.CREDENTIAL)):
        grant = connected.limiter.acquire(CallRequest("tweets", (credential_id,), WorkClass.INTERACTIVE))
        assert isinstance(grant, Grant)
        connected.limiter.settle(grant, Settlement(answered=True, status=401, block=Block(scope, "refused")))

    second = ask(connected)

    assert second.id == first.id
    assert opened(connected, first.id).access != before.access
    assert connected.stores.db["X_credentials"].count_documents({}) == 1
    assert connected.limiter.state().blocks == ()


def test_the_address_asks_by_pkce_and_comes_back_to_us(connected: Services) -> None:
    """A challenge, a state of its own each time, and the port that was given."""
    shown: list[str] = []

    def show(url: str) -> None:
        shown.append(url)
        agree(url)

    for _ in range(2):
        ask(connected, show)

    asked = [{name: values[0] for name, values in parse_qs(urlsplit(url).query).items()} for url in shown]
    assert {one["code_challenge_method"] for one in asked} == {"S256"}
    assert len({one["state"] for one in asked}) == len({one["code_challenge"] for one in asked}) == 2
    assert all(len(one["state"]) >= 32 and len(one["code_challenge"]) == 43 for one in asked)
    assert all(urlsplit(one["redirect_uri"]).hostname == "127.0.0.1" for one in asked)


def test_without_offline_access_it_is_kept_for_what_it_is(connected: Services) -> None:
    """It cannot be renewed, and the one who connects is told."""
    found = ask(connected, scopes=("tweet.read", "users.read"))

    assert not found.is_renewable
    assert set(found.scopes) == {"tweet.read", "users.read"}


def spent(services: Services) -> None:
    """No dollar may be spent any more."""
    budget.choose(services, {"day_usd": 0.0}, {})


def without_credits(services: Services) -> None:
    """X has answered 402 to somebody."""
    grant = services.limiter.acquire(CallRequest("tweets", ("app",), WorkClass.SEARCH, most=amounts(1)))
    assert isinstance(grant, Grant)
    services.limiter.settle(grant, Settlement(answered=True, status=402, block=Block(BlockScope.PAID, "no credits")))


def failing(services: Services) -> None:
    """X answers 503 when it is asked whose a token is."""
    rule = {"name": "down", "match": {"endpoint": "users/me"}, "answer": {"kind": "server_error", "status": 503}}
    requests.post(f"{services.settings.x_base_url}/_sim/faults", json={"rules": [rule]}, timeout=10).raise_for_status()


def mended(services: Services) -> None:
    """All of it is over."""
    budget.forget(services, ["day_usd"], [])
    services.limiter.unblock()
    requests.post(f"{services.settings.x_base_url}/_sim/faults", json={}, timeout=10).raise_for_status()


@pytest.mark.parametrize(
    ("hinder", "reason"),
    [(spent, "day_money is used up"), (without_credits, "paid is used up"), (failing, "X answered 503")],
)
def test_tokens_whose_account_x_does_not_tell_stay_and_are_named_later(
    connected: Services, hinder: Callable[[Services], None], reason: str
) -> None:
    """Both tokens are stored and in use from X's answer on, whatever follows; naming them moves them, whole."""
    hinder(connected)

    found = ask(connected)

    kept = opened(connected, found.id)
    assert found.id == f"user-unknown-{kept.provisional}"
    assert (kept.user_id, kept.refresh is not None, found.is_renewable) == (None, True, True)
    assert reason in str(found.unnamed_because)
    with pytest.raises(CoveyError, match=reason):
        name_account(connected, found.id)
    assert opened(connected, found.id) == kept
    mended(connected)
    assert [one.id for one in connected.credentials.usable()] == [found.id]
    connected.x.users(WorkClass.INTERACTIVE, user_ids=[1])
    before = connected.stores.credentials.get(found.id)

    named_id = name_account(connected, found.id)

    named = opened(connected, named_id)
    [stored] = connected.stores.credentials.all()
    assert (stored.id, stored.scopes) == (f"user-{named.user_id}", before and before.scopes)
    assert (named.access, named.refresh, named.provisional) == (kept.access, kept.refresh, "")
    assert before is not None
    assert before.expires_at is not None
    assert stored.expires_at is not None
    assert abs(stored.expires_at - before.expires_at) < timedelta(seconds=1)


def test_a_token_is_stored_before_x_is_asked_with_it(connected: Services) -> None:
    """When the process is killed while X is asked whose the tokens are, they are there."""
    rule = {"name": "slow", "match": {"endpoint": "users/me"}, "answer": {"kind": "no_answer"}}
    url = connected.settings.x_base_url
    requests.post(f"{url}/_sim/faults", json={"rules": [rule]}, timeout=10).raise_for_status()
    asking = threading.Thread(target=lambda: ask(connected), daemon=True)

    asking.start()
    eventually(lambda: requests.get(f"{url}/_sim/faults", timeout=10).json()["rules"][0]["fired"])

    [stored] = connected.stores.credentials.all()
    assert opened(connected, stored.id).refresh is not None
    requests.post(f"{url}/_sim/faults", json={}, timeout=10).raise_for_status()
    asking.join(40)


def test_newer_tokens_of_the_account_are_left_in_peace(connected: Services) -> None:
    """An account that was connected again since keeps what it has; the tokens without a name are forgotten."""
    spent(connected)
    unnamed = ask(connected)
    mended(connected)
    again = ask(connected)
    before = opened(connected, again.id)

    assert name_account(connected, unnamed.id) == again.id

    assert opened(connected, again.id) == before
    assert [one.id for one in connected.stores.credentials.all()] == [again.id]


def test_what_is_being_renewed_or_has_a_name_is_not_named(connected: Services) -> None:
    """The tokens of a claim may be spent by the time that they are stored again."""
    spent(connected)
    unnamed = ask(connected)
    mended(connected)
    stored = connected.stores.credentials.get(unnamed.id)
    assert stored is not None
    connected.stores.credentials.claim_refresh(stored.id, stored.version, holder="a", lease=timedelta(minutes=1))

    with pytest.raises(InputError, match="is being renewed"):
        name_account(connected, unnamed.id)
    for wrong in ("user-1", "user-unknown-0"):
        with pytest.raises(InputError, match="without a name"):
            name_account(connected, wrong)
    assert [one.id for one in connected.stores.credentials.all()] == [unnamed.id]


def test_tokens_that_cannot_be_stored_are_reported_as_gone(connected: Services) -> None:
    """MongoDB refused them after X had issued them: the person is told to connect again."""
    with refusing(connected, "X_credentials"), pytest.raises(StoreUnavailable, match="connect the account again"):
        ask(connected)


def test_a_person_who_refuses_stores_nothing(connected: Services) -> None:
    """The reason is X's."""
    with pytest.raises(InputError, match="access was not given: access_denied"):
        ask(connected, lambda url: agree(url, "auto=deny"))

    assert connected.stores.credentials.all() == []


def test_nobody_there_ends_in_time(connected: Services) -> None:
    """And says so."""
    with pytest.raises(InputError, match=r"nobody let the app in within 0\.05 s"):
        ask(connected, lambda url: None, wait_seconds=0.05)


def test_a_wrong_client_secret_stores_nothing(make_services: Callable[..., Services], connected: Services) -> None:
    """X's word is shown, neither code nor secret."""
    settings = connected.settings
    wrong = make_services(
        settings.x_base_url,
        **{"credential_keys": KEY, "x_client_id": "sim-app", "x_client_secret": "a-wrong-secret"},
        x_authorize_url=settings.x_authorize_url,
    )

    with pytest.raises(Unauthorized, match="unauthorized_client") as caught:
        ask(wrong)

    assert "a-wrong-secret" not in str(caught.value)
    assert wrong.stores.credentials.all() == []


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ({"x_client_id": None}, "COVEY_X_CLIENT_ID is not set"),
        ({"credential_keys": None}, "COVEY_CREDENTIAL_KEYS is not set"),
        ({"x_authorize_url": "nonsense"}, "COVEY_X_AUTHORIZE_URL"),
    ],
    ids=["client", "keys", "address"],
)
def test_what_is_missing_is_said_before_a_person_is_asked(
    make_services: Callable[..., Services], simulator: Simulator, missing: dict[str, Any], message: str
) -> None:
    """No address is shown that would lead to nothing."""
    shown: list[str] = []
    services = make_services(simulator.url, **{"credential_keys": KEY, "x_client_id": "sim-app", **missing})

    with pytest.raises(InputError, match=message):
        ask(services, shown.append)

    assert shown == []


def test_the_client_shows_no_secret(connected: Services) -> None:
    """The app of the settings, as it may be logged."""
    assert "sim-app-secret" not in repr(client_of(connected.settings))


@pytest.mark.parametrize(("budget_usd", "status"), [("", 0), ("0", 1)], ids=["named", "unnamed"])
def test_the_command_prints_id_and_scopes_only(
    connected: Services, simulator: Simulator, tmp_path: Path, budget_usd: str, status: int
) -> None:
    """As a process of its own, against a browser that follows the address: no token, code or verifier is printed.

    Where X could not be asked whose the tokens are, they are stored all the same, and the status says so.
    """
    settings = connected.settings
    process = subprocess.Popen(
        [sys.executable, "-m", "control.cli", "connect", "--no-browser", "--port", "0", "--wait", "20", "--json"],
        env={
            "PYTHONPATH": ROOT,
            "COVEY_DATA_DIR": str(tmp_path),
            "REDIS_URL": settings.redis_url or "",
            "MONGO_URI": settings.mongo_uri or "",
            "COVEY_MONGO_DATABASE": settings.mongo_database,
            "COVEY_X_BASE_URL": simulator.url,
            "COVEY_X_AUTHORIZE_URL": f"{simulator.url}/i/oauth2/authorize",
            "COVEY_X_CLIENT_ID": "sim-public-app",
            "COVEY_CREDENTIAL_KEYS": KEY,
            **({"COVEY_BUDGET_DAY_USD": budget_usd} if budget_usd else {}),
        },
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = [process.stderr.readline(), process.stderr.readline()]
    callback = requests.get(f"{said[1].strip()}&auto=1", timeout=10)
    out, rest = process.communicate(timeout=20)

    assert process.returncode == status, rest
    assert "You can close this window" in callback.text
    answer = json.loads(out)
    tokens = opened(connected, answer["id"])
    assert answer["id"] == (f"user-unknown-{tokens.provisional}" if status else f"user-{tokens.user_id}")
    assert (answer["scopes"], answer["is_renewable"]) == (sorted(DEFAULT_SCOPES), True)
    assert (answer["unnamed_because"] is not None) == (status == 1)
    code = parse_qs(urlsplit(callback.url).query)["code"][0]
    for secret in (tokens.access.get_secret_value(), (tokens.refresh or SecretStr("?")).get_secret_value(), code):
        assert secret not in out + rest + "".join(said)
