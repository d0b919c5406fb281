"""How far the quotes of each post were read, and when, on a real MongoDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import pytest

from shared.domain.counts import PostMetrics
from shared.domain.coverage.quotes import QuoteCandidate
from shared.domain.models import Reference, ReferenceType
from shared.stores.bundle import Stores
from tests.shared.stores.conftest import post_of
from tests.shared.stores.test_engagement import HOUR, NOW, follow, read


def test_candidates_for_quotes_have_the_freshest_counts(stores: Stores) -> None:
    """Those of the last reading; before there is one, those the post came with; unknown posts do not compete."""
    came_with = {"quote_count": 2, "like_count": 3}
    follow(stores, [1, 2])
    read(stores, "c", {1: PostMetrics(quote_count=7, like_count=8)})

    documents = [{"_id": str(i), "public_metrics": came_with} for i in (1, 2, 3)]
    found = stores.quotes.candidates(documents)

    assert [(c.post_id, c.quote_count, c.like_count, c.quotes_read_at) for c in found] == [
        *((1, 7, 8, None), (2, 2, 3, None)),
    ]


def known(stores: Stores, post_id: int) -> QuoteCandidate:
    """What is known of the quotes of a post."""
    (candidate,) = stores.quotes.candidates([{"_id": str(post_id)}])
    return candidate


def owing(stores: Stores, *, now: datetime = NOW, limit: int = 9, apart_from: Sequence[int] = ()) -> list[int]:
    """The posts with the most missing quotes, an hour's rest between two readings."""
    found = stores.quotes.indebted(read_before=now - HOUR, limit=limit, apart_from=apart_from)
    return [candidate.post_id for candidate, _ in found]


def own(stores: Stores, counts: Mapping[int, int]) -> None:
    """Posts of a followed account, and how often X says that each was quoted."""
    posts = [post_of(id_, metrics=PostMetrics(quote_count=count)) for id_, count in counts.items()]
    stores.engagement.begin(posts, now=NOW, own=set(counts))


def quoting(stores: Stores, post_id: int, *ids: int) -> None:
    """Store quotes of a post."""
    quotes = [post_of(id_, references=(Reference(ReferenceType.QUOTED, post_id),)) for id_ in ids]
    stores.posts.upsert(quotes, source="quotes", now=NOW)


def test_a_reading_of_quotes_is_noted_when_it_has_ended(stores: Stores) -> None:
    """Time and cursor are there from then on; the time never goes back, and strangers have no quotes."""
    follow(stores, [1])
    assert (known(stores, 1).quotes_read_at, known(stores, 1).cursor_id) == (None, 0)
    assert stores.quotes.candidates([{"_id": "404"}]) == []

    stores.quotes.note_read([1, 404], at=NOW, cursor_id=2**63 + 1)
    stores.quotes.note_read([1], at=NOW - HOUR, cursor_id=None)

    assert (known(stores, 1).quotes_read_at, known(stores, 1).cursor_id) == (NOW, 2**63 + 1)
    assert stores.quotes.candidates([{"_id": "404"}]) == []


@pytest.mark.parametrize(
    ("before", "newest", "after"),
    [
        (999_999_999, 1_000_000_000, 1_000_000_000),
        (1_000_000_000, 999_999_999, 1_000_000_000),
        (2**63 + 1, 2**63, 2**63 + 1),
        (2**63, 2**63 + 1, 2**63 + 1),
        (5, None, 5),
        (10**24, 10**24 + 1, 10**24 + 1),
    ],
)
def test_the_cursor_of_quotes_moves_forward_by_number(
    stores: Stores, before: int, newest: int | None, after: int
) -> None:
    """Where a later reading has a smaller id, as from a clock that went back, or none, the cursor stays."""
    follow(stores, [1])

    stores.quotes.note_read([1], at=NOW, cursor_id=before)
    stores.quotes.note_read([1], at=NOW + HOUR, cursor_id=newest)

    assert known(stores, 1).cursor_id == after


def test_the_posts_that_miss_most_quotes_come_first(stores: Stores) -> None:
    """Those of followed accounts alone; with as many missing the older; none that was read a moment ago."""
    own(stores, {1: 3, 2: 9, 3: 0, 4: 9})
    stores.engagement.begin([post_of(5, metrics=PostMetrics(quote_count=1000))], now=NOW)

    assert owing(stores) == [2, 4, 1]
    assert owing(stores, limit=2, apart_from=[2]) == [4, 1]
    stores.quotes.note_read([4], at=NOW, cursor_id=None)
    assert owing(stores) == [2, 1]
    assert owing(stores, now=NOW + HOUR) == [2, 4, 1]


def test_a_debt_is_what_x_counts_beyond_what_is_stored(stores: Stores) -> None:
    """It falls to what is still missing, and to nothing when a second reading finds no more; a new quote raises it."""
    own(stores, {1: 5})
    quoting(stores, 1, 11, 12, 13)

    stores.quotes.note_read([1], at=NOW + HOUR, cursor_id=None)
    assert known(stores, 1).missing == 2
    stores.quotes.note_read([1], at=NOW + 2 * HOUR, cursor_id=None)
    assert (known(stores, 1).missing, owing(stores, now=NOW + 9 * HOUR)) == (0, [])

    read(stores, "later", {1: PostMetrics(quote_count=6)}, now=NOW + 3 * HOUR)
    assert (known(stores, 1).missing, owing(stores, now=NOW + 9 * HOUR)) == (1, [1])


def test_a_reading_that_is_told_of_twice_is_noted_once(stores: Stores) -> None:
    """A worker that died after its note is no second reading that found nothing."""
    own(stores, {1: 5})
    quoting(stores, 1, 11)

    for _ in range(2):
        stores.quotes.note_read([1], at=NOW + HOUR, cursor_id=None)

    assert known(stores, 1).missing == 4


def test_what_x_counted_while_it_was_read_is_not_taken_for_proved(stores: Stores) -> None:
    """A count that is younger than the reading may have quotes that it could not see."""
    own(stores, {1: 1})
    stores.quotes.note_read([1], at=NOW + HOUR, cursor_id=None)
    read(stores, "meanwhile", {1: PostMetrics(quote_count=2)}, now=NOW + 3 * HOUR)

    stores.quotes.note_read([1], at=NOW + 2 * HOUR, cursor_id=None)

    assert known(stores, 1).missing == 2


def test_a_deleted_quote_makes_no_room_for_a_new_one(stores: Stores) -> None:
    """When X's count falls and rises again, something is missing again."""
    own(stores, {1: 2})
    quoting(stores, 1, 11, 12)
    stores.quotes.note_read([1], at=NOW + HOUR, cursor_id=None)
    assert known(stores, 1).missing == 0

    read(stores, "fell", {1: PostMetrics(quote_count=1)}, now=NOW + 2 * HOUR)
    read(stores, "rose", {1: PostMetrics(quote_count=2)}, now=NOW + 3 * HOUR)

    assert known(stores, 1).missing == 1


def test_a_post_without_quotes_to_show_owes_none(stores: Stores) -> None:
    """One that is gone is not asked about again, nor one whose quotes are not wanted any more."""
    own(stores, {1: 2, 2: 3, 3: 4})

    stores.quotes.note_read([1], at=NOW, cursor_id=None, is_gone=True)
    stores.quotes.want_no_more([2])
    read(stores, "still", {2: PostMetrics(quote_count=30)}, now=NOW + HOUR)

    assert owing(stores, now=NOW + 9 * HOUR) == [3]


def test_a_known_post_can_be_wanted_later(stores: Stores) -> None:
    """A post that was found before it concerned anybody has its debt from the moment it does."""
    posts = [post_of(id_, metrics=PostMetrics(quote_count=id_)) for id_ in (1, 2)]
    stores.engagement.begin(posts, now=NOW)
    assert owing(stores) == []

    stores.engagement.begin(posts, now=NOW + HOUR, own={1})
    assert owing(stores) == [1]
    stores.quotes.want([2, 404])
    assert owing(stores) == [2, 1]


def test_the_greatest_debts_are_found_by_their_index(stores: Stores) -> None:
    """However many posts are stored, no more is looked at than is asked for."""
    own(stores, {id_: id_ % 7 for id_ in range(1, 301)})
    stores.engagement.begin([post_of(id_, metrics=PostMetrics(quote_count=9)) for id_ in range(301, 900)], now=NOW)

    stores.db.command("profile", 2)
    try:
        assert len(owing(stores, limit=5)) == 5
    finally:
        stores.db.command("profile", 0)

    (told,) = stores.db["system.profile"].find({"ns": {"$regex": "X_engagement$"}, "command.find": "X_engagement"})
    stores.db.drop_collection("system.profile")
    assert told["docsExamined"] <= 6
    assert told["keysExamined"] <= 6
    assert not told.get("hasSortStage")
