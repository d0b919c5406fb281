"""`rank_posts` and `place_posts`: a part of the plan of a day, counted, and given its dates; what readings teach.

A part that is done again comes to the same; one whose turn is over, or whose day, is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time

from shared.domain.engagement.next_reading import RETIRE_AGE, Chooser
from shared.domain.engagement.refresh import Engagement, Reading, tracked
from shared.domain.jobs import PlacePosts, RankPosts
from shared.domain.planning.day import Basis, Stage, due_at
from shared.domain.planning.fitting import LEAST_GAP_HOURS, learned_from
from shared.domain.planning.midnight import Purchases, cell_of
from shared.domain.planning.posts import Tracked, hours, moment
from shared.domain.planning.revivals import largest
from shared.domain.planning.tally import Tally
from shared.services.bootstrap import Services
from shared.stores.plan_posts import walk
from shared.stores.plans import Part


def rank_posts(services: Services, job: RankPosts) -> None:
    """Count a part's posts by what they are worth today."""
    plans, day = services.stores.plans, job.day
    plan, found = plans.get(day), plans.part(day, job.part)
    if plan is None or found is None or found[1] is not Stage.RANK or _is_over(services, day):
        return
    basis, worth, tally = plan.basis, plan.basis.worth, Tally()
    for posts in _posts(services, found[0], basis):
        for post in posts:
            tally.add(*cell_of(post, basis.at, worth, basis.span_days))
    plans.ranked(day, job.part, tally, at=basis.at)


def place_posts(services: Services, job: PlacePosts) -> None:
    """Date what the plan buys of a part's posts, and let the others wait for another day."""
    plans, day = services.stores.plans, job.day
    plan, found = plans.get(day), plans.part(day, job.part)
    if plan is None or plan.stage is not Stage.PLACE or found is None or found[1] is not Stage.PLACE:
        return
    if _is_over(services, day):
        return
    made, placed, quiet = plan.made, 0, list[tuple[float, int]]()
    for posts in _posts(services, found[0], plan.basis):
        due = _due(posts, plan.basis, made)
        others = [post for post in posts if post.post_id not in due]
        midnight = datetime.combine(day, time(), UTC)
        placed += services.stores.plan_posts.date(due, [post.post_id for post in others], today=midnight)
        quiet = largest([*quiet, *_quiet(others, plan.basis)], plan.basis.suspects)
    plans.placed(day, job.part, placed, at=plan.basis.at, quiet=quiet)


def learn(services: Services, states: Mapping[int, Engagement], readings: Sequence[Reading]) -> None:
    """What readings after a gap say of the planner's forecast, where it decides; of most pages nothing."""
    if services.refresh_policy.by is not Chooser.PLANNER:
        return
    told = [
        (tracked(states[one.engagement.post_id]), one.snapshot.metrics.engagement or 0, hours(one.at))
        for one in readings
        if one.snapshot is not None
    ]
    if any(before.read_at is not None and at - before.read_at >= LEAST_GAP_HOURS for before, _, at in told):
        plans = services.stores.plans
        plans.learn(learned_from(told, plans.learned()[1]))


def _due(posts: Sequence[Tracked], basis: Basis, made: Purchases) -> dict[int, datetime]:
    """When those that the plan buys are due."""
    worth, due = basis.worth, dict[int, datetime]()
    for post in posts:
        cell, _ = cell_of(post, basis.at, worth, basis.span_days)
        at = due_at(made.order.place(post.post_id, cell), basis, made)
        if at is not None:
            due[post.post_id] = moment(at)
    return due


def _quiet(posts: Sequence[Tracked], basis: Basis) -> Iterator[tuple[float, int]]:
    """Size and id of those that were not owned on the day before either: they could grow unseen."""
    return ((post.acts, post.post_id) for post in posts if (post.owned_day or 0) < basis.day - 1)


def _is_over(services: Services, day: date) -> bool:
    """Whether it is not X's present day: dates by a plan of another one would be bought beside today's."""
    return services.ledger.now().date() != day


def _posts(services: Services, part: Part, basis: Basis) -> Iterator[list[Tracked]]:
    """A part's posts that must be bought to be read, some at a time."""
    since = moment(basis.at) - RETIRE_AGE
    for posts in walk(services.stores.plan_posts, part.from_id, part.to_id, since=since):
        yield [post for post in posts if not post.is_owned(basis.at)]
