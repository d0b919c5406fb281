"""The spans of connections in MongoDB."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.database import Database

from shared.stores.live import LiveStore

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def _later(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_connection_is_a_span_with_its_events(mongo_db: Database[dict[str, Any]]) -> None:
    """It begins, is seen, and ends with why; the newest come first."""
    store = LiveStore(mongo_db)
    first = store.begin("activity", by="a", now=NOW)
    store.seen(first, events=2, now=_later(5))
    store.end(first, why="network", events=1, now=_later(9))
    second = store.begin("activity", by="b", now=_later(10))

    newest, oldest = store.recent("activity")
    assert (newest.id, newest.to_at, newest.by) == (second, None, "b")
    assert (oldest.id, oldest.events, oldest.to_at, oldest.why) == (first, 3, _later(9), "network")


def test_one_that_went_without_a_word_ends_when_it_was_last_seen(mongo_db: Database[dict[str, Any]]) -> None:
    """Whoever connects next ends it; other routes are left alone."""
    store = LiveStore(mongo_db)
    lost, other = store.begin("activity", by="a", now=NOW), store.begin("filtered", by="a", now=NOW)
    store.seen(lost, events=1, now=_later(5))
    store.begin("activity", by="b", now=_later(30))

    assert [(one.to_at, one.why) for one in store.recent("activity")] == [(None, None), (_later(5), "lost")]
    assert [(one.id, one.to_at) for one in store.recent("filtered")] == [(other, None)]
