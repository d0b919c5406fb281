"""Makes the plan of each UTC day, where the planner decides what is read again; see `shared.domain.planning.day`.

    no plan --begin--> rank, part by part --sum--> place, part by part --> done

The parts are jobs, so they are shared by all workers; those that are lost are sent again at the next look. Nothing here
grows with the number of posts but the number of parts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from scheduler.searches import Outgoing
from shared.domain import snowflake
from shared.domain.days import midnight
from shared.domain.engagement.next_reading import RETIRE_AGE, Chooser
from shared.domain.jobs import FindRevivals, PlacePosts, RankPosts
from shared.domain.planning.day import Basis, Money, Stage
from shared.domain.planning.fitting import FADING
from shared.domain.planning.midnight import typical_count
from shared.domain.planning.posts import Tracked, hours
from shared.domain.planning.reserve import WEEK
from shared.domain.planning.revivals import money_for
from shared.domain.planning.sizes import Model
from shared.domain.planning.tally import summed
from shared.runtime.log import get_logger
from shared.services.allowance import bought_today, budgets_today, may_plan, money_today
from shared.services.bootstrap import Services
from shared.stores.plan_posts import edges
from shared.stores.plans import Part, Plan

log = get_logger(__name__)
SAMPLE = 2_000
LEFT, GIVEN_BACK = "plan_left", 10_000
POSTS_A_PART, MOST_PARTS = 50_000, 256
# Quiet posts that group tests know, of all parts: 180 kB of a document.
SUSPECTS = 4_000


class DayPlan:
    """The plan of the present day of X."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._plans = services.stores.plans
        self._has_come_back = False  # settings stay as they are while a process runs

    def due(self, now: datetime) -> Outgoing:
        """The jobs of the parts that are open, and once the plan is done of its group tests; none where the tiers
        decide.
        """
        if self._services.refresh_policy.by is not Chooser.PLANNER:
            self._leave(now)
            return []
        day = self._services.ledger.now().date()
        self._come_back(day)
        self._heed_budgets(day)
        stage = self._plans.stage(day)
        if stage is None:
            if not may_plan(self._services):
                return []
            stage = self._begin(day, now)
        while stage is not Stage.DONE:
            if parts := self._plans.open_parts(day, stage):
                make: Callable[..., RankPosts | PlacePosts] = RankPosts if stage is Stage.RANK else PlacePosts
                return [(make(day=day, part=number), None) for number in parts]
            stage = self._next(day, stage, now)
        return [(FindRevivals(day=day), None)] if self._has_tests(day) else []

    def _has_tests(self, day: date) -> bool:
        """Whether group tests of that day are under way, or to be begun."""
        if not self._services.settings.plan_group_tests:
            return False
        told = self._services.stores.group_tests.told(day)
        return self._plans.tests(day) > 0 if told is None else not told.is_done

    def _forget(self, day: date) -> None:
        """The plan of that day; its group tests end, and are not begun again."""
        self._services.stores.group_tests.end(day)
        self._plans.forget(day)

    def _leave(self, now: datetime) -> None:
        """Where the planner decided before: what waited for a plan is read by the tiers again, some posts at a look."""
        state, plan = self._services.stores.state, self._plans.last()
        if plan is None:
            return
        since, left = now - RETIRE_AGE, state.get(LEFT) or {}
        has_begun = left.get("plan") == plan.day.isoformat()
        if has_begun and left["after"] is None:
            return
        after = left["after"] if has_begun else str(snowflake.first_id_at(since))
        through = self._services.stores.plan_posts.give_back(after, since=since, limit=GIVEN_BACK)
        state.set(LEFT, {"plan": plan.day.isoformat(), "after": through})

    def _come_back(self, day: date) -> None:
        """Where the tiers decided since the last plan: what that plan says of today is not so any more."""
        if self._has_come_back:
            return
        state = self._services.stores.state
        if left := state.get(LEFT):
            if left["plan"] == day.isoformat():
                self._forget(day)
            state.set(LEFT, None)
        self._has_come_back = True

    def _heed_budgets(self, day: date) -> None:
        """A plan that was begun with other budgets is of no use: for the rest of the day another one is made."""
        begun_with = self._plans.budgets(day)
        if begun_with and begun_with != budgets_today(self._services):
            log.info("budgets changed: the plan of the day is made anew", day=day.isoformat())
            self._forget(day)

    def _next(self, day: date, stage: Stage, now: datetime) -> Stage:
        """On to the next stage, for all parts have been through this one."""
        if stage is Stage.RANK:
            if self._plans.complete(day):
                return Stage.RANK
            self._plans.place(day, summed(self._plans.tallies(day)))
            return Stage.PLACE
        x_now = self._services.ledger.now()
        today = midnight(x_now)
        self._services.stores.plan_posts.let_rest(before=x_now - RETIRE_AGE, today=today)
        self._plans.done(day, now=now)
        if plan := self._plans.get(day):
            _tell(plan)
        return Stage.DONE

    def _begin(self, day: date, now: datetime) -> Stage:
        """From a sample of the posts: how many there are, what is typical, and where parts of the same size end."""
        services, x_now = self._services, self._services.ledger.now()
        services.limiter.choose_budgets(services.budget_choices.load())  # it tells what is left of them
        since = x_now - RETIRE_AGE
        sample, followed = services.stores.plan_posts.sample(SAMPLE, since=since)
        parts, money = (
            _parts(str(snowflake.first_id_at(since)), sample, followed),
            money_today(services, followed=followed),
        )
        tests = self._for_tests(day, money, followed)
        basis = Basis(
            at=hours(x_now),
            money=money.less(tests),
            followed=followed,
            typical_count=typical_count(sample),
            model=self._model(day),
            span_days=services.settings.plan_span_days,
            budgets=budgets_today(services),
            already=bought_today(services),
            tests=tests,
            suspects=math.ceil(SUSPECTS / len(parts)) if tests else 0,
        )
        self._plans.begin(day, basis, parts, now=now)
        log.info("plan begun", day=day.isoformat(), posts=followed, buys=basis.money.whole, model=basis.model.source)
        return Stage.RANK

    def _for_tests(self, day: date, money: Money, followed: int) -> int:
        """What of the money is left to group tests, in posts; none where they are off, do not pay, or were made."""
        if not self._services.settings.plan_group_tests or self._services.stores.group_tests.told(day):
            return 0
        return min(money_for(money.whole, followed), money.now - money.kept)

    def _model(self, day: date) -> Model:
        """The one that was fitted last; once a week it is fitted again, and what was learned counts half from then."""
        learned, model, fitted_on = self._plans.learned()
        if fitted_on is not None and day - fitted_on < timedelta(days=WEEK):
            return model
        if fitted_on is not None:
            model = learned.model()
        self._plans.fitted(day, model, 1.0 if fitted_on is None else FADING)
        return model


def _parts(from_id: str, sample: Sequence[Tracked], followed: int) -> list[Part]:
    """Of about the same size; the last one takes what comes meanwhile."""
    wanted = min(MOST_PARTS, math.ceil(max(1, followed) / POSTS_A_PART))
    starts = [from_id, *edges([str(post.post_id) for post in sample], wanted)]
    return [Part(number, *ends) for number, ends in enumerate(zip(starts, [*starts[1:], None], strict=True))]


def _tell(plan: Plan) -> None:
    """What became of it."""
    made = plan.made
    log.info("plan of the day", day=plan.day.isoformat(), posts=plan.tally.total, dated=plan.placed, late=made.late)
    if made.late:
        log.warning("not all posts can be read in their span", late=made.late, span_days=plan.basis.span_days)
