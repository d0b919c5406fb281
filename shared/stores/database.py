"""The connection to MongoDB, and the one place where its errors are translated."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import pymongo
from pymongo import MongoClient, ReadPreference, WriteConcern
from pymongo.database import Database
from pymongo.errors import ConfigurationError, ConnectionFailure, InvalidURI, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern

from shared.domain.errors import InputError, StoreUnavailable
from shared.domain.urls import check_url, place, safe_url
from shared.runtime.clock import floor_ms
from shared.runtime.reaching import why_away

Document = dict[str, Any]
Db = Database[Document]

# A call that takes longer than this is a fault, not patience: Dramatiq cannot interrupt a system call.
TIMEOUT_MS = 20_000
SELECTION_TIMEOUT_MS = 5_000
# A process is started in one or two seconds, and what is wrong is to be said within five.
REACH_SECONDS = 2.5

_SCHEMES = ("mongodb", "mongodb+srv")
# Codes of MongoDB (error_codes.yml of the server; 8000 is Atlas's) that a login causes.
_LOGIN_FAULTS = {
    18: "does not take this user and password, or knows the user in another authSource",
    13: "does not let this user read the database, or asks for a user and password",
    8000: "does not take this user and password",
}

# In the words of a failure: where the driver begins to tell of its configuration, or the answer over again.
_AFTER_THE_FAULT = re.compile(r" \(configured timeouts|, Timeout: |, Topology Description: |, full error: ")

P = ParamSpec("P")
R = TypeVar("R")


def connect(uri: str, name: str) -> Db:
    """Open the database. Raises InputError for an address that is not one; connects only at the first use.

    How sure a read or a write is belongs to the invariants of the stores, not to the address. Every write is
    acknowledged by a majority, and with that in the journal; every read, those of claims and cursors too, asks the
    primary. A standalone server takes both as it is (an update takes 0.7 ms instead of 0.4 ms there), and what it has
    acknowledged outlives its crash.
    """
    check_url("MONGO_URI", uri, schemes=_SCHEMES)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # an option that is not known or does not fit
            client = _client(uri)
    except (InvalidURI, ConfigurationError, ValueError, TypeError, UserWarning) as error:
        raise InputError(f"MONGO_URI cannot be used: {_fault_of_uri(uri, error)}") from None
    return client.get_database(
        name,
        read_preference=ReadPreference.PRIMARY,
        read_concern=ReadConcern("local"),
        write_concern=WriteConcern("majority"),
    )


def _client(uri: str) -> MongoClient[Document]:
    return MongoClient(
        _as_the_driver_reads(uri),
        tz_aware=True,
        timeoutMS=TIMEOUT_MS,
        serverSelectionTimeoutMS=SELECTION_TIMEOUT_MS,
        connectTimeoutMS=SELECTION_TIMEOUT_MS,
        retryWrites=True,
        appname="covey",
    )


def _as_the_driver_reads(uri: str) -> str:
    """The same address for a driver that reads a + in a login as a space, and refuses a colon in a password."""
    scheme, _, rest = uri.partition("://")
    login, at, hosts = rest.rpartition("@")
    user, colon, password = login.replace("+", "%2B").partition(":")
    return f"{scheme}://{user}{colon}{password.replace(':', '%3A')}{at}{hosts}"


def _fault_of_uri(uri: str, error: Exception) -> str:
    """What the driver says of hosts and options; where an option holds a secret, which words could quote, no more than
    that one does not fit. The login is known to be sound by then."""
    if uri.startswith("mongodb+srv:") and error.__cause__ is not None:
        return "the name behind mongodb+srv:// has no record that can be looked up; check the host name and DNS"
    options = uri.partition("?")[2]
    return "a host or an option does not fit" if safe_url(f"x://?{options}") != f"x://?{options}" else str(error)


def reach(db: Db, uri: str) -> None:
    """Ask the server of `db`, which was opened from `uri`, for a sign of life, for no longer than 2.5 s.

    Raises StoreUnavailable where there is none, and InputError where the server does not take the login. Both name the
    host and the user, and say what to check.
    """
    try:
        with pymongo.timeout(REACH_SECONDS):
            db["state"].find_one({}, {"_id": 1})  # a ping needs no login
    except OperationFailure as error:
        if error.code not in _LOGIN_FAULTS:
            raise StoreUnavailable(f"MongoDB at {place(uri)}: {_reason(error)}") from error
        raise InputError(f"MongoDB at {place(uri)} {_LOGIN_FAULTS[error.code]}; check MONGO_URI") from error
    except PyMongoError as error:
        raise StoreUnavailable(f"MongoDB at {place(uri)} cannot be reached: {why_away(error)} (MONGO_URI)") from error


def within(seconds: float) -> AbstractContextManager[None]:
    """All calls inside the block, also those of threads that it hands work to, have so long together."""
    return pymongo.timeout(seconds)


def guarded(method: Callable[P, R]) -> Callable[P, R]:
    """Turn every driver error of a store's method into StoreUnavailable."""

    @wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except PyMongoError as error:
            raise StoreUnavailable(f"{method.__qualname__}: {_reason(error)}") from error

    return call


def _reason(error: PyMongoError) -> str:
    """What a person can use of the driver's words: the server and the fault, without timeouts and topology."""
    if isinstance(error, ConnectionFailure):
        return f"MongoDB (MONGO_URI) cannot be reached: {_AFTER_THE_FAULT.split(str(error), maxsplit=1)[0][:300]}"
    return f"{type(error).__name__}: {_AFTER_THE_FAULT.split(str(error), maxsplit=1)[0][:300]}"


class ServerClock:
    """MongoDB's time, read at each call: the one clock for everything that is claimed in MongoDB."""

    def __init__(self, db: Db) -> None:
        self._db = db

    @guarded
    def now(self) -> datetime:
        """The server's time, aware, in UTC. One round trip."""
        moment: datetime = self._db.command("hello")["localTime"]
        return floor_ms(moment.astimezone(UTC))
