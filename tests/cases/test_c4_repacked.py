"""Every handle is in a query, however long queries may be: one that no longer holds all of them is split."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.models import User
from shared.platforms.x.query import pack
from shared.services.bootstrap import Services
from shared.services.following import Following
from tests.workers.world import NOW

NAMES = [f"account_{number:02}" for number in range(60)]


def following(services: Services, length: int) -> Following:
    """Who changes what is followed on a plan with queries of that length."""
    return Following(services.stores, query_max_length=length, search_interval_seconds=60)


def carried(services: Services, length: int) -> list[str]:
    """The handles that are searched for; all queries fit."""
    streams = services.stores.streams.active()
    assert all(len(stream.query) <= length for stream in streams)
    assert all(f"@{name} " in stream.query for stream in streams for name in stream.members)
    return sorted(name for stream in streams for name in stream.members)


@pytest.mark.parametrize("gone", [NAMES[:1], NAMES[-1:], NAMES[:30], NAMES[::2], NAMES[:59], NAMES])
def test_those_that_stay_are_all_read(services: Services, gone: list[str]) -> None:
    """Sixty in one query of 4,096 characters, the plan is 512 now, some are followed no longer."""
    (before,) = following(services, 4096).follow(NAMES, since=NOW, now=NOW)

    following(services, 512).unfollow(gone, now=NOW)

    assert carried(services, 512) == sorted(set(NAMES) - set(gone))
    for stream in services.stores.streams.active():
        assert (stream.cursor_id, stream.covered_through, stream.began_at) == (before.cursor_id, NOW, NOW)
    scheduled = {schedule.subject for schedule in services.stores.schedules.all()}
    assert scheduled == {stream.id for stream in services.stores.streams.active()}


def test_a_smaller_plan_alone_splits_it(services: Services) -> None:
    """X would refuse the long query at every sweep: the scheduler sees that first."""
    following(services, 4096).follow(NAMES, since=NOW, now=NOW)
    following(services, 512).keep_in_step(before=NOW, now=NOW)

    assert carried(services, 512) == NAMES


def test_ids_that_are_learnt_make_queries_longer(services: Services) -> None:
    """What held all names does not hold their ids: it is split, and nobody is dropped."""
    following(services, 512).follow(NAMES, since=NOW, now=NOW)
    few = len(services.stores.streams.active())
    users = [User(id=10**18 + number, username=name) for number, name in enumerate(NAMES)]
    services.stores.handles.learn(users, now=NOW)
    following(services, 512).keep_in_step(before=NOW, now=NOW)

    assert carried(services, 512) == NAMES
    assert len(services.stores.streams.active()) > few
    assert all("from:1000" in stream.query for stream in services.stores.streams.active())


def test_a_stream_that_fits_is_left_alone(services: Services) -> None:
    """Looking again writes nothing."""
    following(services, 512).follow(NAMES, since=NOW, now=NOW)
    before = list(services.stores.db["X_streams"].find().sort("_id"))
    following(services, 512).keep_in_step(before=NOW, now=NOW)

    assert list(services.stores.db["X_streams"].find().sort("_id")) == before


names = st.from_regex(r"[a-z0-9_]{1,15}", fullmatch=True)


@given(
    handles=st.lists(names, unique=True, min_size=1, max_size=40),
    ids=st.dictionaries(names, st.integers(1, 10**19 - 1), max_size=20),
    length=st.sampled_from([80, 128, 512, 4096]),
)
def test_every_handle_is_in_exactly_one_query_that_fits(handles: list[str], ids: dict[str, int], length: int) -> None:
    """By id where it is known and fits, by name otherwise."""
    known = ids | {handles[0]: 10**19 - 1}
    packed = pack(handles, length, known)

    assert sorted(name for query in packed for name in query.members) == sorted(handles)
    for query in packed:
        assert len(query.text) <= length
        for name in query.members:
            assert f"@{name} OR to:" in query.text
            assert f" OR from:{known.get(name, name)}" in query.text or f" OR from:{name}" in query.text
