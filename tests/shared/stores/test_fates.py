"""What became of posts on a real MongoDB: buried, looked for again, purged; and what of it stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.domain.models import PostState, User
from shared.domain.states import By, Word
from shared.stores.bundle import Stores
from shared.stores.database import Db
from tests.shared.stores.conftest import HOUR, NOW, likes, post_of

DELETED = Word(PostState.DELETED, NOW + HOUR, By.COMPLIANCE, "bounced")


def _know(stores: Stores, *ids: int, **values: Any) -> None:
    posts = [post_of(one, metrics=likes(5), entities={"hashtags": ["a"]}, raw={"text": "a"}, **values) for one in ids]
    stores.posts.upsert(posts, source="search", now=NOW)
    stores.engagement.begin(posts, now=NOW)


def _bury(stores: Stores, *ids: int, word: Word = DELETED) -> int:
    return stores.fates.bury(dict.fromkeys(ids, word), now=NOW + HOUR, purge_after=HOUR)


def _post(db: Db, post_id: int) -> dict[str, Any]:
    return db["X_tweets"].find_one({"_id": str(post_id)}) or {}


def _purge(stores: Stores, now_hours: float = 3, limit: int = 10) -> int:
    now = NOW + now_hours * HOUR
    return stores.fates.purge(stores.fates.to_purge(now=now, limit=limit), now=now)


def test_a_post_is_gone_with_reason_time_and_route_and_read_no_more(stores: Stores, mongo_db: Db) -> None:
    """The word stands on the post; its engagement has the state and no next reading; saying it twice is no news."""
    _know(stores, 1, 2)

    assert (_bury(stores, 1, 99), _bury(stores, 1)) == (1, 0)

    gone = {"reason": "deleted", "at": NOW + HOUR, "by": "compliance", "said": "bounced", "purge_at": NOW + 2 * HOUR}
    gone |= {"unfed": NOW + HOUR}
    assert _post(mongo_db, 1)["gone"] == gone
    states = {d["_id"]: (d["state"], d["next_refresh_at"] is None) for d in mongo_db["X_engagement"].find()}
    assert states == {"1": ("deleted", True), "2": ("alive", False)}
    assert mongo_db["X_tweets"].count_documents({}) == 2


def test_a_word_from_before_the_last_showing_changes_nothing(stores: Stores, mongo_db: Db) -> None:
    """X showed the post after the word was true: it is there."""
    _know(stores, 1)

    assert _bury(stores, 1, word=Word(PostState.PROTECTED, NOW - HOUR, By.COMPLIANCE)) == 0
    assert "gone" not in _post(mongo_db, 1)


def test_another_reason_takes_the_place_of_the_first(stores: Stores, mongo_db: Db) -> None:
    """Suspended, then deleted; the time to purge stays that of the first word."""
    _know(stores, 1)
    _bury(stores, 1, word=Word(PostState.SUSPENDED, NOW + HOUR, By.LOOKUP))

    assert _bury(stores, 1, word=Word(PostState.DELETED, NOW + 2 * HOUR, By.EVENT)) == 1
    found = _post(mongo_db, 1)["gone"]
    assert (found["reason"], found["by"], found["purge_at"]) == ("deleted", "event", NOW + 2 * HOUR)


def test_purging_takes_what_is_personal_and_keeps_counts_and_the_fact(stores: Stores, mongo_db: Db) -> None:
    """Text, raw and entities go; ids, times, counts, who, when and why stay."""
    _know(stores, 1, 2)
    _bury(stores, 1)

    assert (_purge(stores, 1.5), _purge(stores), _purge(stores)) == (0, 1, 0)

    post = _post(mongo_db, 1)
    assert not {"text", "raw", "entities", "lang"} & set(post)
    assert post["public_metrics"] == {"like_count": 5}
    assert post["gone"]["purged_at"] == NOW + 3 * HOUR
    assert post["created_at"]
    assert _post(mongo_db, 2)["text"]


def test_a_purged_post_that_x_shows_again_is_whole(stores: Stores, mongo_db: Db) -> None:
    """A restored post comes back to life with all that X says of it."""
    _know(stores, 1)
    _bury(stores, 1)
    _purge(stores)

    stores.posts.upsert([post_of(1, raw={"text": "a"})], source="search", now=NOW + 5 * HOUR)

    assert {"text", "raw"} <= set(_post(mongo_db, 1))
    assert "gone" not in _post(mongo_db, 1)


def test_each_round_of_purging_is_bounded(stores: Stores) -> None:
    """No more than `limit` at a time, the longest waiting first, until none is left."""
    _know(stores, *range(1, 8))
    _bury(stores, *range(1, 8))

    assert [_purge(stores, limit=3) for _ in range(4)] == [3, 3, 1, 0]


def test_media_of_a_living_post_stay(stores: Stores) -> None:
    """A medium goes with the last post that has it; two posts that go together keep none for each other."""
    _know(stores, 1, 2, attachments={"media_keys": ["3_1"]})
    _know(stores, 3, 4, attachments={"media_keys": ["3_2"]})
    _bury(stores, 1, 3, 4)

    assert stores.fates.media_only_of(stores.fates.to_purge(now=NOW + 3 * HOUR, limit=10)) == {"3_2"}


def test_a_post_that_may_be_back_is_read_at_once(stores: Stores, mongo_db: Db) -> None:
    """What X does not call gone any more is due; what it called gone only since then is not."""
    _know(stores, 1, 2, 3)
    _bury(stores, 1)
    _bury(stores, 2, word=Word(PostState.PROTECTED, NOW + 3 * HOUR, By.EVENT))

    assert stores.fates.look_again([1, 2, 3], at=NOW + 2 * HOUR, now=NOW + 4 * HOUR) == 1
    due = mongo_db["X_engagement"].find({"next_refresh_at": NOW + 4 * HOUR}, {"_id": 1})
    assert [d["_id"] for d in due] == ["1"]


def test_scrubbed_places_are_gone(stores: Stores, mongo_db: Db) -> None:
    """Where a post was written goes, the rest stays."""
    _know(stores, 1, geo={"place_id": "p"}, place={"id": "p"})

    stores.fates.scrub_places([1])

    assert not {"geo", "place"} & set(_post(mongo_db, 1))
    assert _post(mongo_db, 1)["text"]


def test_finding_what_is_to_be_purged_reads_no_more_than_that(stores: Stores, mongo_db: Db) -> None:
    """Of 200 posts, three of which wait, three documents are looked at."""
    _know(stores, *range(1, 201))
    _bury(stores, 5, 6, 7)

    due = {"gone.purge_at": {"$lte": NOW + timedelta(days=1)}}
    plan = mongo_db["X_tweets"].find(due).sort("gone.purge_at", 1).limit(500).explain()

    assert plan["executionStats"]["totalDocsExamined"] == 3


def test_what_waits_too_long_is_counted_no_further_than_asked(stores: Stores, mongo_db: Db) -> None:
    """Posts and accounts whose time had come by then, and not those whose time comes later, nor what is purged."""
    _know(stores, *range(1, 10))
    stores.users.upsert([User(id=7, username="a")], now=NOW)
    _bury(stores, 1, 2, 3)
    stores.fates.bury_users({7: DELETED}, now=NOW + HOUR, purge_after=2 * HOUR)

    told = [stores.fates.overdue(before=NOW + hours * HOUR, limit=limit) for hours, limit in ((1, 9), (2, 9), (3, 2))]

    assert told == [{"posts": 0, "accounts": 0}, {"posts": 3, "accounts": 0}, {"posts": 2, "accounts": 1}]
    _purge(stores)
    assert stores.fates.overdue(before=NOW + 9 * HOUR, limit=9)["posts"] == 0


def test_versions_of_an_edited_post_are_linked(stores: Stores, mongo_db: Db) -> None:
    """Each stored version names the next one; the latest names none."""
    _know(stores, 1, 3)

    stores.fates.link_versions([[1, 2, 3]], now=NOW)

    assert {d["_id"]: d.get("superseded_by") for d in mongo_db["X_tweets"].find()} == {"1": "2", "3": None}
