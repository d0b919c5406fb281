"""MongoDB: what it must be like, and what follows where it is not. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.domain.preflight.finding import Check, Finding, error, ok, warning

Version = tuple[int, ...]

# Tested with 6.0 and 8.0. 5.0: the first whose default write concern is the majority.
OLDEST: Final[Version] = (5, 0)
NAMED: Final = 4  # indexes that a finding names; of more it tells the count


class Topology(StrEnum):
    """What answers at the address."""

    STANDALONE = "a standalone server"
    REPLICA_SET = "a replica set"
    SHARDED = "a sharded cluster"


@dataclass(frozen=True, slots=True)
class MissingIndex:
    """rests_on_it: the work that waits for it; None where work is slow without it, and right.

    is_small: its collection holds so little that the next process makes it at its start.
    """

    name: str
    rests_on_it: str | None = None
    is_small: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MongoFacts:
    """What was read of a MongoDB; None: it could not be.

    away: why it cannot be reached.
    """

    away: str | None = None
    version: Version | None = None
    topology: Topology = Topology.STANDALONE
    is_writable: bool = True
    missing: tuple[MissingIndex, ...] = ()


def judge_mongo(facts: MongoFacts) -> list[Finding]:
    """The findings about MongoDB; one only where it cannot be reached."""
    if facts.away is not None:
        todo = "see that it runs, and check MONGO_URI, its password and the network between"
        return [error(Check.MONGO_REACHABLE, f"MongoDB cannot be used: {facts.away}", todo)]
    found = [ok(Check.MONGO_REACHABLE, "MongoDB answers"), _topology(facts), _indexes(facts.missing)]
    return found if facts.version is None else [*found, _version(facts.version)]


def _version(version: Version) -> Finding:
    text = ".".join(map(str, version))
    if version < OLDEST:
        return error(Check.MONGO_VERSION, f"MongoDB {text} is too old", "use MongoDB 5.0 or later")
    return ok(Check.MONGO_VERSION, f"MongoDB {text}")


def _topology(facts: MongoFacts) -> Finding:
    if not facts.is_writable:
        todo = "name the whole replica set in MONGO_URI (replicaSet=...), without directConnection"
        return error(Check.MONGO_TOPOLOGY, "this MongoDB is a secondary and takes no writes", todo)
    alone = facts.topology is Topology.STANDALONE
    advice = ": keep backups; a replica set would outlive the loss of its disk" if alone else ""
    return ok(Check.MONGO_TOPOLOGY, f"MongoDB is {facts.topology}{advice}")


def _indexes(missing: tuple[MissingIndex, ...]) -> Finding:
    large = [index for index in missing if not index.is_small]
    if not large:
        rest = f"; {len(missing)} small ones are made when a worker or scheduler starts" if missing else ""
        return ok(Check.MONGO_INDEXES, "no index is missing" + rest)
    names = ", ".join(index.name for index in large[:NAMED])
    rest = f" and {len(large) - NAMED} more" if len(large) > NAMED else ""
    message = f"{len(large)} {'index is' if len(large) == 1 else 'indexes are'} missing: {names}{rest}"
    todo = "a worker or scheduler that runs builds them in the background; its log tells why where one cannot be built"
    waiting = sorted({index.rests_on_it for index in large if index.rests_on_it})
    if waiting:
        return error(Check.MONGO_INDEXES, f"{message}; until then {' and '.join(waiting)} wait", todo)
    return warning(Check.MONGO_INDEXES, f"{message}; reads are slow until then", todo)
