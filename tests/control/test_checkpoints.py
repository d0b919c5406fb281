"""How far searches have read, and setting them back, on real servers."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from control import checkpoints
from shared.domain import snowflake
from shared.domain.coverage.sweeps import SweepStatus
from shared.domain.errors import InputError
from shared.domain.jobs import SearchPage
from shared.services.bootstrap import Services
from tests.control.whole import Covey, covey
from tests.workers.world import HANDLERS, NOW, ScriptedX, next_sweep, page, post_id, read_to_end, state_of

__all__ = ["covey"]


def covered(services: Services, x: ScriptedX) -> Any:
    """A stream of alice and bob that was read once, since ten minutes ago."""
    x.script = lambda asked: page(post_id(30), post_id(60))
    since = NOW - timedelta(minutes=10)
    (stream,) = services.following.follow(["alice", "bob"], since=since, now=services.clock.now())
    read_to_end(services, next_sweep(services, stream.id, "sweep-1").id)
    return services.stores.streams.get(stream.id)


def test_a_search_is_read_again_from_where_it_was_set_back_to(services: Services, x: ScriptedX) -> None:
    """The next sweep reaches back to there; what is stored stays, and it begins no later than it did."""
    stream = covered(services, x)
    to = NOW - timedelta(hours=1)

    (row,) = checkpoints.reset(services, "@Alice", to)

    assert (row["covered_through"], row["began_at"], row["sweep"]) == (to, to, None)
    assert next_sweep(services, stream.id, "sweep-2").since_id == snowflake.first_id_at(to) - 1
    assert services.stores.posts.count() == 2
    read_to_end(services, "sweep-2")
    assert services.stores.streams.get(stream.id).covered_through > stream.covered_through - timedelta(seconds=5)


def test_a_sweep_under_way_does_not_move_what_was_set_back(services: Services, x: ScriptedX) -> None:
    """It is closed; a page of it that a worker has in hand ends without effect on the coverage."""
    stream = covered(services, x)
    sweep = next_sweep(services, stream.id, "sweep-2")
    to = NOW - timedelta(minutes=30)

    checkpoints.reset(services, stream.id, to)
    services.stores.streams.sweep_completed(
        stream.id, sweep_id=sweep.id, newest_id=post_id(1), through_at=NOW, started_at=sweep.started_at
    )
    HANDLERS[SearchPage](services, SearchPage(sweep_id=sweep.id, page=0))

    assert state_of(services, sweep.id).status is SweepStatus.ABANDONED
    assert services.stores.streams.get(stream.id).covered_through == to


def test_what_cannot_be_set_back_is_told(services: Services, x: ScriptedX) -> None:
    """A name in no search, a time to come or beyond X's reach, and one that was not read yet."""
    covered(services, x)

    with pytest.raises(InputError, match="no search carries carol"):
        checkpoints.show(services.stores, "carol")
    for text, why in (("8d", "7 days"), ("2999-01-01", "is to come"), ("soon", "is no time")):
        with pytest.raises(InputError, match=why):
            checkpoints.moment(text, now=NOW)
    assert checkpoints.moment("2h", now=NOW) == NOW - timedelta(hours=2)
    with pytest.raises(InputError, match="is not covered as far"):
        checkpoints.plan(services, "alice", services.clock.now() + timedelta(seconds=1))


def test_a_person_is_asked_and_told_the_cost(covey: Covey, services: Services, x: ScriptedX) -> None:
    """With who else is read again; no means no, --yes does not ask."""
    stream = covered(services, x)

    refused = covey("checkpoint", "reset", "alice", "--to", "2h", input=b"n\n")
    assert refused.status == 1
    assert "of 2 handles, about $" in refused.stderr
    assert "read again too: @bob" in refused.stderr
    assert services.stores.streams.get(stream.id) == stream

    done = json.loads(covey("checkpoint", "reset", "alice", "--to", "2h", "--yes", "--json").stdout)
    (shown,) = json.loads(covey("checkpoint", "show", stream.id, "--json").stdout)
    assert done["now"] == [shown]
    assert "covered: " in covey("checkpoint", "show", "@bob").stdout
