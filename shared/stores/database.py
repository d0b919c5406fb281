"""The connection to MongoDB, and the one place where its errors are translated."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import ConfigurationError, ConnectionFailure, InvalidURI, PyMongoError

from shared.domain.errors import InputError, StoreUnavailable
from shared.runtime.clock import floor_ms

Document = dict[str, Any]
Db = Database[Document]

# A call that takes longer than this is a fault, not patience: Dramatiq cannot interrupt a system call.
TIMEOUT_MS = 20_000
SELECTION_TIMEOUT_MS = 5_000

# In the words of a failed connection: where the driver begins to tell of its configuration.
_AFTER_THE_FAULT = re.compile(r" \(configured timeouts|, Timeout: |, Topology Description: ")

P = ParamSpec("P")
R = TypeVar("R")


def connect(uri: str, name: str) -> Db:
    """Open the database. Raises InputError for an address that is not one; connects only at the first use."""
    try:
        client: MongoClient[Document] = MongoClient(
            uri,
            tz_aware=True,
            timeoutMS=TIMEOUT_MS,
            serverSelectionTimeoutMS=SELECTION_TIMEOUT_MS,
            connectTimeoutMS=SELECTION_TIMEOUT_MS,
            retryWrites=True,
            appname="covey",
        )
    except (InvalidURI, ConfigurationError, ValueError) as error:
        # The driver's words can quote a part of the password, where that holds a character such as a slash.
        reason = "it cannot be read; percent-encode reserved characters of user and password" if "@" in uri else error
        raise InputError(f"MONGO_URI: {reason}") from None
    return client[name]


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
    return f"{type(error).__name__}: {str(error)[:300]}"


class ServerClock:
    """MongoDB's time, read at each call: the one clock for everything that is claimed in MongoDB."""

    def __init__(self, db: Db) -> None:
        self._db = db

    @guarded
    def now(self) -> datetime:
        """The server's time, aware, in UTC. One round trip."""
        moment: datetime = self._db.command("hello")["localTime"]
        return floor_ms(moment.astimezone(UTC))
