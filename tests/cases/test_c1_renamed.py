"""The id is the account: a renamed one is followed under its new name, and whoever takes the old one is a stranger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from control import commands
from control.roster import handles
from shared.domain.errors import NotGranted, PassingFault, Paused
from shared.domain.jobs import LookAtAccounts
from shared.domain.models import User
from shared.services.bootstrap import Services
from tests.cases.flock_of_accounts import Accounts, follow, followed, keep, look, queries
from tests.workers.world import NOW, ScriptedX, Simulator, next_sweep, read_to_end
from workers.handlers.accounts import look_at_accounts

ORGA, STRANGER = 11, 999


@pytest.fixture
def accounts(x: ScriptedX) -> Accounts:
    """@orga and @other, as X knows them."""
    known = Accounts(x)
    known.names |= {ORGA: "orga", 22: "other"}
    return known


def problems(services: Services) -> dict[str, str | None]:
    """What `covey handles` says of each name."""
    return {row["username"]: row["problem"] for row in handles(services.stores)}


def test_a_known_account_is_searched_for_by_its_id(services: Services, accounts: Accounts) -> None:
    """Mentions are by name, the rest by id: a change of names costs no post of its own."""
    follow(services, "orga")

    assert queries(services) == f"(@orga OR to:{ORGA} OR from:{ORGA}) -is:retweet"


def test_a_renamed_account_is_followed_under_its_new_name(services: Services, accounts: Accounts) -> None:
    """From the same cursor; the old name is told of, and whoever has it then is not followed."""
    follow(services, "orga", "other")
    before = services.stores.streams.active()[0]
    accounts.names |= {ORGA: "Orga_2", STRANGER: "orga"}

    look(services)

    (stream,) = services.stores.streams.active()
    assert followed(services) == {"orga_2": str(ORGA), "other": "22"}
    assert set(stream.members) == {"orga_2", "other"}
    assert (stream.cursor_id, stream.covered_through) == (before.cursor_id, before.covered_through)
    assert f"@orga_2 OR to:{ORGA} OR from:{ORGA}" in stream.query
    assert "@orga " not in stream.query
    assert "was @orga until" in (problems(services)["Orga_2"] or "")
    assert commands.status(services)["accounts"] == {"active": 2, "renamed": 1}


def test_who_takes_the_name_is_told_and_followed_only_when_somebody_says_so(
    services: Services, accounts: Accounts
) -> None:
    """`covey track orga` again means whoever has the name now; both are followed then."""
    follow(services, "orga")
    accounts.names |= {ORGA: "orga_2", STRANGER: "orga"}
    look(services)
    services.stores.handles.learn([User(id=STRANGER, username="orga")], now=services.clock.now())

    assert "covey track orga" in (problems(services)["orga"] or "")
    assert commands.status(services)["accounts"]["name_reused"] == 1
    assert str(STRANGER) not in queries(services)

    follow(services, "orga")
    assert followed(services) == {"orga_2": str(ORGA), "orga": str(STRANGER)}
    assert f"from:{STRANGER}" in queries(services)
    assert f"from:{ORGA}" in queries(services)


def test_a_stranger_who_turns_up_under_the_name_has_it_looked_at_at_once(
    services: Services, accounts: Accounts
) -> None:
    """His account came along with a page: the id that is known stays, and its account is due."""
    follow(services, "orga")
    look(services)
    assert services.stores.accounts.claim(now=services.clock.now(), lease=timedelta(0), limit=9) == []

    services.stores.handles.learn([User(id=STRANGER, username="orga")], now=services.clock.now())

    assert followed(services) == {"orga": str(ORGA)}
    assert services.stores.accounts.claim(now=services.clock.now(), lease=timedelta(0), limit=9) == [ORGA]


def test_only_the_case_of_a_name_is_no_new_name(services: Services, accounts: Accounts) -> None:
    """It is written as X writes it."""
    follow(services, "orga")
    accounts.names[ORGA] = "OrgA"
    look(services)

    assert followed(services) == {"orga": str(ORGA)}
    assert problems(services) == {"OrgA": None}


@pytest.mark.parametrize("together", [True, False])
def test_two_that_swap_names_are_both_followed(services: Services, accounts: Accounts, together: bool) -> None:
    """In one look, or where only one of them was due: the other is then looked at with it."""
    follow(services, "orga", "other")
    look(services)
    accounts.names |= {ORGA: "other", 22: "orga"}
    if not together:
        services.stores.accounts.look_now([ORGA], now=services.clock.now())
        look_at(services)
        assert followed(services) == {"orga": str(ORGA), "other": "22"}  # nothing is lost meanwhile
    (look if together else look_at)(services)

    assert followed(services) == {"orga": "22", "other": str(ORGA)}
    assert {f"from:{ORGA}", "from:22"} <= set(queries(services).replace("(", "").replace(")", "").split())


def look_at(services: Services) -> None:
    """Look at those that are due, as the scheduler claims them."""
    ids = services.stores.accounts.claim(now=services.clock.now(), lease=timedelta(minutes=5), limit=100)
    look_at_accounts(services, LookAtAccounts(claim_id="due", user_ids=tuple(map(str, ids))))
    keep(services)


def test_a_name_that_goes_in_a_ring(services: Services, accounts: Accounts) -> None:
    """Renamed and back again: followed all the time, once."""
    follow(services, "orga")
    for name in ("orga_2", "orga_3", "orga", "orga_2"):
        accounts.names[ORGA] = name
        look(services)
        assert followed(services) == {name: str(ORGA)}
        assert [stream.members for stream in services.stores.streams.active()] == [(name,)]


@pytest.mark.parametrize(("status", "error"), [(503, PassingFault), (402, Paused), (401, Paused), (429, Exception)])
def test_a_look_that_fails_changes_nothing(
    services: Services, accounts: Accounts, status: int, error: type[Exception]
) -> None:
    """It is due again when its lease ends."""
    follow(services, "orga")
    before = queries(services)
    accounts.names[ORGA] = "orga_2"
    accounts.status = status

    with pytest.raises(error):
        look(services)

    assert (followed(services), queries(services)) == ({"orga": str(ORGA)}, before)


def test_without_money_nobody_is_looked_at(
    make_services: Callable[..., Services], x: ScriptedX, accounts: Accounts
) -> None:
    """A look buys an account: it keeps to the budget of its class of work."""
    services = make_services(x.url, budget_day_usd=0.001)
    services.stores.handles.activate(["orga"], now=services.clock.now())
    services.stores.handles.learn([User(id=ORGA, username="orga")], now=services.clock.now())
    with pytest.raises(NotGranted):
        look(services)

    assert x.asked == []


def test_a_crash_in_the_middle_of_a_rename_loses_nobody(services: Services, accounts: Accounts) -> None:
    """The new name is there, the streams still carry the old one: the scheduler brings them in step."""
    follow(services, "orga")
    cursor = services.stores.streams.active()[0].cursor_id
    accounts.names[ORGA] = "orga_2"
    look_at_accounts(services, LookAtAccounts(claim_id="c", user_ids=(str(ORGA),)))
    assert services.stores.streams.active()[0].members == ("orga",)
    keep(services)

    (stream,) = services.stores.streams.active()
    assert (stream.members, stream.cursor_id) == (("orga_2",), cursor)


def test_the_posts_of_a_renamed_account_are_collected_on(
    make_services: Callable[..., Services], simulator: Simulator
) -> None:
    """At the simulator: what it posts under its new name is found, though nobody has noticed yet."""
    services = make_services(simulator.url)
    account = simulator.accounts()[0]
    follow(services, account["username"], since=NOW - timedelta(hours=2))
    query = services.stores.streams.active()[0].query
    assert f"from:{account['id']}" in query
    read_to_end(services, next_sweep(services, services.stores.streams.active()[0].id, "sweep-c1").id)

    assert account["id"] in {one["author_id"] for one in services.stores.db["X_tweets"].find()}
