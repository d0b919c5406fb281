"""`covey coverage --audit` beside the truth: X's own count, what is stored, and why the two differ where they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from control.audits import audit
from control.evidence import Truth
from shared.services.bootstrap import Services
from shared.stores.database import Db

# The world goes on while it is asked: a row is compared again where the truth was not the same before and after.
TRIES = 5
Ids = frozenset[str]


class Told(NamedTuple):
    """The truth of a row's time: ids of all posts that there ever were, those that a search shows now, and when the
    others ended, where they have."""

    ever: Ids
    shown: Ids
    ends: Mapping[str, datetime]


@dataclass(slots=True)
class Audited:
    """Sums over all rows. gone: stored, and known to be gone. not_due: X shows them, made after the run's end.
    ended: stored, ended in the truth, and not known yet; overdue: those of them that ended long enough ago to be known.
    beside: stored, and not what the count is about. lost: X shows them, and they should be stored."""

    rows: int = 0
    counted: int = 0
    stored: int = 0
    gone: int = 0
    not_due: int = 0
    ended: int = 0
    beside: int = 0
    lost: list[str] = field(default_factory=list)
    overdue: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    usd: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether each row is what the truth says, to the post, nothing is lost, and what is gone is known."""
        return self.rows > 0 and not (self.wrong or self.lost or self.beside or self.overdue)

    def row(self) -> dict[str, Any]:
        """For a report."""
        return {
            "rows": self.rows,
            "counted_by_x": self.counted,
            "stored": self.stored,
            "known_gone": self.gone,
            "made_after_the_end": self.not_due,
            "ended_and_not_known_yet": self.ended,
            "ended_and_not_known_for_too_long": self.overdue[:20],
            "stored_beside_what_was_counted": self.beside,
            "lost": self.lost[:20],
            "rows_that_differ_from_the_truth": self.wrong[:20],
            "usd": self.usd,
        }


def audited(
    services: Services,
    truth: Truth,
    queries: Mapping[str, tuple[str, str]],
    *,
    until: datetime,
    window: timedelta,
    known_by: datetime | None = None,
) -> Audited:
    """Audit each subject by itself. queries: by member, its word on the command line and the truth's query. known_by:
    what had ended by then is to be known; None: nobody had to know.

    Nothing may be at work meanwhile but the simulator.
    """
    result = Audited()
    for member, (word, query) in queries.items():
        for _ in range(TRIES):
            found = audit(services, [word], window=window)
            result.usd += found["usd"]
            if not found["rows"]:
                break
            (row,) = found["rows"]
            told = _truth(services, truth, query, row)
            if row["counted"] == len(told.shown) and told.shown == _truth(services, truth, query, row).shown:
                break
        if found["rows"]:
            compare(services.stores.db, result, member, row, told, until, known_by)
    return result


def _truth(services: Services, truth: Truth, query: str, row: Mapping[str, Any]) -> Told:
    posts, now = truth.posts(query, since=row["from_at"], until=row["to_at"]), services.clock.now()
    shown = (
        one["id"] for one in posts if one["state"] == "live" and datetime.fromisoformat(one["searchable_at"]) <= now
    )
    ends = {one["id"]: datetime.fromisoformat(one["unsearchable_at"]) for one in posts if one["unsearchable_at"]}
    return Told(frozenset(post["id"] for post in posts), frozenset(shown), ends)


def compare(
    db: Db,
    result: Audited,
    member: str,
    row: Mapping[str, Any],
    told: Told,
    until: datetime,
    known_by: datetime | None,
) -> None:
    """Add a row to the sums."""
    ever, shown, ends = told
    there = _stored(db, member, row["from_at"], row["to_at"])
    stored = frozenset(there)
    lost = [id for id in shown - stored if _made_at(id) < until]
    beside = row["stored"] + row["gone"] - len(stored & ever)
    ended = row["stored"] - beside - len(stored & shown)
    result.rows += 1
    result.counted += row["counted"]
    result.stored += row["stored"]
    result.gone += row["gone"]
    result.ended += ended
    result.beside += beside
    result.not_due += len(shown - stored) - len(lost)
    result.lost += lost
    if known_by is not None:
        alive = [id for id in stored & ever - shown if not there[id]]
        result.overdue += [id for id in alive if id in ends and ends[id] < known_by]
    if row["counted"] != len(shown) or min(beside, ended) < 0:
        told_as = {name: row[name] for name in ("counted", "stored", "gone")}
        result.wrong.append(f"{member}: {told_as}, of {len(shown)} shown and {len(stored & ever)} stored")


def _stored(db: Db, member: str, from_at: datetime, to_at: datetime) -> dict[str, bool]:
    """What is stored of a member in that time, and whether it is known to be gone, or edited since."""
    query = {
        "concerns.member": member,
        "created_at": {"$gte": from_at, "$lt": to_at},
        "referenced_tweets.type": {"$ne": "retweeted"},
    }
    found = db["X_tweets"].find(query, {"gone": 1, "superseded_by": 1})
    return {one["_id"]: "gone" in one or "superseded_by" in one for one in found}


def _made_at(id: str) -> datetime:
    """The time in an id (X's snowflake: milliseconds since 2010-11-04T01:42:54.657Z above 22 bits)."""
    return datetime.fromtimestamp(((int(id) >> 22) + 1_288_834_974_657) / 1000, UTC)
