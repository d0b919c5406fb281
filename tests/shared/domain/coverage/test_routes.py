"""The choice of a route: never dearer than another that keeps the promise, and for a reason that can be checked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.coverage.route_facts import FACTS, Need, Route
from shared.domain.coverage.routes import Candidate, Lack, Reason, Wanted, candidate, choose
from shared.domain.models import CredentialKind
from shared.domain.money.prices import MICRO, PriceKind, Prices

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SPANS = st.timedeltas(timedelta(0), 90 * DAY)
LISTED = Prices()
EVERYTHING = dict.fromkeys(Route, True)
APP_AND_USER = frozenset({CredentialKind.BEARER, CredentialKind.OAUTH2_USER})

WANTED = st.builds(
    Wanted,
    need=st.sampled_from(Need),
    posts=st.floats(0, 2_000_000),
    oldest=SPANS,
    span=SPANS,
    within=st.timedeltas(timedelta(0), 3 * DAY),
    free_posts=st.floats(0, 1_000_000),
    query_length=st.integers(0, 2_000),
    queries=st.integers(1, 40),
    is_owner=st.booleans(),
    credentials=st.frozensets(st.sampled_from(CredentialKind)),
    has=st.dictionaries(st.sampled_from(Route), st.sampled_from([True, False, None])),
    query_lengths=st.just({Route.RECENT: 512, Route.ALL: 1024, Route.COUNTS: 512, Route.COUNTS_ALL: 1024}),
    window_calls=st.dictionaries(st.sampled_from(Route), st.integers(1, 10_000)),
)
PRICES = st.builds(
    lambda micros: Prices({kind: micro / MICRO for kind, micro in micros.items()}),
    st.fixed_dictionaries({kind: st.integers(0, 20_000) for kind in PriceKind}),
)


@given(WANTED, PRICES)
def test_the_route_taken_is_never_dearer_than_another_that_keeps_the_promise(wanted: Wanted, prices: Prices) -> None:
    """Nor does it take more calls where it costs the same; nothing is taken exactly where nothing keeps the promise."""
    choice = choose(wanted, prices)

    keeping = [one for one in choice.candidates if not one.lacks]
    assert (choice.taken is None) == (choice.reason is None) == (not keeping)
    if choice.taken is None:
        return
    assert choice.taken in keeping
    assert choice.taken.micro_usd == min(one.micro_usd for one in keeping)
    cheapest = [one for one in keeping if one.micro_usd == choice.taken.micro_usd]
    assert choice.taken.calls == min(one.calls for one in cheapest)


@given(WANTED, PRICES)
def test_a_choice_names_every_route_of_its_need_once(wanted: Wanted, prices: Prices) -> None:
    """Also those that are not taken, so that a person can see why; and always in the same order."""
    choice = choose(wanted, prices)

    assert {one.route for one in choice.candidates} == {r for r, facts in FACTS.items() if wanted.need in facts.serves}
    assert len({one.route for one in choice.candidates}) == len(choice.candidates)
    assert choose(wanted, prices) == choice


@given(WANTED, PRICES)
def test_the_reason_is_true(wanted: Wanted, prices: Prices) -> None:
    """What is said of the route taken holds against every other one that keeps the promise."""
    choice = choose(wanted, prices)
    if choice.taken is None:
        return
    taken = choice.taken
    others = [one for one in choice.candidates if one.keeps and one is not taken]

    if choice.reason is Reason.ONLY:
        assert others == []
    elif choice.reason is Reason.CHEAPEST:
        assert all(one.micro_usd > taken.micro_usd for one in others)
    elif choice.reason is Reason.FEWEST_CALLS:
        assert all((one.micro_usd, one.calls) > (taken.micro_usd, taken.calls) for one in others)
    else:
        assert others


@given(WANTED, st.sampled_from(Route))
def test_a_promise_that_is_kept_is_kept(wanted: Wanted, route: Route) -> None:
    """A candidate without a lack reaches all of it, in time, with a credential and a plan that there is."""
    one = candidate(wanted, route, LISTED)
    facts = FACTS[route]
    if one.lacks:
        return
    assert one.delay <= wanted.within
    assert facts.reach is None or wanted.oldest <= facts.reach
    assert facts.credentials & wanted.credentials
    assert wanted.has.get(route) is not False or not facts.is_optional
    assert not facts.by_query or wanted.query_length <= wanted.query_lengths.get(route, wanted.query_length)


def wanted_of(need: Need, **changes: Any) -> Wanted:
    """Something wanted of one followed account, with everything at hand."""
    usual = Wanted(
        need=need,
        posts=50,
        oldest=HOUR,
        span=HOUR,
        within=DAY,
        query_length=40,
        credentials=APP_AND_USER,
        has=EVERYTHING,
        query_lengths={Route.RECENT: 512, Route.ALL: 1024, Route.COUNTS: 512, Route.COUNTS_ALL: 1024},
    )
    return replace(usual, **changes)


@pytest.mark.parametrize(
    ("wanted", "route", "reason", "usd"),
    [
        (wanted_of(Need.FOLLOW), Route.RECENT, Reason.USUAL, 0.25),
        (wanted_of(Need.FOLLOW, has={}), Route.RECENT, Reason.USUAL, 0.25),
        (wanted_of(Need.FOLLOW, posts=400), Route.ALL, Reason.FEWEST_CALLS, 2.0),
        (wanted_of(Need.FOLLOW, posts=400, has={Route.ALL: False}), Route.RECENT, Reason.ONLY, 2.0),
        (wanted_of(Need.FOLLOW, query_length=900), Route.ALL, Reason.ONLY, 0.25),
        (wanted_of(Need.FILL, oldest=8 * DAY), Route.ALL, Reason.ONLY, 0.25),
        (wanted_of(Need.REREAD, posts=100, free_posts=99), Route.RECENT, Reason.USUAL, 0.005),
        (wanted_of(Need.STATE, posts=10_000), Route.COMPLIANCE, Reason.CHEAPEST, 0.0),
        (wanted_of(Need.STATE, posts=10_000, within=HOUR), Route.LOOKUP, Reason.ONLY, 50.0),
        (wanted_of(Need.COUNT, posts=5_000, oldest=6 * DAY, span=6 * DAY), Route.COUNTS, Reason.CHEAPEST, 0.005),
        (wanted_of(Need.COUNT, posts=5_000, oldest=40 * DAY, span=40 * DAY), Route.COUNTS_ALL, Reason.CHEAPEST, 0.02),
        (wanted_of(Need.COUNT, oldest=DAY, span=DAY, queries=3, posts=9_000), Route.COUNTS, Reason.CHEAPEST, 0.015),
        (wanted_of(Need.OWN, is_owner=True), Route.OWNED, Reason.CHEAPEST, 0.05),
        (
            wanted_of(Need.OWN, is_owner=True, credentials=frozenset({CredentialKind.BEARER})),
            Route.RECENT,
            Reason.USUAL,
            0.25,
        ),
    ],
)
def test_what_is_taken_at_the_prices_of_the_list(wanted: Wanted, route: Route, reason: Reason, usd: float) -> None:
    """The documented prices and limits lead where a person would go."""
    choice = choose(wanted, LISTED)

    assert choice.taken is not None
    assert (choice.taken.route, choice.reason, choice.taken.micro_usd) == (route, reason, round(usd * MICRO))


@pytest.mark.parametrize(
    ("wanted", "route", "lack"),
    [
        (wanted_of(Need.FILL, oldest=8 * DAY), Route.RECENT, Lack.TOO_OLD),
        (wanted_of(Need.FILL, has={Route.ALL: False}), Route.ALL, Lack.NOT_IN_PLAN),
        (wanted_of(Need.FILL, credentials=frozenset({CredentialKind.OAUTH2_USER})), Route.ALL, Lack.NO_CREDENTIAL),
        (wanted_of(Need.FOLLOW, query_length=513), Route.RECENT, Lack.QUERY_TOO_LONG),
        (wanted_of(Need.OWN, is_owner=True, posts=801), Route.OWNED, Lack.TOO_MANY),
        (wanted_of(Need.OWN), Route.OWNED, Lack.NOT_OWNER),
        (wanted_of(Need.FOLLOW), Route.STREAM, Lack.LOSES),
        (wanted_of(Need.FOLLOW, within=timedelta(seconds=20)), Route.RECENT, Lack.TOO_LATE),
        (wanted_of(Need.FILL, posts=100_000, within=HOUR / 4), Route.RECENT, Lack.TOO_SLOW),
        (wanted_of(Need.FILL, posts=50_000, within=timedelta(seconds=129)), Route.ALL, None),
        (wanted_of(Need.FILL, posts=50_000, within=timedelta(seconds=129)), Route.RECENT, Lack.TOO_SLOW),
    ],
)
def test_what_a_route_lacks_is_named(wanted: Wanted, route: Route, lack: Lack | None) -> None:
    """Each lack where it is to be expected, and no other one."""
    one = next(one for one in choose(wanted, LISTED).candidates if one.route is route)

    if lack is None:
        assert one.delay == timedelta(seconds=30 + 99)
    assert one.lacks == (() if lack is None else (lack,))


def test_what_is_not_known_is_tried_once_where_nothing_else_does_it() -> None:
    """An archive that was never asked is taken for an old span, and is marked as not tried."""
    taken: Candidate | None = choose(wanted_of(Need.FILL, oldest=30 * DAY, has={}), LISTED).taken

    assert taken is not None
    assert (taken.route, taken.is_tried) == (Route.ALL, False)
