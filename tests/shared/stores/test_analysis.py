"""Sums over `mentions` on a real MongoDB, held against what Python counts in the same rows."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from shared.domain.errors import InputError
from shared.stores.analysis import AnalysisStore, Span
from shared.stores.bundle import Stores
from shared.stores.database import Db, Document
from tests.shared.stores.conftest import NOW
from tests.shared.stores.test_mentions import mention

HOUR = timedelta(hours=1)
SPAN = Span("a", NOW + 20 * HOUR, NOW + 150 * HOUR)


@pytest.fixture
def rows(stores: Stores, mongo_db: Db) -> list[Document]:
    """400 mentions of two tenants in eight days; answers those of one within the span."""
    drawn = Random(5)
    stores.mentions.put(
        [
            mention(
                id_,
                drawn.choice("ab"),
                *drawn.sample(("s", "t", "u"), drawn.choice((0, 1, 2))),
                language=drawn.choice(("en", "en", "de", None)),
                author_id=drawn.choice(("7", "8", "9", None)),
                likes_count=drawn.choice((None, 0, 5)),
                shares_count=drawn.choice((None, 2)),
                published_at=NOW + drawn.randrange(190 * 60) * timedelta(minutes=1),
            )
            for id_ in range(1, 401)
        ],
        now=NOW,
        at=NOW,
    )
    stores.mentions.put([mention(500, "a", "s", published_at=at) for at in (SPAN.until,)], now=NOW, at=NOW)
    mongo_db["mentions"].update_many({"author_id": "8"}, {"$set": {"status": "muted"}})
    wanted = {"tenant_id": "a", "published_at": {"$gte": SPAN.since, "$lt": SPAN.until}}
    return list(mongo_db["mentions"].find(wanted))


def acts(row: Document) -> int:
    """Of one mention."""
    return sum(row[name] or 0 for name in ("likes_count", "comments_count", "shares_count"))


def test_mentions_are_counted_by_day(mongo_db: Db, rows: list[Document]) -> None:
    """Of UTC; of the first and the last day what lies in the span; of every status."""
    assert AnalysisStore(mongo_db).by_day(SPAN) == Counter(row["published_at"].date() for row in rows)


def test_mentions_are_counted_by_language_and_source(mongo_db: Db, rows: list[Document]) -> None:
    """The most frequent first, each by day; none has a line too, of languages."""
    store = AnalysisStore(mongo_db)
    languages, sources = store.by_language(SPAN, most=9), store.by_source(SPAN, most=9)

    for found, pairs in (
        (languages, [(row["language"], row) for row in rows]),
        (sources, [(source, row) for row in rows for source in row.get("sources", ())]),
    ):
        assert {one.value: one.mentions for one in found} == Counter(value for value, _ in pairs)
        days = Counter((value, row["published_at"].date()) for value, row in pairs)
        assert {(one.value, day): n for one in found for day, n in one.days.items()} == days
        assert [one.mentions for one in found] == sorted((one.mentions for one in found), reverse=True)
    assert [one.value for one in store.by_language(SPAN, most=1)] == ["en"]


def test_authors_and_sources_are_summed(mongo_db: Db, rows: list[Document]) -> None:
    """Mentions and acts; what nobody wrote counts for no author, and a mention for each of the sources asked for."""
    store = AnalysisStore(mongo_db)
    authors = store.authors(SPAN, most=9)

    for author in authors:
        own = [row for row in rows if row["author_id"] == author.value]
        assert (author.mentions, author.acts) == (len(own), sum(map(acts, own)))
    assert {one.value for one in authors} == {"7", "8", "9"}
    assert [one.mentions for one in authors] == sorted((one.mentions for one in authors), reverse=True)
    sources = store.sources(SPAN, ["s", "t", "none"])
    assert {one.value for one in sources} == {"s", "t"}
    for source in sources:
        own = [row for row in rows if source.value in row.get("sources", ())]
        assert (source.mentions, source.acts) == (len(own), sum(map(acts, own)))


def test_days_and_languages_are_counted_in_the_index(mongo_db: Db, rows: list[Document]) -> None:
    """No document is read for them, and of the index little more than what lies in the span."""
    store = AnalysisStore(mongo_db)
    mongo_db.command("profile", 2)
    try:
        store.by_day(SPAN)
        store.by_language(SPAN, most=9)
    finally:
        mongo_db.command("profile", 0)
        done = list(mongo_db["system.profile"].find({"ns": f"{mongo_db.name}.mentions", "op": "command"}))
        mongo_db["system.profile"].drop()
    assert [one["docsExamined"] for one in done] == [0, 0]
    assert all(one["keysExamined"] <= len(rows) + 20 for one in done)


def test_what_takes_too_long_is_given_up(mongo_db: Db, rows: list[Document]) -> None:
    """Within the time that it has, with words that say what to do."""
    many = ({**rows[0], "_id": f"a:x:{n}", "external_id": str(n), "author_id": str(n)} for n in range(1_000, 21_000))
    mongo_db["mentions"].insert_many(many)

    with pytest.raises(InputError, match=r"longer than 0.02 s for that: ask for a shorter span"):
        AnalysisStore(mongo_db, most_seconds=0.02).authors(SPAN, most=5)
