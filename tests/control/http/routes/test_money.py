"""Budgets, spending and blocks over HTTP."""

from __future__ import annotations

import itertools
import json
from datetime import datetime, timedelta

import pytest
import redis

from control import budget, trail
from shared.domain.access import Scope
from shared.domain.models import WorkClass
from shared.domain.money.prices import PriceKind
from shared.domain.money.purchases import CallResult, Purchase
from shared.ratelimit.model import BlockScope
from shared.runtime.clock import ManualClock
from shared.services.bootstrap import Services
from shared.spending.ledger import Ledger
from tests.control.conftest import Invoke
from tests.control.http.conftest import Api, problem
from tests.control.test_blocks import block
from tests.workers.world import post_id

NUMBERS = itertools.count()  # what is bought again on its day costs nothing


def buy(
    services: Services, posts: int, *, at: datetime | None = None, tenant: str = "default", credential: str = "app"
) -> None:
    """Note a search that bought so many posts at some time, for a tenant."""
    at = at or services.ledger.now()
    client = redis.Redis.from_url(services.settings.redis_url or "")
    ledger = Ledger(client, services.stores.ledger, prices=services.ledger.prices, clock=ManualClock(at), tenant=tenant)
    ids = frozenset(post_id(60, next(NUMBERS)) for _ in range(posts))
    ledger.record(
        Purchase(
            endpoint="search/recent",
            credential_id=credential,
            work_class=WorkClass.SEARCH,
            result=CallResult.ANSWERED,
            object_ids={PriceKind.POST: ids},
            at=at,
        )
    )
    ledger.copy()


def test_money_is_told_as_the_command_tells_it(api: Api) -> None:
    """Every figure of `covey budget --json`; with the tiers there is no plan."""
    buy(api.services, 4)
    told, expected = api.get("/v1/budget").json(), budget.show(api.services)
    assert told.keys() == expected.keys()
    assert told["budgets"] == json.loads(json.dumps(expected["budgets"])) | {
        name: one | {"resets_in_seconds": told["budgets"][name]["resets_in_seconds"]}
        for name, one in expected["budgets"].items()
    }
    assert (told["spent"]["day"]["posts"], told["spent"]["day"]["usd"], told["plan"]) == (4, 0.02, None)
    assert told["spent"]["day"].keys() == expected["spent"]["day"].keys()


def test_budgets_are_set_and_unset_on_the_record(api: Api) -> None:
    """What is named is set, the rest stays; null is no limit; a name that is none is not found."""
    body = {"limits": {"day_usd": 5, "month_posts": 1_000}, "shares": {"engagement": 0.5}}
    told = api.ask("PUT", "/v1/budget", json=body, headers={"X-Covey-Note": "tight"}).json()
    assert (told["budgets"]["day_usd"]["limit"], told["budgets"]["day_usd"]["set_by"]) == (5.0, "person")
    assert (told["budgets"]["month_posts"]["limit"], told["shares"]) == (1_000, {"engagement": 0.5})
    told = api.ask("PUT", "/v1/budget", json={"limits": {"day_usd": None}}).json()
    assert (told["budgets"]["day_usd"]["limit"], told["budgets"]["month_posts"]["limit"]) == (None, 1_000)
    assert api.ask("DELETE", "/v1/budget/engagement").json()["shares"] == {}
    assert api.ask("DELETE", "/v1/budget/month_posts").json()["budgets"]["month_posts"]["set_by"] != "person"
    problem(api.ask("DELETE", "/v1/budget/week_usd"), 404, "not-found")
    entries = api.get("/v1/audit?action=budget.set").json()["data"]
    assert entries[1]["note"] == "tight"
    assert entries[1]["after"] == {"limits": {"day_usd": 5.0, "month_posts": 1_000}, "shares": {"engagement": 0.5}}
    assert entries[0]["before"] == entries[1]["after"]


@pytest.mark.parametrize(
    "body",
    [
        {"limits": {"day_usd": -1}},
        {"limits": {"week_usd": 1}},
        {"limits": {"day_usd": 1e300}},
        {"shares": {"engagement": 1.5}},
        {"shares": {"sleep": 0.5}},
        {"limit": {}},
    ],
)
def test_a_budget_that_cannot_be_is_not_set(api: Api, body: object) -> None:
    """Nothing is changed by what is wrong in one place."""
    problem(api.ask("PUT", "/v1/budget", json=body), 422, "invalid-input")
    assert api.services.budget_choices.load().limits == {}


def test_spending_is_added_up_as_asked_for(api: Api) -> None:
    """By day, class, credential and tenant, within the days that are asked for; the parts are the total."""
    now = api.services.ledger.now()
    buy(api.services, 4, at=now)
    buy(api.services, 10, at=now - timedelta(days=3), credential="user-1")
    buy(api.services, 7, at=now - timedelta(days=3), tenant="acme")
    buy(api.services, 99, at=now - timedelta(days=9))
    today = now.date()
    span = f"from={today - timedelta(days=3)}&to={today}"

    def usd(query: str) -> dict[str, float]:
        told = api.get(f"/v1/spend?{span}&{query}").json()
        assert told["total"]["usd"] == pytest.approx(sum(row["usd"] for row in told["rows"]))
        return {row["key"]: row["usd"] for row in told["rows"]}

    assert usd("by=day") == {str(today - timedelta(days=3)): 0.085, str(today): 0.02}
    assert usd("by=class") == {"search": 0.105}
    assert usd("by=credential") == {"app": 0.055, "user-1": 0.05}
    assert usd("by=tenant") == {"acme": 0.035, "default": 0.07}
    assert usd("by=credential&tenant=acme") == {"app": 0.035}
    for wrong in (f"from={today}&to={today - timedelta(days=1)}", "from=2000-01-01", "from=yesterday", "by=hour"):
        problem(api.get(f"/v1/spend?{wrong}"), 422, "invalid-input")


def test_a_tenant_sees_what_its_own_work_cost(api: Api) -> None:
    """Whatever it asks for, where it may not see the whole installation; its budgets are no tenant's to see."""
    now = api.services.ledger.now()
    buy(api.services, 4, at=now)
    buy(api.services, 7, at=now, tenant="acme")
    token = api.token([Scope.READ], tenant="acme")
    for query in ("by=tenant", "by=tenant&tenant=default"):
        told = api.get(f"/v1/spend?from={now.date()}&{query}", token=token).json()
        assert (told["tenant"], [row["key"] for row in told["rows"]]) == ("acme", ["acme"])
        assert told["total"]["usd"] == 0.035
    problem(api.get("/v1/budget", token=token), 403, "forbidden")


def test_what_is_mended_is_unblocked(api: Api) -> None:
    """One block, on the record; what is not blocked, or not said, changes nothing."""
    block(api.services, BlockScope.CREDENTIAL, "unauthorized")
    block(api.services, BlockScope.PAID, "no credits")
    assert [one["reason"] for one in api.get("/v1/limits").json()["blocked"]] != []
    told = api.post("/v1/unblock", {"paid": True}).json()
    assert told == {"credential": None, "endpoint": None, "paid": True, "still_blocked": 1}
    problem(api.post("/v1/unblock", {"paid": True}), 422, "invalid-input")
    problem(api.post("/v1/unblock", {}), 422, "invalid-input")
    outcomes = [one["outcome"] for one in api.get("/v1/audit?action=limits.unblock").json()["data"]]
    assert outcomes == ["refused", "refused", "done"]


def test_the_commands_leave_the_same_record(services: Services, invoke: Invoke) -> None:
    """Whichever way a budget is set, and a block lifted."""
    invoke("budget", "set", "--day", "5")
    invoke("budget", "unset", "day")
    block(services, BlockScope.PAID, "no credits")
    assert "no longer" in invoke("unblock", "--paid").stdout
    found = [(one["action"], one["actor"]["kind"]) for one in trail.entries(services, tenant=None, limit=9)]
    assert found == [("limits.unblock", "cli"), ("budget.unset", "cli"), ("budget.set", "cli")]
