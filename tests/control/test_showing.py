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


@pytest.mark.parametrize(
    ("state", "by", "reason", "words"),
    [
        (PostState.DELETED, By.LOOKUP, None, "deleted, since {at}, learned by lookup; what was written goes {purge}"),
        (PostState.SUSPENDED, By.COMPLIANCE, "suspended", "suspended, since {at}, learned by compliance; what"),
        (PostState.DELETED, By.EVENT, "deactivated", "learned by event (X says deactivated); what was written goes"),
    ],
)
def test_a_post_that_is_gone_says_so(
    said: Services, covey: Covey, state: PostState, by: By, reason: str | None, words: str
) -> None:
    """With X's reason, since when, by which route it was learned, and when what was written goes."""
    now = said.clock.now()
    said.stores.fates.bury({QUOTE: Word(state, now, by, reason)}, now=now, purge_after=timedelta(hours=1))

    told, document = covey("show", str(QUOTE)).stdout, json.loads(covey("show", str(QUOTE), "--json").stdout)

    at, purge = (f"{moment:%Y-%m-%d %H:%M} UTC" for moment in (now, now + timedelta(hours=1)))
    assert words.format(at=at, purge=purge) in told
    assert (document["state"]["state"], document["state"]["by"]) == (state.value, by.value)


def test_a_post_whose_text_is_purged_says_so(said: Services, covey: Covey) -> None:
    """Its counts and its curve stay."""
    now = said.clock.now()
    said.stores.fates.bury({POST: Word(PostState.DELETED, now, By.LOOKUP)}, now=now, purge_after=timedelta(0))
    said.stores.fates.purge(said.stores.fates.to_purge(now=now, limit=10), now=now)

    told = covey("show", str(POST)).stdout

    assert "say" not in told
    assert "text:      (gone, see state)" in told
    assert f"what was written is gone here too, since {now:%Y-%m-%d %H:%M} UTC" in told
    assert "▁▄█ 1 to 9 in 3 readings" in told


def test_a_post_that_is_withheld_is_alive_and_withheld(said: Services, covey: Covey) -> None:
    """It is there, for some."""
    said.stores.db["X_tweets"].update_one({"_id": str(REPLY)}, {"$set": {"withheld": {"country_codes": ["DE"]}}})

    assert "withheld, as of" in covey("show", str(REPLY)).stdout


def test_an_account_is_shown_with_its_posts_day_by_day(said: Services, covey: Covey) -> None:
    """A bar for each of thirty days; what is older is left out, and so is another's."""
    now = said.clock.now()
    for number, days in enumerate((2, 2, 5, 40)):
        at = now - timedelta(days=days)
        said.stores.posts.upsert([Post(id=number + 1, text="x", author_id=7, created_at=at)], source="search", now=now)
    said.stores.posts.upsert([Post(id=9, text="x", author_id=8, created_at=now)], source="search", now=now)

    told, document = covey("show", "@NASA").stdout, json.loads(covey("show", "@NASA", "--json").stdout)

    assert [one["posts"] for one in document["curve"]] == [0] * 24 + [1, 0, 0, 2, 0, 3]
    assert document["curve"][-1]["day"] == f"{now:%Y-%m-%d}"
    assert "▁" * 24 + "▃▁▁▅▁█ 6 stored posts in 30 days, at most 3 in one" in told


def test_an_account_that_is_gone_says_so(said: Services, covey: Covey) -> None:
    """Also once nothing personal is left of it, where it is followed."""
    now = said.clock.now()
    said.stores.handles.activate(["nasa"], now=now)
    said.stores.handles.learn([User(id=7, username="NASA")], now=now)
    word = Word(PostState.SUSPENDED, now + timedelta(seconds=1), By.COMPLIANCE)
    said.stores.fates.bury_users({7: word}, now=now, purge_after=timedelta(0))
    said.stores.fates.purge_users(now=now, limit=10)

    told = covey("show", "@nasa").stdout

    assert "@nasa (7)" in told
    assert "suspended, since" in told
    assert "learned by compliance; what was written is gone here too" in told


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
    ids=["a post", "an account", "neither"],
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
