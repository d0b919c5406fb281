"""Queries for the reposts of posts, by who wrote them or by their ids. Pure.

    retweets_of:12 OR retweets_of:2244994945

Accounts are named by their ids, which both operators of X take and no rename changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_OR: Final = " OR "
_OF_AUTHOR, _OF_POST = "retweets_of:", "retweets_of_tweet_id:"
_LONGEST_ID: Final = 19


def reposts_of(*, author_ids: Sequence[int] = (), post_ids: Sequence[int] = ()) -> str:
    """The query for all reposts of posts by these authors, and of these posts."""
    return _OR.join([*(f"{_OF_AUTHOR}{one}" for one in author_ids), *(f"{_OF_POST}{one}" for one in post_ids)])


def authors_within(max_length: int) -> int:
    """How many authors a query of so many characters holds, however long their ids are; one at least."""
    return _within(max_length, _OF_AUTHOR)


def posts_within(max_length: int) -> int:
    """How many posts a query of so many characters holds; one at least."""
    return _within(max_length, _OF_POST)


def _within(max_length: int, operator: str) -> int:
    return max(1, (max_length + len(_OR)) // (len(operator) + _LONGEST_ID + len(_OR)))
