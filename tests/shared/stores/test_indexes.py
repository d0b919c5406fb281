"""How collections are made, on a real MongoDB."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.stores.bundle import Stores
from shared.stores.database import Db, connect
from shared.stores.paging import after
from tests.shared.stores.conftest import NOW

GROWS = "X_engagement_history"


@pytest.fixture
def fresh(mongo_uri: str) -> Iterator[Db]:
    """A database that has nothing."""
    found = connect(mongo_uri, "covey_fresh")
    found.client.drop_database(found.name)
    yield found
    found.client.drop_database(found.name)
    found.client.close()


def _compressor(db: Db, collection: str) -> str:
    words = str(db.command("collStats", collection)["wiredTiger"]["creationString"]).split(",")
    (word,) = [word for word in words if word.startswith("block_compressor=")]
    return word.partition("=")[2]


def test_what_grows_with_every_reading_is_made_small(fresh: Db) -> None:
    """A new collection of snapshots has zstd, by whoever makes its index; the others have what MongoDB takes."""
    Stores.on(fresh).ensure_indexes()

    assert _compressor(fresh, GROWS) == "zstd"
    assert _compressor(fresh, "X_tweets") == "snappy"


def test_a_collection_that_is_there_stays_as_it_is(fresh: Db) -> None:
    """Its snapshots too, and it gets its index."""
    fresh[GROWS].insert_one({"_id": "1:first", "post_id": "1"})
    Stores.on(fresh).ensure_indexes()

    assert _compressor(fresh, GROWS) == "snappy"
    assert fresh[GROWS].count_documents({}) == 1
    assert "post_id_1_at_1" in fresh[GROWS].index_information()


def test_an_index_that_took_the_place_of_another_is_alone(fresh: Db) -> None:
    """The earlier one costs no writes any more."""
    earlier = "referenced_tweets.id_1_referenced_tweets.type_1"
    fresh["X_tweets"].create_index([("referenced_tweets.id", 1), ("referenced_tweets.type", 1)])
    Stores.on(fresh).ensure_indexes()

    assert "referring" in fresh["X_tweets"].index_information()
    assert earlier not in fresh["X_tweets"].index_information()


def test_quotes_are_read_in_order_by_their_index(fresh: Db) -> None:
    """Without sorting, from the first page on."""
    Stores.on(fresh).ensure_indexes()
    reference = {"$elemMatch": {"id": "1", "type": "quoted"}}
    order = [("created_at", -1), ("_id", -1)]

    for start in (None, (NOW, "2")):
        query = {"referenced_tweets": reference, **after("created_at", start)}
        plan = str(fresh["X_tweets"].find(query).sort(order).limit(3).explain()["queryPlanner"]["winningPlan"])
        assert "'indexName': 'referring'" in plan
        assert "'stage': 'SORT'" not in plan
