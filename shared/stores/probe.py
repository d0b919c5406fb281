"""Reads what a MongoDB is like, for `shared/domain/preflight/mongo.py` to judge. Changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import pymongo

from shared.domain.errors import StoreUnavailable
from shared.domain.preflight.mongo import MongoFacts, Topology
from shared.stores.bundle import Stores
from shared.stores.database import Document, guarded

PATIENCE_SECONDS: Final = 5.0
PING_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class MongoReading:
    """The facts, and how far the server's clock is ahead of ours; None where it could not be asked."""

    facts: MongoFacts
    ahead_seconds: float | None = None


def probe(stores: Stores, now: Callable[[], datetime]) -> MongoReading:
    """Read everything in a few round trips, within 5 s. Raises nothing that MongoDB does wrong."""
    try:
        with pymongo.timeout(PATIENCE_SECONDS):
            return _read(stores, now)
    except StoreUnavailable as error:
        return MongoReading(MongoFacts(away=re.split(r"^\S+: (?:.* cannot be reached: )?", str(error))[-1]))


@guarded
def _read(stores: Stores, now: Callable[[], datetime]) -> MongoReading:
    db = stores.db
    before = now()
    hello: Document = db.command("hello")
    middle = before + (now() - before) / 2
    is_writable = bool(hello.get("isWritablePrimary"))
    facts = MongoFacts(
        version=_version(db.command("buildInfo")),
        topology=_topology(hello),
        is_writable=is_writable,
        missing=stores.indexes.described() if is_writable else (),  # a secondary does not answer
    )
    return MongoReading(facts, (hello["localTime"].astimezone(UTC) - middle).total_seconds())


def answers(stores: Stores) -> bool:
    """Whether this MongoDB lets this process read, within 2 s: a ping would need no login."""
    try:
        with pymongo.timeout(PING_SECONDS):
            stores.state.get("any")
    except StoreUnavailable:
        return False
    return True


@guarded
def disk_used_ratio(stores: Stores) -> float:
    """How full the disk is that MongoDB stores on: 1 = full; 0 while nothing is stored. Raises StoreUnavailable."""
    stats: Document = stores.db.command("dbStats")
    total = stats.get("fsTotalSize")  # 0 without a collection; not every service that speaks MongoDB has it
    return float(stats["fsUsedSize"] / total) if total else 0.0


def _version(build: Document) -> tuple[int, ...]:
    return tuple(build["versionArray"][:3])


def _topology(hello: Document) -> Topology:
    if hello.get("msg") == "isdbgrid":
        return Topology.SHARDED
    return Topology.REPLICA_SET if "setName" in hello else Topology.STANDALONE
