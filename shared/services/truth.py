"""MongoDB alone, for what only reads the truth: opened without the rest of the services, whose imports take longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.errors import InputError
from shared.runtime.settings import Settings
from shared.stores.database import Db, connect, reach

if TYPE_CHECKING:
    from shared.stores.bundle import Stores


def open_database(settings: Settings) -> Db:
    """The database. Raises InputError for an address that is missing or is none; connects lazily."""
    return connect(mongo_uri(settings), settings.mongo_database)


def open_stores(settings: Settings) -> Stores:
    """The stores on it. Raises as `open_database`."""
    from shared.stores.bundle import Stores  # all that MongoDB is asked for: a list of handles needs little of it

    return Stores.on(open_database(settings))


def reach_database(settings: Settings, db: Db) -> None:
    """Make sure that MongoDB answers and takes the login, within 5 s. Raises StoreUnavailable, InputError."""
    reach(db, mongo_uri(settings))


def mongo_uri(settings: Settings) -> str:
    """The address of MongoDB. Raises InputError that says how to get one."""
    if not settings.mongo_uri:
        raise InputError("MONGO_URI is not set; set it, or let `covey up` or `covey demo` start servers of their own")
    return settings.mongo_uri
