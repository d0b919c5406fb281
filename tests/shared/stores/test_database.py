"""The connection to MongoDB, and its errors in our words."""

from __future__ import annotations

import inspect
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pymongo
import pytest
from pymongo.errors import ExecutionTimeout, OperationFailure, PyMongoError

from shared.domain.errors import InputError, StoreUnavailable
from shared.runtime.embedded import free_port
from shared.stores import bundle
from shared.stores.bundle import Stores
from shared.stores.database import Db, ServerClock, connect, guarded, reach
from tests.mongod import guarded_mongod
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
    with pytest.raises(InputError, match=r"^MONGO_URI (has the|cannot be)") as caught:
        connect(uri, "covey")

    assert "hun" not in str(caught.value)
    assert "ter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("http://example", "must begin with mongodb://"),
        ("mongodb://covey:hunter2@host/?readPref=primary", "readpref"),
        ("mongodb://host/?readPreference=nearby", "nearby is not a valid read preference"),
        ("mongodb://host/?readPreference=nearby&tlsCertificateKeyFilePassword=hunter2", "an option does not fit"),
        ("mongodb+srv://covey:hunter2@host.invalid/", "no record that can be looked up"),
    ],
)
def test_the_fault_of_an_address_is_named(uri: str, told: str) -> None:
    """Also an option that the driver would drop with a warning; where an option is a secret, no value is shown."""
    with pytest.raises(InputError, match=told) as caught:
        connect(uri, "covey")

    assert "hunter2" not in str(caught.value)


@pytest.fixture(scope="module")
def guarded_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`host:port` of a mongod that asks for a login; it knows the user covey, who may use the database covey."""
    with guarded_mongod(tmp_path_factory.mktemp("mongod"), "covey", "a+b:c/d@e%f", database="covey") as address:
        yield address


def test_a_login_is_taken_as_it_is_written(guarded_server: str) -> None:
    """A plus is no space, the password begins behind the first colon, and percent-encoded bytes are decoded."""
    uri = f"mongodb://covey:a+b:c%2Fd%40e%25f@{guarded_server}/?authSource=admin"

    reach(connect(uri, "covey"), uri)


@pytest.mark.parametrize(
    ("login", "options", "told"),
    [
        ("covey:hunter2@", "?authSource=admin", "as user 'covey' does not take this user and password"),
        ("covey:a+b:c%2Fd%40e%25f@", "covey", "in another authSource"),
        ("", "", "asks for a user and password"),
    ],
)
def test_a_login_that_is_not_taken_is_one_line(guarded_server: str, login: str, options: str, told: str) -> None:
    """It names host and user and what to check; no word of the driver, no word of the password."""
    uri = f"mongodb://{login}{guarded_server}/{options}"
    database = "covey" if login else "other"

    with pytest.raises(InputError) as caught:
        reach(connect(uri, database), uri)

    message = str(caught.value)
    assert message.startswith(f"MongoDB at {guarded_server}")
    assert told in message
    assert "check MONGO_URI" in message
    assert not re.search("hunter2|OperationFailure|full error", message)
    assert len(message.splitlines()) == 1


def test_a_server_that_gives_no_answer_is_given_up_within_five_seconds() -> None:
    """Refused, silent and without an address: one line each, which says what to check."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for host, told in (
            (f"127.0.0.1:{free_port()}", "the connection is refused; check host and port"),
            (f"127.0.0.1:{silent.getsockname()[1]}", "it gives no answer"),
            ("host.invalid:27017", "its name cannot be resolved; check the host name and DNS"),
        ):
            uri, started = f"mongodb://covey:hunter2@{host}/", time.monotonic()

            with pytest.raises(StoreUnavailable) as caught:
                reach(connect(uri, "covey"), uri)

            assert time.monotonic() - started < 4.5
            assert str(caught.value).startswith(f"MongoDB at {host} as user 'covey' cannot be reached: {told}")
            assert "hunter2" not in str(caught.value)


def test_a_refusal_is_told_once() -> None:
    """The driver repeats the whole answer of the server behind its words; a person needs them once."""

    @guarded
    def refused() -> None:
        raise OperationFailure("not authorized", 13, {"ok": 0.0, "errmsg": "not authorized"})

    with pytest.raises(StoreUnavailable, match=r"OperationFailure: not authorized$"):
        refused()


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
