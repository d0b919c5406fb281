"""Audits in a real MongoDB."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.domain.attribution import Concern, Why
from shared.domain.coverage.audits import Audit, Hour
from shared.domain.coverage.subjects import Subject
from shared.domain.models import Post
from shared.stores.audits import AuditStore
from shared.stores.bundle import Stores

NOW = datetime(2026, 11, 20, 0, 10, tzinfo=UTC)
TODAY, HOUR = date(2026, 11, 20), timedelta(hours=1)
ALICE, BOB = Subject("alice", "@Alice", NOW - 9 * HOUR), Subject("+storms", "storms", NOW)
FOUND = Audit((Hour(NOW - HOUR, NOW, 10, 8, 1), Hour(NOW, NOW + HOUR, 5, 4, 0, in_gap=True)))


@pytest.fixture
def audits(stores: Stores) -> AuditStore:
    """What is to be compared today: @Alice, and the words of a source."""
    stores.audits.choose(TODAY, [ALICE, BOB], now=NOW)
    return stores.audits


def test_what_was_chosen_waits_until_it_is_over(audits: AuditStore) -> None:
    """Once a day; what was answered or refused is not wanted any more, and stays as it was said first."""
    assert (audits.has(TODAY), audits.has(TODAY + timedelta(days=1))) == (True, False)
    assert set(audits.waiting(TODAY)) == {"2026-11-20:alice", "2026-11-20:+storms"}
    assert audits.wanted("2026-11-20:alice") == ALICE

    audits.done("2026-11-20:alice", FOUND, micro_usd=5_000, now=NOW)
    audits.done("2026-11-20:alice", None, micro_usd=0, now=NOW + HOUR)
    audits.give_up("2026-11-20:+storms", reason="X answered 403", now=NOW)
    audits.choose(TODAY, [ALICE, BOB], now=NOW + HOUR)

    assert audits.waiting(TODAY) == []
    assert [audits.wanted(one) for one in ("2026-11-20:alice", "2026-11-20:+storms", "unknown")] == [None] * 3
    (told,) = audits.last_day()
    assert (told.member, told.at, told.counted, told.stored, told.gone) == ("alice", NOW, 15, 12, 1)
    assert (told.missing, told.unexplained, told.missing_ratio) == (3, 2, 2 / 15)


def test_the_last_day_is_the_last_on_which_something_was_compared(audits: AuditStore) -> None:
    """A night that has begun and told nothing yet does not hide the one before; of a member the newest counts."""
    before = TODAY - timedelta(days=1)
    audits.choose(before, [ALICE, BOB], now=NOW - 24 * HOUR)
    for member in ("alice", "+storms"):
        audits.done(f"2026-11-19:{member}", FOUND, micro_usd=5_000, now=NOW - 24 * HOUR)
    audits.done("2026-11-20:+storms", None, micro_usd=0, now=NOW)
    yesterday = {one.member for one in audits.last_day()}
    audits.done("2026-11-20:alice", Audit((Hour(NOW, NOW + HOUR, 1, 1, 0),)), micro_usd=5_000, now=NOW)

    assert yesterday == {"alice", "+storms"}
    assert [one.member for one in audits.last_day()] == ["alice"]
    last = audits.last_of(["alice", "+storms", "nobody"])
    assert {member: one.counted for member, one in last.items()} == {"alice": 1, "+storms": 15}


def test_found_are_posts_and_not_reasons(stores: Stores) -> None:
    """A post that concerns a member twice is one; only the newest count."""
    why = [Concern("tracked", "alice", Why.AUTHOR), Concern("tracked", "alice", Why.MENTION)]
    posts = [Post(id=number, text="a", created_at=NOW - number * HOUR) for number in range(1, 5)]
    concerns = {1: why, 2: [*why, Concern("storms", "+storms", Why.TERM)], 3: why}
    stores.posts.upsert(posts, source="search", now=NOW, concerns=concerns)

    assert stores.audits.found_of_members(among=2) == {"alice": 2, "+storms": 1}
    assert stores.audits.found_of_members(among=9) == {"alice": 3, "+storms": 1}
