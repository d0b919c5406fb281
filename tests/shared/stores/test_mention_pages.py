"""Pages of `mentions` on a real MongoDB, held against what Python finds in the same rows."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import combinations_with_replacement
from random import Random
from typing import Any

import pytest

from shared.domain.mentions import MentionStatus
from shared.domain.models import Post, PostState
from shared.stores.bundle import Stores
from shared.stores.database import Db, Document
from shared.stores.mention_pages import MentionPages, Wanted
from tests.shared.stores.conftest import NOW, CommandCount
from tests.shared.stores.test_mentions import mention

MINUTE = timedelta(minutes=1)


@pytest.fixture
def rows(stores: Stores, mongo_db: Db) -> list[Document]:
    """300 mentions of two tenants, many of one moment."""
    drawn, ids = Random(7), range(1, 301)
    words = ("Moon landing", "the MOON", "a.b", "größe", "nothing")
    stores.mentions.put(
        [
            mention(
                id_,
                drawn.choice("ab"),
                *drawn.sample(("s", "t", "u"), drawn.choice((1, 2))),
                content=f"{drawn.choice(words)} {id_}",
                language=drawn.choice(("en", "de", None)),
                author_id=drawn.choice("78"),
                published_at=NOW + drawn.randrange(60) * MINUTE,
            )
            for id_ in ids
        ],
        now=NOW,
        at=NOW,
    )
    stores.posts.upsert([Post(id=id_, text="x", created_at=NOW) for id_ in ids], source="search", now=NOW)
    for id_ in range(1, 301, 5):
        mongo_db["X_tweets"].update_one({"_id": str(id_)}, {"$set": {"gone": {"reason": "deleted", "at": NOW}}})
    for id_ in range(2, 301, 7):
        mongo_db["mentions"].update_one({"external_id": str(id_)}, {"$set": {"status": "seen"}})
    return list(mongo_db["mentions"].find())


def fits(one: Document, wanted: Wanted) -> bool:
    """Whether a mention is wanted, in Python."""
    gone = int(one["external_id"]) % 5 == 1
    return (
        one["tenant_id"] == wanted.tenant
        and wanted.source in (None, *one["sources"])
        and wanted.status in (None, one["status"])
        and wanted.language in (None, one["language"])
        and wanted.author_id in (None, one["author_id"])
        and (wanted.since is None or one["published_at"] >= wanted.since)
        and (wanted.until is None or one["published_at"] < wanted.until)
        and all(word.lower() in one["content"].lower() for word in wanted.words)
        and (wanted.state is None or (wanted.state is PostState.DELETED) == gone)
    )


def walked(pages: MentionPages, wanted: Wanted, limit: int) -> list[str]:
    """The ids of all pages, in their order."""
    found, start = [], None
    while True:
        page = pages.page(wanted, start=start, limit=limit)
        assert len(page.rows) <= limit
        found += [one["_id"] for one in page.rows]
        start = page.after
        if start is None:
            return found
        assert len(page.rows) == limit or page.searched_to == start[0]


def test_pages_tell_what_fits_once_and_in_order(stores: Stores, mongo_db: Db, rows: list[Document]) -> None:
    """Every filter and every two of them, with windows that end a page and such that do not."""
    filters: list[dict[str, Any]] = [
        {},
        {"source": "s"},
        {"status": MentionStatus.SEEN},
        {"language": "de"},
        {"author_id": "7"},
        {"since": NOW + 10 * MINUTE},
        {"until": NOW + 50 * MINUTE},
        {"words": ("moon",)},
        {"words": ("MOON", "land")},
        {"words": ("a.b",)},
        {"words": ("GRÖSSE",)},
        {"words": ("Größe",)},
        {"state": PostState.DELETED},
        {"state": PostState.ALIVE},
        {"state": PostState.WITHHELD},
    ]
    newest_first = sorted(rows, key=lambda one: (one["published_at"], one["_id"]), reverse=True)
    for first, second in combinations_with_replacement(filters, 2):
        wanted = Wanted(tenant="a", **(first | second))
        if wanted.state is PostState.WITHHELD:
            expected = []
        else:
            expected = [one["_id"] for one in newest_first if fits(one, wanted)]
        for window, limit in ((40, 25), (10_000, 80)):
            assert walked(MentionPages(mongo_db, window=window), wanted, limit) == expected, (wanted, window)


@pytest.mark.parametrize(
    "given",
    [{}, {"source": "s"}, {"status": MentionStatus.NEW}, {"language": "en"}, {"author_id": "7"}],
    ids=["all", "source", "status", "language", "author"],
)
def test_a_page_of_one_filter_looks_at_no_more_than_its_rows(
    stores: Stores, mongo_db: Db, rows: list[Document], given: dict[str, Any]
) -> None:
    """By an index that has them in order, also in the middle; of all 300 it fetches those that it gives, and those of
    another tenant that a source has.
    """
    pages, wanted = MentionPages(mongo_db), Wanted(tenant="a", **given)
    middle = pages.page(wanted, start=None, limit=10).after
    for start in (None, middle):
        mongo_db.command("profile", 2)
        try:
            pages.page(wanted, start=start, limit=5)
        finally:
            mongo_db.command("profile", 0)
            done = list(mongo_db["system.profile"].find({"ns": f"{mongo_db.name}.mentions"}))[-1]
            mongo_db["system.profile"].drop()
        assert done["docsExamined"] <= (30 if "source" in given else 6)
        assert not done.get("hasSortStage")


def test_a_page_is_one_command_or_two(counted: Stores, commands: CommandCount) -> None:
    """The second says where to end, where a filter leaves rows out."""
    pages = MentionPages(counted.db)

    plain = commands.during(lambda: pages.page(Wanted(tenant="a"), start=None, limit=5))
    picky = commands.during(lambda: pages.page(Wanted(tenant="a", words=("moon",)), start=None, limit=5))
    assert (plain, picky) == (["aggregate"], ["find", "aggregate"])


def test_facets_are_counted_in_a_window(stores: Stores, mongo_db: Db, rows: list[Document]) -> None:
    """The same as Python counts them, the most frequent first; a window that was full says so."""
    wanted = Wanted(tenant="a", source="s", words=("moon",))
    found = MentionPages(mongo_db).counted(wanted, ("language", "source", "author", "status"), most=10)

    fitting = [one for one in rows if fits(one, wanted)]
    assert dict(found.counts["language"]) == Counter(one["language"] for one in fitting)
    assert dict(found.counts["source"]) == Counter(source for one in fitting for source in one["sources"])
    assert dict(found.counts["status"]) == Counter(one["status"] for one in fitting)
    assert (found.is_whole, found.searched_to) == (True, None)
    frequent = [count for _, count in found.counts["status"]]
    assert frequent == sorted(frequent, reverse=True)
    gone = Wanted(tenant="a", source="s", state=PostState.DELETED)
    found = MentionPages(mongo_db).counted(gone, ("language",), most=10)
    assert dict(found.counts["language"]) == Counter(one["language"] for one in rows if fits(one, gone))
    small = MentionPages(mongo_db, window=10).counted(wanted, ("status",), most=1)
    newest = sorted((one["published_at"] for one in rows if "s" in one["sources"]), reverse=True)
    assert (small.is_whole, small.searched_to, len(small.counts["status"])) == (False, newest[9], 1)
