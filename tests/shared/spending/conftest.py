"""A ledger on real servers, and a clock that a test sets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import redis

from shared.domain.models import WorkClass
from shared.domain.money.prices import PriceKind, Prices
from shared.domain.money.purchases import CallResult, Purchase
from shared.redis.connection import connect
from shared.runtime.clock import ManualClock
from shared.spending.ledger import Ledger
from shared.stores.database import Db
from shared.stores.ledger import LedgerStore

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
MakeLedger = Callable[..., Ledger]


@pytest.fixture
def clock() -> ManualClock:
    """Noon of a day."""
    return ManualClock(NOON)


@pytest.fixture
def store(mongo_db: Db) -> LedgerStore:
    """The collection of an empty database."""
    return LedgerStore(mongo_db)


@pytest.fixture
def ledger(redis_client: redis.Redis, redis_url: str, store: LedgerStore, clock: ManualClock) -> Ledger:
    """A ledger at X's prices on empty servers."""
    return Ledger(connect(redis_url), store, prices=Prices(), clock=clock)


def call(*post_ids: int, users: tuple[int, ...] = (), at: datetime | None = None, **more: object) -> Purchase:
    """An answered search that returned these objects."""
    given = {
        "endpoint": "search/recent",
        "credential_id": "app",
        "work_class": WorkClass.SEARCH,
        "result": CallResult.ANSWERED,
        **more,
    }
    objects = {PriceKind.POST: frozenset(post_ids), PriceKind.USER: frozenset(users)}
    return Purchase(object_ids=objects, at=at, **given)  # type: ignore[arg-type]
