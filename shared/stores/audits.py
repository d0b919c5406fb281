"""`audits`: X's count beside what is stored, of the sources worth most, a document a night and source.

    wanted --X answered--> done
       '-----X refuses---> given_up

Chosen once a day, and kept for a month. Invariant: what was answered is not asked for again the same day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from pymongo import ASCENDING, DESCENDING, UpdateOne

from shared.domain.coverage.audits import Audit
from shared.domain.coverage.subjects import Subject
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

KEPT = timedelta(days=31)
WANTED, DONE, GIVEN_UP = "wanted", "done", "given_up"
INDEXES = (
    Index("audits", {"day": ASCENDING, "state": ASCENDING}),
    Index("audits", {"member": ASCENDING, "at": DESCENDING}),
    Index("audits", {"wanted_at": ASCENDING}, {"expireAfterSeconds": int(KEPT.total_seconds())}),
)


@dataclass(frozen=True, slots=True)
class Told:
    """What an audit said of a member, without its hours. at: when X was asked."""

    member: str
    at: datetime
    counted: int
    stored: int
    gone: int
    missing: int
    unexplained: int

    @property
    def missing_ratio(self) -> float:
        """The part of what X counts that is neither stored nor in a gap."""
        return self.unexplained / self.counted if self.counted else 0.0


class AuditStore:
    """Keeps what is to be compared and what came of it."""

    def __init__(self, db: Db) -> None:
        self._audits, self._posts = db["audits"], db["X_tweets"]

    @guarded
    def has(self, day: date) -> bool:
        """Whether it was chosen what is compared on a day."""
        return self._audits.find_one({"day": day.isoformat()}, {"_id": 1}) is not None

    @guarded
    def choose(self, day: date, subjects: Iterable[Subject], *, now: datetime) -> None:
        """Note what is to be compared on a day; what is noted already stays as it is."""
        writes = [
            UpdateOne(
                {"_id": f"{day.isoformat()}:{one.member}"},
                {"$setOnInsert": {"day": day.isoformat(), "state": WANTED, "wanted_at": now, **_to_document(one)}},
                upsert=True,
            )
            for one in subjects
        ]
        if writes:
            self._audits.bulk_write(writes, ordered=False)

    @guarded
    def waiting(self, day: date) -> list[str]:
        """Ids of what is still to be compared on a day."""
        return [one["_id"] for one in self._audits.find({"day": day.isoformat(), "state": WANTED}, {"_id": 1})]

    @guarded
    def wanted(self, audit_id: str) -> Subject | None:
        """What an audit is about; None where it is over, or unknown."""
        found = self._audits.find_one({"_id": audit_id, "state": WANTED})
        return Subject(found["member"], found["shown"], found["began_at"]) if found else None

    @guarded
    def done(self, audit_id: str, audit: Audit | None, *, micro_usd: int, now: datetime) -> None:
        """Note what came of it; None: there was nothing to compare."""
        sums = {name: getattr(audit, name) for name in _SUMS} if audit else {}
        hours = [asdict(hour) for hour in audit.hours] if audit else []
        change = {"state": DONE, "at": now, "micro_usd": micro_usd, "hours": hours, **sums}
        self._audits.update_one({"_id": audit_id, "state": WANTED}, {"$set": change})

    @guarded
    def give_up(self, audit_id: str, *, reason: str, now: datetime) -> None:
        """Ask no more for it on its day."""
        self._audits.update_one(
            {"_id": audit_id, "state": WANTED}, {"$set": {"state": GIVEN_UP, "at": now, "reason": reason}}
        )

    @guarded
    def last_day(self) -> list[Told]:
        """What was compared on the last day on which anything was."""
        compared = {"state": DONE, "counted": {"$exists": True}}
        newest = self._audits.find_one(compared, {"day": 1}, sort=[("day", DESCENDING)])
        found = self._audits.find({"day": newest["day"], **compared}, {"hours": 0}) if newest else ()
        return [_told(one) for one in found]

    @guarded
    def last_of(self, members: Sequence[str]) -> dict[str, Told]:
        """The last comparison of each of the members that has one."""
        query = {"member": {"$in": list(members)}, "state": DONE, "counted": {"$exists": True}}
        found = self._audits.find(query, {"hours": 0}).sort("at", ASCENDING)
        return {one["member"]: _told(one) for one in found}

    @guarded
    def found_of_members(self, *, among: int) -> dict[str, int]:
        """How many of the newest posts, up to `among`, concern each member."""
        steps: list[Document] = [
            {"$sort": {"created_at": DESCENDING}},
            {"$limit": among},
            {"$project": {"member": {"$setUnion": [{"$ifNull": ["$concerns.member", []]}, []]}}},
            {"$unwind": "$member"},
            {"$group": {"_id": "$member", "posts": {"$sum": 1}}},
        ]
        return {one["_id"]: one["posts"] for one in self._posts.aggregate(steps)}


_SUMS = ("counted", "stored", "gone", "missing", "unexplained")


def _to_document(one: Subject) -> Document:
    return {"member": one.member, "shown": one.shown, "began_at": one.began_at}


def _told(found: Document) -> Told:
    return Told(found["member"], found["at"], **{name: found[name] for name in _SUMS})
