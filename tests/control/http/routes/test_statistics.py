"""What was done, over HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from shared.domain.access import Scope
from shared.domain.coverage.sweeps import SweepStatus
from shared.domain.engagement.reads import Reads
from shared.domain.sources import Source, SourceKind
from shared.services.bootstrap import Services
from tests.control.http.conftest import Api, problem
from tests.control.http.routes.test_money import buy
from tests.shared.stores.test_sweeps import sweep_of

FIVE = Reads(calls=1, ids=5, read=4, bought=3, free=1, micro_usd=15_000)


def searched(services: Services, name: str, ended_at: datetime, *, seen: int, new: int) -> None:
    """A search that took ten seconds, and ended then."""
    begun = sweep_of(name, name, started_at=ended_at - timedelta(seconds=10))
    services.stores.sweeps.open(begun)
    done = replace(begun, page=1, status=SweepStatus.COMPLETE, posts_seen=seen, posts_new=new)
    assert services.stores.sweeps.advance(begun, done, now=ended_at)


def test_days_are_told_by_what_is_kept_of_them(api: Api) -> None:
    """What was searched, read again, asked and paid; of what is no longer kept null, and of days of rest 0."""
    now = api.services.ledger.now()
    noon = datetime.combine(now.date(), time(12), UTC)
    searched(api.services, "a", noon - timedelta(days=1), seen=10, new=4)
    searched(api.services, "b", noon - timedelta(days=1), seen=5, new=1)
    searched(api.services, "c", noon - timedelta(days=13), seen=7, new=7)
    buy(api.services, 4, at=noon - timedelta(days=1))
    for back in (1, 20):
        api.services.stores.reads.add((noon - timedelta(days=back)).date(), {None: FIVE, "press": FIVE})
    first, last = ((noon - timedelta(days=back)).date() for back in (21, 0))
    told = api.get(f"/v1/statistics?from={first}&to={last}").json()
    rows = {row["day"]: row for row in told["days"]}
    assert len(rows) == 22
    assert rows[str((noon - timedelta(days=1)).date())] == {
        "day": str((noon - timedelta(days=1)).date()),
        "processed": 20,
        "added": 5,
        "updated": 4,
        "calls": 1,
        "errors": 0,
        "usd": 0.02,
        "searches": 2,
        "duration_seconds": 20.0,
    }
    before = rows[str((noon - timedelta(days=20)).date())]
    assert [before[name] for name in ("processed", "added", "searches", "updated", "calls")] == [None, None, None, 4, 0]
    rest = rows[str((noon - timedelta(days=2)).date())]
    assert [rest[name] for name in ("processed", "added", "searches", "updated", "calls")] == [0] * 5
    total = told["total"]
    assert (total["processed"], total["added"], total["updated"], total["usd"]) == (27, 12, 8, 0.02)
    assert (total["searches"], total["days_searched"]) == (3, 14)


def test_the_last_days_are_counted_back_from_today(api: Api) -> None:
    """Seven of them unless told otherwise; not beside other bounds, and a year at most."""
    assert len(api.get("/v1/statistics").json()["days"]) == 7
    told = api.get("/v1/statistics?days=30").json()
    assert (len(told["days"]), told["days"][-1]["day"]) == (30, told["last"])
    for wrong in ("days=0", "days=367", "days=3&to=2026-01-01", "from=2020-01-01", "to=1999-01-01"):
        problem(api.get(f"/v1/statistics?{wrong}"), 422, "invalid-input")


@pytest.mark.parametrize("asked", ["", "&tenant=default"])
def test_a_tenant_sees_what_was_done_for_it(api: Api, asked: str) -> None:
    """Its readings and its calls; searches are of nobody."""
    now = api.services.ledger.now()
    for name, tenant in (("press", "acme"), ("space", "default")):
        one = Source(id=name, name=name, kind=SourceKind.ACCOUNTS, tenant=tenant, accounts=("nasa",))
        assert api.services.stores.sources.add(one, now=now)
    api.services.stores.reads.add(now.date(), {None: FIVE.plus(FIVE), "press": FIVE, "space": FIVE})
    buy(api.services, 4, at=now)
    buy(api.services, 2, at=now, tenant="acme")
    searched(api.services, "a", now, seen=10, new=4)
    path = f"/v1/statistics?from={now.date()}&to={now.date()}{asked}"
    total = api.get(path, token=api.token([Scope.READ], tenant="acme")).json()["total"]
    assert (total["updated"], total["usd"], total["processed"], total["searches"]) == (4, 0.01, None, None)
    assert total["days_searched"] == 0
    if not asked:
        assert api.get(path).json()["total"]["updated"] == 8
