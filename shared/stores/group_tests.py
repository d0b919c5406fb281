"""`X_group_tests`: how far the group tests of each UTC day are (`shared.domain.planning.revivals`), a document a day.

    ask --nothing left to ask, or no money--> done
     '---X refuses, another plan, midnight--/

A request is noted (`asking`) before it is sent and its answer after it, each by compare-and-set on how many answers
there are. Invariants: no request is sent twice, whatever ends in between, for one that was noted and has no answer
counts as lost; what was begun on a day is not begun again that day. Bounded: suspects by who chooses them, answers by
the money. What is done keeps its sums and what was found, for eight days.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pymongo import ASCENDING, DESCENDING
from pymongo.errors import DuplicateKeyError

from shared.domain import snowflake
from shared.domain.engagement.next_reading import RETIRE_AGE
from shared.domain.planning.revivals import Suspect, Terms
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

KEPT = timedelta(days=8)
INDEXES = (Index("X_group_tests", {"begun_at": ASCENDING}, {"expireAfterSeconds": int(KEPT.total_seconds())}),)
ASK, DONE = "ask", "done"
# Posts of the authors of a query that may explain reposts, the newest: it is they that are read.
MOST_READ = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTests:
    """The tests of a day while they are under way. Reposts are counted from `from_at` to `to_at`; money and prices are
    micro-dollars. marginal: what the day's last post is worth, in acts. answers: reposts that nothing explains, None
    where one was lost. asking: the number of the answer that is waited for.
    """

    from_at: datetime
    to_at: datetime
    money: int
    marginal: float
    terms: Terms
    suspects: Sequence[Suspect]
    answers: Sequence[int | None] = ()
    asking: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a day's tests. found: posts that grow again."""

    requests: int
    found: tuple[int, ...]
    is_done: bool


class GroupTestStore:
    """`_id` is the day."""

    def __init__(self, db: Db) -> None:
        self._tests, self._posts, self._history = db["X_group_tests"], db["X_tweets"], db["X_engagement_history"]

    @guarded
    def begin(self, day: date, tests: GroupTests, *, now: datetime) -> None:
        """What was begun already stays as it is."""
        document: Document = {
            "_id": day.isoformat(),
            "stage": ASK,
            "begun_at": now,
            "from_at": tests.from_at,
            "to_at": tests.to_at,
            "money": tests.money,
            "marginal": tests.marginal,
            "terms": [tests.terms.request_costs, tests.terms.post_costs, tests.terms.authors, tests.terms.posts],
            "suspects": [[one.post_id, one.author_id, one.size] for one in tests.suspects],
            "answers": [],
            "asking": None,
            "requests": 0,
            "found": [],
        }
        try:
            self._tests.insert_one(document)
        except DuplicateKeyError:
            return

    @guarded
    def get(self, day: date) -> GroupTests | None:
        """Those of that day; None where none are under way."""
        found = self._tests.find_one({"_id": day.isoformat(), "stage": ASK})
        return _tests(found) if found else None

    @guarded
    def told(self, day: date) -> Told | None:
        """What became of those of that day; None where none were begun."""
        found = self._tests.find_one({"_id": day.isoformat()}, {"requests": 1, "found": 1, "stage": 1})
        return Told(found["requests"], tuple(found["found"]), found["stage"] == DONE) if found else None

    @guarded
    def found_on(self, days: Collection[date]) -> Mapping[date, int]:
        """How many posts were found on each of the days; those without tests are left out."""
        ids = {"_id": {"$in": [day.isoformat() for day in days]}}
        return {date.fromisoformat(one["_id"]): len(one["found"]) for one in self._tests.find(ids, {"found": 1})}

    @guarded
    def ask(self, day: date, number: int) -> bool:
        """A request is going to be sent, whose answer has that number. False: it is somebody else's turn."""
        mine: Document = {"_id": day.isoformat(), "stage": ASK, "answers": {"$size": number}, "asking": None}
        change: Document = {"$set": {"asking": number}, "$inc": {"requests": 1}}
        return self._tests.update_one(mine, change).matched_count > 0

    @guarded
    def not_asked(self, day: date, number: int) -> None:
        """It was not sent after all, or cost nothing."""
        change: Document = {"$set": {"asking": None}, "$inc": {"requests": -1}}
        self._tests.update_one(self._waiting(day, number), change)

    @guarded
    def answer(self, day: date, number: int, unexplained: int | None) -> bool:
        """Its answer; None: it is lost. False: somebody else gave it up meanwhile."""
        change: Document = {"$set": {"asking": None}, "$push": {"answers": unexplained}}
        return self._tests.update_one(self._waiting(day, number), change).matched_count > 0

    @guarded
    def found(self, day: date, post_ids: Sequence[int]) -> None:
        """Posts that grow again; those that are known stay."""
        self._tests.update_one({"_id": day.isoformat()}, {"$addToSet": {"found": {"$each": list(post_ids)}}})

    @guarded
    def end(self, day: date) -> None:
        """There is nothing left to ask, or nobody may. Where none were begun it changes nothing."""
        change: Document = {"$set": {"stage": DONE}, "$unset": dict.fromkeys(("suspects", "answers", "asking"), "")}
        self._tests.update_one({"_id": day.isoformat(), "stage": ASK}, change)

    @guarded
    def authors(self, post_ids: Sequence[int]) -> dict[int, int]:
        """Who wrote the posts, where that is known."""
        found = self._posts.find({"_id": {"$in": [str(one) for one in post_ids]}}, {"author_id": 1})
        return {int(one["_id"]): int(one["author_id"]) for one in found if one.get("author_id")}

    @guarded
    def explained(self, author_ids: Sequence[int], *, from_at: datetime, to_at: datetime) -> int:
        """Reposts within the span that readings of the authors' posts saw come: from its first reading in the span to
        its last, and all that a post had by then which was made in it.
        """
        by = {"author_id": {"$in": [str(one) for one in author_ids]}, "created_at": {"$gte": from_at - RETIRE_AGE}}
        newest = self._posts.find(by, {"_id": 1}).sort("created_at", DESCENDING).limit(MOST_READ)
        read: Document = {"post_id": {"$in": [one["_id"] for one in newest]}, "at": {"$gte": from_at, "$lt": to_at}}
        count = "$metrics.retweet_count"
        grown = {"_id": "$post_id", "first": {"$first": count}, "last": {"$last": count}}
        rows = self._history.aggregate(
            [{"$match": read}, {"$sort": {"post_id": ASCENDING, "at": ASCENDING}}, {"$group": grown}]
        )
        is_new = snowflake.first_id_at(from_at)
        return sum(max(0, (one["last"] or 0) - (0 if int(one["_id"]) >= is_new else one["first"] or 0)) for one in rows)

    def _waiting(self, day: date, number: int) -> Document:
        return {"_id": day.isoformat(), "stage": ASK, "answers": {"$size": number}, "asking": number}


def _tests(found: Document) -> GroupTests:
    return GroupTests(
        from_at=found["from_at"],
        to_at=found["to_at"],
        money=found["money"],
        marginal=found["marginal"],
        terms=Terms(*found["terms"]),
        suspects=tuple(Suspect(*one) for one in found["suspects"]),
        answers=tuple(found["answers"]),
        asking=found["asking"],
    )
