"""One reading of one post's counts: the snapshot and the state that follow from it. Pure.

Invariant 7: a post is gone only when X said so, about that id, twice, with the time set for it in between; a passing
fault never counts as gone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain.engagement.next_reading import Counted, Gone, RefreshPolicy, ReportedGone, Silent, next_reading_at
from shared.domain.engagement.tiers import Tier, tier_of
from shared.domain.models import PostMetrics, PostState


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
        next_refresh_at=next_reading_at(Counted(rule, age), now=now, policy=policy),
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
    if not state.is_gone:
        silent = replace(before, next_refresh_at=next_reading_at(Silent(), now=now, policy=policy))
        if state is PostState.ALIVE:
            silent = replace(silent, state=state, gone_reports=0, gone_first_at=None)
        return Reading(silent, None)
    first_at = before.gone_first_at
    if before.state.is_gone or (first_at is not None and now - first_at >= policy.gone_confirm):
        at = next_reading_at(Gone(), now=now, policy=policy)
        reports = before.gone_reports + 1
        gone = replace(before, state=state, tier=Tier.COLD, velocity=0.0, gone_reports=reports, next_refresh_at=at)
        return Reading(gone, None)
    at = next_reading_at(ReportedGone(first_at or now), now=now, policy=policy)
    if first_at is None:
        return Reading(replace(before, gone_reports=1, gone_first_at=now, next_refresh_at=at), None)
    return Reading(replace(before, next_refresh_at=at), None)


def _velocity(before: Engagement, deltas: PostMetrics, now: datetime) -> float:
    """Acts per hour since the last reading; before there is one, 0. Never negative, though counts can fall."""
    if before.read_at is None or before.metrics is None:
        return 0.0
    hours = (now - before.read_at).total_seconds() / 3600
    return max(0.0, deltas.engagement / hours) if hours > 0 else before.velocity
