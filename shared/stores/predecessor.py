"""The collections of the predecessor, as plain values: from its MongoDB, or from a line that `mongoexport` wrote.

Plain is what JSON has: ids and long numbers as they are written, times in ISO 8601. A value that no clock or no
encoding knows is given as text, so that one odd document stops no others. Reads only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from bson import json_util
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError
from pymongo.errors import InvalidName, PyMongoError

from shared.domain.errors import InputError, StoreUnavailable
from shared.stores.database import Db, Document, connect, guarded, reach

# In the order in which they explain each other: who is followed, who wrote, what is attached, what was said.
COLLECTIONS: Final = ("X_tracked_handles", "X_users", "X_media", "X_tweets", "X_state")
BATCH: Final = 1_000
_AS_WRITTEN: Final[CodecOptions[Document]] = CodecOptions(
    tz_aware=True,
    tzinfo=UTC,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler="replace",
)
_EXTENDED: Final = json_util.JSONOptions(
    tz_aware=True, tzinfo=UTC, datetime_conversion=DatetimeConversion.DATETIME_AUTO
)
_FAULTS: Final = (ArithmeticError, AttributeError, BSONError, LookupError, RecursionError, TypeError, ValueError)


def read_line(raw: bytes) -> Any:
    """What a line of JSON says, extended JSON v2 of MongoDB too, relaxed or canonical. Raises ValueError for none."""
    try:
        if b'"$' not in raw:
            return json.loads(raw)
        return _plain(json_util.loads(raw.decode(), json_options=_EXTENDED))
    except _FAULTS as error:
        raise ValueError(f"no JSON ({str(error)[:80]})") from None


class Predecessor:
    """A database of the predecessor."""

    def __init__(self, db: Db) -> None:
        self._db = db

    @classmethod
    def open(cls, uri: str, name: str, *, called: str) -> Predecessor:
        """The database at an address, which answers. `called`: what the address was given as, for what is told.

        Raises InputError and StoreUnavailable, neither of which tells a secret of the address.
        """
        with _told_of(called):
            db = connect(uri, name)
            reach(db, uri)
            found = set(_names(db))
        if found.isdisjoint(COLLECTIONS):
            raise InputError(f"database {name!r} has none of {', '.join(COLLECTIONS)}")
        return cls(db)

    @guarded
    def count(self, collection: str) -> int:
        """How many documents a collection has, estimated."""
        return self._db[collection].estimated_document_count()

    def documents(self, collection: str) -> Iterator[Document]:
        """All documents of a collection, in the order of their ids. Raises StoreUnavailable."""
        read = self._db[collection].with_options(codec_options=_AS_WRITTEN)
        try:
            for document in read.find({}, batch_size=BATCH).sort("_id", 1):
                yield _plain(document)
        except PyMongoError as error:
            raise StoreUnavailable(f"reading {collection}: {type(error).__name__}") from error


@guarded
def _names(db: Db) -> list[str]:
    return db.list_collection_names()


@contextmanager
def _told_of(called: str) -> Iterator[None]:
    """Errors of the address name what it was given as."""
    try:
        yield
    except InvalidName as error:
        raise InputError(f"no database can be called so: {error}") from None
    except InputError as error:
        raise InputError(str(error).replace("MONGO_URI", called)) from None
    except StoreUnavailable as error:
        raise StoreUnavailable(str(error).replace("MONGO_URI", called)) from error


def _plain(value: Any) -> Any:
    make = _PLAIN.get(type(value))
    return make(value) if make else value if isinstance(value, (str, int, float)) or value is None else str(value)


_PLAIN: Final[dict[type, Callable[[Any], Any]]] = {
    dict: lambda value: {str(name): _plain(one) for name, one in value.items()},
    list: lambda value: [_plain(one) for one in value],
    datetime: lambda value: value.isoformat(),
}
