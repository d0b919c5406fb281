"""What is followed and how far it is covered, without the other stores: importing them takes longer than the work."""

from __future__ import annotations

from dataclasses import dataclass

from shared.stores.database import Db
from shared.stores.gaps import GapStore
from shared.stores.handles import HandleStore
from shared.stores.streams import StreamStore


@dataclass(frozen=True, slots=True)
class Followed:
    """The stores that say it, named as in `Stores`."""

    db: Db
    handles: HandleStore
    streams: StreamStore
    gaps: GapStore

    @classmethod
    def on(cls, db: Db) -> Followed:
        """All on one database."""
        return cls(db, HandleStore(db), StreamStore(db), GapStore(db))
