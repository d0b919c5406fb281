"""Stretches of snapshots that are found by their posts, on a real MongoDB."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.stores.batches import BatchStore, Curves, Stretch, Wanted
from shared.stores.curves import Span
from shared.stores.database import Db
from tests.shared.stores.conftest import looked_at

T0 = datetime(2026, 5, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
WANTED = Wanted(
    collection="X_engagement_history",
    curves=Curves(({"author_id": "7"},), Span(T0 + HOUR, T0 + 3 * HOUR)),
    fields=("_id", "metrics.like_count"),
)


def _fill(db: Db) -> None:
    """Twenty posts by two authors in turn, each read once an hour for ten hours."""
    db["X_tweets"].insert_many(
        {"_id": str(100 + number), "author_id": str(7 + number % 2), "created_at": T0 + timedelta(minutes=number)}
        for number in range(20)
    )
    db["X_engagement_history"].insert_many(
        {"_id": f"{post}:{hour}", "post_id": str(post), "at": T0 + hour * HOUR, "metrics": {"like_count": hour}}
        for post in range(100, 120)
        for hour in range(10)
    )


def _stretches(db: Db, size: int) -> list[Stretch]:
    store, found, last_id = BatchStore(db), [], None
    while (stretch := store.after(WANTED, last_id, size)) is not None:
        found.append(stretch)
        last_id = stretch.last_id
    return found


def test_stretches_have_all_of_the_span_once(mongo_db: Db) -> None:
    """By post and time, whatever the size; each goes on after what the one before it names."""
    _fill(mongo_db)
    expected = [f"{post}:{hour}" for post in range(100, 120, 2) for hour in (1, 2)]

    for size in (1, 3, 500):
        stretches = _stretches(mongo_db, size)
        assert [one["_id"] for stretch in stretches for one in stretch.documents] == expected
    assert BatchStore(mongo_db).total(WANTED) is None


def test_other_snapshots_are_not_looked_at(mongo_db: Db) -> None:
    """Only the author's posts, and of those only the span."""
    _fill(mongo_db)
    posts, snapshots = looked_at(mongo_db, lambda: BatchStore(mongo_db).after(WANTED, None, 500))

    assert (posts["docsExamined"], snapshots["docsExamined"]) == (10, 20)
