"""`reads`: sums by UTC day and source that many workers add to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from shared.domain.engagement.reads import Reads
from shared.stores.bundle import Stores
from tests.shared.stores.conftest import CommandCount

DAY = date(2026, 11, 28)
ONE = Reads(calls=1, ids=10, read=8, bought=3, free=5, micro_usd=15_000)


def test_what_many_calls_led_to_is_added_up(stores: Stores) -> None:
    """Nothing is lost where eight add at once; days and sources are apart."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: stores.reads.add(DAY, {None: ONE, "press": ONE}), range(20)))
    stores.reads.add(DAY + timedelta(days=1), {None: ONE, "floods": ONE})

    many = Reads(calls=20, ids=200, read=160, bought=60, free=100, micro_usd=300_000)
    assert stores.reads.of_day(DAY) == {None: many, "press": many}
    assert stores.reads.of_day(DAY - timedelta(days=1)) == {}
    assert stores.reads.of_source("floods", limit=5) == {DAY + timedelta(days=1): ONE}


def test_a_call_is_one_write(counted: Stores, commands: CommandCount) -> None:
    """However many sources its posts concern; nothing is written for nothing."""
    sums: dict[str | None, Reads] = {None: ONE, **{f"s{number}": ONE for number in range(50)}}

    assert commands.during(lambda: counted.reads.add(DAY, sums)) == ["update"]
    assert commands.during(lambda: counted.reads.add(DAY, {})) == []


def test_the_newest_days_of_a_source_come_first(stores: Stores) -> None:
    """As many as are asked for."""
    for back in range(5):
        stores.reads.add(DAY - timedelta(days=back), {"press": ONE})

    assert list(stores.reads.of_source("press", limit=2)) == [DAY, DAY - timedelta(days=1)]


def test_sources_are_told_together_from_a_day_on(stores: Stores) -> None:
    """The newest day first, up to so many; what is in all is asked for as None."""
    days = [date(2026, 5, day) for day in (1, 2, 3)]
    for day in days:
        stores.reads.add(day, {None: Reads(calls=3), "a": Reads(calls=1), "b": Reads(calls=2)})

    found = stores.reads.of_sources(["a", "b", "none"], since=days[1], limit=3)

    assert [(day, source, reads.calls) for day, source, reads in found] == [
        (days[2], "a", 1),
        (days[2], "b", 2),
        (days[1], "a", 1),
    ]
    assert [(day, source) for day, source, _ in stores.reads.of_sources([None], since=days[2], limit=9)] == [
        (days[2], None)
    ]
