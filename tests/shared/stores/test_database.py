"""The connection to MongoDB, and its errors in our words."""

from __future__ import annotations

import inspect
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pymongo
import pytest
from pymongo.errors import ExecutionTimeout, PyMongoError

from shared.domain.errors import InputError, StoreUnavailable
from shared.runtime.embedded import free_port
from shared.stores import bundle
from shared.stores.bundle import Stores
from shared.stores.database import Db, ServerClock, connect, guarded
from tests.shared.stores.conftest import NOW, post_of


@pytest.fixture
def nowhere() -> Db:
    """A database of a server that is not there."""
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
        f"mongodb://covey:hunter2@127.0.0.1:{free_port()}/?directConnection=true",
        serverSelectionTimeoutMS=100,
        connectTimeoutMS=100,
    )
    return client["covey"]


def test_a_server_that_is_away_is_a_passing_fault(nowhere: Db) -> None:
    """Reading and writing: each says which operation failed, at which server and why, without the driver's topology."""
    stores = Stores.on(nowhere)

    for call in (
        lambda: stores.posts.upsert([post_of(1)], source="search", now=NOW),
        stores.streams.active,
        lambda: stores.state.get("key"),
    ):
        with pytest.raises(
            StoreUnavailable, match=r"^\w+\.\w+: MongoDB \(MONGO_URI\) cannot be reached: 127.0.0.1:\d+: [^,(]*$"
        ) as caught:
            call()
        assert isinstance(caught.value.__cause__, PyMongoError)
        assert "hunter2" not in str(caught.value)


def test_errors_of_ours_and_of_others_pass_through() -> None:
    """Only the driver's errors are translated."""

    @guarded
    def method(error: Exception) -> None:
        raise error

    for error in (InputError("bad"), KeyError("x")):
        with pytest.raises(type(error)):
            method(error)
    with pytest.raises(StoreUnavailable):
        method(ExecutionTimeout("late"))


def test_every_public_method_of_every_store_is_guarded() -> None:
    """No driver error can leave a store as it is."""
    kinds = [vars(bundle)[str(field.type)] for field in fields(Stores) if field.name != "db"]

    bare = [
        f"{kind.__name__}.{name}"
        for kind in [*kinds, ServerClock]
        for name, method in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_") and not hasattr(method, "__wrapped__")
    ]

    assert len(kinds) > 9
    assert bare == []


@pytest.mark.parametrize(
    "uri",
    [
        "http://example",
        "mongodb://covey:hunter2@host:99999",
        "mongodb://covey:hun/ter2@host/db",
        "mongodb://covey:hun@ter2@host/db",
        "mongodb://covey:hunter2@host/?authSource=",
    ],
)
def test_an_address_that_is_none_is_refused_without_its_password(uri: str) -> None:
    """The error names the setting and shows no part of the password."""
    with pytest.raises(InputError, match=r"^MONGO_URI: ") as caught:
        connect(uri, "covey")

    assert "hun" not in str(caught.value)
    assert "ter2" not in str(caught.value)


def test_an_address_without_a_password_is_explained_in_the_drivers_words() -> None:
    """There is nothing to hide then."""
    with pytest.raises(InputError, match="mongodb://"):
        connect("http://example", "covey")


def test_times_come_back_aware_and_as_written(mongo_uri: str, mongo_db: Db) -> None:
    """The connection reads dates as aware UTC, to the millisecond."""
    db = connect(mongo_uri, mongo_db.name)

    db["times"].insert_one({"_id": 1, "at": NOW})

    assert db["times"].find_one({"_id": 1}) == {"_id": 1, "at": NOW}
    db.client.close()


def test_the_servers_time_is_aware_and_moves_on(mongo_uri: str, mongo_db: Db) -> None:
    """Within seconds of this machine's, which runs the server, and never backwards."""
    clock = ServerClock(connect(mongo_uri, mongo_db.name))

    first, second = clock.now(), clock.now()

    assert first.tzinfo is UTC
    assert first.microsecond % 1000 == 0
    assert first <= second
    assert abs(second - datetime.now(UTC)) < timedelta(seconds=5)
