"""Whose turn it is to be read, where more is due than can be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.engagement.tiers import TABLE, Tier
from shared.domain.engagement.turns import in_turn

NOW = datetime(2026, 5, 1, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)

# Of each tier, for how many seconds posts are due.
backlogs = st.dictionaries(
    st.sampled_from(list(Tier)), st.lists(st.integers(0, 10**6), max_size=30).map(lambda ages: sorted(ages)[::-1])
)


def test_no_tier_waits_behind_the_backlog_of_another() -> None:
    """A thousand cold posts that are two hours late come after one of five minutes that is a minute late."""
    cold = [(NOW - 2 * HOUR, f"cold {number}") for number in range(1_000)]
    due = {Tier.COLD: cold, Tier.ULTRA_HOT: [(NOW - MINUTE, "hot")]}

    assert in_turn(due, now=NOW, most=2) == ["hot", "cold 0"]


def test_a_cold_post_comes_all_the_same() -> None:
    """Once it is late by more of its day than the others of their minutes."""
    due = {
        Tier.COLD: [(NOW - 25 * HOUR, "cold")],
        Tier.ULTRA_HOT: [(NOW - (5 - number) * MINUTE, f"hot {number}") for number in range(5)],
    }

    assert in_turn(due, now=NOW, most=2) == ["cold", "hot 0"]


@given(backlogs=backlogs, most=st.integers(0, 60))
def test_the_most_urgent_are_taken(backlogs: dict[Tier, list[int]], most: int) -> None:
    """As many as are wanted and there are; none that is left is late by more of its interval than one that is taken."""
    due = {tier: [(NOW - age * SECOND, (tier, age)) for age in ages] for tier, ages in backlogs.items()}
    intervals = {rule.tier: rule.interval / SECOND for rule in TABLE}

    taken = in_turn(due, now=NOW, most=most)

    all_of_them = sorted((age / intervals[tier] for tier, ages in backlogs.items() for age in ages), reverse=True)
    assert [age / intervals[tier] for tier, age in taken] == all_of_them[:most]
