"""MongoDB alone, for what only reads the truth: opened without the rest of the services, whose imports take longer."""

from __future__ import annotations

from shared.domain.errors import InputError
from shared.runtime.settings import Settings
from shared.stores.bundle import Stores
from shared.stores.database import connect, reach


def open_stores(settings: Settings) -> Stores:
    """The stores. Raises InputError for an address that is missing or is none; connects lazily."""
    return Stores.on(connect(mongo_uri(settings), settings.mongo_database))


def reach_stores(settings: Settings, stores: Stores) -> None:
    """Make sure that MongoDB answers and takes the login, within 5 s. Raises StoreUnavailable, InputError."""
    reach(stores.db, mongo_uri(settings))


def mongo_uri(settings: Settings) -> str:
    """The address of MongoDB. Raises InputError that says how to get one."""
    if not settings.mongo_uri:
        raise InputError("MONGO_URI is not set; set it, or let `covey up` or `covey demo` start servers of their own")
    return settings.mongo_uri
