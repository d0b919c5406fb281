"""`X_streams`: cursors that only move forward."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.coverage.members import Group
from shared.domain.coverage.streams import Left, Stream
from shared.stores.bundle import Stores
from shared.stores.database import Db
from tests.shared.stores.conftest import AWKWARD_IDS, HOUR, NOW, CommandCount, at_once


def stream_of(name: str = "s", *handles: str, cursor_id: int = 100) -> Stream:
    """A stream that begins now."""
    return Stream(
        id=name,
        members=handles or ("nasa",),
        query="(from:nasa)",
        began_at=NOW,
        covered_through=NOW,
        cursor_id=cursor_id,
    )


def stored(stores: Stores, name: str = "s") -> Stream:
    """The stream as it is stored."""
    stream = stores.streams.get(name)
    assert stream is not None
    return stream


def test_every_operation_is_one_command(counted: Stores, commands: CommandCount) -> None:
    """Moving the cursor reads first: two."""
    counted.streams.add(stream_of(), now=NOW)

    assert commands.during(lambda: counted.streams.add(stream_of(), now=NOW)) == ["update"]
    assert commands.during(lambda: counted.streams.with_members(["nasa"])) == ["find"]
    assert commands.during(lambda: counted.streams.retire(["s"], now=NOW)) == ["update"]
    done = commands.during(lambda: counted.streams.sweep_completed("s", sweep_id="w", newest_id=1, through_at=NOW))
    assert done == ["find", "update"]


@pytest.mark.parametrize("cursor_id", AWKWARD_IDS)
def test_a_stream_comes_back_as_it_was_added(stores: Stores, cursor_id: int) -> None:
    """With a cursor of any size; adding it again changes nothing."""
    stream = replace(stream_of(cursor_id=cursor_id), members=("nasa", "esa"))

    stores.streams.add(stream, now=NOW)
    stores.streams.add(replace(stream, cursor_id=1, query="other"), now=NOW + HOUR)

    assert stored(stores) == stream
    assert stores.streams.get("unknown") is None


@pytest.mark.parametrize(
    ("before", "newest", "after"),
    [
        (999_999_999, 1_000_000_000, 1_000_000_000),
        (1_000_000_000, 999_999_999, 1_000_000_000),
        (2**63 - 1, 2**63, 2**63),
        (2**63 + 1, 2**63, 2**63 + 1),
        (100, None, 100),
    ],
)
def test_the_cursor_moves_forward_by_number(stores: Stores, before: int, newest: int | None, after: int) -> None:
    """Ten digits beat nine; a smaller id, or none, leaves it; the coverage moves in any case."""
    stores.streams.add(stream_of(cursor_id=before), now=NOW)

    stores.streams.sweep_completed("s", sweep_id="w", newest_id=newest, through_at=NOW + HOUR)

    stream = stored(stores)
    assert (stream.cursor_id, stream.covered_through, stream.sweeps_completed) == (after, NOW + HOUR, 1)


def test_coverage_never_shrinks(stores: Stores) -> None:
    """A sweep that was begun earlier and ends later does not turn it back."""
    stores.streams.add(stream_of(), now=NOW)

    stores.streams.sweep_completed("s", sweep_id="w2", newest_id=300, through_at=NOW + HOUR)
    stores.streams.sweep_completed("s", sweep_id="w1", newest_id=200, through_at=NOW + HOUR / 2)

    stream = stored(stores)
    assert (stream.cursor_id, stream.covered_through) == (300, NOW + HOUR)


def test_a_sweep_counts_once(stores: Stores) -> None:
    """Said twice, or by eight workers at once, it moves the stream once; an unknown stream is nothing."""
    stores.streams.add(stream_of(), now=NOW)

    at_once(8, lambda _: stores.streams.sweep_completed("s", sweep_id="w", newest_id=200, through_at=NOW + HOUR))
    stores.streams.sweep_completed("unknown", sweep_id="w", newest_id=1, through_at=NOW)

    assert (stored(stores).cursor_id, stored(stores).sweeps_completed) == (200, 1)


def test_sweeps_that_end_at_once_leave_the_greatest_cursor(stores: Stores) -> None:
    """Whatever the order in which they are written."""
    stores.streams.add(stream_of(), now=NOW)
    newest = [*AWKWARD_IDS[-7:], 5]

    def complete(number: int) -> None:
        through_at = NOW + timedelta(seconds=number)
        stores.streams.sweep_completed("s", sweep_id=f"w{number}", newest_id=newest[number], through_at=through_at)

    at_once(8, complete)

    stream = stored(stores)
    assert (stream.cursor_id, stream.sweeps_completed) == (max(newest), 8)
    assert stream.covered_through == NOW + timedelta(seconds=7)


def test_who_is_followed_by_which_stream(stores: Stores) -> None:
    """By handle in any case; retired streams carry nobody, and are still known."""
    stores.streams.add(stream_of("a", "nasa", "esa"), now=NOW)
    stores.streams.add(stream_of("b", "jaxa"), now=NOW)

    assert [stream.id for stream in stores.streams.with_members(["ESA", "nasa", "isro"])] == ["a"]
    stores.streams.retire(["a", "unknown"], now=NOW)

    assert stores.streams.with_members(["nasa"]) == []
    assert [stream.id for stream in stores.streams.active()] == ["b"]
    assert stored(stores, "a").members == ("nasa", "esa")


def test_a_narrowed_stream_keeps_its_cursor(stores: Stores) -> None:
    """What remains was covered with the rest."""
    stores.streams.add(stream_of("a", "nasa", "esa", cursor_id=77), now=NOW)

    assert stores.streams.replace(stored(stores, "a"), members=("esa",), query="(from:esa)", now=NOW)

    stream = stored(stores, "a")
    assert (stream.members, stream.query, stream.cursor_id) == (("esa",), "(from:esa)", 77)


def test_a_stream_is_changed_only_as_it_was_read(stores: Stores) -> None:
    """Who read it before somebody else changed or retired it changes nothing, and learns so."""
    stores.streams.add(stream_of("a", "nasa", "esa"), now=NOW)
    read = stored(stores, "a")
    assert stores.streams.replace(read, members=("esa",), query="(from:esa)", now=NOW)

    assert not stores.streams.replace(read, members=("nasa",), query="(from:nasa)", now=NOW)
    assert stored(stores, "a").members == ("esa",)
    assert stores.streams.replace(stored(stores, "a"), members=(), query="", now=NOW)
    assert stores.streams.get_active("a") is None
    assert stored(stores, "a").members == ("esa",)


def test_documents_of_an_earlier_version_are_brought_to_this_one(stores: Stores, mongo_db: Db) -> None:
    """What was called handles is members, its index goes, and until then it is read as it is."""
    stores.streams.add(stream_of("a", "nasa", "esa"), now=NOW)
    mongo_db["X_streams"].update_one({"_id": "a"}, {"$rename": {"members": "handles"}, "$unset": {"parts": ""}})
    mongo_db["X_streams"].create_index("handles")
    assert stored(stores, "a").members == ("nasa", "esa")

    for _ in range(2):
        stores.streams.take_over()

    assert [one.id for one in stores.streams.with_members(["esa"])] == ["a"]
    assert "handles" not in (mongo_db["X_streams"].find_one() or {})
    assert "handles_1" not in mongo_db["X_streams"].index_information()


def test_who_leaves_is_noted_with_the_time(stores: Stores) -> None:
    """So that the coverage of that time can be told; who stays, and a retired stream's members, are not."""
    stores.streams.add(stream_of("a", "nasa", "esa"), now=NOW)
    later = NOW + timedelta(hours=1)

    stores.streams.replace(stored(stores, "a"), members=("esa", "jaxa"), query="q", now=later, group=Group(300, "c"))
    stream = stored(stores, "a")
    stores.streams.replace(stream, members=(), query="", now=later)

    assert (stream.left, stream.group) == ((Left("nasa", later),), Group(300, "c"))
    assert [one.id for one in stores.streams.that_carried(["NASA"])] == ["a"]
    assert stores.streams.with_members(["nasa"]) == []
    assert stored(stores, "a").members == ("esa", "jaxa")


def test_a_joined_stream_names_its_parts_and_its_group(stores: Stores) -> None:
    """As they were given."""
    stores.streams.add(replace(stream_of("a"), parts=("x", "y"), group=Group(60, None)), now=NOW)

    assert (stored(stores, "a").parts, stored(stores, "a").group) == (("x", "y"), Group(60, None))


def test_a_stream_that_rests_is_found_by_who_pays_for_it(stores: Stores) -> None:
    """When it rested last is kept, whoever says so first; who is retired, or paid by another, is not found."""
    for name, share in (("a", "floods"), ("b", "talk"), ("c", "floods"), ("d", None)):
        stores.streams.add(replace(stream_of(name), group=Group(None, None, share)), now=NOW)
    stores.streams.retire(["c"], now=NOW)
    later = NOW + timedelta(hours=1)

    for at in (later, NOW):
        stores.streams.rest(stored(stores, "a"), now=at)

    assert (stored(stores, "a").rested_at, stored(stores, "b").rested_at) == (later, None)
    assert stores.streams.of_shares(["floods", "none"]) == {"a"}
    assert stored(stores, "a").group == Group(None, None, "floods")
