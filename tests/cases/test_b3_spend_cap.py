"""A 403 of a spend cap stops all paid calls until X resets it; it is no missing permission of one endpoint."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
import redis
from pydantic import SecretStr

from control.blocks import blocked
from shared.domain.errors import CreditsDepleted, Forbidden, NotGranted, SpendCapReached
from shared.domain.models import CredentialKind, RateHeaders, WorkClass
from shared.platforms.x.auth import BearerAuth, Credential
from shared.platforms.x.blocks import block_for
from shared.platforms.x.client import XClient
from shared.platforms.x.error_map import error_for
from shared.platforms.x.gateway import FixedCredentials, XGateway
from shared.ratelimit.limiter import Limiter
from shared.ratelimit.model import BlockScope
from shared.runtime.clock import epoch_seconds
from tests.ops.artifacts import OPS
from tests.shared.platforms.x.local_server import always, page, post, serving

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
RATE = RateHeaders(limit=450, remaining=400, reset_at_seconds=0, date_seconds=epoch_seconds(NOW))
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)
BY_TYPE = {
    "title": "Spend Cap Reached",
    "detail": "Your monthly spend cap has been reached.",
    "type": "https://api.x.com/2/problems/spend-cap-reached",
}
BY_TITLE = {
    "account_id": "1",
    "title": "SpendCapReached",
    "detail": "Your enrolled account has reached its spend cap of this billing cycle.",
    "type": "https://api.twitter.com/2/problems/credits",
}


def _error(body: object, status: int = 403, rate: RateHeaders = RATE) -> SpendCapReached:
    error = error_for("search/recent", status, rate, json.dumps(body).encode())
    assert isinstance(error, SpendCapReached)
    return error


@pytest.mark.parametrize("body", [BY_TYPE, BY_TITLE, {"errors": [BY_TYPE]}, {"title": "SpendCapReached"}])
@pytest.mark.parametrize("status", [402, 403, 429])
def test_a_spend_cap_is_known_in_every_form(body: object, status: int) -> None:
    """By type or by title, also inside a list, and under whichever refusal X sends it."""
    error = _error(body, status)

    assert error.reason == "spend-cap-reached"
    assert str(error).startswith(f"search/recent: X answered {status}")


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (BY_TITLE | {"title": "CreditsDepleted"}, 402, CreditsDepleted),
        ({"title": "Client Forbidden", "reason": "client-not-enrolled"}, 403, Forbidden),
        ({"title": "Forbidden", "detail": "Your spend cap is no concern of this endpoint."}, 403, Forbidden),
        (b"spend-cap-reached", 403, Forbidden),
    ],
)
def test_other_refusals_stay_what_they_are(body: object, status: int, kind: type[Exception]) -> None:
    """Only X's type or title says it, no word in a sentence."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    assert type(error_for("search/recent", status, RATE, content)) is kind


@pytest.mark.parametrize(
    ("reset_date", "until"),
    [
        ("2026-12-12", datetime(2026, 12, 12, tzinfo=UTC)),
        ("2026-11-22T09:00:00Z", datetime(2026, 11, 22, 9, tzinfo=UTC)),
        ("2026-11-22T09:00:00.000+01:00", None),
        ("2026-11-22", None),
        ("2026-11-01", None),
        ("2031-01-01", datetime(2026, 12, 23, 8, 30, tzinfo=UTC)),
        ("soon", DECEMBER),
        ("", DECEMBER),
        (5, DECEMBER),
        (None, DECEMBER),
    ],
)
def test_it_lasts_until_its_reset_or_the_end_of_the_month(reset_date: object, until: datetime | None) -> None:
    """By X's clock, at most a month; a reset that is over has no end that could be believed."""
    assert _error(BY_TITLE | {"reset_date": reset_date}).until == until


def test_without_a_date_of_x_it_is_looked_at_again() -> None:
    """Neither end can be placed, so it is blocked as a 402 is: for a quarter of an hour at a time."""
    error = _error(BY_TITLE | {"reset_date": "2026-12-12"}, rate=RateHeaders())
    block = block_for(error)

    assert error.until is None
    assert block is not None
    assert (block.scope, block.until_seconds, block.for_seconds) == (BlockScope.PAID, None, 910)


@pytest.fixture
def limiter(redis_client: redis.Redis) -> Limiter:
    """Without budgets of ours."""
    return Limiter(redis_client)


def _gateway(url: str, limiter: Limiter) -> XGateway:
    auth = BearerAuth(SecretStr("the-secret-token"))
    return XGateway(
        XClient(url), limiter, FixedCredentials([Credential(name, CredentialKind.BEARER, auth) for name in ("a", "b")])
    )


def _reset_in(days: int) -> dict[str, Any]:
    return BY_TITLE | {
        "reset_date": datetime.fromtimestamp(datetime.now(UTC).timestamp() + days * 86_400, UTC).isoformat()
    }


def test_all_paid_calls_stop_and_free_ones_go_on(limiter: Limiter) -> None:
    """One refused call; after it no endpoint and no credential asks for what costs, until the reset."""
    headers = {"Date": format_datetime(datetime.now(UTC), usegmt=True)}
    with serving(always(403, _reset_in(3), headers)) as server:
        gateway = _gateway(server.url, limiter)
        with pytest.raises(SpendCapReached, match="has reached its spend cap"):
            gateway.search(WorkClass.SEARCH, query="a")
        for paid in (
            lambda: gateway.search(WorkClass.SEARCH, query="a"),
            lambda: gateway.lookup_posts(WorkClass.ENGAGEMENT, post_ids=[1]),
            lambda: gateway.users_by(WorkClass.SEARCH, usernames=["a"]),
        ):
            with pytest.raises(NotGranted) as caught:
                paid()
            assert caught.value.blocked_by == "paid"
            assert caught.value.wait_seconds == pytest.approx(3 * 86_400, abs=10)
        assert len(server.requests) == 1
        with pytest.raises(SpendCapReached):
            gateway.usage(WorkClass.SEARCH)


def test_the_status_says_so_and_unblock_lifts_it(limiter: Limiter) -> None:
    """A person who has raised the cap goes on at once."""
    headers = {"Date": format_datetime(datetime.now(UTC), usegmt=True)}
    with serving(always(403, _reset_in(3), headers)) as server, pytest.raises(SpendCapReached):
        _gateway(server.url, limiter).search(WorkClass.SEARCH, query="a")
    now = datetime.now(UTC)
    [row] = blocked(limiter.state(), now)

    assert limiter.unblock()

    assert (row["scope"], row["reason"]) == ("paid", "spend-cap-reached")
    assert (row["next_try_at"] - now).total_seconds() == pytest.approx(3 * 86_400, abs=10)
    with serving(always(200, page(post(5)))) as server:
        assert _gateway(server.url, limiter).search(WorkClass.SEARCH, query="a").newest_id == 5


def test_the_runbook_says_what_to_do() -> None:
    """Whoever the alert calls finds the class of the error there."""
    section = (OPS / "runbook.md").read_text().split("## CoveyPaused")[1].split("\n## ")[0]

    assert "`SpendCapReached`:" in section
