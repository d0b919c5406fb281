"""Every death is counted once, and reported by exactly one process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dramatiq
import pytest
from prometheus_client import REGISTRY

from scheduler import deaths
from scheduler.reconciler import Reconciler
from shared.domain import errors
from shared.domain.jobs import Queue
from shared.domain.outcomes import MAX_AGE_SECONDS, MAX_ATTEMPTS, GiveUp, decide
from shared.services.bootstrap import Services
from tests.shared.runtime.test_reporting import FakeSentry, sentry
from tests.workers.world import eventually

__all__ = ["sentry"]


def letter_of(reason: str, **values: Any) -> dict[str, Any]:
    """A letter."""
    return {"_id": "m1-5", "job": "search_page", "queue": "search", "reason": reason, "message_id": "m1"} | values


def counted(reason: str) -> float:
    """How many letters were counted under a reason; -1 when there is no such series."""
    value = REGISTRY.get_sample_value("covey_dead_letters_total", {"reason": reason})
    return -1.0 if value is None else value


def kinds_of(error: type[errors.CoveyError]) -> list[type[errors.CoveyError]]:
    """A class and all below it."""
    return [error, *(kind for below in error.__subclasses__() for kind in kinds_of(below))]


def test_every_reason_of_the_policy_has_a_series_that_begins_at_zero() -> None:
    """Whatever class of ours a job fails with, at the first attempt, the last one, or too late."""
    deaths.begin()

    for kind in kinds_of(errors.CoveyError):
        error = kind.__new__(kind)
        error.wait_seconds = 1.0  # type: ignore[attr-defined]
        error.stops_all = True  # type: ignore[attr-defined]
        for attempt, age in ((1, 0.0), (MAX_ATTEMPTS, 0.0), (1, MAX_AGE_SECONDS + 1)):
            decision = decide(error, attempt=attempt, age_seconds=age)
            if isinstance(decision, GiveUp) and kind is not errors.CoveyError:
                assert counted(decision.reason) >= 0, decision.reason


@pytest.mark.parametrize(
    ("reason", "label"),
    [
        ("poison", "poison"),
        ("undecodable: not JSON", "undecodable"),
        ("unhandled:KeyError", "unhandled"),
        ("attempts:NoAnswer", "attempts:NoAnswer"),
        ("defect:KeyError", "defect"),
        ("too_old:ZeroDivisionError", "too_old"),
        ("whatever a foreign producer wrote", "other"),
        ("", "other"),
    ],
)
def test_the_label_comes_from_a_closed_set(reason: str, label: str) -> None:
    """Free text and classes that are not ours make no series."""
    assert deaths.reason_of(letter_of(reason)) == label
    assert label in deaths.reasons()


@pytest.mark.parametrize(
    "reason", ["poison", "undecodable: not JSON", "unknown_actor", "unhandled:KeyError", "unencodable"]
)
def test_a_death_without_an_outcome_is_one_event(sentry: FakeSentry, reason: str) -> None:
    """It was in no hand that could have reported it; the event names the job, and the message."""
    deaths.tell(letter_of(reason))

    (event,) = sentry.events()
    assert (event["tags"]["job"], event["tags"]["reason"]) == ("search_page", deaths.reason_of(letter_of(reason)))
    assert event["extra"]["message_id"] == "m1"


def test_a_message_that_could_not_be_read_is_an_event_too(sentry: FakeSentry) -> None:
    """It has no job and no id of its own; the event names the letter."""
    unread = letter_of("undecodable: not JSON", job=None)
    del unread["message_id"]

    deaths.tell(unread)

    (event,) = sentry.events()
    assert (event["message"], event["extra"]["message_id"]) == ("message given up: undecodable", "m1-5")


@pytest.mark.parametrize("reason", ["BadJob", "attempts:NoAnswer", "defect:KeyError", "too_old:NotGranted"])
def test_a_job_that_a_worker_gave_up_is_no_second_event(sentry: FakeSentry, reason: str) -> None:
    """The worker has reported it with its error; here it is counted."""
    deaths.begin()
    before = counted(deaths.reason_of(letter_of(reason)))

    deaths.tell(letter_of(reason))

    assert sentry.events() == []
    assert counted(deaths.reason_of(letter_of(reason))) == before + 1


def test_a_storm_is_counted_once_a_letter(make_services: Callable[..., Services], sentry: FakeSentry) -> None:
    """Messages that no actor knows: the first look of a scheduler counts and reports each, the next one none."""
    services = make_services("http://127.0.0.1:1", unknown_job_seconds=0.001)
    reconciler = Reconciler(services)
    before = counted("unknown_actor")
    for number in range(3):
        message: dramatiq.Message[Any] = dramatiq.Message(Queue.SEARCH, "nobody", (number,), {}, {})
        services.broker.enqueue(message)
    consumer = services.broker.consume(Queue.SEARCH)
    eventually(lambda: next(consumer) or len(services.broker.introspection.dead(10)) == 3)

    for _ in range(2):
        reconciler.collect_dead(services.clock.now())

    assert before >= 0
    assert counted("unknown_actor") == before + 3
    assert [event["message"] for event in sentry.events()] == ["nobody given up: unknown_actor"] * 3
