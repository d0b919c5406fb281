"""Handles say what the sources ask for, whatever was left behind."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.domain.coverage.members import Wanted
from shared.domain.sources import TRACKED, Source, SourceKind, Terms
from shared.services import asking
from shared.stores.bundle import Stores
from shared.stores.database import Db
from tests.shared.stores.conftest import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
def stores(mongo_db: Db) -> Stores:
    """All stores on an empty database."""
    return Stores.on(mongo_db)


def add(stores: Stores, source_id: str, *accounts: str, look_back_seconds: int = 0) -> None:
    """A source of accounts that nothing was done about yet."""
    kind = SourceKind.ACCOUNTS
    source = Source(id=source_id, name="n", kind=kind, accounts=accounts, look_back_seconds=look_back_seconds)
    assert stores.sources.add(source, now=NOW)


def askers(stores: Stores) -> dict[str, tuple[str, ...]]:
    """Who is followed, and who asks for each."""
    return {name: one.sources for name, one in stores.handles.names().items() if one.is_active}


def test_accounts_are_followed_from_as_far_back_as_their_source_looks(stores: Stores) -> None:
    """Who is followed already stays followed since when they were."""
    stores.handles.activate(["esa"], since=NOW - 5 * HOUR, now=NOW - 5 * HOUR, source="other")
    add(stores, "other", "esa")
    add(stores, "agencies", "nasa", "esa", look_back_seconds=7200)

    asking.bring_in_step(stores, now=NOW + HOUR)

    assert askers(stores) == {"nasa": ("agencies",), "esa": ("other", "agencies")}
    since = {row["_id"]: row["since"] for row in stores.handles.all()}
    assert since == {"nasa": NOW - 2 * HOUR, "esa": NOW - 5 * HOUR}


def test_who_nobody_asks_for_is_one_of_track_or_let_go(stores: Stores) -> None:
    """One of before there were sources is; one whose source asks no longer is not."""
    stores.handles.activate(["old"], now=NOW)
    stores.handles.activate(["left"], now=NOW, source="gone")

    asking.bring_in_step(stores, now=NOW)

    assert askers(stores) == {"old": (TRACKED,)}


def test_a_source_follows_its_account_to_another_name(stores: Stores) -> None:
    """Where a process ended between the handle and the source."""
    add(stores, "agencies", "nasa")
    asking.bring_in_step(stores, now=NOW)
    stores.handles.activate(["nasa_2"], now=NOW, source="agencies")
    stores.db["X_tracked_handles"].update_one(
        {"_id": "nasa"}, {"$set": {"active": False, "renamed_to": "nasa_2", "sources": []}}
    )

    for _ in range(2):
        asking.bring_in_step(stores, now=NOW)

    assert [one.accounts for one in stores.sources.all()] == [("nasa_2",)]
    assert askers(stores) == {"nasa_2": ("agencies",)}


def test_what_is_being_begun_is_left_to_who_begins_it(stores: Stores) -> None:
    """What was asked for before then is told, by since when it is wanted."""
    terms = Source(id="floods", name="f", kind=SourceKind.TERMS, terms=Terms(keywords=("flood",)), look_back_seconds=60)
    assert stores.sources.add(terms, now=NOW)
    stores.handles.activate(["nasa"], since=NOW - HOUR, now=NOW)
    wanted = Wanted(stores.handles.names(), stores.sources.asking(), 60.0)
    keys = wanted.everything()

    assert asking.asked_for(stores, keys, wanted, before=NOW) == {}
    assert asking.asked_for(stores, keys, wanted, before=NOW + HOUR) == {
        NOW - HOUR: ["nasa"],
        NOW - timedelta(seconds=60): ["+floods"],
    }
