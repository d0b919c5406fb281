"""How many quotes of a post are still to be found, kept with its counts by the same writes: expressions of MongoDB.

    quotes_wanted --a reading of counts--> quotes_owed = X's count - quotes_counted --a reading of quotes--> counted

Only posts whose quotes are wanted have a debt, and only a debt is in the index, so that to find the greatest costs the
same however much is stored. Invariant: `quotes_owed` is there where it is above zero, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING

from shared.domain.counts import PostMetrics
from shared.domain.models import PostState
from shared.stores.database import Document
from shared.stores.indexes import Index

WANTED: Final = "quotes_wanted"
COUNTED: Final = "quotes_counted"
OWED: Final = "quotes_owed"
BY_DEBT: Final = Index(
    "X_engagement",
    {OWED: DESCENDING, "created_at": ASCENDING},
    {"partialFilterExpression": {OWED: {"$gt": 0}}},
)
_COUNT = {"$ifNull": ["$metrics.quote_count", 0]}
_TOLD = {"$gt": ["$metrics.quote_count", None]}


def begun(metrics: PostMetrics | None) -> Document:
    """The fields of a new post whose quotes are wanted."""
    owed = (metrics.quote_count or 0) if metrics else 0
    return {WANTED: True} | ({OWED: owed} if owed > 0 else {})


def told(count: int | None, *, is_alive: bool) -> Document:
    """What these fields are by a reading of X's count, as expressions on the state before; a post without a debt has no
    `OWED` in it. What is known of the reading is decided here: 100 states take MongoDB 7 ms so, by stages 11.
    """
    if count is None:
        return {}
    counted: Document = {COUNTED: {"$cond": [{"$gt": [f"${COUNTED}", count]}, count, f"${COUNTED}"]}}
    if not is_alive or count == 0:
        return counted
    missing = {"$subtract": [count, {"$ifNull": [f"${COUNTED}", 0]}]}
    has_debt = {"$and": [{"$eq": [f"${WANTED}", True]}, {"$gt": [missing, 0]}]}
    return counted | {OWED: {"$cond": [has_debt, missing, "$$REMOVE"]}}


def recounted(change: Mapping[str, Any] | None = None) -> list[Document]:
    """Stages of an update that come after a change of counts, or make one of these fields: the debt follows.

    Where X's count falls, that much less is accounted for: what was deleted makes no room for what is new.
    """
    counted = {"$cond": [_TOLD, {"$min": [f"${COUNTED}", _COUNT]}, f"${COUNTED}"]}
    is_known = {"$gt": [f"${COUNTED}", None]}
    missing = {"$subtract": [_COUNT, {"$ifNull": [f"${COUNTED}", 0]}]}
    is_alive = {"$eq": ["$state", PostState.ALIVE.value]}
    has_debt = {"$and": [{"$eq": [f"${WANTED}", True]}, is_alive, {"$gt": [missing, 0]}]}
    return [
        *([{"$set": dict(change)}] if change else []),
        {"$set": {COUNTED: {"$cond": [is_known, counted, "$$REMOVE"]}}},
        {"$set": {OWED: {"$cond": [has_debt, missing, "$$REMOVE"]}}},
    ]
