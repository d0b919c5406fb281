"""What is in the way of a refresh, and from when on it is believed."""

from __future__ import annotations

from datetime import timedelta

from control import commands, work
from control.obstacles import A_MOMENT, A_RESTART, Obstacle, Patience, obstacles
from shared.domain.flock import ProcessKind
from shared.domain.jobs import Queue
from shared.runtime.clock import SystemClock
from shared.services.bootstrap import Services
from shared.services.presence import Presence
from tests.workers.world import jobs_in

POST = 1460323737035677698


def worker(services: Services, *queues: Queue) -> Presence:
    """The sign of life of a worker of these queues."""
    presence = Presence(services, ProcessKind.WORKER, describe=lambda: {"queues": list(queues), "threads": 2})
    presence.begin()
    return presence


def names(services: Services) -> list[str]:
    """What is in the way of posts that cost money."""
    return [one.what for one in obstacles(services, is_unpaid=True)]


def test_an_obstacle_that_ends_in_time_is_waited_for(services: Services) -> None:
    """A block that lasts a minute is none for who waits for ten; and looking asks for nothing."""
    now = SystemClock().now()
    soon = Obstacle("X blocks app", "429", now + timedelta(minutes=1))
    present = worker(services, Queue.INTERACTIVE)

    assert not soon.outlasts(now + timedelta(minutes=10))
    assert soon.outlasts(now)
    assert Obstacle("X blocks app", "401", None).outlasts(now + timedelta(days=9))
    assert names(services) == []
    commands.refresh(services, [POST])
    assert len(jobs_in(services, Queue.INTERACTIVE)) == 1
    present.end()


def test_a_queue_that_nobody_serves_is_in_the_way(services: Services) -> None:
    """A worker of other queues does not help, one of this queue does, until it ends."""
    others = worker(services, Queue.SEARCH, Queue.ENGAGEMENT)
    assert names(services) == ["No worker serves the queue interactive"]
    others.end()

    present = worker(services, Queue.INTERACTIVE, Queue.SEARCH)
    assert names(services) == []
    work.pause(services, [Queue.INTERACTIVE])
    assert names(services) == ["The queue interactive is paused"]
    present.end()

    assert names(services) == ["The queue interactive is paused", "No worker serves the queue interactive"]


def test_an_obstacle_is_believed_when_it_stands() -> None:
    """Each in its own time; one that was gone at a look between begins anew."""
    money = Obstacle("the budget day_usd is spent", "", None)
    nobody = Obstacle("No worker serves the queue interactive", "", None, A_RESTART)
    patience = Patience()

    assert patience.believed([money, nobody], now_seconds=10.0) == []
    assert patience.believed([money, nobody], now_seconds=10.0 + A_MOMENT.total_seconds()) == [money]
    assert patience.believed([nobody], now_seconds=14.0) == []
    assert patience.believed([money, nobody], now_seconds=15.0) == [nobody]
    assert patience.believed([], now_seconds=15.5) == []
    assert patience.believed([money, nobody], now_seconds=16.0) == []
