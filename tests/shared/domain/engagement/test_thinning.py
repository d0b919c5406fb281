"""Which snapshots of a series are kept as it grows old."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.counts import NAMES, PostMetrics
from shared.domain.engagement.thinning import Taken, Thinned, ThinningPolicy, rounds, thin

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
POLICY = ThinningPolicy()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def taken(*ages: timedelta, likes: Sequence[int] = ()) -> list[Taken]:
    """Snapshots so old, the oldest first; likes grow by one each where they are not given."""
    counts = likes or range(len(ages))
    return [
        Taken(str(number), NOW - age, PostMetrics(like_count=like))
        for number, (age, like) in enumerate(zip(ages, counts, strict=True))
    ]


def test_of_old_snapshots_the_last_of_each_hour_stays() -> None:
    """Those of the last seven days stay all; what stays behind one that went tells the sum of both."""
    minute = timedelta(minutes=1)
    start = 10 * DAY  # at 12:00
    series = taken(start, start - 5 * minute, start - 10 * minute, start - HOUR, start - HOUR - minute, HOUR, HOUR / 2)

    thinned = thin(series, now=NOW, policy=POLICY)

    assert thinned == Thinned(["1", "3"], {"2": PostMetrics(like_count=2), "4": PostMetrics(like_count=2)})


def test_of_very_old_snapshots_the_last_of_each_day_stays() -> None:
    """The day is that of UTC."""
    start = 100 * DAY  # at 12:00
    series = taken(start, start - HOUR, start - 11 * HOUR, start - 12 * HOUR, start - 13 * HOUR, DAY)

    assert thin(series, now=NOW, policy=POLICY).dropped == ["1", "3"]


def test_a_count_that_was_left_out_loses_no_growth() -> None:
    """What grew in a snapshot that goes is told by the next one that knows the count."""
    series = taken(10 * DAY, 10 * DAY - HOUR / 4, 10 * DAY - HOUR / 2, 9 * DAY, DAY, likes=(5, 8, 0, 9, 9))
    series[2] = Taken("2", series[2].at, PostMetrics(reply_count=1))

    thinned = thin(series, now=NOW, policy=POLICY)

    assert thinned.dropped == ["1"]
    assert thinned.deltas == {"2": PostMetrics(), "3": PostMetrics(like_count=4)}


metrics = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 100), min_size=1).map(
    lambda counts: PostMetrics(**counts)
)
series_of = st.lists(st.tuples(st.integers(0, 200 * 24 * 60), metrics), min_size=1, max_size=60).map(
    lambda rows: [
        Taken(str(number), NOW - timedelta(minutes=age), counts)
        for number, (age, counts) in enumerate(sorted(rows, key=lambda row: -row[0]))
    ]
)
policies = st.builds(
    ThinningPolicy,
    full=st.integers(1, 30).map(lambda days: days * DAY),
    hourly=st.integers(0, 120).map(lambda days: days * DAY),
)


def deltas_of(series: Sequence[Taken]) -> list[PostMetrics]:
    """As readings tell them: from what was known before."""
    told, known = [PostMetrics()], series[0].metrics
    for one in series[1:]:
        told.append(one.metrics.minus(known))
        known = one.metrics.or_else(known)
    return told


@given(series=series_of, policy=policies)
def test_thinning_keeps_the_ends_the_new_and_every_sum(series: list[Taken], policy: ThinningPolicy) -> None:
    """First, last and all young ones stay; of each older hour one at most, of each still older day; what is told of the
    rest is what readings of them alone would have told; and thinning again changes nothing."""
    thinned = thin(series, now=NOW, policy=policy)
    left = [one for one in series if one.id not in thinned.dropped]
    before = dict(zip((one.id for one in series), deltas_of(series), strict=True))

    assert (left[0], left[-1]) == (series[0], series[-1])
    assert {one.id for one in series if NOW - one.at < policy.full} <= {one.id for one in left}
    old = [one for one in left[1:-1] if NOW - one.at >= policy.full]
    hours = [one.at.strftime("%F %H") for one in old if NOW - one.at < policy.hourly]
    days = [one.at.date() for one in old if NOW - one.at >= policy.hourly]
    assert len(hours) == len(set(hours))
    assert len(days) == len(set(days))
    assert [thinned.deltas.get(one.id, before[one.id]) for one in left] == deltas_of(left)
    assert thin(left, now=NOW, policy=policy) == Thinned([], {})


@pytest.mark.parametrize("policy", [POLICY, ThinningPolicy(full=DAY, hourly=2 * DAY)])
def test_no_walk_meets_a_series_before_it_can_be_thinned(policy: ThinningPolicy) -> None:
    """By hours past the full days, by days past the hourly ones."""
    hourly, at_rest, daily = rounds(policy)

    assert policy.full < hourly.age < at_rest.age
    assert daily.age > policy.hourly
