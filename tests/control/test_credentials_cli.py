"""`covey credentials` on real servers: what it takes, shows and never shows."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from control.cli.app import app  # its package adds the commands
from shared.credentials.keeping import keep
from shared.credentials.secrets import BearerToken, SigningKeys, UserTokens
from shared.credentials.vault import Vault, new_key
from shared.domain.errors import CoveyError, InputError
from shared.domain.models import WorkClass
from shared.platforms.x.oauth import OAuthClient
from shared.ratelimit.model import Block, BlockScope, CallRequest, Grant, Settlement
from shared.services.bootstrap import Services
from tests.workers.world import Simulator

ROOT = str(Path(__file__).parents[2])
KEY, OTHER_KEY = new_key(), new_key()
Invoke = Callable[..., Result]


@pytest.fixture
def stored(make_services: Callable[..., Services], simulator: Simulator) -> Services:
    """Services with keys, and without a token of the environment."""
    return make_services(simulator.url, credential_keys=KEY, x_bearer_token=None)


@pytest.fixture
def environment(stored: Services, simulator: Simulator, tmp_path: Path) -> dict[str, str]:
    """The settings of a command."""
    return {
        "COVEY_DATA_DIR": str(tmp_path),
        "COLUMNS": "200",
        "REDIS_URL": stored.settings.redis_url or "",
        "MONGO_URI": stored.settings.mongo_uri or "",
        "COVEY_MONGO_DATABASE": stored.settings.mongo_database,
        "COVEY_X_BASE_URL": simulator.url,
        "COVEY_X_CLIENT_ID": "sim-public-app",
        "COVEY_CREDENTIAL_KEYS": KEY,
        "X_BEARER_TOKEN": "",
    }


@pytest.fixture
def invoke(environment: dict[str, str]) -> Invoke:
    """Runs `covey credentials ...` in this process; standard input is no terminal."""

    def run(*arguments: str, input: str = "", **changes: str) -> Result:
        return CliRunner().invoke(app, ["credentials", *arguments], env={**environment, **changes}, input=input)

    return run


def add(invoke: Invoke, kind: str, *lines: str, **changes: str) -> Result:
    """Add a credential; its secrets one a line."""
    return invoke("add", "--kind", kind, "--json", input="\n".join(lines), **changes)


def listed(invoke: Invoke, **changes: str) -> list[dict[str, Any]]:
    """What `list --json` shows."""
    done = invoke("list", "--json", **changes)
    assert done.exit_code == 0, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def error_of(done: Result) -> str:
    """The words of the error that a command ended with."""
    assert isinstance(done.exception, CoveyError), done.exception
    return str(done.exception)


def opened(services: Services, credential_id: str) -> object:
    """The stored secret."""
    found = services.stores.credentials.get(credential_id)
    assert found is not None
    return services.vault.open(credential_id, found.sealed)


# --- add


def test_each_kind_is_added_from_standard_input(invoke: Invoke, stored: Services) -> None:
    """A bearer token; keys whose account is in the token; tokens whose account X tells."""
    bearer = json.loads(add(invoke, "bearer", "the-bearer-token").stdout)
    keys = json.loads(add(invoke, "oauth1", "ck", "cs", "77-the-token", "ts").stdout)
    user = json.loads(add(invoke, "oauth2", "sim-user-token", "the-refresh-token").stdout)

    assert opened(stored, bearer["id"]) == BearerToken(SecretStr("the-bearer-token"))
    assert keys == {"id": "user1-77", "kind": "oauth1_user"}
    assert opened(stored, "user1-77") == SigningKeys(77, *map(SecretStr, ("ck", "cs", "77-the-token", "ts")))
    tokens = opened(stored, user["id"])
    assert isinstance(tokens, UserTokens)
    assert user["id"] == f"user-{tokens.user_id}"
    assert (tokens.access, tokens.refresh) == (SecretStr("sim-user-token"), SecretStr("the-refresh-token"))
    assert tokens.client.id == "sim-public-app"


def test_tokens_without_a_name_are_shown_and_named(invoke: Invoke, stored: Services) -> None:
    """The list says what to do, and the command asks X and moves them."""
    tokens = UserTokens(None, OAuthClient("sim-public-app"), SecretStr("sim-user-token"), provisional="1f")
    assert keep(stored.stores.credentials, stored.vault, tokens) == "user-unknown-1f"
    listed = invoke("list").stdout

    named = json.loads(invoke("name", "user-unknown-1f", "--json").stdout)

    assert "covey credentials name user-unknown-1f" in " ".join(listed.split())
    assert named["was"] == "user-unknown-1f"
    assert [one["id"] for one in json.loads(invoke("list", "--json").stdout)] == [named["id"]]
    assert isinstance(invoke("name", named["id"]).exception, InputError)


def test_an_account_may_be_told(invoke: Invoke, stored: Services) -> None:
    """Then X is not asked; without a refresh token it is stored as one that ends."""
    done = invoke("add", "--kind", "oauth2", "--user-id", "5", input="some-access-token\n\n")

    assert done.exit_code == 0, done.output
    found = stored.stores.credentials.get("user-5")
    assert found is not None
    assert not found.is_renewable


@pytest.mark.parametrize(
    ("kind", "lines", "message"),
    [
        ("bearer", [], "the token is empty"),
        ("bearer", ["hunter2 hunter2"], "the token is empty or holds characters"),
        ("bearer", ["hunter2", "", "hunter2"], "3 lines on standard input, expected 1: bearer token"),
        ("oauth1", ["ck", "cs", "hunter2", "ts"], "give it with --user-id"),
        ("oauth1", ["ck", "cs", "7-hunter2"], "the access token secret is empty"),
        ("oauth2", ["", "hunter2"], "the token is empty"),
        ("oauth2", ["hunter2", "b", "c"], "3 lines on standard input, expected 2"),
        ("oauth2", ["hunter2-that-x-does-not-know", ""], "users/me: X answered 401"),
    ],
)
def test_what_cannot_be_a_credential_is_refused(
    invoke: Invoke, stored: Services, kind: str, lines: list[str], message: str
) -> None:
    """The error says which part is wrong and shows none; nothing is stored."""
    error = error_of(add(invoke, kind, *lines))

    assert message in error
    assert "hunter2" not in error
    assert stored.stores.credentials.all() == []


def test_without_a_key_nothing_is_asked_for(invoke: Invoke) -> None:
    """The missing key is named before a person has typed a secret; one that is none, by its place."""
    assert "COVEY_CREDENTIAL_KEYS is not set" in error_of(add(invoke, "bearer", "t", COVEY_CREDENTIAL_KEYS=""))
    wrong = error_of(add(invoke, "bearer", "t", COVEY_CREDENTIAL_KEYS=f"{KEY},hunter2"))
    assert "key 2 cannot be used" in wrong
    assert "hunter2" not in wrong


def test_no_secret_can_be_an_argument(invoke: Invoke) -> None:
    """Other users of the machine can read arguments."""
    done = invoke("add", "--kind", "bearer", "a-token")

    assert done.exit_code == 2
    assert "unexpected" in done.output


def test_a_terminal_does_not_show_what_is_typed(environment: dict[str, str], stored: Services, tmp_path: Path) -> None:
    """On a real terminal each secret is asked for by name, and not echoed."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "control.cli", "credentials", "add", "--kind", "oauth2", "--user-id", "9"],
        env={**environment, "PYTHONPATH": ROOT, "TERM": "dumb"},
        cwd=tmp_path,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    shown = b""
    for prompt, typed in ((b"access token: ", b"typed-access"), (b"refresh token (may be empty): ", b"typed-refresh")):
        while prompt not in shown:
            shown += os.read(controller, 1000)
        os.write(controller, typed + b"\n")
    while b"Stored user-9." not in shown:
        shown += os.read(controller, 1000)
    assert process.wait(20) == 0
    os.close(controller)

    assert b"typed" not in shown
    tokens = opened(stored, "user-9")
    assert isinstance(tokens, UserTokens)
    assert (tokens.access, tokens.refresh) == (SecretStr("typed-access"), SecretStr("typed-refresh"))


# --- list


def test_the_list_shows_state_and_reason(invoke: Invoke, stored: Services) -> None:
    """What can be asked with, what X refused, what no key opens, and the environment's own."""
    good = json.loads(add(invoke, "bearer", "one-bearer-token").stdout)["id"]
    refused = json.loads(add(invoke, "bearer", "another-bearer-token").stdout)["id"]
    add(invoke, "oauth1", "ck", "cs", "7-t", "ts", COVEY_CREDENTIAL_KEYS=OTHER_KEY)
    grant = stored.limiter.acquire(CallRequest("tweets", (refused,), WorkClass.INTERACTIVE))
    assert isinstance(grant, Grant)
    block = Block(BlockScope.CREDENTIAL, "unauthorized", for_seconds=900)
    stored.limiter.settle(grant, Settlement(answered=True, status=401, block=block))

    found = {one["id"]: one for one in listed(invoke, X_BEARER_TOKEN="the-environment-s")}

    own = next(one for one in found.values() if not one["is_stored"])
    assert (own["kind"], own["state"]) == ("bearer", "ok")
    assert found[good]["state"] == "ok"
    assert (found[refused]["state"], found[refused]["reason"]) == ("paused", "X answered: unauthorized")
    assert found["user1-7"]["state"] == "locked"
    assert "no key of COVEY_CREDENTIAL_KEYS opens it" in found["user1-7"]["reason"]
    table = invoke("list").stdout
    assert all(text in table for text in (good, "paused", "locked", "again in", "MongoDB"))
    assert good in invoke("list", COLUMNS="80").stdout


def test_adding_a_refused_token_again_lifts_its_block(invoke: Invoke, stored: Services) -> None:
    """A person who gives a new token need not wait for the end of the old one's pause."""
    test_the_list_shows_state_and_reason(invoke, stored)

    refused = json.loads(add(invoke, "bearer", "another-bearer-token").stdout)["id"]

    assert next(one for one in listed(invoke) if one["id"] == refused)["state"] == "ok"


def test_without_redis_the_list_is_still_shown(invoke: Invoke) -> None:
    """What the limiter knows is missing, and that is said."""
    add(invoke, "bearer", "one-bearer-token")

    done = invoke("list", "--json", REDIS_URL="redis://127.0.0.1:1/0")

    assert done.exit_code == 0, done.output
    assert len(json.loads(done.stdout)) == 1
    assert "what X refused is not shown" in done.stderr


def test_an_empty_list_says_what_to_do(invoke: Invoke) -> None:
    """For people a sentence, for scripts an empty list."""
    assert "covey connect" in invoke("list").stdout
    assert listed(invoke) == []


# --- remove


def test_a_credential_is_removed_after_a_question(invoke: Invoke) -> None:
    """Without a yes nothing happens; with it, it is gone; the environment's cannot be removed here."""
    credential_id = json.loads(add(invoke, "bearer", "one-bearer-token").stdout)["id"]

    assert invoke("remove", credential_id, input="n\n").exit_code == 1
    assert len(listed(invoke)) == 1
    assert invoke("remove", credential_id, input="y\n").exit_code == 0
    assert listed(invoke) == []
    assert "no credential 'app-1'; there are none" in error_of(invoke("remove", "app-1", "--yes"))
    [own] = listed(invoke, X_BEARER_TOKEN="the-environment-s")
    assert "unset that" in error_of(invoke("remove", own["id"], "--yes", X_BEARER_TOKEN="the-environment-s"))


# --- keys


def test_keys_are_rotated(invoke: Invoke) -> None:
    """With both keys all is encrypted anew; then the new one is enough; what neither opens is named, with status 1."""
    add(invoke, "bearer", "one-bearer-token")
    new = invoke("new-key").stdout.strip()
    assert Vault(SecretStr(new)).require_keys()

    done = json.loads(invoke("rotate-keys", "--json", COVEY_CREDENTIAL_KEYS=f"{new},{KEY}").stdout)

    assert len(done["resealed"]) == 1
    assert [one["state"] for one in listed(invoke, COVEY_CREDENTIAL_KEYS=new)] == ["ok"]
    assert [one["state"] for one in listed(invoke)] == ["locked"]
    failed = invoke("rotate-keys")
    assert failed.exit_code == 1
    assert "no key of COVEY_CREDENTIAL_KEYS opens it" in failed.stderr
    assert "Encrypted anew: 0" in failed.stdout


def test_new_keys_differ(invoke: Invoke) -> None:
    """Each is fresh, and needs no server."""
    nowhere = {"REDIS_URL": "redis://127.0.0.1:1", "MONGO_URI": "mongodb://127.0.0.1:1"}

    assert invoke("new-key", **nowhere).stdout != invoke("new-key", **nowhere).stdout


# --- secrets


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_output_shows_a_secret(invoke: Invoke, stored: Services, data: st.DataObject) -> None:
    """Random secrets of every kind, good and bad: not in any output or error of any command."""
    text = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)
    kind, count = data.draw(st.sampled_from([("bearer", 1), ("oauth1", 4), ("oauth2", 2)]))
    secrets = [f"{data.draw(st.sampled_from(['', '7-']))}~t0k3n~{data.draw(text)}" for _ in range(count)]
    broken = data.draw(st.sampled_from(["", " x", "ü"]))

    done = [
        add(invoke, kind, *secrets[:-1], secrets[-1] + broken),
        invoke("list"),
        invoke("list", "--json"),
        invoke("list", COVEY_CREDENTIAL_KEYS=OTHER_KEY),
        invoke("rotate-keys", COVEY_CREDENTIAL_KEYS=f"{OTHER_KEY},{KEY}"),
        invoke("rotate-keys", COVEY_CREDENTIAL_KEYS=f"{OTHER_KEY}~t0k3n~"),
    ]

    for one in done:
        assert "t0k3n" not in one.output
        assert "t0k3n" not in f"{one.exception!r}"
        assert one.exception is None or isinstance(one.exception, InputError | CoveyError | SystemExit)
    assert "t0k3n" not in str(list(stored.stores.db["X_credentials"].find()))
