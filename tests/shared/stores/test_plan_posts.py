"""The posts of a plan, on a real MongoDB."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.stores import plan_posts
from shared.stores.database import Db
from shared.stores.plan_posts import PlanPostStore, edges, walk

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LONG_AGO = NOW - timedelta(days=30)
FIRST = 2_050_000_000_000_000_000


def insert(db: Db, count: int, **more: Any) -> list[str]:
    """Posts that were read an hour ago; answers their ids."""
    ids = [str(FIRST + number) for number in range(count)]
    shared: dict[str, Any] = {
        "created_at": NOW - 3 * HOUR,
        "state": "alive",
        "gone_reports": 0,
        "metrics": {"like_count": 3, "reply_count": 1},
        "read_at": NOW - HOUR,
        "bought_on": NOW.replace(hour=0),
        "rate": 1.5,
        "usual": 0.25,
        "next_refresh_at": None,
    }
    db["X_engagement"].insert_many([{"_id": one, **shared, **more} for one in ids])
    return ids


def test_a_walk_meets_every_post_once(mongo_db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    """By id, from one on up to another, some at a time."""
    monkeypatch.setattr(plan_posts, "BATCH", 7)
    ids = insert(mongo_db, 40)
    store = PlanPostStore(mongo_db)

    found = [str(post.post_id) for batch in walk(store, ids[3], ids[30], since=LONG_AGO) for post in batch]
    rest = [str(post.post_id) for batch in walk(store, ids[30], None, since=LONG_AGO) for post in batch]

    assert found == ids[3:30]
    assert rest == ids[30:]


def test_a_post_is_as_the_planner_remembers_it(mongo_db: Db) -> None:
    """Acts, hours, and the day it was paid for."""
    insert(mongo_db, 1)
    ((post,),) = walk(PlanPostStore(mongo_db), "0", None, since=LONG_AGO)
    assert (post.acts, post.rate, post.usual, post.is_gone) == (4, 1.5, 0.25, False)
    assert (post.read_at or 0) - post.born_at == pytest.approx(2)
    assert post.owned_day == (NOW.date() - datetime(1970, 1, 1, tzinfo=UTC).date()).days
    assert 0 < post.to_come < 1


def test_dates_are_given_and_taken(mongo_db: Db) -> None:
    """What was bought meanwhile is left as it is."""
    today = NOW.replace(hour=0)
    ids = insert(mongo_db, 4, bought_on=today - timedelta(days=1), next_refresh_at=NOW)
    states = mongo_db["X_engagement"]
    states.update_many({"_id": {"$in": ids[2:]}}, {"$set": {"bought_on": today}})
    due = {int(ids[0]): NOW + HOUR, int(ids[2]): NOW + HOUR}

    PlanPostStore(mongo_db).date(due, [int(ids[1]), int(ids[3])], today=today)

    assert [states.find_one({"_id": one})["next_refresh_at"] for one in ids] == [NOW + HOUR, None, NOW, NOW]  # type: ignore[index]


def test_a_sample_tells_how_many_there_are(mongo_db: Db) -> None:
    """All where they are few; those that are gone or old are not among them."""
    ids = insert(mongo_db, 30)
    mongo_db["X_engagement"].update_many({"_id": {"$in": ids[:8]}}, {"$set": {"state": "deleted"}})
    mongo_db["X_engagement"].update_many({"_id": {"$in": ids[8:10]}}, {"$set": {"created_at": LONG_AGO - HOUR}})
    store = PlanPostStore(mongo_db)

    sample, followed = store.sample(100, since=LONG_AGO)
    some, about = store.sample(15, since=LONG_AGO)

    assert [str(post.post_id) for post in sample] == ids[10:]
    assert followed == 20
    assert 5 <= len(some) <= 15
    assert about == 2 * len(some)


@pytest.mark.parametrize(
    ("count", "parts", "expected"),
    [(10, 1, []), (10, 2, ["5"]), (4, 4, ["1", "2", "3"]), (0, 3, []), (2, 5, ["1"])],
    ids=["one part", "halves", "one each", "no posts", "more parts than posts"],
)
def test_edges_divide_a_sample(count: int, parts: int, expected: list[str]) -> None:
    """Into parts of about the same size, none of them empty."""
    assert list(edges([str(number) for number in range(count)], parts)) == expected
