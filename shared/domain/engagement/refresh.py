"""One reading of one post's counts: the snapshot and the state that follow from it. Pure.

A reading is told by X's time of the answer. One that is older than what is known, as a late worker brings it, is a
snapshot and changes nothing else. A count that X left out stays as it was known. A reading that says all that is
known again extends the last snapshot: most posts stand still.

Velocity is measured over at least `MIN_SPAN`: one like in five seconds is no 720 an hour. Until so much time has passed
since its base it stays what it was, and the base stays where it is, so that nothing that grew meanwhile is left out.

When a post is gone, `shared.domain.states` says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.domain.counts import PostMetrics
from shared.domain.engagement.next_reading import (
    Chooser,
    Counted,
    Found,
    Gone,
    NotFollowed,
    Occasion,
    RefreshPolicy,
    ReportedGone,
    Silent,
    next_reading_at,
)
from shared.domain.engagement.selection import AT_ONCE, left_out
from shared.domain.engagement.tiers import Tier, tier_of
from shared.domain.models import Post, PostState
from shared.domain.planning.growth import left
from shared.domain.planning.posts import Tracked, day_of, hours, read
from shared.domain.states import By, Known, Word, hear

# Posts are found and read seconds apart by search, quotes and people; below two minutes chance is most of a velocity.
MIN_SPAN = timedelta(minutes=2)
_NO_DELTAS = PostMetrics()


@dataclass(frozen=True, slots=True, kw_only=True)
class Engagement:
    """What is known of a post's engagement.

    `metrics` are the last counts known, each for itself, and `read_at` is when X told the last of them. `velocity` was
    measured from the counts `base` of `base_at` on. The last snapshot is of `changed_at`. `rate` and `usual` are what
    the planner remembers of its growth, as `planning.posts` says. `gone_reports` counts X's
    words in a row that it is gone, those that came too soon after the first left out; `gone_first_at` is when the first
    of them came. `follow_from` is the engagement from which on it will be followed; None: it is.
    """

    post_id: int
    created_at: datetime
    state: PostState = PostState.ALIVE
    tier: Tier = Tier.ULTRA_HOT
    velocity: float = 0.0
    metrics: PostMetrics | None = None
    read_at: datetime | None = None
    base: PostMetrics | None = None
    base_at: datetime | None = None
    changed_at: datetime | None = None
    rate: float = 0.0
    usual: float = 0.0
    next_refresh_at: datetime | None = None
    gone_reports: int = 0
    gone_first_at: datetime | None = None
    follow_from: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The counts that X told of a post at one moment, and what changed since the reading before, where both told it.

    Counts can fall: X takes back the likes of bots, and people theirs.
    """

    post_id: int
    at: datetime
    metrics: PostMetrics
    deltas: PostMetrics
    velocity: float
    tier: Tier

    @property
    def fallen(self) -> tuple[str, ...]:
        """The names of the counts that fell."""
        return self.deltas.fallen


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reading at that time leads to: the new state, and a snapshot when there were counts.

    is_unchanged: the snapshot says what the last one says; that one can be extended in its place.
    """

    at: datetime
    engagement: Engagement
    snapshot: Snapshot | None
    is_unchanged: bool = False


def first_seen(
    post: Post, *, now: datetime, at: datetime, policy: RefreshPolicy, follow_from: float = AT_ONCE
) -> Reading:
    """The post begins to be followed. The counts it came with, told at `at`, were paid for: they are its first reading;
    without any it is due now. follow_from: the engagement below which it is only kept.
    """
    lacks = left_out(follow_from, post.metrics)
    if post.metrics is None:
        due_at = next_reading_at(Found() if lacks is None else NotFollowed(), now=now)
        known = Engagement(post_id=post.id, created_at=post.created_at, next_refresh_at=due_at, follow_from=lacks)
        return Reading(at, known, None)
    # What read_counts makes of a post of which nothing is known, in one step: a page has a hundred of them.
    age = at - post.created_at
    rule = tier_of(age=age, velocity=0.0, time_scale=policy.time_scale)
    grown = read(Tracked(post.id, hours(post.created_at)), post.metrics.engagement or 0, hours(at))
    counted = Engagement(
        post_id=post.id,
        created_at=post.created_at,
        tier=rule.tier,
        metrics=post.metrics,
        read_at=at,
        base=post.metrics,
        base_at=at,
        changed_at=at,
        rate=grown.rate,
        usual=grown.usual,
        # What is told of another day, as by an import, is not owned: it waits for a plan.
        next_refresh_at=next_reading_at(
            _or_not(Counted(rule, age, grown), lacks),
            now=at if policy.by is Chooser.TIERS else max(now, at),
            policy=policy,
        ),
        follow_from=lacks,
    )
    return Reading(at, counted, _snapshot(counted, post.metrics, _NO_DELTAS, at))


def read_counts(before: Engagement, metrics: PostMetrics, *, now: datetime, policy: RefreshPolicy) -> Reading:
    """The post is alive and has these counts. The same counts of the same moment again are no second snapshot."""
    if before.read_at is not None and now < before.read_at:
        return Reading(now, before, _snapshot(before, metrics, PostMetrics(), now))
    deltas = metrics.minus(before.metrics) if before.metrics else _NO_DELTAS
    measured = _measured(before, metrics, deltas, now, MIN_SPAN * policy.time_scale)
    age = now - before.created_at
    rule = tier_of(age=age, velocity=measured[0], time_scale=policy.time_scale)
    known = metrics.or_else(before.metrics)
    grown = read(tracked(before), known.engagement or 0, hours(now))
    lacks = left_out(before.follow_from or AT_ONCE, known)
    is_unchanged = metrics == before.metrics and before.changed_at is not None
    after = replace(
        before,
        state=PostState.ALIVE,
        tier=rule.tier,
        velocity=measured[0],
        base=measured[1],
        base_at=measured[2],
        metrics=known,
        read_at=now,
        changed_at=before.changed_at if is_unchanged else now,
        rate=grown.rate,
        usual=grown.usual,
        gone_reports=0,
        gone_first_at=None,
        next_refresh_at=next_reading_at(_or_not(Counted(rule, age, grown), lacks), now=now, policy=policy),
        follow_from=lacks,
    )
    is_known = before.read_at == now and before.metrics == known
    return Reading(now, after, None if is_known else _snapshot(after, metrics, deltas, now), is_unchanged)


def read_absence(before: Engagement, state: PostState, *, now: datetime, policy: RefreshPolicy) -> Reading:
    """X gave no counts for the id; `state` is why. Gone, by two words: cold, with the reason, and never read again.

    `read_at` stays: it says when the counts were read, and the next velocity is measured from there.
    """
    known = Known(before.state, before.gone_reports, before.gone_first_at)
    heard = hear(known, Word(state, now, By.LOOKUP), confirm=policy.gone_confirm)
    after = replace(before, state=heard.state, gone_reports=heard.reports, gone_first_at=heard.first_at)
    if not state.is_gone:
        at = next_reading_at(_or_not(Silent(), before.follow_from), now=now, policy=policy)
    elif heard.state.is_gone:
        at = next_reading_at(Gone(), now=now, policy=policy)
        after = replace(after, tier=Tier.COLD, velocity=0.0)
    else:
        at = next_reading_at(ReportedGone(heard.first_at or now), now=now, policy=policy)
    return Reading(now, replace(after, next_refresh_at=at), None)


def tracked(state: Engagement) -> Tracked:
    """The post as the planner remembers it, as of its last reading."""
    born_at = hours(state.created_at)
    if state.read_at is None:
        return Tracked(state.post_id, born_at, is_gone=state.state.is_gone)
    read_at = hours(state.read_at)
    return Tracked(
        post_id=state.post_id,
        born_at=born_at,
        acts=(state.metrics and state.metrics.engagement) or 0,
        read_at=read_at,
        owned_day=day_of(read_at),
        rate=state.rate,
        usual=state.usual,
        to_come=left(read_at - born_at),
        is_gone=state.state.is_gone,
    )


def _measured(
    before: Engagement, metrics: PostMetrics, deltas: PostMetrics, now: datetime, min_span: timedelta
) -> tuple[float, PostMetrics, datetime]:
    """Acts per hour since the base, of the counts that both readings told, never negative; and the base from now on,
    with its time. deltas: since the counts that are known, which most often are the base.
    """
    if before.base_at is None or before.base is None:
        return 0.0, metrics, now
    span = now - before.base_at
    if span < min_span:
        return before.velocity, before.base.or_else(metrics), before.base_at
    grown = deltas if before.base == before.metrics else metrics.minus(before.base)
    acts = grown.engagement
    velocity = before.velocity if acts is None else max(0.0, acts / (span / timedelta(hours=1)))
    return velocity, metrics, now


def _or_not(occasion: Occasion, lacks: float | None) -> Occasion:
    """What follows from a reading of a post that lacks so much to be followed; None: it is."""
    return occasion if lacks is None else NotFollowed()


def _snapshot(state: Engagement, metrics: PostMetrics, deltas: PostMetrics, now: datetime) -> Snapshot:
    return Snapshot(
        post_id=state.post_id, at=now, metrics=metrics, deltas=deltas, velocity=state.velocity, tier=state.tier
    )
