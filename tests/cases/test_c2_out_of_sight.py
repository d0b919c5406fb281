"""A followed account that is suspended, protected or gone is noticed, shown with since when, and so is its return."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from control import commands
from control.roster import handles
from shared.domain.coverage.accounts import CONFIRM, Account, AccountState, Name, carried, look
from shared.domain.models import User
from shared.services.bootstrap import Services
from tests.cases.flock_of_accounts import Accounts, follow, followed
from tests.cases.flock_of_accounts import look as look_at_all
from tests.workers.world import ScriptedX

ORGA = 11
AT = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def accounts(x: ScriptedX) -> Accounts:
    """@orga, as X knows it."""
    known = Accounts(x)
    known.names[ORGA] = "orga"
    return known


def row(services: Services) -> dict[str, Any]:
    """What `covey handles` says of it."""
    return next(one for one in handles(services.stores) if one["user_id"] == str(ORGA))


def changes(state: str) -> float:
    """How often an account was told to be in that state."""
    return REGISTRY.get_sample_value("covey_account_changes_total", {"state": state}) or 0.0


@pytest.mark.parametrize("state", ["suspended", "protected"])
def test_it_is_told_with_since_when_and_told_again_when_it_is_back(
    services: Services, accounts: Accounts, state: str
) -> None:
    """Once each; it stays followed all the while."""
    follow(services, "orga")
    look_at_all(services)
    before, began = changes(state), services.clock.now()
    if state == "protected":
        accounts.protected.add(ORGA)
    else:
        accounts.missing[ORGA] = state

    look_at_all(services)
    look_at_all(services)
    away = row(services)
    accounts.protected.clear()
    accounts.missing.clear()
    look_at_all(services)

    assert (away["state"], away["problem"].split(" since ")[0]) == (state, state)
    assert began <= away["state_since"] <= services.clock.now()
    assert changes(state) == before + 1
    assert (row(services)["state"], row(services)["problem"]) == ("active", None)
    assert followed(services) == {"orga": str(ORGA)}


def test_it_is_gone_only_when_x_says_so_twice(services: Services, accounts: Accounts) -> None:
    """An hour apart at least: X's look-ups fail for minutes."""
    follow(services, "orga")
    accounts.missing[ORGA] = "not-found"
    look_at_all(services)
    look_at_all(services)
    assert row(services)["state"] == "active"

    services.stores.db["X_tracked_handles"].update_one(
        {"_id": "orga"}, {"$set": {"missing_at": AT - timedelta(days=900)}}
    )
    look_at_all(services)
    assert row(services)["state"] == "gone"
    assert commands.status(services)["accounts"] == {"gone": 1}

    accounts.missing.clear()
    look_at_all(services)
    assert row(services)["state"] == "active"


@pytest.mark.parametrize("reason", ["internal-error", "unknown", "over-capacity"])
def test_a_passing_fault_is_no_word(services: Services, accounts: Accounts, reason: str) -> None:
    """It changes nothing, however often."""
    follow(services, "orga")
    accounts.missing[ORGA] = reason
    for _ in range(3):
        look_at_all(services)

    assert (row(services)["state"], row(services)["problem"]) == ("active", None)


def test_a_name_that_was_denied_is_asked_for_again_a_day_later(services: Services, accounts: Accounts) -> None:
    """Suspended when it was tracked: its id is not known, so it is looked up by name, daily."""
    accounts.missing[ORGA] = "suspended"
    follow(services, "orga")
    now = services.clock.now()

    assert services.stores.handles.unresolved(before=now + timedelta(hours=23)) == []
    assert services.stores.handles.unresolved(before=now + timedelta(hours=25)) == ["orga"]


def test_everybody_is_looked_at_once_a_day_a_hundred_a_call(services: Services, accounts: Accounts) -> None:
    """Also those whose id was learnt before there were looks; the longest due first."""
    names = [f"account_{number}" for number in range(120)]
    now = services.clock.now()
    services.stores.handles.activate([*names, "left"], now=now)
    services.stores.handles.learn([User(id=id_, username=name) for id_, name in enumerate(names, 1)], now=now)
    services.stores.handles.deactivate(["left"], now=now)

    day = timedelta(days=1)
    claims = [services.stores.accounts.claim(now=now, lease=day, limit=100) for _ in range(3)]

    assert [len(claim) for claim in claims] == [100, 20, 0]
    assert sorted(claims[0] + claims[1]) == list(range(1, 121))
    assert len(services.stores.accounts.claim(now=now + day, lease=day, limit=200)) == 120


ids = st.integers(1, 6)
words = st.sampled_from(["found", "protected", "suspended", "not-found", "unknown"])


said_of = st.dictionaries(ids, st.tuples(words, st.integers(0, 7)))


@given(rounds=st.lists(st.tuples(said_of, st.integers(0, 3)), max_size=8))
def test_as_many_are_followed_as_were(rounds: list[tuple[dict[int, tuple[str, int]], int]]) -> None:
    """Whatever X says in whatever order, and whatever they are called: nobody is lost, and none is gone at one word."""
    known = {id_: Account(name=f"n{id_}", username=f"n{id_}", user_id=id_) for id_ in range(1, 7)}
    now = AT
    for said, hours in rounds:
        now += timedelta(hours=hours)
        users: dict[str, User] = {}
        missing: dict[str, str] = {}
        for id_, (word, name) in said.items():
            if word in ("found", "protected"):
                users.setdefault(f"n{name}", User(id=id_, username=f"N{name}", protected=word == "protected"))
            else:
                missing[str(id_)] = word
        followed = [account for id_, account in known.items() if id_ in said]
        users = {name: user for name, user in users.items() if user.id in known}
        others = {account.name: account.user_id for account in known.values()}
        looked = look(followed, list(users.values()), missing, others=others, now=now)
        for account in [*looked.accounts, *(one.after for one in looked.renamed)]:
            before = known[account.user_id]
            assert account.state is before.state or account.since == now
            if account.state is AccountState.GONE and before.state is not AccountState.GONE:
                assert before.missing_at is not None
                assert now - before.missing_at >= CONFIRM
        moved = {one.after.user_id: one.after.name for one in looked.renamed}
        for id_, account in list(known.items()):  # who lost a name without another one is gone by X's second word
            if account.name in moved.values() and id_ not in moved:
                assert missing.get(str(id_)) == "not-found" or account.state is AccountState.GONE
                del known[id_]
        known |= {account.user_id: account for account in looked.accounts}
        known |= {one.after.user_id: one.after for one in looked.renamed}
        names = [account.name for account in known.values()]
        assert len(names) == len(set(names))


@given(
    names=st.lists(st.sampled_from("abcdef"), max_size=6),
    to=st.dictionaries(st.sampled_from("abcdef"), st.none() | st.sampled_from("abcdef")),
    active=st.sets(st.sampled_from("abcdef")),
)
def test_a_stream_carries_present_names_only(names: list[str], to: dict[str, str | None], active: set[str]) -> None:
    """Each once, only what is followed, and every name that is followed stays; rings of names end."""
    known = {name: Name(name, 1, name in active, to.get(name)) for name in "abcdef"}

    kept = carried(names, known)

    assert set(kept) <= active
    assert set(names) & active <= set(kept)
    assert len(kept) == len(set(kept))


@pytest.mark.parametrize("state", ["suspended", "protected"])
def test_what_was_hidden_is_read_when_it_can_be_seen_again(services: Services, accounts: Accounts, state: str) -> None:
    """Once, from the look before it was seen to be away up to now, for that account alone."""
    follow(services, "orga", "orgb")
    look_at_all(services)
    if state == "protected":
        accounts.protected.add(ORGA)
    else:
        accounts.missing[ORGA] = state
    look_at_all(services)
    away_at = services.clock.now()
    accounts.protected.clear()
    accounts.missing.clear()

    look_at_all(services)
    look_at_all(services)

    (gap,) = services.stores.gaps.missing()
    look_seconds = services.settings.account_look_seconds
    assert (gap.members, gap.reason) == (("orga",), "was_hidden")
    assert abs((away_at - gap.from_at).total_seconds() - look_seconds) < 10
    assert 0 <= (services.clock.now() - gap.to_at).total_seconds() < 10
