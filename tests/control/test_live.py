"""The breaks of live routes, as `covey coverage --live` tells them, on real servers."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from shared.services.bootstrap import Services
from shared.stores.database import ServerClock
from tests.control.whole import Covey, covey

__all__ = ["covey"]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def heard(services: Services) -> Services:
    """A route that was heard for an hour, was lost for five minutes, was heard again, and is not heard now."""
    live, now = services.stores.live, ServerClock(services.stores.db).now()
    first = live.begin("activity", by="one", now=now - 100 * MINUTE)
    live.end(first, why="network", events=3, now=now - 40 * MINUTE)
    second = live.begin("activity", by="two", now=now - 35 * MINUTE)
    live.end(second, why="stopped", events=0, now=now - 10 * MINUTE)
    return services


def test_each_break_is_told_with_its_length_and_why(heard: Services, covey: Covey) -> None:
    """Those of the window only; the last one lasts still. A route that nobody ever heard has none."""
    told = json.loads(covey("coverage", "--live", "--window", "2h", "--json").stdout)
    late = json.loads(covey("coverage", "--live", "--window", "20m", "--json").stdout)

    first, last = told
    assert (first["route"], first["seconds"], first["why"]) == ("activity", 300, "network")
    assert (last["to_at"], last["why"]) == (None, "stopped")
    assert 600 <= last["seconds"] < 660
    assert [one["why"] for one in late] == ["stopped"]


def test_people_see_a_table_or_that_there_is_none(heard: Services, covey: Covey) -> None:
    """A break is a row."""
    shown = covey("coverage", "--live")
    nothing = covey("coverage", "--live", "--since", "3h", "--until", "2h")

    assert "activity" in shown.stdout
    assert "5 min" in shown.stdout
    assert "No break" in nothing.stdout
