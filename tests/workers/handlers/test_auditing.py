"""The nightly audit, with the simulator as X."""

from __future__ import annotations

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
from tests.workers.world import Asked, ScriptedX, Simulator, next_sweep, read_to_end, without_archive
from workers.handlers.auditing import audit_source

MINUTE = timedelta(minutes=1)


@pytest.fixture
def names(simulated: Services, simulator: Simulator) -> list[str]:
    """Two accounts, of which twelve hours are read; all of it counts as read a second time two minutes later."""
    without_archive(simulated)
    names = simulator.names()[:2]
    commands.track(simulated, names, since=timedelta(hours=12), found=look_up(simulated, names))
    (stream,) = simulated.stores.streams.active()
    read_to_end(simulated, next_sweep(simulated, stream.id, "sweep-1").id)
    fill_gaps(simulated)
    return names


def night(services: Services) -> list[AuditSource]:
    """What the scheduler sends for."""
    return [job for job, _ in plan(services, AUDIT) if isinstance(job, AuditSource)]


def lose(services: Services, names: list[str]) -> list[int]:
    """Take the posts of the first account out of the database that are older than six hours; how many that are of each
    account: a post may concern both.
    """
    older: dict[str, Any] = {"created_at": {"$lt": services.clock.now() - timedelta(hours=6)}}
    posts, first = services.stores.db["X_tweets"], {"concerns.member": names[0].lower()}
    found = [{**older, "$and": [first, {"concerns.member": name.lower()}]} for name in names]
    counts = [posts.count_documents(query) for query in found]
    posts.delete_many({**older, **first})
    return counts


def test_what_nothing_explains_is_found_once_a_day(simulated: Services, names: list[str]) -> None:
    """Of both accounts, for a request each in the lowest class, whatever comes twice; the lost posts are missing."""
    lost = lose(simulated, names)
    jobs = night(simulated)
    for job in [*jobs, *jobs]:
        audit_source(simulated, job)

    whole = simulated.stores.audits.last_of([name.lower() for name in names])
    assert lost[0] > 2
    assert [whole[name.lower()].unexplained for name in names] == lost
    assert whole[names[1].lower()].counted > lost[1] + 2
    assert night(simulated) == []
    simulated.ledger.copy()
    assert simulated.treasury.books().today(WorkClass.BACKFILL).micro_usd >= 10_000
    spent = [one["micro_usd"] for one in simulated.stores.db["audits"].find()]
    assert spent == [5_000, 5_000]


def test_what_was_lost_of_the_night_is_sent_for_again(simulated: Services, names: list[str]) -> None:
    """Until it is compared."""
    first, second = night(simulated)
    audit_source(simulated, first)

    assert night(simulated) == [second]


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
