"""Series of snapshots in MongoDB, read whole, and thinned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.database import Database

from shared.domain.counts import PostMetrics
from shared.domain.engagement.thinning import Taken, Thinned
from shared.stores.series import SeriesStore
from tests.shared.stores.conftest import looked_at

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SIZES = {"1111111111111111111": 3, "1111111111111111112": 2, "1111111111111111113": 9}


def _filled(db: Database[dict[str, Any]]) -> SeriesStore:
    db["X_engagement_history"].create_index({"post_id": 1, "at": 1})
    db["X_engagement_history"].insert_many(
        {
            "_id": f"{post}:{number}",
            "post_id": post,
            "at": NOW + timedelta(minutes=number),
            "metrics": {"like_count": 10 - number},
            "deltas": {"like_count": -1},
            "fallen": ["like_count"],
        }
        for post, size in SIZES.items()
        for number in range(size)
    )
    return SeriesStore(db)


def test_a_part_has_whole_series(mongo_db: Database[dict[str, Any]]) -> None:
    """A series that does not fit is left to the next part; one that is longer than a part is read all the same."""
    store, (first, second, third) = _filled(mongo_db), SIZES

    assert {post: len(found) for post, found in store.after("", before="2", limit=6).items()} == {first: 3, second: 2}
    assert {post: len(found) for post, found in store.after(second, before="2", limit=4).items()} == {third: 9}
    assert store.after("", before=second, limit=9)[first][:2] == [
        Taken(f"{first}:0", NOW, PostMetrics(like_count=10)),
        Taken(f"{first}:1", NOW + timedelta(minutes=1), PostMetrics(like_count=9)),
    ]
    assert store.after(third, before="2", limit=9) == {}


def test_a_part_is_read_by_the_index(mongo_db: Database[dict[str, Any]]) -> None:
    """As many documents as it answers, however many series there are."""
    _filled(mongo_db)
    (found,) = looked_at(mongo_db, lambda: SeriesStore(mongo_db).after("", before="2", limit=5))

    assert (found["docsExamined"], found["keysExamined"]) == (5, 5)


def test_what_stays_is_told_anew(mongo_db: Database[dict[str, Any]]) -> None:
    """What goes is gone, and the names of counts that fell are those of the new differences."""
    store, (first, second, _) = _filled(mongo_db), SIZES
    sooner = Thinned([f"{first}:1"], {f"{first}:2": PostMetrics(like_count=-2)})
    later = Thinned([f"{second}:0"], {f"{second}:1": PostMetrics(like_count=4)})

    assert store.thin([sooner, later, Thinned([], {})]) == 2

    left = {one["_id"]: one for one in mongo_db["X_engagement_history"].find({"post_id": {"$in": [first, second]}})}
    assert left.keys() == {f"{first}:0", f"{first}:2", f"{second}:1"}
    assert (left[f"{first}:2"]["deltas"]["like_count"], left[f"{first}:2"]["fallen"]) == (-2, ["like_count"])
    assert left[f"{second}:1"]["deltas"]["like_count"] == 4
    assert "fallen" not in left[f"{second}:1"]


def test_a_walk_remembers_where_it_is(mongo_db: Database[dict[str, Any]]) -> None:
    """Each for itself."""
    store = SeriesStore(mongo_db)
    store.move("hourly", "5")

    assert (store.cursor("hourly"), store.cursor("daily")) == ("5", "")
