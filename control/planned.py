"""What the planner has decided, and why: of the day, for `covey budget`, and of one post, for `covey explain`.

Money is in US dollars in what is answered, growth in acts of people. It asks X nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from shared.domain.days import midnight
from shared.domain.engagement.next_reading import RETIRE_AGE, Chooser
from shared.domain.engagement.refresh import Engagement, tracked
from shared.domain.engagement.selection import NEVER
from shared.domain.errors import InputError
from shared.domain.models import PostState
from shared.domain.money.prices import MICRO, PriceKind
from shared.domain.planning.cadence import last_reading_at
from shared.domain.planning.cut import acts_within
from shared.domain.planning.day import Stage, due_at
from shared.domain.planning.estimates import Estimate, calibration, estimate
from shared.domain.planning.midnight import cell_of
from shared.domain.planning.posts import HOURS_A_DAY, Tracked, day_of, hours, moment
from shared.domain.planning.sizes import grown_share
from shared.services.bootstrap import Services
from shared.stores.bundle import Stores
from shared.stores.plans import Plan

MORE: Final = 0.1  # of the money, in "what a tenth more would buy"


class Next(NamedTuple):
    """at: when a post is read next; None: not known, or never. why: in words. place: in the order of the day, of how
    many, of which so many are bought; None where no plan says so.
    """

    at: datetime | None
    why: str
    place: dict[str, Any] | None = None


def today(services: Services) -> dict[str, Any] | None:
    """The plan of X's present day: what it buys, what that is worth, what the last dollar and a tenth more would buy.

    None where the tiers decide, or there is no plan yet. held: the part of the growth that unread posts would be short
    of on the mean of the day which the bought ones cover.
    """
    plan = _plan(services)
    if plan is None:
        return None
    money, made = plan.basis.money, plan.made
    price = services.ledger.prices.micro[PriceKind.POST] / MICRO
    whole = acts_within(plan.tally, made.order, 0, plan.tally.total)
    bought = min(money.whole, plan.tally.total)

    def worth(first: float, last: float) -> dict[str, Any]:
        first, last = max(0.0, first), min(last, plan.tally.total)
        posts = max(0, round(last - first))
        return {
            "posts": posts,
            "usd": round(posts * price, 3),
            "acts": round(acts_within(plan.tally, made.order, first, last), 1),
        }

    a_dollar = 1 / price if price else 0
    return {
        "day": plan.day.isoformat(),
        "stage": plan.stage.value,
        "model": plan.basis.model.source,
        "followed": plan.basis.followed,
        "to_choose_from": plan.tally.total,
        "buys": worth(0, bought),
        "held": round(acts_within(plan.tally, made.order, 0, bought) / whole, 4) if whole else 1.0,
        "last_dollar": worth(bought - a_dollar, bought),
        "a_tenth_more": worth(bought, bought * (1 + MORE)),
        "guarded": made.must,
        "late": made.late,
        "span_days": plan.basis.span_days,
        "group_tests": _group_tests(services, plan),
    }


def _group_tests(services: Services, plan: Plan) -> dict[str, Any] | None:
    """What the group tests of the plan asked for and found, and what they may spend with the posts they find; None
    where it leaves them no money.
    """
    if not plan.basis.tests:
        return None
    told, prices = services.stores.group_tests.told(plan.day), services.ledger.prices.micro
    requests = told.requests if told else 0
    return {
        "requests": requests,
        "usd": round(requests * prices[PriceKind.COUNTS_REQUEST] / MICRO, 3),
        "most_usd": round(plan.basis.tests * prices[PriceKind.POST] / MICRO, 3),
        "found": len(told.found) if told else 0,
        "is_done": told is not None and told.is_done,
    }


def unplanned(services: Services) -> timedelta:
    """For how long today's plan should have been made by now and is not; nothing where it is, or the tiers decide."""
    if services.refresh_policy.by is not Chooser.PLANNER:
        return timedelta(0)
    now = services.ledger.now()
    last = services.stores.plans.last()
    if last is None or (last.day == now.date() and last.stage is Stage.DONE):
        return timedelta(0)
    return now - (moment(last.basis.at) if last.day == now.date() else midnight(now))


def of_post(services: Services, post_id: int) -> dict[str, Any]:
    """When and why a post is next read, what that costs, and what the model expects. Raises InputError."""
    state = services.stores.engagement.get(post_id)
    if state is None:
        raise InputError(f"the engagement of post {post_id} is not followed: covey trace {post_id} says why")
    now = services.ledger.now()
    learned, model, _ = services.stores.plans.learned()
    post, at = tracked(state), hours(now)
    midnight = float((day_of(at) + 1) * HOURS_A_DAY)
    told = estimate(post, at, model, calibration(learned))
    following = _next(services, state, now)
    is_free = post.is_owned(at if following.at is None else hours(following.at))
    return {
        "id": str(post_id),
        "by": services.refresh_policy.by.value,
        "state": state.state.value,
        "tier": state.tier.value,
        "velocity": round(state.velocity, 1),
        "acts": post.acts,
        "read_at": state.read_at,
        "next_reading_at": following.at,
        "why": following.why,
        "usd": 0.0 if is_free else services.ledger.prices.micro[PriceKind.POST] / MICRO,
        "place": following.place,
        "estimate": _rounded(told),
        "grows": {
            "until_midnight": _grows(model.size(post), post, at, midnight),
            "in_a_day_more": _grows(model.size(post), post, at, midnight + HOURS_A_DAY),
        },
        "model": model.source,
    }


def estimate_now(stores: Stores, post_id: int, now: datetime) -> dict[str, Any] | None:
    """The acts that a post probably has by now, and between which bounds; None where it was never read, or is gone."""
    state = stores.engagement.get(post_id)
    if state is None or state.read_at is None or state.state is not PostState.ALIVE:
        return None
    learned, model, _ = stores.plans.learned()
    return {"at": now, **_rounded(estimate(tracked(state), hours(now), model, calibration(learned)))}


def why_next(services: Services, state: Engagement) -> tuple[datetime | None, str]:
    """When the post is next read, None where it is not known or never, and why then."""
    found = _next(services, state, services.ledger.now())
    return found.at, found.why


def _rounded(told: Estimate) -> dict[str, Any]:
    return {"acts": round(told.value, 1), "low": round(told.low, 1), "high": round(told.high, 1), "model": told.source}


def _grows(size: float, post: Tracked, at: float, until: float) -> float:
    """The acts that are expected from now until then."""
    if post.is_gone:
        return 0.0
    return round(size * (grown_share(post, until) - grown_share(post, at)), 2)


def _next(services: Services, state: Engagement, now: datetime) -> Next:
    due = state.next_refresh_at
    if state.state is not PostState.ALIVE and due is None:
        return Next(None, f"never: it is {state.state}")
    if state.follow_from is not None:
        return Next(None, f"none: {_left_out(state.follow_from)}")
    if state.gone_reports:
        return Next(due, "X said once that it is gone, to be confirmed")
    if services.refresh_policy.by is Chooser.PLANNER:
        return _planned(services, state, now)
    return Next(due, "never: it is cold and old" if due is None else f"the interval of tier {state.tier}")


def _left_out(follow_from: float) -> str:
    """Why the engagement of a post is not followed."""
    if follow_from == NEVER:
        return "no source that it concerns asks for its engagement (covey sources show ID: refresh)"
    return f"its sources ask for its engagement from {follow_from:.0f} acts on (covey sources show ID: refresh)"


def _planned(services: Services, state: Engagement, now: datetime) -> Next:
    """By the planner."""
    post, at, due = tracked(state), hours(now), state.next_refresh_at
    told = services.stores.group_tests.told(now.date())
    is_found = told is not None and state.post_id in told.found
    if post.is_owned(at):
        if due is None:
            return Next(None, "it was read for the last time today: the plan of tomorrow says whether it is bought")
        last = " for the last time" if hours(due) >= last_reading_at(at) else ""
        because = ", because a group test says that it may grow again" if is_found else ""
        return Next(due, f"it was paid for today{because}: read again{last} for nothing")
    if state.read_at is None:
        return Next(due, "it came without counts: it is bought at once")
    if now - state.created_at > RETIRE_AGE:
        return Next(None, f"never: it is older than {RETIRE_AGE.days} days")
    if is_found and due is not None:
        return Next(due, "a group test says that it may grow again: it is bought at once")
    plan = _plan(services)
    if plan is None or plan.stage is Stage.RANK:
        return Next(None, "the plan of today is not made yet")
    return _placed(plan, post, due)


def _placed(plan: Plan, post: Tracked, due: datetime | None) -> Next:
    """By the place that a plan has for it."""
    cell, _ = cell_of(post, plan.basis.at, plan.basis.worth, plan.basis.span_days)
    made = plan.made
    found = made.order.place(post.post_id, cell)
    if found is None:
        return Next(due, "it came after the plan of today was made")
    place = {"number": int(found) + 1, "of": plan.tally.total, "buys": plan.basis.money.whole}
    words = f"it is number {place['number']} of {place['of']}, of which today's money buys {place['buys']}"
    if due_at(found, plan.basis, made) is None:
        return Next(None, f"not today: {words}", place)
    return Next(due, words, place)


def _plan(services: Services) -> Plan | None:
    if services.refresh_policy.by is not Chooser.PLANNER:
        return None
    return services.stores.plans.get(services.ledger.now().date())
