"""One reading of one post's counts: the snapshot and the state that follow from it. Pure.

Invariant 7: a post is gone only when X said so, about that id, twice, with the time set for it in between; a passing
fault never counts as gone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.domain.engagement.tiers import Tier, next_refresh_at, tier_of
from shared.domain.models import PostMetrics, PostState

# An id about which X said nothing is asked for again after this.
UNKNOWN_RETRY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engagement:
    """What is known of a post's engagement.

    `gone_reports` counts X's words in a row that it is gone, those that came too soon after the first left out;
    `gone_first_at` is when the first of them came.
    """

    post_id: int
    created_at: datetime
    state: PostState = PostState.ALIVE
    tier: Tier = Tier.ULTRA_HOT
    velocity: float = 0.0
    metrics: PostMetrics | None = None
    read_at: datetime | None = None
    next_refresh_at: datetime | None = None
    gone_reports: int = 0
    gone_first_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The counts of a post at one moment, with what changed since the reading before (all zero for the first)."""

    post_id: int
    at: datetime
    metrics: PostMetrics
    deltas: PostMetrics
    velocity: float
    tier: Tier


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reading leads to: the new state, and a snapshot when there were counts."""

    engagement: Engagement
    snapshot: Snapshot | None


@dataclass(frozen=True, slots=True)
class RefreshPolicy:
    """The settings of refreshing."""

    time_scale: float = 1.0
    gone_confirm: timedelta = timedelta(hours=1)


def read_counts(before: Engagement, metrics: PostMetrics, *, now: datetime, policy: RefreshPolicy) -> Reading:
    """The post is alive and has these counts."""
    deltas = metrics.minus(before.metrics) if before.metrics else PostMetrics()
    velocity = _velocity(before, deltas, now)
    age = now - before.created_at
    rule = tier_of(age=age, velocity=velocity, time_scale=policy.time_scale)
    after = replace(
        before,
        state=PostState.ALIVE,
        tier=rule.tier,
        velocity=velocity,
        metrics=metrics,
        read_at=now,
        gone_reports=0,
        gone_first_at=None,
        next_refresh_at=next_refresh_at(rule, now=now, age=age, time_scale=policy.time_scale),
    )
    snapshot = Snapshot(
        post_id=before.post_id, at=now, metrics=metrics, deltas=deltas, velocity=velocity, tier=rule.tier
    )
    return Reading(after, snapshot)


def read_absence(before: Engagement, state: PostState, *, now: datetime, policy: RefreshPolicy) -> Reading:
    """X gave no counts for the id; `state` is why. Gone twice in a row: cold, with the reason, and never read again.

    A second word sooner than `gone_confirm` after the first is none: one fault of X can last for both. `read_at` stays:
    it says when the counts were read, and the next velocity is measured from there.
    """
    soon = now + UNKNOWN_RETRY * policy.time_scale
    if state is PostState.ALIVE:
        return Reading(replace(before, state=state, gone_reports=0, gone_first_at=None, next_refresh_at=soon), None)
    if not state.is_gone:
        return Reading(replace(before, next_refresh_at=soon), None)
    first_at = before.gone_first_at
    if before.state.is_gone or (first_at is not None and now - first_at >= policy.gone_confirm):
        reports = before.gone_reports + 1
        gone = replace(before, state=state, tier=Tier.COLD, velocity=0.0, gone_reports=reports, next_refresh_at=None)
        return Reading(gone, None)
    if first_at is None:
        once = replace(before, gone_reports=1, gone_first_at=now, next_refresh_at=now + policy.gone_confirm)
        return Reading(once, None)
    # Due by a clock that is ahead of X's, it may come too soon once more; not at once again.
    return Reading(replace(before, next_refresh_at=max(first_at + policy.gone_confirm, soon)), None)


def _velocity(before: Engagement, deltas: PostMetrics, now: datetime) -> float:
    """Acts per hour since the last reading; before there is one, 0. Never negative, though counts can fall."""
    if before.read_at is None or before.metrics is None:
        return 0.0
    hours = (now - before.read_at).total_seconds() / 3600
    return max(0.0, deltas.engagement / hours) if hours > 0 else before.velocity
