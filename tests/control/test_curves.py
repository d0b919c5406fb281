"""`covey series` on a real MongoDB."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.domain.models import User
from shared.domain.snowflake import first_id_at
from shared.domain.sources import Source, SourceKind, Terms
from shared.services.bootstrap import Services
from tests.control.whole import Covey, covey

__all__ = ["covey"]
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
POSTS = [str(first_id_at(NOON + timedelta(minutes=number))) for number in range(3)]


@pytest.fixture
def grown(services: Services) -> Services:
    """Two posts by @nasa, the second about the moon, and one by another; each with four readings, an hour apart."""
    stores, now = services.stores, services.clock.now()
    stores.users.upsert([User(id=7, username="nasa"), User(id=8, username="esa")], now=now)
    stores.sources.add(Source(id="moon", name="moon", kind=SourceKind.TERMS, terms=Terms(keywords=("moon",))), now=now)
    stores.db["X_tweets"].insert_many(
        {
            "_id": post,
            "author_id": "78"[number == 2],
            "created_at": NOON + timedelta(minutes=number),
            "concerns": [{"source": "moon", "member": "+moon"}] if number == 1 else [],
        }
        for number, post in enumerate(POSTS)
    )
    stores.db["X_engagement_history"].insert_many(
        {
            "_id": f"{post}:{hour}",
            "post_id": post,
            "at": NOON + timedelta(hours=hour),
            "metrics": {"like_count": 1000 * hour, "retweet_count": 3},
        }
        for post in POSTS
        for hour in range(1, 5)
    )
    return services


def _told(covey: Covey, *words: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(covey("series", *words, "--json").stdout)
    return document


def test_a_post_has_its_curve(grown: Services, covey: Covey) -> None:
    """As a table with all counts, and as JSON with the fields of an export."""
    table = covey("series", POSTS[0])
    document = _told(covey, f"https://x.com/nasa/status/{POSTS[0]}")

    assert POSTS[0] in table.stdout
    assert "4,000" in table.stdout
    assert "4 readings of 1 posts" in table.stderr
    assert [one["like_count"] for one in document["readings"]] == [1000, 2000, 3000, 4000]
    first = {"id": f"{POSTS[0]}:1", "post_id": POSTS[0], "repost_count": 3, "impression_count": None}
    assert first.items() <= document["readings"][0].items()
    assert document["after"] is None


@pytest.mark.parametrize(("words", "posts"), [(["@nasa"], [0, 1]), (["moon"], [1]), ([POSTS[2], POSTS[0]], [0, 2])])
def test_between_two_times(grown: Services, covey: Covey, words: list[str], posts: list[int]) -> None:
    """Of an account, of a source, of posts: the begin is in, the end is not."""
    document = _told(covey, *words, "--from", "2026-05-01T14:00", "--to", "2026-05-01T16:00")

    assert [one["id"] for one in document["readings"]] == [f"{POSTS[post]}:{hour}" for post in posts for hour in (2, 3)]


def test_it_goes_on_after_the_mark(grown: Services, covey: Covey) -> None:
    """The parts together are all, each reading once."""
    told: list[str] = []
    document = _told(covey, "@nasa", "--limit", "3")
    assert "there are more: --after" in covey("series", "@nasa", "--limit", "3").stderr
    while document["after"]:
        told += [one["id"] for one in document["readings"]]
        document = _told(covey, "@nasa", "--limit", "3", "--after", document["after"])
    told += [one["id"] for one in document["readings"]]

    assert told == [f"{POSTS[post]}:{hour}" for post in (0, 1) for hour in (1, 2, 3, 4)]


def test_the_ends_alone(grown: Services, covey: Covey) -> None:
    """The first and the newest reading of each post; one that has a single reading is told once."""
    grown.stores.db["X_engagement_history"].delete_many({"post_id": POSTS[1], "_id": {"$ne": f"{POSTS[1]}:2"}})
    ids = [one["id"] for one in _told(covey, "@nasa", "--ends")["readings"]]

    assert ids == [f"{POSTS[0]}:1", f"{POSTS[0]}:4", f"{POSTS[1]}:2"]
    assert [one["id"] for one in _told(covey, POSTS[2], "--ends")["readings"]] == [f"{POSTS[2]}:1", f"{POSTS[2]}:4"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["@nobody"], "'@nobody'"),
        (["no.name"], "'no.name'"),
        (["@nasa", "@esa"], "@nasa"),
        (["123456789012345678901234"], "123456789012345678901234"),
        (["@nasa", "--from", "soon"], "soon"),
        (["@nasa", "--from", "1d", "--to", "2d"], "--to 2d is not after --from 1d"),
        (["@nasa", "--from", ""], "'' is no time"),
        (["@nasa", "--to", ""], "'' is no time"),
        (["@nasa", "--after", "here"], "'here'"),
        (["@nasa", "--after", ""], "'' is no mark"),
        (["\udcff"], r"'\udcff' is not UTF-8"),
    ],
)
def test_what_is_wrong_is_named(grown: Services, covey: Covey, words: list[str], named: str) -> None:
    """In one line."""
    assert named in covey("series", *words).line
