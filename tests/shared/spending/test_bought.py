"""How compactly bought ids are kept, and that no id is taken for another."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain import snowflake
from shared.domain.money.prices import PriceKind
from shared.redis.scripts import Connections
from shared.spending.bought import BUCKET_BITS, LOOK_UP_BATCH, Bought, BoughtKeys
from shared.spending.ledger import Ledger
from tests.shared.spending.conftest import NOON, call

KEYS = BoughtKeys("test", NOON.date())
ids = st.frozensets(st.integers(0, 10**19 - 1), max_size=30)


def posts_of(days: float, count: int) -> list[int]:
    """Ids as X makes them, over so many days; most share their low bits."""
    rng, first = random.Random(7), snowflake.first_id_at(datetime(2026, 11, 1, tzinfo=UTC))
    span_ms = round(timedelta(days=days) / timedelta(milliseconds=1))
    return [first + (rng.randrange(span_ms) << 22 | rng.randrange(32) << 12) for _ in range(count)]


def test_a_million_posts_stay_in_compact_sets() -> None:
    """Whether within an hour or over a month, no set of a million posts grows past the 512 that Redis keeps compact."""
    for days in (1 / 24, 1.0, 30.0):
        sample = Counter(KEYS.sets(PriceKind.POST, posts_of(days, 100_000)))  # a tenth of a million
        mean = 100_000 / 2**BUCKET_BITS

        assert len(sample) > 0.99 * 2**BUCKET_BITS
        assert max(sample.values()) < 3.5 * mean
    assert 1_000_000 / 2**BUCKET_BITS * 3.5 < 512


def test_memory_for_each_post(ledger: Ledger, redis_client: redis.Redis) -> None:
    """A hundred thousand posts take less than 25 bytes each, what each set costs by itself included."""
    before = redis_client.info("memory")["used_memory"]
    posts = posts_of(1.0, 100_000)

    for start in range(0, len(posts), 2_000):
        ledger.record(call(*posts[start : start + 2_000], at=NOON))

    each = (redis_client.info("memory")["used_memory"] - before) / len(set(posts))
    assert 8 <= each < 25
    key = KEYS.sets(PriceKind.POST, posts[:1])[0].replace("test", "covey:ledger")
    assert redis_client.object("encoding", key) == b"intset"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bought=ids, asked=ids)
def test_only_what_was_bought_is_known(
    bought: frozenset[int], asked: frozenset[int], redis_client: redis.Redis
) -> None:
    """For any ids, also past 63 bits: exactly those that were bought, of posts and accounts apart."""
    redis_client.flushall()
    for key, one in zip(KEYS.sets(PriceKind.POST, bought), bought, strict=True):
        redis_client.sadd(key, one)
    wanted = list(asked | bought)

    assert Bought(Connections(redis_client)).among(KEYS.sets(PriceKind.POST, wanted), wanted) == bought
    assert Bought(Connections(redis_client)).among(KEYS.sets(PriceKind.USER, wanted), wanted) == set()


def test_more_ids_than_one_script_takes(redis_client: redis.Redis) -> None:
    """Long lists are asked for in parts."""
    many = list(range(2 * LOOK_UP_BATCH + 1))
    for key, one in zip(KEYS.sets(PriceKind.USER, many[::2]), many[::2], strict=True):
        redis_client.sadd(key, one)

    assert Bought(Connections(redis_client)).among(KEYS.sets(PriceKind.USER, many), many) == set(many[::2])
