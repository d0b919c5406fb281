"""Which posts have their engagement followed: what sources ask for, and what counts reach."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.counts import PostMetrics
from shared.domain.engagement.next_reading import RefreshPolicy
from shared.domain.engagement.selection import ALL, NEVER, NONE, RefreshRule, is_young, left_out, lowest, reselected

rules = st.builds(
    RefreshRule, is_any=st.booleans(), min_engagement=st.integers(0, 30) | st.just(10**9), of_followed=st.booleans()
)
asked = st.lists(st.tuples(rules, st.booleans()), max_size=4)
counts = st.none() | st.integers(0, 40)


def likes(count: int | None) -> PostMetrics | None:
    """Counts with so many acts of people; impressions are none."""
    return None if count is None else PostMetrics(like_count=count, impression_count=1_000_000)


@given(asked=asked, count=counts)
def test_a_post_is_followed_where_one_source_asks_for_it(
    asked: list[tuple[RefreshRule, bool]], count: int | None
) -> None:
    """A source that asks for any does where its conditions are met; counts that are not known meet no least count."""

    def wants(rule: RefreshRule, is_followed: bool) -> bool:
        enough = rule.min_engagement == 0 or (count is not None and count >= rule.min_engagement)
        return rule.is_any and enough and (is_followed or not rule.of_followed)

    least = lowest(rule.follow_from(is_author_followed=is_followed) for rule, is_followed in asked)

    if least is None:
        assert not asked
    else:
        assert (left_out(least, likes(count)) is None) == any(wants(*one) for one in asked)


@given(asked=asked, more=st.tuples(rules, st.booleans()), count=st.integers(0, 40), grown=st.integers(0, 40))
def test_more_sources_and_more_acts_never_leave_a_post_out(
    asked: list[tuple[RefreshRule, bool]], more: tuple[RefreshRule, bool], count: int, grown: int
) -> None:
    """What is followed for few stays so for many, and what few acts reach more acts reach."""

    def least(asking: list[tuple[RefreshRule, bool]]) -> float:
        found = lowest(rule.follow_from(is_author_followed=is_followed) for rule, is_followed in asking)
        return NEVER if found is None else found

    if left_out(least(asked), likes(count)) is None:
        assert left_out(least([*asked, more]), likes(count + grown)) is None


@given(before=st.none() | st.integers(1, 30).map(float), least=st.integers(0, 30).map(float), count=counts)
def test_deciding_anew_says_what_changes_and_once(before: float | None, least: float, count: int | None) -> None:
    """After the change the same question changes nothing."""
    change = reselected(7, before, follow_from=least, metrics=likes(count))

    after = before if change is None else change.follow_from
    assert (change is None) == (after == before)
    assert reselected(7, after, follow_from=least, metrics=likes(count)) is None


@pytest.mark.parametrize(
    ("rule", "of_followed", "of_others"),
    [
        (ALL, 0, 0),
        (NONE, NEVER, NEVER),
        (RefreshRule(min_engagement=10), 10, 10),
        (RefreshRule(of_followed=True), 0, NEVER),
        (RefreshRule(min_engagement=10, of_followed=True), 10, NEVER),
    ],
)
def test_each_rule_is_a_number_by_author(rule: RefreshRule, of_followed: float, of_others: float) -> None:
    """The acts from which on it wants posts of followed authors, and of others."""
    assert rule.follow_from(is_author_followed=True) == of_followed
    assert rule.follow_from(is_author_followed=False) == of_others


def test_a_post_is_young_for_as_long_as_it_is_tracked() -> None:
    """Thirty days, which a faster world shortens."""
    assert is_young(timedelta(days=30), RefreshPolicy())
    assert not is_young(timedelta(days=30, seconds=1), RefreshPolicy())
    assert not is_young(timedelta(days=1), RefreshPolicy(time_scale=0.01))
