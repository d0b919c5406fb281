"""How engagement is followed, over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.domain.access import Scope
from shared.domain.counts import PostMetrics
from shared.domain.engagement.reads import Reads
from shared.domain.models import Post
from shared.domain.sources import Source, SourceKind, Terms
from shared.services.bootstrap import Services
from tests.control.http.conftest import Api, problem
from tests.control.http.routes.test_tweets import mentioned

FIVE = Reads(calls=2, ids=150, read=140, bought=40, free=100, micro_usd=200_000)


@pytest.fixture
def followed(services: Services) -> Services:
    """Four posts, of which two are due; the third is another tenant's. Sources of both."""
    stores, now = services.stores, services.clock.now()
    posts = [Post(id=n, text="x", created_at=now, metrics=PostMetrics(like_count=n)) for n in (1, 2, 3, 4)]
    stores.engagement.begin(posts, now=now)
    for number, minutes in ((1, -10), (2, 5), (3, -20), (4, -5)):
        at = now + timedelta(minutes=minutes)
        stores.db["X_engagement"].update_one({"_id": str(number)}, {"$set": {"next_refresh_at": at}})
    mentioned(services, "default", [1, 2, 4])
    mentioned(services, "other", [3])
    for id_, tenant in (("moon", "default"), ("mars", "other")):
        terms = Terms(keywords=(id_,))
        stores.sources.add(Source(id=id_, name=id_, kind=SourceKind.TERMS, terms=terms, tenant=tenant), now=now)
    return services


def test_what_is_due_is_listed(followed: Services, api: Api) -> None:
    """Of the tenant, the most urgent first; what is due later only where that is asked for."""
    rows = api.get("/v1/engagement").json()["data"]

    assert [one["id"] for one in rows] == ["1", "4"]
    assert 600 <= rows[0]["overdue_seconds"] < 700
    assert (rows[0]["state"], rows[0]["acts"], rows[0]["read_at"] is None) == ("alive", 1, False)
    assert [one["id"] for one in api.get("/v1/engagement?later=true").json()["data"]] == ["1", "4", "2"]
    assert [one["id"] for one in api.get("/v1/engagement?limit=1").json()["data"]] == ["1"]
    token = api.token([Scope.READ], tenant="other")
    assert [one["id"] for one in api.get("/v1/engagement", token=token).json()["data"]] == ["3"]


def test_what_reading_led_to_is_told_by_source(followed: Services, api: Api) -> None:
    """By day, the newest first; a tenant sees its own sources, and of the whole nothing without the scope for it."""
    today = followed.ledger.now().date()
    for ago in (0, 1, 8):
        day = today - timedelta(days=ago)
        followed.stores.reads.add(day, {None: FIVE, "moon": FIVE, "mars": Reads(calls=1, ids=1)})

    whole = api.get("/v1/engagement/stats").json()
    own = api.get("/v1/engagement/stats?source=moon&days=31", token=api.token([Scope.READ])).json()
    others = api.get("/v1/engagement/stats", token=api.token([Scope.READ], tenant="other")).json()

    days = [str(today - timedelta(days=ago)) for ago in (0, 1, 8)]
    assert [(one["day"], one["source"]) for one in whole["reads"]] == [(day, "moon") for day in days[:2]]
    assert whole["reads"][0] | {"calls": 2, "ids_a_call": 75.0, "saved_usd": 0.5, "usd": 0.2} == whole["reads"][0]
    assert [(one["day"], one["source"]) for one in whole["reads_in_all"]] == [(day, None) for day in days[:2]]
    assert (whole["followed"]["tiers"][-1]["tier"], whole["followed"]["tiers"][-1]["followed"]) == (None, 4)
    assert whole["followed"]["tiers"][-1]["due"] == 3
    assert [one["day"] for one in own["reads"]] == days
    assert (own["reads_in_all"], own["followed"], own["is_cut"]) == (None, None, False)
    assert {one["source"] for one in others["reads"]} == {"mars"}
    problem(api.get("/v1/engagement/stats?source=mars"), 422, "invalid-input")
