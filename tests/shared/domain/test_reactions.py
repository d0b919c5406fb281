"""How many accounts X lists."""

from __future__ import annotations

import pytest

from shared.domain.reactions import Reaction, to_expect


@pytest.mark.parametrize(
    ("kind", "counted", "limit", "expected"),
    [
        (Reaction.REPOST, 40, 1000, 40),
        (Reaction.REPOST, 4000, 1000, 1000),
        (Reaction.REPOST, None, 300, 300),
        (Reaction.REPOST, 0, 300, 0),
        (Reaction.LIKE, 4000, 1000, 100),
        (Reaction.LIKE, None, 50, 50),
        (Reaction.LIKE, 7, 50, 7),
    ],
)
def test_no_more_is_expected_than_x_counts_and_lists(
    kind: Reaction, counted: int | None, limit: int, expected: int
) -> None:
    """Nor than is wanted; where X told no count, all that is wanted may come."""
    assert to_expect(kind, counted, limit) == expected
