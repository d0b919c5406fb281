"""The nightly audit, with the simulator as X."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from control import commands
from control.look_up import look_up
from scheduler.planner import AUDIT
from shared.domain.errors import Permanent
from shared.domain.jobs import AuditSource
from shared.domain.models import WorkClass
from shared.services.bootstrap import Services
from tests.scheduler.slots import fill_gaps, plan
from tests.workers.world import (
    STILL,
    Asked,
    ScriptedX,
    Simulator,
    next_sweep,
    read_to_end,
    running_simulator,
    without_archive,
)
from workers.handlers.auditing import audit_source

MINUTE, FOLLOWED, FOLLOWED_SINCE = timedelta(minutes=1), 5, timedelta(hours=48)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """A world that stands still, so that X counts what was read."""
    with running_simulator(*STILL) as running:
        yield running


@pytest.fixture
def names(simulated: Services, simulator: Simulator) -> list[str]:
    """Followed accounts of which two days are read, those of which most can be lost first; all but the last two and a
    half hours count as read a second time.
    """
    without_archive(simulated)
    names = simulator.names()[:FOLLOWED]
    commands.track(simulated, names, since=FOLLOWED_SINCE, found=look_up(simulated, names))
    for stream in simulated.stores.streams.active():
        read_to_end(simulated, next_sweep(simulated, stream.id, f"sweep-{stream.id}").id)
    fill_gaps(simulated)
    return sorted(names, key=lambda name: -simulated.stores.db["X_tweets"].count_documents(losable(simulated, name)))


def losable(services: Services, name: str) -> dict[str, Any]:
    """A query for posts that concern an account and lie well within what is compared."""
    now = services.clock.now()
    span = {"$gte": now - FOLLOWED_SINCE + timedelta(hours=1), "$lt": now - timedelta(hours=3)}
    return {"created_at": span, "concerns.member": name.lower()}


def night(services: Services) -> list[AuditSource]:
    """What the scheduler sends for."""
    return [job for job, _ in plan(services, AUDIT) if isinstance(job, AuditSource)]


def lose(services: Services, names: list[str]) -> list[int]:
    """Take posts of the first account out of the database; answers of each account how many, for a post may concern
    several.
    """
    posts = services.stores.db["X_tweets"]
    lost = [one["_id"] for one in posts.find(losable(services, names[0]))]
    counts = [posts.count_documents({"_id": {"$in": lost}, "concerns.member": name.lower()}) for name in names]
    posts.delete_many({"_id": {"$in": lost}})
    return counts


def test_what_nothing_explains_is_found_once_a_day(simulated: Services, names: list[str]) -> None:
    """Of all accounts, for a request each in the lowest class, whatever comes twice; the lost posts are missing."""
    lost = lose(simulated, names)
    jobs = night(simulated)
    for job in [*jobs, *jobs]:
        audit_source(simulated, job)

    whole = simulated.stores.audits.last_of([name.lower() for name in names])
    assert lost[0] > 9
    assert [whole[name.lower()].unexplained for name in names] == lost
    assert whole[names[1].lower()].counted > lost[1]
    assert night(simulated) == []
    simulated.ledger.copy()
    assert simulated.treasury.books().today(WorkClass.BACKFILL).micro_usd >= FOLLOWED * 5_000
    spent = [one["micro_usd"] for one in simulated.stores.db["audits"].find()]
    assert spent == [5_000] * FOLLOWED


def test_what_was_lost_of_the_night_is_sent_for_again(simulated: Services, names: list[str]) -> None:
    """Until it is compared."""
    first, *others = night(simulated)
    audit_source(simulated, first)

    assert len(others) == FOLLOWED - 1
    assert night(simulated) == others


def test_what_was_not_read_a_second_time_yet_is_left_out(services: Services, x: ScriptedX) -> None:
    """Of an account that is followed since a minute nothing is compared, and X is not asked."""
    services.following.follow(["alice"], since=services.clock.now() - MINUTE, now=services.clock.now())
    (job,) = night(services)

    audit_source(services, job)

    assert (x.asked, services.stores.audits.last_day(), night(services)) == ([], [], [])


def test_a_refusal_ends_it_for_the_day(services: Services, x: ScriptedX) -> None:
    """The error is the job's; nobody asks again before tomorrow."""

    def refuse(asked: Asked) -> tuple[int, object]:
        return 400, {"title": "Invalid Request", "detail": "no", "status": 400}

    now = services.clock.now()
    services.following.follow(["alice"], since=now - timedelta(hours=12), now=now)
    services.stores.db["X_streams"].update_many({}, {"$set": {"covered_through": now}})
    x.script = refuse
    (job,) = night(services)

    with pytest.raises(Permanent, match="X refused the request"):
        audit_source(services, job)

    assert len(x.asked) == 1
    assert night(services) == []
    (given_up,) = services.stores.db["audits"].find()
    assert (given_up["state"], "refused" in given_up["reason"]) == ("given_up", True)
