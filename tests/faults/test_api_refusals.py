"""X's refusals, each by its meaning: not now, not before a person has acted, never again, or gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.domain.coverage.sweeps import SweepStatus
from shared.domain.errors import NotGranted, Paused, UsageCapExceeded
from shared.domain.models import WorkClass
from shared.domain.outcomes import DeferFor, GiveUp, Pause, RetryIn
from shared.services.bootstrap import Services
from tests.faults.faulty_x import (
    LOOKUP,
    QUOTES,
    SEARCH,
    FaultyX,
    assert_nothing_missed,
    begin_search,
    counted,
    read_quotes,
    refresh,
    search,
    stream_of,
)
from tests.scheduler.slots import fill_gaps
from tests.shared.credentials.accounts import KEY, Account
from tests.workers.world import open_quotes, open_sweep, state_of, stored_ids, without_archive

pytestmark = pytest.mark.system

THROTTLED: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "the window": ({"problem": "too-many-requests", "reset_in_seconds": 1}, "WindowExceeded", []),
    "the window, code 88": ({"problem": "legacy-rate-limit", "reset_in_seconds": 1}, "WindowExceeded", []),
    "one a second": ({"problem": "per-second"}, "BurstExceeded", []),
    "24 hours": ({"problem": "day-limit", "reset_in_seconds": 1}, "DailyCapExceeded", []),
    "a monthly cap": ({"problem": "usage-capped-monthly"}, "UsageCapExceeded", ["usage_cap"]),
    "a daily cap": ({"problem": "usage-capped-daily"}, "UsageCapExceeded", ["usage_cap"]),
}


@pytest.mark.parametrize("name", THROTTLED)
def test_a_429_is_waited_out(services: Services, x: FaultyX, name: str) -> None:
    """Each kind is told apart, spends no attempt, stops further calls until it ends, and costs one call."""
    answer, reason, lifted = THROTTLED[name]
    sweep = begin_search(services, x)
    x.misbehave({"kind": "problem", **answer}, endpoint=SEARCH, nth=2)
    before = x.calls(SEARCH)

    shift = search(services, sweep)

    assert shift.reasons(DeferFor)[0] == reason
    assert set(shift.reasons(DeferFor)[1:]) <= {"NotGranted"}
    assert len(shift.reasons(DeferFor)) == len(shift.decisions)
    assert shift.lifted == lifted
    assert x.calls(SEARCH) - before == state_of(services, sweep.id).page + 1
    assert_nothing_missed(services, x, sweep)


@pytest.mark.parametrize(
    ("period", "ends"),
    [
        ("monthly", lambda day: (day.replace(day=1) + timedelta(days=32)).replace(day=1)),
        ("daily", lambda day: day + timedelta(days=1)),
    ],
)
def test_a_usage_cap_blocks_until_its_period_ends(
    services: Services, x: FaultyX, period: str, ends: Callable[[datetime], datetime]
) -> None:
    """The limiter lets no paid call through before the month or the day is over, by X's date."""
    x.misbehave({"kind": "problem", "problem": f"usage-capped-{period}"}, endpoint=SEARCH, nth=1)

    with pytest.raises(UsageCapExceeded) as caught:
        services.x.search(WorkClass.SEARCH, query="team")

    until, wait = caught.value.until, timedelta(seconds=caught.value.wait_seconds)
    assert until is not None
    asked = until - wait
    assert until == ends(asked.replace(hour=0, minute=0, second=0, microsecond=0))
    [block] = services.limiter.state().blocks
    assert block.scope == "usage_cap"
    assert block.for_seconds == pytest.approx(caught.value.wait_seconds, abs=30)


# --- a person must act


PAUSED: dict[str, tuple[str, str, str]] = {
    "401": ("unauthorized", "Unauthorized", "credential"),
    "402": ("credits-depleted", "CreditsDepleted", "paid"),
    "403 not enrolled": ("client-not-enrolled", "Forbidden", "credential_endpoint"),
    "403 kind of credential": ("unsupported-authentication", "Forbidden", "credential_endpoint"),
    "403": ("forbidden", "Forbidden", "credential_endpoint"),
}


@pytest.mark.parametrize("name", PAUSED)
def test_what_a_person_must_mend_waits_and_goes_on(services: Services, x: FaultyX, name: str) -> None:
    """The job waits without an attempt, X is asked once, and when the block is lifted nothing is missing."""
    problem, reason, scope = PAUSED[name]
    sweep = begin_search(services, x)
    x.misbehave({"kind": "problem", "problem": problem}, endpoint=SEARCH, nth=2)
    before = x.calls(SEARCH)

    shift = search(services, sweep)

    assert shift.reasons(Pause) == [reason]
    assert shift.lifted == [scope]
    assert shift.dead == []
    assert x.calls(SEARCH) - before == state_of(services, sweep.id).page + 1
    assert_nothing_missed(services, x, sweep)


@pytest.mark.parametrize("name", ["401", "402", "403"])
def test_a_refusal_reaches_as_far_as_it_means(services: Services, x: FaultyX, living: list[int], name: str) -> None:
    """A 401 and a 402 stop the look-ups too; a 403 stops its own endpoint only."""
    problem, _, scope = PAUSED[name]
    x.misbehave({"kind": "problem", "problem": problem}, endpoint=SEARCH, nth=1)
    with pytest.raises(Paused):
        services.x.search(WorkClass.SEARCH, query="team")

    if scope == "credential_endpoint":
        assert services.x.lookup_posts(WorkClass.ENGAGEMENT, post_ids=living[:1]).posts
        with pytest.raises(NotGranted, match=scope):
            services.x.search(WorkClass.SEARCH, query="team")
    else:
        with pytest.raises(NotGranted, match=scope):
            services.x.lookup_posts(WorkClass.ENGAGEMENT, post_ids=living[:1])


def test_a_token_that_ran_out_is_renewed_once(make_services: Callable[..., Services], x: FaultyX) -> None:
    """A 401 to a user's token costs a refresh and no attempt, and the sweep goes on with the new token."""
    account = Account(x)
    services = make_services(x.url, x_bearer_token=None, credential_keys=KEY, x_dialect="new")
    account.stored(services.stores.credentials)
    sweep = begin_search(services, x)
    x.misbehave({"kind": "problem", "problem": "unauthorized"}, endpoint=SEARCH, nth=2)

    shift = search(services, sweep)

    assert set(shift.reasons(DeferFor)) == {"CredentialNotReady"}
    assert len(shift.reasons(DeferFor)) == len(shift.decisions)
    assert (account.session["refreshes"], account.session["ended"]) == (1, None)
    assert_nothing_missed(services, x, sweep)


# --- our request is wrong, or its object is gone


def test_a_wrong_request_is_buried_at_once(services: Services, x: FaultyX) -> None:
    """A 400 is never sent again by itself; the sweep keeps its place, so that a replay reads the rest."""
    sweep = begin_search(services, x)
    x.misbehave({"kind": "problem", "problem": "invalid-request"}, endpoint=SEARCH, nth=2)
    before = x.calls(SEARCH)

    shift = search(services, sweep)

    assert shift.reasons(GiveUp) == ["InvalidRequest"]
    assert x.calls(SEARCH) - before == 2
    assert search(services, sweep).decisions == []
    assert_nothing_missed(services, x, sweep)


def test_the_quotes_of_a_post_that_is_gone_are_given_up(services: Services, x: FaultyX, quoted: int) -> None:
    """X's own 404 about the quoted post ends the reading: it is neither sent again nor buried."""
    sweep = open_quotes(services, quoted)
    x.misbehave({"kind": "problem", "problem": "not-found"}, endpoint=QUOTES, nth=1)

    shift = read_quotes(services, sweep)

    assert shift.decisions == []
    assert state_of(services, sweep.id).status is SweepStatus.ABANDONED


def test_a_404_where_no_object_is_named_is_sent_again(services: Services, x: FaultyX, living: list[int]) -> None:
    """Neither a search nor a look-up by ids can be gone: X's 404 is a passing fault there."""
    sweep = begin_search(services, x)
    x.misbehave({"kind": "problem", "problem": "not-found"}, endpoint=[SEARCH, LOOKUP], nth=[2, 4])

    searched = search(services, sweep)
    refreshed = refresh(services, living)

    assert (searched.reasons(RetryIn), searched.dead) == (["ServerFault"], [])
    assert (refreshed.reasons(RetryIn), refreshed.dead) == (["ServerFault"], [])
    assert_nothing_missed(services, x, sweep)
    assert counted(services) == set(living)


def test_a_cursor_older_than_seven_days_is_healed_with_a_gap(services: Services, x: FaultyX) -> None:
    """X's own refusal and its proposal lead to a recorded gap, and everything after it is read."""
    names = x.names()[:1]
    sweep = open_sweep(services, names=names, since=services.clock.now() - timedelta(days=8))
    without_archive(services)

    shift = search(services, sweep)

    ended, stream = state_of(services, sweep.id), stream_of(services)
    assert (shift.decisions, shift.dead) == ([], [])
    fill_gaps(services)
    (gap,) = services.stores.gaps.missing()
    assert gap.reason == "beyond_search_window"
    assert ended.through_at is not None
    assert x.findable(stream.query, since=gap.to_at, until=ended.through_at) <= stored_ids(services)


@pytest.mark.parametrize("nth", [1, 2], ids=["first page", "later page"])
def test_a_proposal_in_the_middle_of_a_sweep_loses_nothing(services: Services, x: FaultyX, nth: int) -> None:
    """Where X refuses the cursor at any page and proposes one that is older still, the job is buried at once.

    Its place is kept, for X has lied: the cursor lies within the seven days.
    """
    sweep = begin_search(services, x)
    x.misbehave({"kind": "problem", "problem": "stale-since-id"}, endpoint=SEARCH, nth=nth)

    shift = search(services, sweep)

    assert shift.reasons(GiveUp) == ["StaleSinceId"]
    search(services, sweep)
    assert_nothing_missed(services, x, sweep)
