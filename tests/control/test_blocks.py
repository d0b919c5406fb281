"""`covey status` and `covey unblock`: what X blocks, until when, and how a person lifts it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from control import commands
from control.blocks import OPERATOR_ENDS, unblock
from shared.domain.errors import InputError
from shared.domain.models import RateHeaders, WorkClass
from shared.ratelimit.model import Block, BlockScope, CallRequest, Grant, Refusal, Settlement
from shared.ratelimit.rules import BREAKER_FAULTS
from shared.services.bootstrap import Services
from tests.amounts import amounts
from tests.control.conftest import Invoke


def grant(services: Services, endpoint: str, credential: str = "app", posts: int = 0) -> Grant | Refusal:
    """Ask for one call."""
    return services.limiter.acquire(CallRequest(endpoint, (credential,), WorkClass.INTERACTIVE, most=amounts(posts)))


def settle(services: Services, endpoint: str, settlement: Settlement, credential: str = "app") -> None:
    """One call that X answers so."""
    one = grant(services, endpoint, credential)
    assert isinstance(one, Grant), one
    services.limiter.settle(one, settlement)


def block(services: Services, scope: BlockScope, reason: str, *, endpoint: str = "tweets") -> None:
    """Let X refuse one call, with effect for an hour."""
    refusal = Settlement(answered=True, status=403, block=Block(scope, reason, for_seconds=3600))
    settle(services, endpoint, refusal, credential=f"of-{scope}")


@pytest.fixture
def refused(services: Services) -> Services:
    """Services that X has refused in every way there is, and failed at quotes."""
    for scope in BlockScope:
        if scope is not BlockScope.USAGE_CAP:  # stands where `paid` stands
            block(services, scope, f"[word] of {scope}")
    for _ in range(BREAKER_FAULTS):
        settle(services, "quote_tweets", Settlement(answered=True, status=503, fault=True))
    return services


def test_status_tells_every_block_apart(refused: Services) -> None:
    """Each block names its scope, what it reaches, X's word and its end: a time, or None for an operator."""
    document = commands.status(refused)

    rows = {row["scope"]: row for row in document["blocked"]}
    assert set(rows) == {*(scope.value for scope in BlockScope), "breaker", "interval"} - {"usage_cap"}
    reach = {scope: (row["endpoint"], row["credential"]) for scope, row in rows.items()}
    assert reach["paid"] == (None, None)
    assert reach["credential"] == (None, "of-credential")
    assert reach["credential_endpoint"] == ("tweets", "of-credential_endpoint")
    assert reach["breaker"] == ("quote_tweets", None)
    assert reach["interval"] == ("tweets", "of-per_second")
    assert rows["day_cap"]["reason"] == "[word] of day_cap"
    assert {scope for scope, row in rows.items() if row["until"] is None} == OPERATOR_ENDS
    hour = document["at"] + timedelta(hours=1)
    assert abs(rows["day_cap"]["until"] - hour) < timedelta(seconds=20)
    assert abs(rows["paid"]["next_try_at"] - hour) < timedelta(seconds=20)


def test_the_blocks_are_printed(refused: Services, invoke: Invoke) -> None:
    """The table has a line for each, in X's own words, and --json the same rows."""
    printed = invoke("status").stdout
    rows = json.loads(invoke("status", "--json").stdout)["blocked"]

    assert "blocked by X" in printed
    for word in ("quote_tweets", "an operator", "[word]", "5 faults"):
        assert word in printed
    assert {row["scope"] for row in rows} >= {"paid", "credential", "day_cap", "breaker"}
    assert all(row["next_try_at"].endswith("Z") for row in rows)


def test_status_without_blocks_has_no_such_table(services: Services, invoke: Invoke) -> None:
    """Where X refuses nothing the table is left out, and the list is empty."""
    assert "blocked by X" not in invoke("status").stdout
    assert commands.status(services)["blocked"] == []


def test_what_is_unblocked_is_called_again(refused: Services, invoke: Invoke) -> None:
    """A credential, a credential at one endpoint, and all paid calls go on at once."""
    assert "credential is no longer" in invoke("unblock", "of-credential").stdout
    done = json.loads(invoke("unblock", "of-credential_endpoint", "tweets", "--json").stdout)
    assert "Paid calls are" in invoke("unblock", "--paid").stdout

    assert done == {"unblocked": {"credential": "of-credential_endpoint", "endpoint": "tweets", "paid": False}}
    assert isinstance(grant(refused, "users", "of-credential", posts=1), Grant)
    assert isinstance(grant(refused, "tweets", "of-credential_endpoint"), Grant)
    assert not OPERATOR_ENDS & {row["scope"] for row in commands.status(refused)["blocked"]}


@pytest.mark.parametrize(
    ("credential", "endpoint", "paid", "named"),
    [
        (None, None, False, "CREDENTIAL"),
        ("app", None, True, "CREDENTIAL"),
        (None, "tweets", True, "tweets"),
        ("app", None, False, "^app: not blocked"),
        ("app", "tweets", False, "^app tweets: not blocked"),
        (None, None, True, "^paid calls: not blocked"),
    ],
)
def test_an_unblock_in_vain_says_so(
    services: Services, credential: str | None, endpoint: str | None, paid: bool, named: str
) -> None:
    """Who names nothing, two things, or what is not blocked, is told, and nothing changes."""
    settle(services, "tweets", Settlement(answered=True, status=200, rate=RateHeaders()))

    with pytest.raises(InputError, match=named):
        unblock(services, credential, endpoint, paid=paid)


def test_the_verdict_says_how_a_block_is_lifted(services: Services, invoke: Invoke) -> None:
    """The very command, which then does it."""
    block(services, BlockScope.CREDENTIAL, "unauthorized")

    told = " ".join(invoke("status", "--check").stdout.split())

    assert "until a person acts: unauthorized; mend what X names, then: covey unblock of-credential" in told
    assert invoke("unblock", "of-credential").exit_code == 0
    assert "X blocks" not in invoke("status", "--check").stdout
