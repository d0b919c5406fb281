"""How far the quotes of each post were read, and when, on a real MongoDB."""

from __future__ import annotations

import pytest

from shared.domain.counts import PostMetrics
from shared.stores.bundle import Stores
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


def test_a_reading_of_quotes_is_noted_when_it_has_ended(stores: Stores) -> None:
    """Whoever saw the post before that is told so; the time never goes back, and strangers have no quotes."""
    follow(stores, [1])
    assert stores.quotes.cursor(1, read_at=None) == 0
    assert stores.quotes.cursor(404, read_at=None) is None

    stores.quotes.note_read(1, at=NOW, cursor_id=2**63 + 1)
    stores.quotes.note_read(1, at=NOW - HOUR, cursor_id=None)

    assert stores.quotes.cursor(1, read_at=None) is None
    assert stores.quotes.cursor(1, read_at=NOW) == 2**63 + 1
    (candidate,) = stores.quotes.candidates([{"_id": "1"}])
    assert candidate.quotes_read_at == NOW


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
    """When the newest quote was deleted the next reading names an older one: the cursor stays."""
    follow(stores, [1])

    stores.quotes.note_read(1, at=NOW, cursor_id=before)
    stores.quotes.note_read(1, at=NOW, cursor_id=newest)

    assert stores.quotes.cursor(1, read_at=NOW) == after
