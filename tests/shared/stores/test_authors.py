"""The collection `authors_wanted`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.stores.authors import AuthorStore
from shared.stores.bundle import Stores
from shared.stores.database import Db
from tests.shared.stores.conftest import AWKWARD_IDS, HOUR, NOW, user_of

LEASE = timedelta(minutes=10)


@pytest.fixture
def authors(mongo_db: Db) -> AuthorStore:
    """The store."""
    return AuthorStore(mongo_db)


def test_wanted_authors_are_claimed_the_longest_waiting_first(authors: AuthorStore) -> None:
    """Noted twice they keep their turn; claimed they are due again only after the lease."""
    authors.want([2, 3], now=NOW)
    authors.want([1], now=NOW - HOUR)
    authors.want([1, 2], now=NOW)
    authors.want([], now=NOW)

    first = authors.claim(now=NOW, lease=LEASE, limit=1)
    rest = authors.claim(now=NOW, lease=LEASE, limit=9)

    assert (first, sorted(rest[None]), authors.count()) == ({None: [1]}, [2, 3], 3)
    assert authors.claim(now=NOW + LEASE / 2, lease=LEASE, limit=9) == {}
    assert len(authors.claim(now=NOW + LEASE, lease=LEASE, limit=9)[None]) == 3


def test_authors_are_claimed_by_who_pays_for_them(authors: AuthorStore) -> None:
    """The first that wanted an author pays; a run's are counted until they are known or X did not give them."""
    authors.want([1, 2], now=NOW, run_id="r")
    authors.want([2, 3], now=NOW)
    authors.want([3, 4], now=NOW, run_id="s")
    authors.missing({4: "suspended"}, now=NOW, again_at=NOW)

    claimed = authors.claim(now=NOW, lease=LEASE, limit=9)

    assert {run: sorted(ids) for run, ids in claimed.items()} == {"r": [1, 2], None: [3], "s": [4]}
    assert authors.count_of_runs() == {"r": 2}


def test_any_id_survives(authors: AuthorStore) -> None:
    """Ids past 63 bits come back as they went in."""
    authors.want(AWKWARD_IDS, now=NOW)

    assert set(authors.claim(now=NOW, lease=LEASE, limit=99)[None]) == set(AWKWARD_IDS)


def test_found_ones_are_forgotten_and_missing_ones_wait(authors: AuthorStore) -> None:
    """What X gave is no longer wanted; what it did not give is asked for again later, however often it is wanted."""
    authors.want([1, 2], now=NOW)

    authors.found([1])
    authors.found([])
    authors.missing({2: "suspended"}, now=NOW, again_at=NOW + HOUR)
    authors.missing({}, now=NOW, again_at=NOW)
    authors.want([2], now=NOW)

    assert authors.count() == 0
    assert authors.claim(now=NOW, lease=LEASE, limit=9) == {}
    assert authors.claim(now=NOW + HOUR, lease=LEASE, limit=9) == {None: [2]}


def test_fresh_accounts_are_told_from_stale_ones(stores: Stores) -> None:
    """An account is fresh from when X described it last."""
    stores.users.upsert([user_of(1)], now=NOW)
    stores.users.upsert([user_of(2, "esa")], now=NOW - HOUR)

    assert stores.users.fresh_among([1, 2, 3], since=NOW - HOUR / 2) == {1}
    assert stores.users.fresh_among([], since=NOW) == set()
