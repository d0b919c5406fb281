"""`covey show` on a real MongoDB."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from control.showing import sparkline
from shared.domain.counts import PostMetrics
from shared.domain.models import Media, MediaType, Post, PostState, Reference, ReferenceType, User
from shared.domain.states import By, Word
from shared.services.bootstrap import Services
from tests.control.whole import Covey, covey
from tests.workers.world import post_id

__all__ = ["covey"]
POST, QUOTE, REPLY, LOST = (post_id(600 - 60 * number) for number in range(4))
QUOTED, REPLIED = ReferenceType.QUOTED, ReferenceType.REPLIED_TO


@pytest.fixture
def said(services: Services) -> Services:
    """A post with a photo, a quote of it, a reply to it, and three readings."""
    stores, now = services.stores, services.clock.now()

    def of(id_: int, text: str, *references: Reference) -> Post:
        photo = {"media_keys": ["3_1"]} if id_ == POST else {}
        more = {"quote_count": 12, "reply_count": 1} if id_ == POST else {}
        metrics = PostMetrics(like_count=1, repost_count=0, **more)
        return Post(
            id=id_, text=text, author_id=7, created_at=now, references=references, metrics=metrics, attachments=photo
        )

    posts = [
        of(POST, "[bold]say[/]"),
        of(QUOTE, "q", Reference(QUOTED, POST)),
        of(REPLY, "r", Reference(REPLIED, POST)),
    ]
    stores.posts.upsert(posts, source="search", now=now)
    stores.users.upsert([User(id=7, username="NASA", description="space", verified=True)], now=now)
    stores.media.upsert([Media(key="3_1", type=MediaType.PHOTO)], at=now)
    stores.engagement.begin([replace(posts[0], metrics=posts[1].metrics)], now=now)
    later = [(1, 5), (2, 9)]
    stores.db["X_engagement_history"].insert_many(
        {"_id": f"{POST}:{hour}", "post_id": str(POST), "at": now + timedelta(hours=hour), "metrics": {"like_count": n}}
        for hour, n in later
    )
    return services


def test_a_post_is_shown_with_its_curve_and_what_is_around_it(said: Services, covey: Covey) -> None:
    """Author, text as it is, counts, a bar for each reading, quotes and replies, its file, its state."""
    told = covey("show", str(POST)).stdout
    document = json.loads(covey("show", f"https://x.com/nasa/status/{POST}", "--json").stdout)

    assert "@NASA" in told
    assert "[bold]say[/]" in told
    assert "1 like" in told
    assert "0 retweet" in told
    assert "▁▄█ 1 to 9 in 3 readings" in told
    assert "1 of 12 quotes, 1 replies" in told
    assert (document["quotes_stored"], document["quotes_missing"]) == (1, 11)
    assert (document["replies_stored"], document["replies_missing"]) == (1, 0)
    assert "3_1 photo pending" in told
    assert "alive, as of" in told
    assert [one["engagement"] for one in document["curve"]] == [1, 5, 9]
    assert (document["id"], document["author_id"]) == (str(POST), "7")


def test_a_post_that_is_gone_says_so(said: Services, covey: Covey) -> None:
    """With X's reason and since when."""
    word = Word(PostState.DELETED, said.clock.now(), By.LOOKUP)
    said.stores.fates.bury({QUOTE: word}, now=said.clock.now(), purge_after=timedelta(hours=1))

    assert json.loads(covey("show", str(QUOTE), "--json").stdout)["state"]["state"] == "deleted"


def test_an_account_is_found_by_the_name_it_is_followed_under(said: Services, covey: Covey) -> None:
    """In any case; one that is only met is found as X writes it."""
    assert "3 stored" in covey("show", "@NASA").stdout
    said.stores.handles.activate(["nasa"], now=said.clock.now())
    said.stores.handles.learn([User(id=7, username="NASA")], now=said.clock.now())

    document = json.loads(covey("show", "@nasa", "--json").stdout)

    assert (document["id"], document["followed"], document["posts_stored"]) == ("7", True, 3)
    assert document["description"] == "space"
    assert document["newest_post"]["id"] in {str(POST), str(QUOTE), str(REPLY)}


@pytest.mark.parametrize(
    ("word", "words"),
    [(str(LOST), f"post {LOST} is not stored: covey trace"), ("@nobody", "covey track nobody"), ("no one", "'no one'")],
)
def test_what_is_not_there_is_one_line(said: Services, covey: Covey, word: str, words: str) -> None:
    """The line says what to do next."""
    done = covey("show", word)

    assert (done.status, words in done.line) == (2, True)


@pytest.mark.parametrize(
    ("values", "line"),
    [([], ""), ([5], "▁"), ([3, 3], "▁▁"), ([0, 7], "▁█"), (range(8), "▁▂▃▄▅▆▇█"), ([0, 9, 0], "▁█▁")],
)
def test_bars_go_from_the_least_to_the_greatest(values: list[int], line: str) -> None:
    """Each value has its height between them."""
    assert sparkline(list(values)) == line


def test_a_long_curve_is_spread_over_its_width() -> None:
    """The first and the last value are always there."""
    assert sparkline([*range(1000), 0], 10)[-1] == "▁"
    assert len(sparkline(list(range(1001)), 10)) == 10
