"""Which way X is asked for an account, told from what real servers hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from control import commands, explaining
from shared.domain.coverage.intervals import Interval
from shared.domain.coverage.sweeps import ReadBy
from shared.domain.errors import Forbidden, InputError
from shared.domain.jobs import SearchPage
from shared.domain.models import CredentialKind
from shared.domain.sources import Source, SourceKind, Terms
from shared.platforms.x.error_map import NOT_IN_PLAN
from shared.services.bootstrap import Services
from shared.services.following import SEARCH
from tests.control.conftest import Invoke
from tests.scheduler.slots import plan
from tests.workers.world import Simulator, work_off

NONE = timedelta(0)


def _need(found: dict[str, Any], about: str) -> dict[str, Any]:
    return next(need for need in found["needs"] if about in need["about"])


def _route(need: dict[str, Any], route: str) -> dict[str, Any]:
    return next(one for one in need["candidates"] if one["route"] == route)


def test_each_need_has_its_route(services: Services) -> None:
    """Following by the recent search, an old day by the archive, which was not tried yet; a count for half a cent."""
    commands.track(services, ["nasa"], since=NONE)

    found = explaining.explain(services, "NASA")

    assert (found["subject"], found["queries"]) == ("@nasa", 1)
    assert found["query_length"] == len("(@nasa OR to:nasa OR from:nasa) -is:retweet")
    follow, old, count = (_need(found, about) for about in ("from now on", "a month ago", "how many there are"))
    assert (follow["taken"], follow["reason"]) == ("recent", "usual")
    assert _route(follow, "stream")["lacks"] == ["loses"]
    assert (old["taken"], _route(old, "all")["is_tried"], _route(old, "recent")["lacks"]) == ("all", False, ["too_old"])
    assert (count["taken"], _route(count, "counts")["usd"]) == ("counts", 0.005)
    assert found["plan_has"]["search/all"] is None


def test_what_is_done_now_is_what_the_planner_does(
    services: Services, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the searches that carry the account with others, by what is read of all of these: the same route, by name."""
    services.plan.answered("search/all")
    commands.track(services, ["nasa", "esa"], since=NONE)
    monkeypatch.setenv("X_BEARER_TOKEN", "sim-test")
    (stream,) = services.stores.streams.active()
    now = services.clock.now()
    busy = Interval(
        id="i",
        stream=stream.id,
        from_at=now - timedelta(minutes=10),
        to_at=now,
        route=ReadBy.RECENT,
        read_at=now,
        posts=40_000,
    )
    before = explaining.explain(services, "nasa")["streams"]
    services.stores.intervals.add(busy)
    services.stores.db["X_streams"].update_many({}, {"$set": {"covered_through": now - timedelta(minutes=5)}})

    (row,) = explaining.explain(services, "nasa")["streams"]
    ((job, _),) = plan(services, SEARCH, stream.id)

    assert isinstance(job, SearchPage)
    sweep = services.stores.sweeps.get(job.sweep_id)
    assert sweep is not None
    assert (before[0]["route"], row["route"]) == ("recent", "all")
    assert (row["stream"], row["members"], row["interval_seconds"]) == (stream.id, 2, 60)
    assert row["behind_seconds"] == pytest.approx(300, abs=10)
    assert sweep.route.value == row["route"]
    assert f"Read now by all, every 60 s, in the search {stream.id} of 2." in " ".join(
        invoke("explain", "@nasa").stdout.split()
    )


def test_what_x_said_of_the_plan_changes_the_route(services: Services) -> None:
    """Without the archive no way leads to an old day; once X has answered, it is there."""
    commands.track(services, ["nasa"], since=NONE)
    services.plan.refused(Forbidden("search/all", "X answered 403", reason=NOT_IN_PLAN))

    found = explaining.explain(services, "nasa")

    old = _need(found, "a month ago")
    assert found["plan_has"]["search/all"] is False
    assert (old["taken"], _route(old, "all")["lacks"]) == (None, ["not_in_plan"])
    services.plan.answered("search/all")
    assert explaining.explain(services, "nasa")["plan_has"]["search/all"] is True


def test_the_owner_has_a_need_of_its_own(make_services: Callable[..., Services], simulator: Simulator) -> None:
    """The account that owns the app: a fifth of the price as itself, which takes its credential."""
    account = simulator.accounts()[0]
    services = make_services(simulator.url, x_app_owner_id=int(account["id"]))
    commands.track(services, [account["username"]], since=NONE)
    work_off(services)

    own = _need(explaining.explain(services, account["username"]), "owner's own")

    owned = _route(own, "owned")
    assert owned["lacks"] == ["no_credential"]
    assert owned["usd"] == pytest.approx(_route(own, "recent")["usd"] / 5)
    assert CredentialKind.OAUTH2_USER not in {one.kind for one in services.credentials.states()}


def test_who_is_not_followed_is_told_so(services: Services) -> None:
    """One line that names the account, and nothing is asked."""
    with pytest.raises(InputError, match="@nobody is not followed"):
        explaining.explain(services, "nobody")


def test_the_command_shows_values_and_words(
    services: Services, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a table for people, with the route that is taken and why the others are not; as JSON the same values."""
    commands.track(services, ["nasa"], since=NONE)
    monkeypatch.setenv("X_BEARER_TOKEN", "sim-test")

    shown, told = invoke("explain", "@nasa"), invoke("explain", "@nasa", "--json")

    words = " ".join(shown.stdout.split())
    assert shown.exit_code == told.exit_code == 0
    assert "taken: usual" in words
    assert "too old" in words
    assert "1 searches of up to 43 characters" in words
    needs = explaining.explain(services, "nasa")["needs"]
    taken = [(need["need"], need["taken"], need["reason"]) for need in needs]
    assert [(need["need"], need["taken"], need["reason"]) for need in json.loads(told.stdout)["needs"]] == taken
    assert invoke("explain", "not a name").exit_code == 1


def test_a_source_is_explained_by_its_id(services: Services) -> None:
    """Terms have their own interval; a source of two accounts twice the posts of one."""
    now = services.clock.now()
    terms = Source(
        id="floods", name="Floods", kind=SourceKind.TERMS, terms=Terms(keywords=("flood",)), interval_seconds=600
    )
    agencies = Source(id="agencies", name="Agencies", kind=SourceKind.ACCOUNTS, accounts=("nasa", "esa"))
    for source in (terms, agencies):
        services.stores.sources.add(source, now=now)
    services.following.follow(["nasa", "esa"], since=now, now=now)

    of_terms, of_two = (explaining.explain(services, one) for one in ("floods", "agencies"))

    follow = _need(of_terms, "from now on")
    assert (of_terms["subject"], of_terms["queries"], follow["span_seconds"]) == ("floods", 1, 600)
    assert follow["taken"] == "recent"
    assert of_two["posts_a_day"] == 2 * of_terms["posts_a_day"]
    stored = services.stores.sources.get("floods")
    assert stored is not None
    assert services.stores.sources.put(stored, replace(stored, paused=True), now=now)
    with pytest.raises(InputError, match="'floods' asks for nothing"):
        explaining.explain(services, "floods")
