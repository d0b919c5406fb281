"""What one reading of a post's counts leads to."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.counts import PostMetrics
from shared.domain.engagement.next_reading import RefreshPolicy
from shared.domain.engagement.refresh import Engagement, Reading, first_seen, read_absence, read_counts
from shared.domain.engagement.tiers import Tier
from shared.domain.models import Post, PostState

CREATED = datetime(2024, 5, 1, tzinfo=UTC)
POLICY = RefreshPolicy()
GONE = (PostState.DELETED, PostState.SUSPENDED, PostState.PROTECTED)

ZERO = PostMetrics(repost_count=0, reply_count=0, like_count=0, quote_count=0, bookmark_count=0, impression_count=0)
NAMES = [field.name for field in fields(PostMetrics)]
metrics = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 10**12), min_size=1).map(
    lambda counts: PostMetrics(**counts)
)
# Seconds until the reading, and what X answers: counts, or a state without counts.
words = st.lists(st.tuples(st.integers(0, 10**6), metrics | st.sampled_from(list(PostState))), min_size=1, max_size=8)


def post() -> Engagement:
    """A post that was never read."""
    return Engagement(post_id=1, created_at=CREATED)


def read(before: Engagement, word: PostMetrics | PostState, now: datetime) -> Reading:
    """The reading of what X said."""
    if isinstance(word, PostMetrics):
        return read_counts(before, word, now=now, policy=POLICY)
    return read_absence(before, word, now=now, policy=POLICY)


def after(*said: PostMetrics | PostState, every: timedelta = timedelta(hours=1)) -> Engagement:
    """The state after readings at regular intervals."""
    engagement = post()
    for number, word in enumerate(said, start=1):
        engagement = read(engagement, word, CREATED + number * every).engagement
    return engagement


@settings(deadline=None)
@given(said=words)
def test_any_history_keeps_the_rules(said: list[tuple[int, PostMetrics | PostState]]) -> None:
    """Gone only after two words in a row that are an hour apart, unknown never; the last word on each count is what is
    known of it, and what changed is told where two readings in a row told it, and when it did; no velocity below 0.
    """
    engagement, now = post(), CREATED
    gone_since: datetime | None = None
    is_gone = False
    told: PostMetrics | None = None
    changed_at: datetime | None = None
    for seconds, word in said:
        now += timedelta(seconds=seconds)
        before, reading = engagement, read(engagement, word, now)
        engagement = reading.engagement
        if isinstance(word, PostMetrics):
            is_repeated = now == before.read_at and word.or_else(told) == told
            assert (reading.snapshot is None) == is_repeated
            if reading.snapshot is not None:
                assert reading.snapshot.metrics == word
                assert reading.snapshot.deltas == (word.minus(told) if told else PostMetrics())
                assert reading.is_unchanged == (word == told)
                changed_at = changed_at if reading.is_unchanged else now
            told = word.or_else(told)
        assert engagement.metrics == told
        assert engagement.changed_at == changed_at
        if word in GONE:
            gone_since = gone_since or now
            is_gone = is_gone or now - gone_since >= POLICY.gone_confirm
        elif word is not PostState.UNKNOWN:
            gone_since, is_gone = None, False
        assert (engagement.state in GONE) == is_gone
        assert engagement.velocity >= 0
        assert engagement.next_refresh_at is None or engagement.next_refresh_at > now


def test_the_first_reading_has_counts_and_no_velocity() -> None:
    """There is nothing to compare with: no change is known."""
    reading = read_counts(post(), PostMetrics(like_count=7), now=CREATED + timedelta(minutes=5), policy=POLICY)

    assert reading.snapshot is not None
    assert reading.snapshot.deltas == PostMetrics()
    assert (reading.engagement.velocity, reading.engagement.tier) == (0.0, Tier.ULTRA_HOT)
    assert reading.engagement.next_refresh_at == CREATED + timedelta(minutes=10)


def test_velocity_counts_acts_of_people_by_the_hour() -> None:
    """Six hundred acts in half an hour are 1200 an hour; impressions are not acts."""
    first = read_counts(post(), ZERO, now=CREATED + timedelta(days=1), policy=POLICY).engagement
    acts = PostMetrics(repost_count=100, reply_count=200, like_count=100, quote_count=100, bookmark_count=100)

    second = read_counts(first, acts, now=CREATED + timedelta(days=1, minutes=30), policy=POLICY)
    more_seen = PostMetrics(**{f.name: getattr(acts, f.name) for f in fields(acts)} | {"impression_count": 10**9})
    third = read_counts(second.engagement, more_seen, now=CREATED + timedelta(days=1, hours=1), policy=POLICY)

    assert second.engagement.velocity == 1200.0
    assert second.engagement.tier is Tier.ULTRA_HOT
    assert third.engagement.velocity == 0.0


def test_counts_that_fall_leave_a_negative_delta_and_no_negative_velocity() -> None:
    """People take likes back: the delta says so, the velocity is zero."""
    first = read_counts(post(), PostMetrics(like_count=9), now=CREATED + timedelta(hours=1), policy=POLICY).engagement

    second = read_counts(first, PostMetrics(like_count=4), now=CREATED + timedelta(hours=2), policy=POLICY)

    assert second.snapshot is not None
    assert second.snapshot.deltas.like_count == -5
    assert second.engagement.velocity == 0.0


def test_two_readings_at_one_moment_keep_the_velocity() -> None:
    """No time has passed, so nothing can be divided by it."""
    first = after(ZERO, PostMetrics(like_count=60))
    assert first.read_at is not None

    again = read_counts(first, PostMetrics(like_count=61), now=first.read_at, policy=POLICY)

    assert again.engagement.velocity == first.velocity == 60.0


@pytest.mark.parametrize("state", GONE)
def test_gone_twice_is_gone_with_the_reason(state: PostState) -> None:
    """The first word asks again after the confirmation time; the second makes the post cold, never read again."""
    once, twice = after(state), after(state, state)

    assert once.state is PostState.ALIVE
    assert once.next_refresh_at == CREATED + timedelta(hours=1) + POLICY.gone_confirm
    assert (twice.state, twice.tier, twice.velocity, twice.next_refresh_at) == (state, Tier.COLD, 0.0, None)


@pytest.mark.parametrize("state", GONE)
def test_gone_twice_within_a_moment_is_gone_once(state: PostState) -> None:
    """However often X says so before the confirmation time has passed, it is one word; the next after it counts."""
    first_at, early = CREATED + timedelta(hours=1), timedelta(minutes=59, seconds=59)
    engagement = read(post(), state, first_at).engagement
    for wait in (timedelta(0), timedelta(seconds=1), timedelta(minutes=30), early):
        engagement = read(engagement, state, first_at + wait).engagement

        assert (engagement.state, engagement.gone_reports) == (PostState.ALIVE, 1)
        assert engagement.next_refresh_at is not None
        assert engagement.next_refresh_at >= first_at + POLICY.gone_confirm
        assert engagement.next_refresh_at > first_at + wait + timedelta(minutes=5)

    assert read(engagement, state, first_at + POLICY.gone_confirm).engagement.state is state


def test_gone_again_after_it_lived_is_a_first_word() -> None:
    """The hour is counted from the first word of this row, not of an earlier one."""
    engagement = after(PostState.DELETED, ZERO, PostState.DELETED)

    assert engagement.gone_first_at == CREATED + timedelta(hours=3)


def test_a_word_that_it_lives_breaks_the_row() -> None:
    """Gone, alive, gone is one word in a row, whether the living post came with counts or without."""
    assert after(PostState.DELETED, ZERO, PostState.DELETED).state is PostState.ALIVE
    assert after(PostState.DELETED, PostState.ALIVE, PostState.DELETED).state is PostState.ALIVE


def test_silence_neither_counts_nor_breaks_the_row() -> None:
    """Unknown says nothing: never gone by itself, and a second word after it is still the second."""
    assert after(*[PostState.UNKNOWN] * 9).state is PostState.ALIVE
    assert after(PostState.DELETED, PostState.UNKNOWN).gone_reports == 1
    assert after(PostState.DELETED, PostState.UNKNOWN, PostState.DELETED).state is PostState.DELETED
    assert after(PostState.UNKNOWN).next_refresh_at == CREATED + timedelta(hours=1, minutes=10)


def test_a_post_that_comes_back_is_alive_and_its_velocity_spans_the_whole_absence() -> None:
    """The acts since the last counts are divided by the time since those counts, not since it was called gone."""
    engagement = after(ZERO, PostState.SUSPENDED, PostState.SUSPENDED, PostMetrics(like_count=300))

    assert engagement.state is PostState.ALIVE
    assert engagement.gone_reports == 0
    assert engagement.velocity == 100.0
    assert engagement.next_refresh_at is not None


def test_silence_about_a_post_that_is_gone_asks_once_more() -> None:
    """Unknown leaves the state as it is."""
    engagement = after(PostState.DELETED, PostState.DELETED, PostState.UNKNOWN)

    assert engagement.state is PostState.DELETED


@given(counts=metrics, age_seconds=st.integers(-60, 10**8), scale=st.sampled_from([0.01, 1.0]))
def test_the_counts_a_post_was_found_with_are_a_reading_like_any_other(
    counts: PostMetrics, age_seconds: int, scale: float
) -> None:
    """To find a post with counts leads to what reading them of a post without any leads to."""
    policy, at = RefreshPolicy(time_scale=scale), CREATED + timedelta(seconds=age_seconds)

    found = first_seen(Post(id=1, text="", created_at=CREATED, metrics=counts), now=at, at=at, policy=policy)

    assert found == read_counts(post(), counts, now=at, policy=policy)


@given(first=st.none() | st.integers(0, 20), later=st.lists(st.integers(0, 20), max_size=6), least=st.integers(1, 20))
def test_a_post_is_read_no_more_until_it_has_enough_engagement(first: int | None, later: list[int], least: int) -> None:
    """It is not due before a reading told so many acts, and from then on always, also when its counts fall."""
    found = PostMetrics(like_count=first) if first is not None else None
    made = Post(id=1, text="", created_at=CREATED, metrics=found)
    engagement = first_seen(made, now=CREATED, at=CREATED, policy=POLICY, follow_from=float(least)).engagement
    told = [] if first is None else [first]
    for number, count in enumerate([None, *later]):
        if count is not None:
            told.append(count)
            now = CREATED + number * timedelta(hours=1)
            engagement = read_counts(engagement, PostMetrics(like_count=count), now=now, policy=POLICY).engagement
        is_reached = any(one >= least for one in told)
        assert (engagement.next_refresh_at is not None) == is_reached
        assert engagement.follow_from == (None if is_reached else least)


def test_what_x_does_not_say_of_a_post_that_is_not_followed_is_not_asked_again() -> None:
    """Neither by itself; that it is gone is confirmed all the same, which costs nothing."""
    found = Post(id=1, text="", created_at=CREATED, metrics=PostMetrics(like_count=1))
    resting = first_seen(found, now=CREATED, at=CREATED, policy=POLICY, follow_from=10.0).engagement

    assert read_absence(resting, PostState.UNKNOWN, now=CREATED, policy=POLICY).engagement.next_refresh_at is None
    gone = read_absence(resting, PostState.DELETED, now=CREATED, policy=POLICY).engagement
    assert gone.next_refresh_at == CREATED + POLICY.gone_confirm
