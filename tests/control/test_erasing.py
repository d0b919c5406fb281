"""`covey erase` on real servers: everything of a person goes, nothing of others, and nothing comes back."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.jobs import PurgeGone
from shared.domain.mentions import Mention
from shared.domain.models import Media, MediaType, Page, Post, Reference, ReferenceType, User, UserLookup
from shared.domain.snowflake import created_at
from shared.services.bootstrap import Services
from shared.services.intake import store_users
from shared.services.storing import store_page
from tests.control.whole import Covey, covey
from tests.workers.world import post_id
from workers.handlers.purging import purge_gone

__all__ = ["covey"]
PERSON, OTHER = 4_242_424_242, 5_151_515_151
MINE, QUOTE, REPOST, THEIRS = (post_id(600 - number) for number in range(4))


def _page() -> Page:
    def of(id_: int, author: int, *references: Reference, text: str = "words") -> Post:
        keys = {"media_keys": ["3_1"]} if id_ == MINE else {}
        return Post(
            id=id_,
            text=text,
            created_at=created_at(id_),
            author_id=author,
            references=references,
            attachments=keys,
            raw={"author_id": str(author)},
        )

    return Page(
        posts=(
            of(MINE, PERSON, text="secret"),
            of(QUOTE, OTHER, Reference(ReferenceType.QUOTED, MINE), text="@person is right"),
            of(REPOST, OTHER, Reference(ReferenceType.RETWEETED, MINE), text="RT secret"),
            of(THEIRS, OTHER),
        ),
        users=(User(id=PERSON, username="Person", name="Name"), User(id=OTHER, username="other")),
        media=(Media(key="3_1", type=MediaType.PHOTO),),
    )


@pytest.fixture
def known(services: Services) -> Services:
    """A followed person with posts, a file, mentions, a request, a letter and an object that was set aside."""
    stores, now = services.stores, services.clock.now()
    services.following.follow(["Person"], since=now - timedelta(hours=1), now=now, source="tracked")
    store_page(services, _page(), source="search", now=now)
    found: dict[str, Any] = {"tenant_id": "default", "platform": "x", "url": "", "published_at": now}
    own = Mention(external_id=str(MINE), sources=("tracked",), content="secret", author_id=str(PERSON), **found)
    stores.mentions.put([own], now=now, at=now)
    stores.runs.begin("r", kind="refresh", subjects=[str(MINE), str(THEIRS)], now=now)
    letter = {"_id": "d", "job": "refresh_engagement", "died_at": now, "actor_args": [{"post_ids": [str(MINE)]}]}
    stores.dead_letters.add([letter])
    stores.db["set_aside"].insert_one({"object_id": str(MINE), "text": "secret", "seen_at": now})
    return services


def _everything(services: Services) -> str:
    """All documents of all collections as text, receipts and the key excepted."""
    db = services.stores.db
    names = [name for name in db.list_collection_names() if name not in {"erasures", "X_state"}]
    return "\n".join(f"{name} {document}" for name in names for document in db[name].find())


def test_a_person_goes_everywhere_and_others_stay(known: Services, covey: Covey) -> None:
    """No document has their words, name or id but what others wrote; the receipt says how many of what, and not who."""
    receipt = json.loads(covey("erase", "@person", "--yes", "--json").stdout)

    left = known.stores.db["X_tweets"]
    assert {one["_id"] for one in left.find()} == {str(QUOTE), str(THEIRS)}
    assert (left.find_one({"_id": str(QUOTE)}) or {})["text"] == "@person is right"
    text = _everything(known)
    assert "secret" not in text
    assert str(PERSON) not in text
    assert receipt["deleted"]["X_tweets"] == 2
    assert {"X_users", "X_engagement", "mentions", "dead_letters", "set_aside", "X_media"} <= set(receipt["deleted"])
    assert str(PERSON) not in json.dumps(receipt)
    assert known.stores.handles.active_among(["person"]) == set()
    assert all("person" not in one.members for one in known.stores.streams.active())
    assert known.stores.removals.waiting(limit=5) == ["3_1"]


def test_what_was_erased_is_not_stored_again(known: Services, covey: Covey) -> None:
    """Not by a page, not by a look-up; what came back meanwhile goes with the next purge, and then nobody is named."""
    before = known.stores.erasures.blocked(now=known.clock.now())
    covey("erase", "--user-id", str(PERSON), "--yes")
    now = known.clock.now() + timedelta(minutes=1)
    known.stores.posts.upsert(_page().posts, source="search", now=now)  # by a process that did not know yet

    store_page(known, _page(), source="search", now=now)
    store_users(known, UserLookup(users=_page().users), now=now)
    known.stores.db["erasures"].update_many({}, {"$set": {"again_at": now - timedelta(hours=1)}})
    purge_gone(known, PurgeGone())
    store_page(known, _page(), source="search", now=now)

    assert before.hashes == frozenset()
    assert {one["_id"] for one in known.stores.db["X_tweets"].find()} == {str(QUOTE), str(THEIRS)}
    assert known.stores.db["X_users"].count_documents({"_id": str(PERSON)}) == 0
    [receipt] = known.stores.db["erasures"].find()
    assert "again" not in receipt
    assert str(PERSON) not in str(receipt)


def test_a_post_goes_alone(known: Services, covey: Covey) -> None:
    """With its reposts, counts, file and mention; its author and their other posts stay, and are followed on."""
    done = covey("erase", str(MINE), "--yes")

    assert done.status == 0
    assert {one["_id"] for one in known.stores.db["X_tweets"].find()} == {str(QUOTE), str(THEIRS)}
    assert known.stores.db["X_users"].count_documents({"_id": str(PERSON)}) == 1
    assert known.stores.handles.active_among(["person"]) == {"person"}
    assert known.stores.engagement.get(MINE) is None
    assert (known.stores.runs.get("r") or {})["subjects"] == [str(THEIRS)]


def test_a_dry_run_and_a_no_do_nothing(known: Services, covey: Covey) -> None:
    """Both say how much would go."""
    before = _everything(known)

    dry = json.loads(covey("erase", "@person", "--dry-run", "--json").stdout)
    refused = covey("erase", "@person", input=b"n\n")

    assert dry == {"kind": "user", "would_delete": {"X_tweets": 1, "X_users": 1}}
    assert (refused.status, "Nothing was erased" in refused.stderr) == (1, True)
    assert _everything(known) == before
    assert known.stores.erasures.blocked(now=known.clock.now()).hashes == frozenset()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["@stranger_x"], "@stranger_x"),
        ([], "--user-id"),
        (["12", "--user-id", "3"], "one of"),
        (["--user-id", "0"], "--user-id 0:"),
        (["--user-id", "-3"], "--user-id -3:"),
        (["--user-id", str(2**63)], f"--user-id {2**63}: ids of accounts are 1 to {2**63 - 1}"),
    ],
)
def test_who_is_not_known_is_named(known: Services, covey: Covey, arguments: list[str], named: str) -> None:
    """One line, and nothing is done."""
    assert named in covey("erase", *arguments, "--yes").line


def test_erasing_twice_adds_nothing(known: Services, covey: Covey) -> None:
    """The second time finds nothing, and the receipt is the same one."""
    first, second = (json.loads(covey("erase", "--user-id", str(PERSON), "--yes", "--json").stdout) for _ in range(2))

    assert (first["_id"], first["deleted"]) == (second["_id"], second["deleted"])
