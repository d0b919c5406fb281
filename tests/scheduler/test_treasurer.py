"""The scheduler's look after the money, on real servers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from control import sources
from scheduler.planner import AUTHORS, LEDGER, QUOTES, REFRESH, USAGE, Planner, standing_schedules
from scheduler.treasurer import Treasurer, export_money, export_shares
from shared.domain.jobs import CheckUsage, LookUpAuthors, RefreshEngagement
from shared.domain.models import Post, WorkClass
from shared.domain.money.prices import PriceKind
from shared.domain.money.purchases import CallResult, Purchase, add_up
from shared.domain.money.usage import UsageCheck
from shared.domain.sources import Source, SourceKind, Terms
from shared.services.bootstrap import Services
from shared.spending.attribution import charged_to
from shared.stores.schedules import Schedule, Slot
from tests.workers.world import NOW, ScriptedX, page, post_id

POSTS = [post_id(3600, number) for number in range(20)]


def slot_of(services: Services, kind: str) -> Slot:
    """The present slot of a standing schedule."""
    schedule = next(one for one in standing_schedules(services, now=services.clock.now()) if one.kind == kind)
    return Slot(schedule, services.clock.now())


def spend(services: Services, x: ScriptedX, posts: int) -> None:
    """Buy posts."""
    x.script = lambda asked: page(*POSTS[:posts])
    services.x.lookup_posts(WorkClass.INTERACTIVE, post_ids=POSTS[:posts])


def gauge(name: str, **labels: str) -> float | None:
    """The value of a gauge."""
    return REGISTRY.get_sample_value(name, labels)


def test_a_round_copies_the_ledger_and_the_choice(services: Services, x: ScriptedX) -> None:
    """What was recorded is in MongoDB, and a choice that only MongoDB knows is with the limiter."""
    spend(services, x, 4)
    services.budget_choices.choose({"day_usd": 5.0}, {})

    Treasurer(services).run_once(services.clock.now())

    today = services.ledger.now().date()
    assert add_up(services.stores.ledger.between(today, today).values()).bought[PriceKind.POST] == 4
    limits = {budget.window.value: budget.limit for budget in services.limiter.state().budgets}
    assert limits["day_money"] == 5.0


def test_a_level_is_told_once(services: Services, x: ScriptedX, capsys: pytest.CaptureFixture[str]) -> None:
    """A budget that fills is logged when it changes its level, and not again; so is one that was raised."""
    treasurer = Treasurer(services)
    services.budget_choices.choose({"day_usd": 0.1}, {})
    treasurer.run_once(services.clock.now())
    quiet = capsys.readouterr().out
    spend(services, x, 17)
    treasurer.run_once(services.clock.now())
    first = capsys.readouterr().out
    treasurer.run_once(services.clock.now())
    second = capsys.readouterr().out
    services.budget_choices.choose({"day_usd": 1.0}, {})
    treasurer.run_once(services.clock.now())
    raised = capsys.readouterr().out

    assert "day_usd" not in quiet
    assert "day_usd" in first
    assert "state=warning" in first
    assert "day_usd" not in second
    assert "state=open" in raised


def test_the_gauges_of_money(services: Services, x: ScriptedX) -> None:
    """Spending by class, how full each budget is, the forecast, what was free, and X's own count."""
    services.budget_choices.choose({"day_usd": 0.4}, {})
    spend(services, x, 20)
    spend(services, x, 20)
    services.stores.authors.want([7], now=NOW)
    services.stores.ledger.keep_check(UsageCheck(day=NOW.date(), ours=90, theirs=100, checked_at=NOW))
    Treasurer(services).run_once(services.clock.now())

    export_money(services)

    assert gauge("covey_spent_usd", period="day", work_class="interactive") == pytest.approx(0.1)
    assert gauge("covey_spent_usd", period="month", work_class="search") == 0
    assert gauge("covey_budget_used_ratio", budget="day_usd") == pytest.approx(0.25)
    assert gauge("covey_budget_used_ratio", budget="month_usd") == 0
    assert (gauge("covey_forecast_usd", period="month") or 0) >= (gauge("covey_forecast_usd", period="day") or 0) >= 0.1
    assert gauge("covey_objects_today", kind="post", price="paid") == 20
    assert gauge("covey_objects_today", kind="post", price="free") == 20
    assert gauge("covey_authors_wanted") == 1
    assert gauge("covey_usage_difference_ratio") == pytest.approx(0.1)


def test_wanted_authors_are_sent_for_in_batches_of_a_hundred(services: Services) -> None:
    """Each is claimed once; a job that is lost is due again after the lease."""
    services.stores.authors.want(range(1, 251), now=services.clock.now())
    planner, slot = Planner(services), slot_of(services, AUTHORS)

    jobs = [job for job, _ in planner.plan(slot, services.clock.now())]

    assert all(isinstance(job, LookUpAuthors) for job in jobs)
    assert sorted(len(job.user_ids) for job in jobs if isinstance(job, LookUpAuthors)) == [50, 100, 100]
    assert len({job.subject for job in jobs}) == 3
    assert planner.plan(slot, services.clock.now()) == []


def test_xs_count_is_asked_for_once_a_day_after_midnight(services: Services) -> None:
    """The first slot lies a quarter of an hour after the next midnight UTC."""
    slot = slot_of(services, USAGE)
    due = slot.schedule.next_due_at

    assert (due.hour, due.minute, slot.schedule.interval.days) == (0, 15, 1)
    assert due > services.clock.now()
    assert [job for job, _ in Planner(services).plan(slot, due)] == [CheckUsage()]
    assert slot_of(services, LEDGER).schedule.interval.total_seconds() <= 5


def test_nothing_that_costs_money_is_planned_without_it(services: Services, x: ScriptedX) -> None:
    """Of a spent budget no search, no quotes and no author are planned; due posts only if they were paid for today."""
    treasurer, now = Treasurer(services), services.clock.now()
    planner = Planner(services, held_back=lambda: treasurer.held_back)
    stream = services.following.follow(["alice"], since=now, now=now)[0]
    paid, unpaid = (Post(id=one, text="", created_at=now, author_id=7) for one in POSTS[:2])
    services.stores.engagement.begin([paid], now=now)
    services.stores.engagement.begin([unpaid], now=now - timedelta(days=2))
    services.stores.authors.want([7], now=now)
    search = Slot(Schedule("search:s", "search", stream.id, timedelta(minutes=1), now, 0), now)

    def planned() -> list[str]:
        slots = [search, *(slot_of(services, kind) for kind in (QUOTES, AUTHORS, REFRESH))]
        jobs = [job for slot in slots for job, _ in planner.plan(slot, services.clock.now())]
        return [job.name + (f" {len(job.post_ids)}" if isinstance(job, RefreshEngagement) else "") for job in jobs]

    services.budget_choices.choose({"day_usd": 0.0}, {})
    treasurer.run_once(now)
    without = planned()
    services.budget_choices.choose({"day_usd": 5.0}, {})
    treasurer.run_once(now)

    assert without == ["refresh_engagement 1"]
    assert planned() == ["search_page", "look_up_authors", "refresh_engagement 1"]


def test_a_share_that_is_spent_is_told_once(
    make_services: Callable[..., Services], x: ScriptedX, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the source spent, and until when it rests; its gauge goes with its share."""
    services = make_services(x.url, budget_day_usd=1.0)
    source = Source(id="floods", name="f", kind=SourceKind.TERMS, terms=Terms(keywords=("flood",)), quota_share=0.1)
    sources.add(services, source)
    treasurer = Treasurer(services)
    treasurer.run_once(services.clock.now())
    quiet, before = capsys.readouterr().out, treasurer.shares
    with charged_to("floods"):
        spend(services, x, 20)
    treasurer.run_once(services.clock.now())
    first, after = capsys.readouterr().out, treasurer.shares
    treasurer.run_once(services.clock.now())

    assert "share of the money spent" not in quiet + capsys.readouterr().out
    assert "source=floods spent=0.1 until=" in first
    assert [(one.source, one.spent_micro_usd, one.is_spent) for one in before] == [("floods", 0, False)]
    assert [(one.source, one.spent_micro_usd, one.is_spent) for one in after] == [("floods", 100_000, True)]
    told = export_shares(services, set())
    assert (told, gauge("covey_share_used_ratio", source="floods")) == ({"floods"}, 1.0)
    sources.edit(services, "floods", lambda one: replace(one, quota_share=None))
    assert (export_shares(services, told), gauge("covey_share_used_ratio", source="floods")) == (set(), None)


def test_a_share_of_yesterday_is_not_known_today(make_services: Callable[..., Services], x: ScriptedX) -> None:
    """At midnight by X's clock nothing rests any more, before the next look."""
    services = make_services(x.url, budget_day_usd=1.0)
    source = Source(id="floods", name="f", kind=SourceKind.TERMS, terms=Terms(keywords=("flood",)), quota_share=0.1)
    sources.add(services, source)
    services.stores.shares.keep(services.ledger.now().date(), "of a test", {"floods": 100_000})
    treasurer = Treasurer(services)
    treasurer.run_once(services.clock.now())
    assert [one.is_spent for one in treasurer.shares] == [True]

    tomorrow = services.ledger.now() + timedelta(days=1)
    empty = {"endpoint": "search/recent", "credential_id": "app", "work_class": WorkClass.SEARCH}
    services.ledger.record(Purchase(result=CallResult.ANSWERED, at=tomorrow, **empty))

    assert treasurer.shares == []
    treasurer.run_once(services.clock.now())
    assert [one.is_spent for one in treasurer.shares] == [False]
