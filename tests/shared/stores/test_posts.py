"""`X_tweets` on a real MongoDB."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.counts import PostMetrics
from shared.domain.models import PostState, Reference, ReferenceType
from shared.domain.states import By, Word
from shared.stores.bundle import Stores
from shared.stores.database import Db
from shared.stores.posts import metrics_from_document, metrics_to_document
from tests.shared.stores.conftest import AWKWARD_IDS, HOUR, NOW, CommandCount, at_once, likes, post_of, posts_of

METRICS = PostMetrics(
    repost_count=1, reply_count=2, like_count=3, quote_count=4, bookmark_count=5, impression_count=2**40
)


def test_a_page_of_posts_is_a_look_and_one_command(counted: Stores, commands: CommandCount) -> None:
    """A hundred posts, new or known, cost a look and a write, and both writes where some are known; none cost none."""
    page, longer = posts_of(range(1, 101)), posts_of(range(1, 201))

    assert commands.during(lambda: counted.posts.upsert(page, source="search", now=NOW)) == ["find", "insert"]
    assert commands.during(lambda: counted.posts.upsert(page, source="search", now=NOW)) == ["find", "update"]
    assert commands.during(lambda: counted.posts.upsert(longer, source="s", now=NOW)) == ["find", "insert", "update"]
    assert commands.during(lambda: counted.posts.upsert([], source="search", now=NOW)) == []


def test_new_posts_are_told_from_known_ones(stores: Stores) -> None:
    """The answer names the posts that were not stored before, each once, whatever their order."""
    stores.posts.upsert(posts_of([2, 4]), source="search", now=NOW)

    new = stores.posts.upsert(posts_of([5, 4, 3, 2, 1, 3]), source="quotes", now=NOW + HOUR)

    assert new == {1, 3, 5}
    assert stores.posts.upsert(posts_of([1, 2, 3, 4, 5]), source="search", now=NOW) == set()


def test_ids_of_any_size_survive(stores: Stores, mongo_db: Db) -> None:
    """As keys, as authors, as references: the number read is the number written, past 2^63 too."""
    posts = [post_of(i, author_id=i, references=(Reference(ReferenceType.QUOTED, i),)) for i in AWKWARD_IDS]

    assert stores.posts.upsert(posts, source="search", now=NOW) == set(AWKWARD_IDS)

    found = {int(d["_id"]): d for d in mongo_db["X_tweets"].find()}
    assert found.keys() == set(AWKWARD_IDS)
    assert all(int(d["author_id"]) == i for i, d in found.items())
    assert all(d["referenced_tweets"] == [{"type": "quoted", "id": str(i)}] for i, d in found.items())
    assert stores.posts.newest_of([2**63 + 1], 5)[0]["_id"] == str(2**63 + 1)


def test_the_first_sighting_is_kept_and_the_last_moves_forward(stores: Stores, mongo_db: Db) -> None:
    """How and when a post was found never changes; a sighting that arrives late does not turn the clock back."""
    stores.posts.upsert([post_of(1)], source="search", now=NOW)
    stores.posts.upsert([post_of(1)], source="refresh", now=NOW + HOUR)
    stores.posts.upsert([post_of(1)], source="quotes", now=NOW + HOUR / 2)

    document = mongo_db["X_tweets"].find_one({"_id": "1"}) or {}
    assert document["found_by"] == "search"
    assert (document["first_seen_at"], document["last_seen_at"]) == (NOW, NOW + HOUR)


def test_a_short_answer_erases_nothing(stores: Stores, mongo_db: Db) -> None:
    """A look-up that leaves out references, entities, attachments or counts leaves those that are stored."""
    full = post_of(
        1,
        references=(Reference(ReferenceType.REPLIED_TO, 5),),
        entities={"mentions": [{"username": "nasa"}]},
        attachments={"media_keys": ["3_1"]},
        edit_history_ids=(1,),
        metrics=METRICS,
        lang="en",
        conversation_id=5,
    )
    stores.posts.upsert([full], source="search", now=NOW)
    before = mongo_db["X_tweets"].find_one({"_id": "1"})

    stores.posts.upsert([post_of(1, author_id=None)], source="refresh", now=NOW)

    assert mongo_db["X_tweets"].find_one({"_id": "1"}, {"told": 0}) == before


def test_the_newest_counts_replace_the_older(stores: Stores, mongo_db: Db) -> None:
    """Under the names the collection has always had."""
    stores.posts.upsert([post_of(1, metrics=likes(1))], source="search", now=NOW)
    stores.posts.upsert([post_of(1, metrics=METRICS)], source="refresh", now=NOW)

    document = mongo_db["X_tweets"].find_one({"_id": "1"}) or {}
    assert document["public_metrics"]["retweet_count"] == 1
    assert metrics_from_document(document["public_metrics"]) == METRICS
    assert metrics_from_document(metrics_to_document(METRICS)) == METRICS
    assert metrics_from_document({}) == PostMetrics()


def test_eight_workers_with_the_same_page_store_each_post_once(stores: Stores, mongo_db: Db) -> None:
    """Every post is new to exactly one of them."""
    page = posts_of(range(1, 101))

    new = at_once(8, lambda _: stores.posts.upsert(page, source="search", now=NOW))

    assert sorted(post_id for ids in new for post_id in ids) == list(range(1, 101))
    assert mongo_db["X_tweets"].count_documents({}) == 100


def test_the_newest_posts_of_authors(stores: Stores) -> None:
    """By time, reposts and strangers left out, as many as asked for."""
    posts = [replace(post_of(i), created_at=NOW + timedelta(minutes=i)) for i in (8, 9, 10, 11)]
    repost = replace(post_of(12, references=(Reference(ReferenceType.RETWEETED, 1),)), created_at=NOW + HOUR)
    stranger = replace(post_of(13, author_id=8), created_at=NOW + HOUR)
    stores.posts.upsert([*posts, repost, stranger], source="search", now=NOW)

    assert [d["_id"] for d in stores.posts.newest_of([7], 3)] == ["11", "10", "9"]
    assert [d["_id"] for d in stores.posts.newest_of([7, 8], 1)] == ["13"]
    assert stores.posts.newest_of([], 3) == []


def test_a_post_that_is_gone_has_the_reason_until_x_gives_it_again(stores: Stores, mongo_db: Db) -> None:
    """An account that comes back brings its posts back."""
    stores.posts.upsert(posts_of([1, 2]), source="search", now=NOW)

    stores.fates.bury({1: Word(PostState.SUSPENDED, NOW + HOUR, By.LOOKUP)}, now=NOW + HOUR, purge_after=HOUR)
    assert [d["_id"] for d in mongo_db["X_tweets"].find({"gone.reason": "suspended"})] == ["1"]

    stores.posts.upsert([post_of(1)], source="refresh", now=NOW + 2 * HOUR)
    assert "gone" not in (mongo_db["X_tweets"].find_one({"_id": "1"}) or {})


@pytest.mark.parametrize("text", ["", "\x00", "ﷺ" * 300, "👩‍👩‍👧 \ufffd", "$where", "a.b"])
def test_any_text_survives(stores: Stores, mongo_db: Db, text: str) -> None:
    """In the text, in entities, and as keys of what X sent."""
    raw = {"text": text, "$odd": {"a.b": [text]}}

    stores.posts.upsert([post_of(1, text=text, entities={"hashtags": [{"tag": text}]}, raw=raw)], source="s", now=NOW)

    document = mongo_db["X_tweets"].find_one({"_id": "1"}) or {}
    assert (document["text"], document["raw"]) == (text, raw)


def test_posts_are_counted(stores: Stores) -> None:
    """By the collection's own estimate."""
    stores.posts.upsert(posts_of(range(7)), source="search", now=NOW)

    assert stores.posts.count() == 7


def test_authors_are_told_by_how_often_they_wrote(stores: Stores) -> None:
    """Among the newest posts only; those whose author X did not tell do not count."""
    authors = {1: 10, 2: 10, 3: 20, 4: 30, 5: 30, 6: 30, 7: None}
    posts = [post_of(id_, author_id=author) for id_, author in authors.items()]
    old = post_of(8, author_id=40, created_at=NOW - HOUR)
    stores.posts.upsert([*posts, old], source="search", now=NOW)

    assert stores.posts.authors_met(among=7) == (6, 1, 1)
    assert stores.posts.authors_met(among=99) == (7, 2, 1)


def test_what_the_query_of_a_member_finds_is_told_by_time(stores: Stores) -> None:
    """An account's finds nobody who only quotes it, the quotes of a source do; what was edited since is gone."""
    posts = [replace(post, created_at=NOW + number * HOUR) for number, post in enumerate(posts_of((1, 2, 3)))]
    of_a = {"source": "s", "member": "a"}
    whys = {1: "author", 2: "quote", 3: "mention"}
    stores.posts.upsert(posts, source="search", now=NOW)
    for id_, why in whys.items():
        rows = [of_a | {"why": why}, {"source": "q", "member": "+q", "why": "quote"}]
        stores.db["X_tweets"].update_one({"_id": str(id_)}, {"$set": {"concerns": rows}})
    stores.db["X_tweets"].update_one({"_id": "3"}, {"$set": {"superseded_by": "4"}})

    of_account = stores.posts.times_of("a", from_at=NOW, to_at=NOW + 3 * HOUR)
    of_source = stores.posts.times_of("+q", from_at=NOW, to_at=NOW + 2 * HOUR)

    assert sorted(of_account) == [(NOW, False), (NOW + 2 * HOUR, True)]
    assert sorted(of_source) == [(NOW, False), (NOW + HOUR, False)]
