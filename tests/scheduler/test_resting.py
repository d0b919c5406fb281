"""Searches that wait for midnight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from control import sources
from scheduler.resting import rests
from shared.domain.coverage.streams import Stream
from shared.domain.days import midnight
from shared.domain.sources import Source, SourceKind, Terms
from shared.services.bootstrap import Services
from shared.services.following import SEARCH
from tests.scheduler.slots import plan
from tests.workers.world import ScriptedX

Make = Callable[..., Services]
FLOODS = Source(id="floods", name="f", kind=SourceKind.TERMS, terms=Terms(keywords=("flood",)))


def read_before(services: Services, source: Source) -> Stream:
    """Its stream, which was read once."""
    sources.add(services, source)
    services.stores.db["X_streams"].update_many({}, {"$set": {"sweeps_completed": 1}})
    (stream,) = services.stores.streams.with_members([f"+{source.id}"])
    return stream


def at(services: Services, hour: float) -> datetime:
    """That hour of the coming day."""
    today = midnight(services.clock.now())
    return today + timedelta(days=1, hours=hour)


@pytest.mark.parametrize(("hour", "rests_then"), [(21.9, False), (22.1, True), (23.99, True), (24.0, False)])
def test_a_search_rests_for_the_last_hours_of_a_day(
    make_services: Make, x: ScriptedX, hour: float, rests_then: bool
) -> None:
    """Two hours before 00:00 UTC; its turn passes without a job, and is noted, so that nobody calls it late."""
    services = make_services(x.url, search_rest_hours=2.0)
    stream = read_before(services, FLOODS)

    jobs = plan(services, SEARCH, stream.id, now=at(services, hour))

    (after,) = services.stores.streams.active()
    assert (jobs == [], after.rested_at) == (rests_then, at(services, hour) if rests_then else None)


def test_by_default_no_search_rests(services: Services) -> None:
    """At whatever hour."""
    stream = read_before(services, FLOODS)
    assert not any(rests(services, stream, at(services, hour)) for hour in range(24))


@pytest.mark.parametrize(
    "source",
    [replace(FLOODS, alert_velocity=50), replace(FLOODS, live=True), replace(FLOODS, interval_seconds=3 * 3_600)],
    ids=["on alert", "live", "read seldom"],
)
def test_what_is_watched_does_not_rest(make_services: Make, x: ScriptedX, source: Source) -> None:
    """Nor what is read every three hours: its next turn may be long after midnight."""
    services = make_services(x.url, search_rest_hours=2.0)
    assert not rests(services, read_before(services, source), at(services, 23))


def test_a_first_search_does_not_rest(make_services: Make, x: ScriptedX) -> None:
    """Who begins to follow something at 23:00 sees it at 23:00."""
    services = make_services(x.url, search_rest_hours=2.0)
    stream = replace(read_before(services, FLOODS), sweeps_completed=0)
    assert not rests(services, stream, at(services, 23))
