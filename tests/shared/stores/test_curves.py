"""Snapshots by post, account, source and time, on a real MongoDB."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from shared.domain.errors import InputError
from shared.stores.bundle import Stores
from shared.stores.curves import CurveStore, Mark, Page, Span
from shared.stores.database import Db, Document
from tests.shared.stores.conftest import CommandCount, looked_at

T0 = datetime(2026, 5, 1, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FIRST = 2_000_000_000_000_000_000
OF_SEVEN: Document = {"author_id": "7"}


def _id(number: int) -> str:
    return str(FIRST + number)


def _fill(db: Db, posts: int, snapshots: int, *, apart: timedelta = MINUTE) -> None:
    """Posts by 7 and 8 in turn, those of 8 about the moon; of each a snapshot an hour."""
    db["X_tweets"].insert_many(
        {
            "_id": _id(number),
            "author_id": str(7 + number % 2),
            "created_at": T0 + number * apart,
            "concerns": [{"source": "moon", "member": "+moon"}] if number % 2 else [],
        }
        for number in range(posts)
    )
    db["X_engagement_history"].insert_many(
        {"_id": f"{_id(post)}:{hour}", "post_id": _id(post), "at": T0 + hour * HOUR, "metrics": {"like_count": hour}}
        for post in range(posts)
        for hour in range(snapshots)
    )


def _all(store: CurveStore, ways: list[Document], span: Span, **sizes: Any) -> list[Page]:
    pages = [store.of_subject(ways, span, **sizes)]
    while pages[-1].after is not None:
        pages.append(store.of_subject(ways, span, after=Mark.read(str(pages[-1].after)), **sizes))
    return pages


def _ids(*pages: Page) -> list[str]:
    return [one["_id"] for page in pages for one in page.snapshots]


def test_posts_by_time(mongo_db: Db) -> None:
    """The begin of the span is in it, its end is not; by post and time."""
    _fill(mongo_db, 3, 6)
    page = CurveStore(mongo_db).of_posts([FIRST + 2, FIRST], Span(T0 + 2 * HOUR, T0 + 4 * HOUR))

    assert _ids(page) == [f"{_id(0)}:2", f"{_id(0)}:3", f"{_id(2)}:2", f"{_id(2)}:3"]
    assert (page.posts, page.after) == (2, None)
    assert page.snapshots[0]["metrics"] == {"like_count": 2}


def test_what_held_when_the_span_began(mongo_db: Db) -> None:
    """A post that stood still has a curve, once, though its last snapshot is of before; one that ended has none."""
    _fill(mongo_db, 2, 3)
    mongo_db["X_engagement_history"].update_one({"_id": f"{_id(0)}:2"}, {"$set": {"through": T0 + 9 * HOUR}})
    store, span = CurveStore(mongo_db), Span(T0 + 5 * HOUR, T0 + 7 * HOUR)

    assert _ids(store.of_posts([FIRST, FIRST + 1], span)) == [f"{_id(0)}:2"]
    assert _ids(store.of_posts([FIRST, FIRST + 1], span, held=False)) == []
    first = store.of_posts([FIRST, FIRST + 1], span, size=1)
    assert _ids(first) == [f"{_id(0)}:2"]
    assert _ids(store.of_posts([FIRST, FIRST + 1], span, after=first.after, size=1)) == []


@pytest.mark.parametrize("size", [1, 4, 7, 1000])
@pytest.mark.parametrize("posts", [1, 3, 1000])
@pytest.mark.parametrize("apart", [MINUTE, timedelta()])
def test_pages_tell_every_snapshot_once(mongo_db: Db, size: int, posts: int, apart: timedelta) -> None:
    """Whatever the sizes of pages and parts are, also of posts and readings of one moment."""
    _fill(mongo_db, 8, 3, apart=apart)
    mongo_db["X_engagement_history"].insert_one({"_id": f"{_id(2)}:twin", "post_id": _id(2), "at": T0 + HOUR})
    pages = _all(CurveStore(mongo_db), [OF_SEVEN], Span(), size=size, posts=posts)

    told = sorted(_ids(*pages))
    assert told == sorted([f"{_id(post)}:{hour}" for post in (0, 2, 4, 6) for hour in range(3)] + [f"{_id(2)}:twin"])
    assert all(len(page.snapshots) <= size + 1 for page in pages)


def test_a_source_has_each_post_once(mongo_db: Db) -> None:
    """A post that is found in two ways is told once, in the order of its making, also where the parts are small."""
    _fill(mongo_db, 9, 1)
    ways: list[Document] = [{"concerns.source": "moon"}, {"author_id": {"$in": ["7", "8"]}}]
    told = _ids(*_all(CurveStore(mongo_db), ways, Span(), posts=2))

    assert told == [f"{_id(number)}:0" for number in range(9)]


def test_posts_that_are_made_later_are_left_out(mongo_db: Db) -> None:
    """A post cannot have been read before it was made."""
    _fill(mongo_db, 4, 1, apart=HOUR)

    assert CurveStore(mongo_db).of_subject([OF_SEVEN], Span(until=T0 + 2 * HOUR)).posts == 1


def test_the_first_and_the_newest(mongo_db: Db) -> None:
    """Of each post; one without snapshots is left out."""
    _fill(mongo_db, 2, 5)
    store, ids = CurveStore(mongo_db), [_id(0), _id(1), _id(2)]

    assert {post: one["_id"] for post, one in store.first(ids).items()} == {_id(n): f"{_id(n)}:0" for n in (0, 1)}
    assert {post: one["_id"] for post, one in store.newest(ids).items()} == {_id(n): f"{_id(n)}:4" for n in (0, 1)}


def test_round_trips_do_not_grow(counted: Stores, commands: CommandCount) -> None:
    """A page takes a query for each way, one for the snapshots and one for what held, of few posts and of many."""
    store, ways = CurveStore(counted.db), [OF_SEVEN, {"concerns.source": "moon"}]
    sent = []
    for posts in (2, 400):
        counted.db["X_tweets"].delete_many({})
        counted.db["X_engagement_history"].delete_many({})
        _fill(counted.db, posts, 5)
        span = Span(T0 + HOUR, T0 + 99 * HOUR)
        sent.append(
            (
                commands.during(lambda span=span: store.of_subject(ways, span)),  # type: ignore[misc]
                commands.during(lambda: store.newest([_id(number) for number in range(posts)])),  # noqa: B023
            )
        )

    assert sent[0] == (["find", "find", "find", "aggregate"], ["aggregate"])
    assert sent[0] == sent[1]


def test_all_is_found_by_indexes(mongo_db: Db) -> None:
    """Looked at are as many documents as are told, however long the series are and however much others have."""
    _fill(mongo_db, 200, 30)
    store, ids, span = CurveStore(mongo_db), [_id(n) for n in range(0, 20, 2)], Span(T0 + 5 * HOUR, T0 + 8 * HOUR)

    def seen(read: Any) -> list[tuple[str, int, int]]:
        return [
            (one["planSummary"].split(" ")[0], one["docsExamined"], one["nreturned"])
            for one in looked_at(mongo_db, read)
        ]

    assert seen(lambda: store.newest(ids)) == [("DISTINCT_SCAN", 10, 10)]
    assert seen(lambda: store.first(ids)) == [("DISTINCT_SCAN", 10, 10)]
    posts, snapshots, held = seen(lambda: store.of_subject([OF_SEVEN], span, posts=10))
    assert posts == ("IXSCAN", 10, 10)
    assert snapshots == ("IXSCAN", 27, 27)  # the tenth post begins the next part
    assert held == ("DISTINCT_SCAN", 9, 9)


def test_a_mark_is_a_word() -> None:
    """It comes back as it was; another word, and a time that no calendar has, is refused by name."""
    mark = Mark(T0, _id(1), T0 + HOUR)

    assert Mark.read(str(mark)) == mark
    late = "9999-12-31T23:59-14:00"
    for word in ("", "nonsense", "a/b/c", "2026-05-01/1/2026-05-01", f"{late}/1/{late}"):
        with pytest.raises(InputError, match=re.escape(repr(word))):
            Mark.read(word)


def test_marks_move_forward(mongo_db: Db) -> None:
    """No page begins where the one before began."""
    _fill(mongo_db, 6, 2)
    marks = [page.after for page in _all(CurveStore(mongo_db), [OF_SEVEN], Span(), size=1, posts=1) if page.after]

    assert all((one.made_at, one.post_id, one.at) < (two.made_at, two.post_id, two.at) for one, two in pairwise(marks))
