"""`mentions` on a real MongoDB."""

from __future__ import annotations

from typing import Any

from shared.domain.mentions import Mention, MentionStatus
from shared.stores.bundle import Stores
from shared.stores.database import Db
from tests.shared.stores.conftest import HOUR, NOW, CommandCount, at_once, user_of


def mention(id_: int = 1, tenant: str = "a", *sources: str, **more: Any) -> Mention:
    """A mention of a post of account 7."""
    given: dict[str, Any] = {
        "tenant_id": tenant,
        "sources": sources,
        "platform": "x",
        "external_id": str(id_),
        "url": f"https://x.com/i/web/status/{id_}",
        "content": "hello",
        "author_id": "7",
        "published_at": NOW + id_ * HOUR,
    }
    return Mention(**(given | more))


def stored(db: Db, id_: str = "a:x:1") -> dict[str, Any]:
    """The document."""
    return db["mentions"].find_one({"_id": id_}) or {}


def test_a_page_of_mentions_is_a_look_and_one_command(counted: Stores, commands: CommandCount) -> None:
    """New ones, and those that are there."""
    page = [mention(id_, "a", "space") for id_ in range(100)]

    assert commands.during(lambda: counted.mentions.put(page, now=NOW, at=NOW)) == ["find", "insert"]
    assert commands.during(lambda: counted.mentions.put(page, now=NOW, at=NOW)) == ["find", "update"]
    assert commands.during(lambda: counted.mentions.put([], now=NOW, at=NOW)) == []


def test_a_mention_has_all_its_fields(stores: Stores, mongo_db: Db) -> None:
    """What nobody told is null; it is new, and knows who found it."""
    stores.mentions.put([mention(1, "a", "space", likes_count=0)], now=NOW, at=NOW)

    assert stored(mongo_db) == {
        "_id": "a:x:1",
        "tenant_id": "a",
        "source_id": "space",
        "sources": ["space"],
        "platform": "x",
        "external_id": "1",
        "url": "https://x.com/i/web/status/1",
        "content": "hello",
        "author_id": "7",
        "author_name": None,
        "author_handle": None,
        "author_followers": None,
        "author_verified": None,
        "published_at": NOW + HOUR,
        "likes_count": 0,
        "comments_count": None,
        "shares_count": None,
        "media_type": None,
        "media_urls": [],
        "location": None,
        "language": None,
        "status": "new",
        "created_at": NOW,
        "updated_at": NOW,
        "unfed": NOW,
        "described_at": NOW,
    }


def test_one_for_each_tenant_whoever_finds_it_again(stores: Stores, mongo_db: Db) -> None:
    """The first finder stays, others are added, what a person set stays, and the later counts stand."""
    stores.mentions.put([mention(1, "a", "space", likes_count=1), mention(1, "b", "watch")], now=NOW, at=NOW)
    stores.mentions.set_status("a:x:1", MentionStatus.HANDLED, now=NOW)
    stores.mentions.put([mention(1, "a", "moon", likes_count=5)], now=NOW + HOUR, at=NOW + HOUR)
    stores.mentions.put([mention(1, "a", "space", likes_count=3)], now=NOW + HOUR, at=NOW + HOUR / 2)

    found = stored(mongo_db)
    assert (found["source_id"], set(found["sources"]), found["status"]) == ("space", {"space", "moon"}, "handled")
    assert (found["likes_count"], found["created_at"], found["updated_at"]) == (5, NOW, NOW + HOUR)
    assert stored(mongo_db, "b:x:1")["sources"] == ["watch"]
    assert stores.mentions.count() == 2


def test_eight_workers_with_the_same_page(stores: Stores, mongo_db: Db) -> None:
    """Each mention is new to one of them, and has every source."""
    new = at_once(8, lambda n: stores.mentions.put([mention(1, "a", f"s{n}")], now=NOW, at=NOW, known={}))

    assert sorted(id_ for ids in new for id_ in ids) == ["a:x:1"]
    assert set(stored(mongo_db)["sources"]) == {f"s{n}" for n in range(8)}


def test_authors_are_named_when_they_become_known(stores: Stores, mongo_db: Db) -> None:
    """Only in mentions that had nobody; in one command for all."""
    stores.mentions.put([mention(1, "a", "s"), mention(2, "a", "s", author_handle="before")], now=NOW, at=NOW)

    stores.mentions.learn([user_of(7, "NASA", name="Nasa", public_metrics={"followers_count": 3}), user_of(8, "esa")])
    stores.mentions.learn([])

    named = stored(mongo_db)
    assert (named["author_handle"], named["author_name"], named["author_followers"]) == ("NASA", "Nasa", 3)
    assert stored(mongo_db, "a:x:2")["author_handle"] == "before"


def test_a_status_is_set_and_told_as_it_was(stores: Stores) -> None:
    """Of one, and of several in one write; an unknown id changes nothing."""
    stores.mentions.put([mention(id_, "a", "s") for id_ in (1, 2, 3)], now=NOW, at=NOW)
    before = stores.mentions.set_status("a:x:3", MentionStatus.SEEN, now=NOW + HOUR) or {}
    stores.mentions.set_statuses(["a:x:1", "a:x:2", "a:x:404"], MentionStatus.MUTED, now=NOW + HOUR)

    assert before["status"] == "new"
    assert stores.mentions.set_status("a:x:404", MentionStatus.SEEN, now=NOW) is None
    found = stores.mentions.by_id(["a:x:1", "a:x:2", "a:x:3", "a:x:404"])
    assert {key: one["status"] for key, one in found.items()} == {"a:x:1": "muted", "a:x:2": "muted", "a:x:3": "seen"}
    assert stores.mentions.among("a", ["1", "3", "404"]) == {"1", "3"}
