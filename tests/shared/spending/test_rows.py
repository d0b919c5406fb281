"""Rows of the ledger in Redis while several versions run."""

from __future__ import annotations

import json
import struct

import pytest
import redis

from shared.domain.money.prices import PriceKind
from shared.domain.money.purchases import Sums, add_up
from shared.spending.ledger import Ledger
from shared.spending.rows import day_key, field_of
from shared.stores.ledger import LedgerStore
from tests.amounts import amounts
from tests.shared.spending.conftest import NOON, call

DAY = NOON.date()
HASH, OLD_HASH = day_key("covey:ledger", DAY), day_key("covey:ledger", DAY, is_old=True)
FIELD = field_of(call(), "default")
OLD_ROW = struct.pack("<32d", 9, 1, 2, 6, 4, 3, 2, 70_000, *[0] * 12, 70_000, *[0] * 11)


def test_what_an_older_version_adds_is_booked_too(
    ledger: Ledger, store: LedgerStore, redis_client: redis.Redis
) -> None:
    """Its row of 32 numbers is read by name and added to ours; neither row is changed by the other's writer."""
    redis_client.hset(OLD_HASH, mapping={FIELD: OLD_ROW, "epoch": "old"})
    ledger.record(call(1, users=(2,), at=NOON))

    assert ledger.copy() == 2

    total = add_up(store.between(DAY, DAY).values())
    assert (total.calls, total.failed, total.unanswered) == (10, 1, 2)
    assert (total.bought, total.reread) == (amounts(7, 5), amounts(3, 2))
    assert total.micro_usd == total.hours[12] == 85_000
    assert redis_client.hget(OLD_HASH, FIELD) == OLD_ROW


def test_what_a_newer_version_counted_stays(ledger: Ledger, store: LedgerStore, redis_client: redis.Redis) -> None:
    """A kind that is not known here is neither read as another one nor lost from the row."""
    redis_client.hset(HASH, FIELD, json.dumps({"kinds_to_come": 5, "posts": 1, "calls": 1, "micro_usd": 9}))

    ledger.record(call(7, at=NOON))

    text = redis_client.hget(HASH, FIELD)
    assert text is not None
    row = json.loads(text)
    assert (row["kinds_to_come"], row["posts"], row["calls"], row["micro_usd"]) == (5, 2, 2, 5_009)
    ledger.copy()
    assert add_up(store.between(DAY, DAY).values()).bought == amounts(2)


@pytest.mark.parametrize("micro_usd", [2**53 // 1_000, 99_999_999_000_000])
def test_numbers_of_a_row_stay_whole(ledger: Ledger, redis_client: redis.Redis, micro_usd: int) -> None:
    """Money up to a hundred million dollars is exact after one more call."""
    redis_client.hset(HASH, FIELD, json.dumps({"micro_usd": micro_usd}))

    ledger.record(call(1, at=NOON))

    text = redis_client.hget(HASH, FIELD)
    assert text is not None
    assert Sums.named(json.loads(text)).micro_usd == micro_usd + 5_000
    assert Sums.named(json.loads(text)).bought[PriceKind.POST] == 1
