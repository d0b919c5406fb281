"""Figures over HTTP, held against a count of the same rows in Python."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.domain.access import Scope
from shared.domain.mentions import Mention
from shared.domain.models import User
from shared.domain.sources import Source, SourceKind, Terms
from shared.services.bootstrap import Services
from tests.control.http.conftest import Api, problem

BEGIN = datetime(2026, 3, 1, 6, tzinfo=UTC)
BETWEEN = {"from": BEGIN.isoformat(), "to": (BEGIN + timedelta(days=3)).isoformat()}
Row = tuple[str, datetime, str, tuple[str, ...], int]


@pytest.fixture
def rows(services: Services) -> list[Row]:
    """Sixty mentions in three days, and what is before, after and another tenant's; answers the sixty:
    (author's id, time, language, sources, likes).
    """
    now, stores = services.clock.now(), services.stores
    for id_, tenant in (("us", "default"), ("them", "default"), ("quiet", "default"), ("mars", "other")):
        terms = Terms(keywords=(id_,))
        stores.sources.add(Source(id=id_, name=id_, kind=SourceKind.TERMS, terms=terms, tenant=tenant), now=now)
    found: list[Row] = [
        (
            str(n % 4 % 3),
            BEGIN + n * timedelta(minutes=72),
            "en" if n % 3 else "de",
            ("us", "them") if n % 5 == 0 else ("us",) if n % 2 else ("them",),
            n,
        )
        for n in range(60)
    ]
    others: list[tuple[str, Row]] = [
        ("default", ("1", BEGIN - timedelta(seconds=1), "en", ("us",), 9)),
        ("default", ("1", BEGIN + timedelta(days=3), "en", ("us",), 9)),
        ("other", ("1", BEGIN, "en", ("mars",), 9)),
    ]
    stores.mentions.put(
        [
            Mention(
                tenant_id=tenant,
                sources=sources,
                platform="x",
                external_id=str(number),
                url="u",
                content="c",
                author_id=author,
                published_at=at,
                language=language,
                likes_count=likes,
            )
            for number, (tenant, (author, at, language, sources, likes)) in enumerate(
                [*(("default", one) for one in found), *others]
            )
        ],
        now=now,
        at=now,
    )
    stores.users.upsert([User(id=1, username="NASA")], now=now)
    return found


def told(api: Api, what: str, **more: Any) -> dict[str, Any]:
    """The figures of the span."""
    answer = api.get(f"/v1/analytics/{what}", params={**BETWEEN, **more})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def by_day(line: dict[str, Any]) -> dict[str, int]:
    """Days that have any."""
    return {one["day"]: one["mentions"] for one in line["days"] if one["mentions"]}


def test_volume_is_told_by_day_language_and_source(rows: list[Row], api: Api) -> None:
    """Every day of the span has its place; each mention counts once in all, and once for each of its sources."""
    plain = told(api, "volume")
    days = Counter(str(at.date()) for _, at, _, _, _ in rows)

    assert (plain["mentions"], by_day(plain), plain["series"]) == (60, days, [])
    assert [one["day"] for one in plain["days"]] == ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"]
    languages = told(api, "volume", by="language")
    assert {one["value"]: by_day(one) for one in languages["series"]} == {
        value: Counter(str(at.date()) for _, at, language, _, _ in rows if language == value) for value in ("en", "de")
    }
    sources = told(api, "volume", by="source")
    assert {one["value"]: one["mentions"] for one in sources["series"]} == Counter(
        source for *_, names, _ in rows for source in names
    )
    assert (sources["mentions"], sources["is_cut"]) == (60, False)
    assert told(api, "volume", by="source", most=1)["is_cut"] is True


def test_the_top_authors_are_told(rows: list[Row], api: Api) -> None:
    """By mentions, with their acts; a name where it is known."""
    found = told(api, "authors")

    counts = Counter(one[0] for one in rows)
    assert {one["author_id"]: one["mentions"] for one in found["authors"]} == counts
    assert [one["mentions"] for one in found["authors"]] == sorted(counts.values(), reverse=True)
    for one in found["authors"]:
        assert one["acts"] == sum(likes for author, *_, likes in rows if author == one["author_id"])
        assert one["handle"] == ("NASA" if one["author_id"] == "1" else None)


def test_the_share_of_voice_is_told(rows: list[Row], api: Api) -> None:
    """Of all sources, those without a mention too, or of those that are named."""
    found = {one["source"]: one for one in told(api, "share")["sources"]}
    counts = Counter(source for *_, names, _ in rows for source in names)

    assert {name: one["mentions"] for name, one in found.items()} == {**counts, "quiet": 0}
    assert found["us"]["share"] == round(counts["us"] / sum(counts.values()), 4)
    assert found["quiet"] == {"source": "quiet", "mentions": 0, "share": 0.0, "acts": 0, "acts_share": 0.0}
    assert found["us"]["acts"] == sum(likes for *_, names, likes in rows if "us" in names)
    alone = told(api, "share", source=["us", "quiet"])["sources"]
    assert [(one["source"], one["share"]) for one in alone] == [("us", 1.0), ("quiet", 0.0)]


def test_a_tenant_has_its_own_figures(rows: list[Row], api: Api) -> None:
    """Nothing of another one's is counted, nor may its sources be named."""
    token = api.token([Scope.READ], tenant="other")
    for what, field in (("volume", "mentions"), ("authors", "authors"), ("share", "sources")):
        found = api.get(f"/v1/analytics/{what}", params=BETWEEN, token=token).json()[field]
        assert found == 1 or (len(found) == 1 and found[0]["mentions"] == 1)
    problem(api.get("/v1/analytics/share?source=us", params=BETWEEN, token=token), 422, "invalid-input")


def test_a_span_is_a_week_or_what_was_asked_for(rows: list[Row], api: Api) -> None:
    """Until now where nothing is said; an empty one and one of more than 92 days are refused."""
    usual = api.get("/v1/analytics/volume").json()
    begin, end = (datetime.fromisoformat(usual[name]) for name in ("since", "until"))
    assert end - begin == timedelta(days=7)
    assert len(usual["days"]) == 8
    for wrong in (
        {"from": BETWEEN["to"], "to": BETWEEN["from"]},
        {"from": "2026-01-01T00:00:00Z", "to": "2026-04-04T00:00:00Z"},
        {"to": "0001-01-01T00:00:00Z"},
    ):
        problem(api.get("/v1/analytics/volume", params=wrong), 422, "invalid-input")
