"""`covey budget` and `--dry-run` on real servers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from control import budget
from control.runs import begin_track
from control.track_costs import cost_of_track
from shared.domain.counts import PostMetrics
from shared.domain.errors import InputError
from shared.domain.models import Post, User, WorkClass
from shared.domain.money.prices import PriceKind
from shared.domain.money.purchases import CallResult, Purchase
from shared.runtime.clock import ManualClock
from shared.services.bootstrap import Services
from shared.spending.ledger import Ledger
from tests.control.conftest import Invoke, servers_of
from tests.workers.world import ScriptedX, page, post_id

Make = Callable[..., Services]
POSTS = [post_id(3600, number) for number in range(40)]


def buy(services: Services, *post_ids: int, days_ago: int = 0, **more: Any) -> None:
    """Note in the ledger that a call bought these posts; by default a search of today."""
    given: dict[str, Any] = {
        "endpoint": "search/recent",
        "credential_id": "app",
        "work_class": WorkClass.SEARCH,
        **more,
    }
    at = services.ledger.now() - timedelta(days=days_ago)
    ledger = Ledger(
        redis.Redis.from_url(services.settings.redis_url or ""),
        services.stores.ledger,
        prices=services.ledger.prices,
        clock=ManualClock(at),
    )
    posts = {PriceKind.POST: frozenset(post_ids)}
    ledger.record(Purchase(result=CallResult.ANSWERED, object_ids=posts, at=at, **given))
    ledger.copy()


def everything(services: Services) -> tuple[dict[str, list[dict[str, Any]]], dict[bytes, bytes | None]]:
    """All documents, and all keys of Redis with what they hold."""
    db, client = services.stores.db, redis.Redis.from_url(services.settings.redis_url or "")
    documents = {name: list(db[name].find().sort("_id", 1)) for name in db.list_collection_names()}
    keys = {key: client.dump(key) for key in client.scan_iter()}
    return {name: found for name, found in documents.items() if found}, keys


def answer(invoke: Invoke, *arguments: str) -> Any:
    """What a command says as JSON."""
    result = invoke(*arguments, "--json")
    assert result.exit_code == 0, result.exception
    return json.loads(result.stdout)


def test_without_limits_only_what_was_spent_is_known(services: Services, invoke: Invoke) -> None:
    """Money has no limit by default, the posts of a month that of X's plan; every figure is 0."""
    document = answer(invoke, "budget")

    assert {name: one["limit"] for name, one in document["budgets"].items()} == {
        "day_usd": None,
        "month_usd": None,
        "month_posts": 3_000_000,
        "month_requests": None,
    }
    assert document["credential_budgets"] == {}
    assert document["budgets"]["month_posts"]["set_by"] == "environment"
    assert document["budgets"]["day_usd"]["set_by"] == "none"
    assert (document["spent"]["day"]["usd"], document["forecast"]["month"]["usd"], document["usage"]) == (0, 0, None)
    assert set(document["wanted"]) == {one.value for one in WorkClass}


def test_what_x_billed_is_shown(services: Services, x: ScriptedX, invoke: Invoke) -> None:
    """A call's cost is in the day's and the month's sum under its class, a second reading is free."""
    x.script = lambda asked: page(*POSTS[:3])
    for _ in range(2):
        services.x.search(WorkClass.SEARCH, query="a", expand_authors=None)

    document = answer(invoke, "budget", "show")

    day = document["spent"]["day"]
    assert (day["usd"], day["posts"], day["posts_reread_for_free"], day["calls"]) == (0.015, 3, 3, 2)
    assert day["usd_by_class"]["search"] == document["spent"]["month"]["usd_by_class"]["search"] == 0.015
    assert document["budgets"]["day_usd"]["used"] == pytest.approx(0.015)
    assert document["forecast"]["day"]["usd"] >= 0.015
    for text in ("$0.015", "read again for free", "Forecast", "would like"):
        assert text in invoke("budget").stdout


def test_every_budget_that_holds_is_listed(make_services: Make, x: ScriptedX) -> None:
    """The requests of the month are, and what each credential may spend by itself, with what is used of both."""
    limits = {"budget_month_requests": 2, "credential_budget_day_usd": 0.5, "credential_budget_month_requests": 7}
    services = make_services(x.url, **limits)
    x.script = lambda asked: page(*POSTS[:20])
    for _ in range(2):
        services.x.search(WorkClass.INTERACTIVE, query="a", expand_authors=None)

    document = budget.show(services)

    requests = document["budgets"]["month_requests"]
    assert (requests["limit"], requests["used"], requests["stops"]) == (2, 2, "every call")
    [of_credential] = document["credential_budgets"].values()
    assert {name: (one["limit"], one["used"]) for name, one in of_credential.items()} == {
        "day_usd": (0.5, pytest.approx(0.1)),
        "month_requests": (7, 2),
    }


def test_the_budgets_of_a_credential_are_printed(
    make_services: Make, x: ScriptedX, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People see them in a table of their own, scripts in the JSON; without any there is neither."""
    without = invoke("budget").stdout
    monkeypatch.setenv("COVEY_CREDENTIAL_BUDGET_MONTH_REQUESTS", "7")
    services = make_services(x.url, credential_budget_month_requests=7)
    x.script = lambda asked: page(*POSTS[:20])
    services.x.search(WorkClass.INTERACTIVE, query="a", expand_authors=None)

    shown = " ".join(invoke("budget").stdout.split())

    assert "single credentials" not in without
    assert "budgets of single credentials" in shown
    [of_credential] = answer(invoke, "budget")["credential_budgets"].values()
    assert (of_credential["month_requests"]["limit"], of_credential["month_requests"]["used"]) == (7, 1)


def test_a_budget_is_set_and_unset_while_processes_run(
    services: Services, make_services: Make, x: ScriptedX, invoke: Invoke
) -> None:
    """What the command sets holds for the next call of processes that run; unset, the environment's holds again."""
    worker = make_services(x.url, budget_day_usd=7.0)
    x.script = lambda asked: page(*POSTS[:2])

    changed = answer(invoke, "budget", "set", "--day", "0.04", "--month", "none", "--share", "engagement=50%")
    during = budget.budgets_of(worker)
    with pytest.raises(Exception, match="day_money"):
        worker.x.search(WorkClass.INTERACTIVE, query="a", expand_authors=None)
    shares = answer(invoke, "budget")["shares"]
    answer(invoke, "budget", "unset", "day", "engagement")
    afterwards = budget.budgets_of(worker)

    assert changed["budgets"]["day_usd"]["limit"] == 0.04
    assert changed["budgets"]["day_usd"]["set_by"] == "person"
    assert (during["day_usd"]["limit"], during["month_usd"]["limit"]) == (0.04, None)
    assert shares == {"engagement": 0.5}
    assert (afterwards["day_usd"]["limit"], afterwards["day_usd"]["set_by"]) == (7.0, "environment")
    assert afterwards["month_usd"]["set_by"] == "person"
    assert worker.x.search(WorkClass.INTERACTIVE, query="a", expand_authors=None).posts


def test_a_budget_too_small_for_one_call_is_warned_of(services: Services, invoke: Invoke) -> None:
    """Where limit times share never holds the least call of a class, setting and showing say so; the budget is set."""
    result = invoke("budget", "set", "--day", "1", "--share", "quotes=4%")
    shown = answer(invoke, "budget")

    assert result.exit_code == 0
    said = " ".join(result.output.split())
    assert "quotes can buy nothing: its part of day_usd is $0.040, its least call takes $0.050" in said
    assert "search can buy" not in said
    quotes = {"budget": "day_usd", "work_class": "quotes", "part": 0.04, "least": 0.05}
    assert (shown["too_small"], shown["budgets"]["day_usd"]["limit"]) == ([quotes], 1.0)
    assert answer(invoke, "budget", "unset", "quotes")["too_small"] == []


@pytest.mark.parametrize(
    ("used", "level", "word"),
    [
        (15, "open", "75%"),
        (16, "warning", "80% of day_usd (warning)"),
        (19, "background_stopped", "background stopped"),
    ],
)
def test_a_filling_budget_is_told(
    services: Services, x: ScriptedX, invoke: Invoke, used: int, level: str, word: str
) -> None:
    """From 80 % on the status has a word for it; the level says what has stopped."""
    x.script = lambda asked: page(*POSTS[:used])
    budget.choose(services, {"day_usd": 0.1}, {})
    services.x.lookup_posts(WorkClass.INTERACTIVE, post_ids=POSTS[:used])

    assert budget.budgets_of(services)["day_usd"]["level"] == level
    assert word in " ".join(invoke("status").stdout.split())


def test_what_each_class_wants_is_the_planners_demand(services: Services, invoke: Invoke) -> None:
    """Posts that are due today and were not read today cost once; those that somebody waits for as well."""
    now = services.clock.now()
    posts = [Post(id=one, text="", created_at=now, metrics=PostMetrics()) for one in POSTS[:4]]
    services.stores.engagement.begin(posts[:3], now=now - timedelta(days=2))
    services.stores.engagement.begin(posts[3:], now=now)  # seen today: bought today
    services.stores.runs.begin("r", kind="refresh", subjects=[str(one) for one in POSTS[4:9]], now=now)
    buy(services, POSTS[4])

    wanted = answer(invoke, "budget")["wanted"]

    assert wanted["engagement"] == {"usd": 0.015, "basis": "3 posts due before midnight that were not read today"}
    assert wanted["interactive"] == {"usd": 0.02, "basis": "4 posts somebody waits for"}


def test_a_dry_run_of_track_changes_nothing(services: Services, invoke: Invoke) -> None:
    """It names who would be followed, what that costs, and what it assumes; no document and no key changes."""
    services.following.follow(["already"], since=services.clock.now(), now=services.clock.now())
    services.stores.handles.learn([User(id=7, username="already")], now=services.clock.now())
    before = everything(services)

    estimate = answer(invoke, "track", "nasa", "esa", "already", "--since", "1d", "--dry-run")

    assert everything(services) == before
    assert (estimate["dry_run"], estimate["would_add"], estimate["already"]) == (True, ["nasa", "esa"], ["already"])
    assert estimate["assumptions"]["posts_a_day"]["basis"].startswith("assumed")
    a_day = 2 * 50 * (0.005 + 0.5 * 0.010)
    assert estimate["first_day_usd"] == pytest.approx(a_day)
    assert estimate["read_back"] == ["already"]
    assert estimate["once_usd"] == pytest.approx(a_day * 3 / 2 + 2 * 0.010)
    assert estimate["later_day_usd"] == pytest.approx(a_day + 30 * 2 * 50 * 0.005 + 2 * 0.010)
    assert (estimate["fits"], estimate["left"]) == (True, {"day_usd": None, "month_usd": None})
    assert "Nothing was done." in " ".join(invoke("track", "nasa", "--dry-run").stdout.split())


def test_x_is_asked_how_much_there_is(services: Services, x: ScriptedX) -> None:
    """With its count the history is no guess; it costs one request a search, and nothing is asked without a history."""
    day = {"start": "2026-11-20T00:00:00.000Z", "end": "2026-11-21T00:00:00.000Z"}
    steps = [day | {"tweet_count": count} for count in (300, 20)]
    x.script = lambda asked: (200, {"data": steps, "meta": {"total_tweet_count": 320}})

    counted = cost_of_track(services, ["nasa"], since=timedelta(days=1), count=True)
    without = cost_of_track(services, ["nasa"], since=timedelta(0), count=True)

    assert (counted.history, counted.estimate.run) == (320, 320 * (5_000 + 5_000) + 10_000)
    assert (without.history, len(x.asked)) == (None, 1)
    assert "from:nasa" in x.asked[0].params["query"]
    run_id = begin_track(services, ["nasa"], since=timedelta(days=1), now=services.clock.now(), count=True)
    run = services.stores.runs.get(run_id or "") or {}
    assert run["estimate_micro_usd"] == counted.estimate.run + 5_000
    assert run["cost"]["counts_requests"] == 1


def test_a_dry_run_uses_what_was_measured(services: Services, invoke: Invoke) -> None:
    """Whole days in the ledger give the rates; the day that may not have been whole is left out."""
    services.following.follow(["already"], since=services.clock.now(), now=services.clock.now())
    for days_ago, count in ((3, 5), (2, 10), (1, 30)):
        buy(services, *POSTS[:count], days_ago=days_ago)

    posts_a_day = answer(invoke, "track", "nasa", "--dry-run")["assumptions"]["posts_a_day"]

    assert posts_a_day == {"value": 20.0, "basis": "measured over 2 days and 1 accounts"}


def test_a_dry_run_of_refresh_knows_what_was_bought_today(services: Services, invoke: Invoke) -> None:
    """Posts bought today are free, authors of unknown ones are not; it is compared with the budget; nothing changes."""
    buy(services, *POSTS[:10])
    known = [Post(id=one, text="", created_at=services.clock.now()) for one in POSTS[:10]]
    services.stores.engagement.begin(known, now=services.clock.now())
    budget.choose(services, {"day_usd": 0.1}, {})
    before = everything(services)

    estimate = answer(invoke, "refresh", *map(str, POSTS[:40]), "--dry-run")

    assert everything(services) == before
    assert estimate == {
        "dry_run": True,
        "posts": 40,
        "stored": 0,
        "unknown": 30,
        "billed": 30,
        "bought_today": 10,
        "calls": 1,
        "usd": 0.3,
        "left": {"day_usd": 0.1, "month_usd": None},
        "fits": False,
    }


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["budget", "set"], "--day"),
        (["budget", "set", "--day", "five"], "'five'"),
        (["budget", "set", "--day", "-1"], "'-1'"),
        (["budget", "set", "--month-posts", "1.5"], "'1.5'"),
        (["budget", "set", "--day", "1", "--share", "refreshes=0.5"], "refreshes=0.5"),
        (["budget", "set", "--share", "search=0"], "search=0"),
        (["budget", "unset", "week"], "week"),
    ],
)
def test_what_is_no_budget_is_named_and_nothing_is_done(
    services: Services, invoke: Invoke, arguments: list[str], named: str
) -> None:
    """One error that names the value; what was chosen before stays."""
    result = invoke(*arguments)

    assert isinstance(result.exception, InputError)
    assert named in str(result.exception)
    assert services.budget_choices.load().limits == {}


def test_the_command_is_a_process(services: Services, tmp_path: Path) -> None:
    """As a process of its own: JSON on standard output, one line on standard error for a wrong value."""

    def covey(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "control.cli", "budget", *arguments],
            env={"PYTHONPATH": str(Path(__file__).parents[2]), "COVEY_DATA_DIR": str(tmp_path), **servers_of(services)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )

    good, bad = covey("set", "--month-posts", "5000", "--json"), covey("set", "--day", "much")

    assert json.loads(good.stdout)["budgets"]["month_posts"]["limit"] == 5_000
    assert (bad.returncode, bad.stdout, bad.stderr.count("\n")) == (2, "", 1)
    assert "'much'" in bad.stderr
