"""Rounds on a real MongoDB: one open of each kind, moved by one writer, batches that no new post shifts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from shared.domain.compliance import Kind
from shared.domain.compliance_rounds import Round
from shared.domain.models import PostState
from shared.domain.states import By, Word
from shared.stores.bundle import Stores
from shared.stores.database import Db
from tests.shared.stores.conftest import HOUR, NOW, at_once, posts_of, user_of

POSTS = Kind.POSTS


def _begin(stores: Stores, kind: Kind = POSTS) -> Round:
    assert stores.compliance.begin(kind, now=NOW)
    one = stores.compliance.get(stores.compliance.open()[0])
    assert one is not None
    return one


def test_one_round_of_a_kind_is_open(stores: Stores) -> None:
    """Of eight that begin at once one does; another one may when it has ended."""
    begun = at_once(8, lambda n: stores.compliance.begin(POSTS, now=NOW + timedelta(seconds=n)))
    [round_id] = stores.compliance.open()
    one = stores.compliance.get(round_id)
    assert one is not None
    other = stores.compliance.begin(Kind.USERS, now=NOW)
    ended = stores.compliance.move(replace(one, ended_at=NOW))

    assert (sum(begun), other, ended) == (1, True, True)
    assert stores.compliance.last_started_at(POSTS) == one.started_at
    assert stores.compliance.begin(POSTS, now=NOW + HOUR)


def test_a_round_is_moved_once_by_those_who_read_the_same(stores: Stores, mongo_db: Db) -> None:
    """Of eight writers one wins, and what it counted is added once; the round comes back as it was written."""
    after = _begin(stores).begin_batch("9", 3).begun(2**62, NOW)

    moved = at_once(8, lambda n: stores.compliance.move(after, counts={"ids": 3}))

    assert sum(moved) == 1
    assert stores.compliance.get(after.id) == replace(after, version=1)
    assert (mongo_db["compliance_rounds"].find_one() or {})["counts"] == {"ids": 3}


def test_batches_are_everything_once(stores: Stores, mongo_db: Db) -> None:
    """Ids of any length, in batches of their text order; what is no id of X is left out."""
    ids = [5, 40, 123, 10**18, 10**18 + 1, 9, 77]
    stores.posts.upsert(posts_of(ids), source="search", now=NOW)
    mongo_db["X_tweets"].insert_one({"_id": "odd"})
    after_id, found = "", list[int]()

    while batch := stores.compliance.end_of_batch(POSTS, after_id, limit=3):
        found += [int(one) for one in stores.compliance.ids(POSTS, after_id, batch[0], limit=9)]
        stores.posts.upsert(posts_of([6]), source="search", now=NOW)  # behind the border by then
        after_id = batch[0]

    assert sorted(set(found) - {6}) == sorted(ids)
    assert len(found) == len(set(found))


def test_accounts_have_batches_of_their_own(stores: Stores) -> None:
    """A round over users reads the stored accounts."""
    stores.users.upsert([user_of(7), user_of(8, "esa")], now=NOW)

    assert stores.compliance.end_of_batch(Kind.USERS, "", limit=10) == ("8", 2)
    assert stores.compliance.end_of_batch(POSTS, "", limit=10) is None


def test_posts_that_are_gone_are_found_within_a_batch_by_an_index(stores: Stores, mongo_db: Db) -> None:
    """Only they are read, however many posts there are."""
    stores.posts.upsert(posts_of(range(100, 300)), source="search", now=NOW)
    word = Word(PostState.DELETED, NOW + HOUR, By.COMPLIANCE)
    stores.fates.bury({150: word, 160: word, 250: word}, now=NOW, purge_after=HOUR)

    assert stores.compliance.gone("149", "200", limit=10) == [150, 160]
    query = {"_id": {"$gt": "149", "$lte": "200"}, "gone.at": {"$exists": True}}
    plan = mongo_db["X_tweets"].find(query).sort("_id", 1).limit(500).explain()
    assert plan["executionStats"]["totalDocsExamined"] <= 3
