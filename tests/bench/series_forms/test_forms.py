"""The forms of series that `bench.history` compares, on a real MongoDB: each stores and answers the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pymongo.errors import BulkWriteError

from bench.history import FORMS, Form
from bench.series_forms.packed import Packed
from bench.series_forms.timeseries import TimeSeries
from bench.series_forms.world import READINGS, World
from shared.stores.database import Db, connect

WORLD = World(groups=1)
POSTS = WORLD.posts(0)


@pytest.fixture
def db(mongo_uri: str) -> Iterator[Db]:
    """A database without anything in it."""
    found = connect(mongo_uri, "covey_forms")
    yield found
    found.client.drop_database(found.name)
    found.client.close()


@pytest.fixture(params=FORMS, ids=lambda form: str(form.name))
def form(db: Db, request: pytest.FixtureRequest) -> Form:
    """A form that is filled."""
    made: Form = request.param(db)
    made.create()
    for group, number in WORLD.order():
        if writes := made.filling(WORLD, group, number):
            made.rows.bulk_write(writes)
    return made


def test_every_form_answers_the_same(form: Form) -> None:
    """First, newest, a span and the newest of many, by the times and counts of the world."""
    week = [number for number in range(READINGS) if _in_week(number)]
    first, newest = form.first(POSTS[3]), form.newest(POSTS[3])

    assert first is not None
    assert newest is not None
    assert _at(first) == WORLD.answer(0, 0)[3].at
    assert _at(newest) == WORLD.answer(0, READINGS - 1)[3].at
    assert form.between(POSTS[3], *WORLD.week(0)) == len(week) > 5
    assert form.newest_of(POSTS) == len(POSTS)


def test_a_new_reading_is_the_newest(form: Form) -> None:
    """And what was there stays."""
    form.rows.bulk_write(form.inserts(WORLD.answer(0, READINGS)), ordered=False)
    newest = form.newest(POSTS[0])

    assert newest is not None
    assert _at(newest) == WORLD.answer(0, READINGS)[0].at
    made_at = WORLD.answer(0, 0)[0].made_at
    assert form.between(POSTS[0], made_at, made_at + timedelta(days=40)) == READINGS + 1


def test_what_can_be_changed_is_changed(form: Form) -> None:
    """A snapshot that held longer, and a series of which each fifth stays; MongoDB 6 refuses both of a time series."""
    made_at = WORLD.answer(0, 0)[0].made_at
    extensions = form.extensions(WORLD.answer(0, READINGS - 1))
    if isinstance(form, TimeSeries):
        with pytest.raises(BulkWriteError):
            form.rows.bulk_write(extensions, ordered=False)
        return
    assert form.rows.bulk_write(extensions, ordered=False).modified_count == len(POSTS)
    form.thin(POSTS, 5)
    left = [form.between(post, made_at, made_at + timedelta(days=40)) for post in POSTS]

    # Of fifty each fifth; of five buckets up to four are left over in each.
    assert all(6 <= one <= 10 for one in left) if isinstance(form, Packed) else set(left) == {10}


def test_buckets_that_grow_are_those_that_are_written_whole(db: Db) -> None:
    """A reading that comes twice is there once."""
    grown, whole = Packed(db), Packed(db)
    whole.rows = db["whole"]
    for group, number in WORLD.order():
        grown.rows.bulk_write(grown.inserts(WORLD.answer(group, number)), ordered=False)
        if writes := whole.filling(WORLD, group, number):
            whole.rows.bulk_write(writes)
    with pytest.raises(BulkWriteError, match="E11000"):
        grown.rows.bulk_write(grown.inserts(WORLD.answer(0, READINGS - 1)), ordered=False)

    assert list(grown.rows.find(sort=[("_id", 1)])) == list(whole.rows.find(sort=[("_id", 1)]))


def _in_week(number: int) -> bool:
    since, until = WORLD.week(0)
    return since <= WORLD.answer(0, number)[3].at < until


def _at(document: dict[str, object]) -> object:
    packed = document.get("s")
    return packed[0]["a"] if isinstance(packed, list) else document["at"]
