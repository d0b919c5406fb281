"""The rule by which posts compete for having their quotes read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.coverage.quotes import QuoteCandidate, QuoteRule, accounted_for, indebted, newest

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
RULE = QuoteRule()
HOURS = timedelta(hours=1)


def post(
    post_id: int, *, quotes: int = 0, likes: int = 0, read_hours_ago: float | None = None, counted: int = 0
) -> QuoteCandidate:
    """A post that competes."""
    read_at = None if read_hours_ago is None else NOW - read_hours_ago * HOURS
    return QuoteCandidate(
        post_id=post_id, quote_count=quotes, like_count=likes, quotes_read_at=read_at, counted=counted
    )


def chosen(*candidates: QuoteCandidate) -> list[int]:
    """Ids of those that are chosen."""
    return [candidate.post_id for candidate in newest(candidates, now=NOW, rule=RULE)]


flocks = st.lists(
    st.builds(
        post,
        st.integers(1, 1 << 64),
        quotes=st.integers(0, 3),
        likes=st.integers(0, 25),
        read_hours_ago=st.none() | st.floats(0, 10),
    ),
    max_size=50,
    unique_by=lambda candidate: candidate.post_id,
)


@settings(deadline=None)
@given(posts=flocks)
def test_five_of_fifty_are_chosen_by_the_rule(posts: list[QuoteCandidate]) -> None:
    """At most five; each quoted or with more than ten likes, and not read for four hours; nobody better is left out."""
    result = newest(posts, now=NOW, rule=RULE)

    def eligible(candidate: QuoteCandidate) -> bool:
        rested = candidate.quotes_read_at is None or NOW - candidate.quotes_read_at >= 4 * HOURS
        return rested and (candidate.quote_count >= 1 or candidate.like_count >= 11)

    def rank(candidate: QuoteCandidate) -> tuple[int, int, int]:
        return (candidate.quote_count, candidate.like_count, candidate.post_id)

    assert all(eligible(candidate) for candidate in result)
    assert len(result) == min(5, sum(map(eligible, posts)))
    assert [rank(candidate) for candidate in result] == sorted(map(rank, result), reverse=True)
    left_out = [candidate for candidate in posts if eligible(candidate) and candidate not in result]
    assert all(rank(other) < rank(candidate) for other in left_out for candidate in result)


def test_the_borders_of_the_rule() -> None:
    """Ten likes are not enough, eleven are; one quote is; four hours to the second have passed or not."""
    assert chosen(post(1, likes=10)) == []
    assert chosen(post(2, likes=11)) == [2]
    assert chosen(post(3, quotes=1)) == [3]
    assert chosen(post(4, quotes=1, read_hours_ago=3.999)) == []
    assert chosen(post(5, quotes=1, read_hours_ago=4)) == [5]


def test_quotes_count_before_likes_and_likes_before_youth() -> None:
    """Most quoted first, then most liked, then the newer post, by number."""
    assert chosen(
        post(999, quotes=2), post(1000, quotes=2), post(5, quotes=1, likes=9000), post(6, quotes=2, likes=1)
    ) == [*(6, 1000, 999, 5)]


def test_the_numbers_of_the_rule_can_be_set() -> None:
    """Limit, likes and rest are the rule's, not the function's."""
    rule = QuoteRule(posts_per_round=1, min_likes=0, recheck=timedelta(minutes=1))

    result = newest([post(1, likes=1, read_hours_ago=0.02), post(2, likes=1, read_hours_ago=0.01)], now=NOW, rule=rule)

    assert [candidate.post_id for candidate in result] == [1]


def test_by_evidence_the_posts_come_that_miss_most() -> None:
    """Those of which X counts more than is accounted for, the older first of as many; none that was just read."""
    posts = [
        *(post(1, quotes=5, counted=5), post(2, quotes=9, counted=8), post(3, quotes=1), post(4, likes=1000)),
        *(post(5, quotes=40, counted=10), post(6, quotes=90, read_hours_ago=3.9), post(7, quotes=2, counted=3)),
    ]

    assert [one.post_id for one in indebted(posts, now=NOW, rule=RULE)] == [5, 2, 3]
    assert [one.post_id for one in indebted(posts, now=NOW, rule=QuoteRule(debts_per_round=2))] == [5, 2]


@pytest.mark.parametrize(
    ("stored", "stored_before", "is_told_before", "counted"),
    [
        (0, None, True, 0),  # a first reading that found none may have come before a late one
        (3, None, True, 3),
        (5, None, True, 5),
        (7, None, False, 5),  # more than X counts: some are gone, which is not known yet
        (3, 2, True, 3),  # it found something: there may be more
        (3, 3, True, 5),  # it found nothing: the rest cannot be had
        (3, 3, False, 3),  # but for what X counted later
    ],
)
def test_what_is_accounted_for_after_a_reading(
    stored: int, stored_before: int | None, is_told_before: bool, counted: int
) -> None:
    """Of five quotes that X counts."""
    found = accounted_for(5, stored=stored, stored_before=stored_before, is_told_before=is_told_before)
    assert found == counted
