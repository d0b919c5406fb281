"""Queries for reposts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.platforms.x.reposts import authors_within, posts_within, reposts_of
from simulator.query import parse, require_standalone

LONGEST = 10**19 - 1


@given(st.lists(st.integers(1, LONGEST), max_size=16), st.lists(st.integers(1, LONGEST), max_size=11))
def test_a_query_names_each_once_and_stands_alone(authors: list[int], posts: list[int]) -> None:
    """As X's grammar has it."""
    query = reposts_of(author_ids=authors, post_ids=posts)
    assert query.count("retweets_of:") == len(authors)
    assert query.count("retweets_of_tweet_id:") == len(posts)
    if query:
        require_standalone(parse(query))


@pytest.mark.parametrize(("length", "authors", "posts"), [(512, 14, 11), (1024, 29, 23), (64, 1, 1)])
def test_as_many_as_a_query_holds(length: int, authors: int, posts: int) -> None:
    """However long their ids are."""
    assert (authors_within(length), posts_within(length)) == (authors, posts)
    assert len(reposts_of(author_ids=[LONGEST] * authors)) <= length
    assert len(reposts_of(post_ids=[LONGEST] * posts)) <= length
