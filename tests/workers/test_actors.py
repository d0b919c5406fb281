"""The actors on a real worker: every job has one, and what a handler raises becomes what the policy says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import dramatiq
import pytest
from dramatiq import Worker
from dramatiq.middleware import TimeLimit

from shared.broker import Outcomes, start_worker
from shared.broker.sender import to_message
from shared.domain.jobs import ALL_JOBS, ALL_QUEUES, Canary, Job, Queue, RefreshEngagement, SearchPage
from shared.domain.outcomes import decide
from shared.runtime.clock import SystemClock
from shared.services.bootstrap import Services
from tests.workers.world import ScriptedX, eventually, open_sweep, page, post_id, state_of, stored_ids
from workers.actors import declare_all
from workers.middleware.telemetry import Telemetry, tell_outcome

A = post_id(60)


@pytest.fixture
def at_work(make_services: Callable[..., Services], x: ScriptedX) -> Iterator[Services]:
    """Services with a worker of this process on every queue."""
    clock = SystemClock()
    middleware = [Telemetry(clock), TimeLimit(), Outcomes(decide, clock=clock, on_outcome=tell_outcome)]
    services = make_services(x.url, middleware=middleware)
    declare_all(services)
    worker: Worker = start_worker(services.broker, queues=ALL_QUEUES, threads=2)
    yield services
    worker.stop(timeout=5000)


def enqueue(services: Services, job_name: str, queue: str, *args: Any) -> None:
    """Enqueue a message with whatever arguments, as a producer of another version might."""
    services.broker.enqueue(dramatiq.Message(queue_name=queue, actor_name=job_name, args=args, kwargs={}, options={}))


def test_every_job_has_one_actor_and_all_its_queues(at_work: Services) -> None:
    """The actors are exactly the job types, each on its default queue, and every queue is declared."""
    actors = at_work.broker.actors

    assert {name: actor.queue_name for name, actor in actors.items()} == {job.name: job.queues[0] for job in ALL_JOBS}
    assert {queue for job in ALL_JOBS for queue in job.queues} == set(ALL_QUEUES)
    assert set(ALL_QUEUES) <= at_work.broker.get_declared_queues()


def test_a_job_is_worked_on_from_each_of_its_queues(at_work: Services) -> None:
    """A canary of every queue is taken and done."""
    for queue in Canary.queues:
        at_work.sender.send(Canary(queue=queue, sent_at_ms=0), queue=queue)

    for queue in Canary.queues:
        at_work.broker.join(queue, timeout=10_000)

    assert at_work.broker.introspection.dead(10) == []


MISFITS: dict[str, Any] = {
    "page: Field required": {"version": 1, "sweep_id": "s"},
    "version: Input should be 1": {"version": 0, "sweep_id": "s", "page": 0},
    "page: Input should be greater than or equal to 0": {"version": 1, "sweep_id": "s", "page": -1},
    "token: Extra inputs are not permitted": {"version": 1, "sweep_id": "s", "page": "x", "token": "x"},
    "sweep_id: Input should be a valid string": {"version": 1, "sweep_id": 5, "page": 0},
    "payload: Input should be a valid dictionary or instance of SearchPage": "not an object",
}


def test_a_job_that_does_not_fit_is_buried_and_the_worker_lives(at_work: Services, x: ScriptedX) -> None:
    """Each goes to the dead letters at its first run with the reason and the field, and the next job is done."""
    for payload in MISFITS.values():
        enqueue(at_work, SearchPage.name, Queue.SEARCH, payload)

    letters = eventually(lambda: len(found := at_work.broker.introspection.dead(10)) == len(MISFITS) and found)

    assert {letter.reason for letter in letters} == {"BadJob"}
    options = [json.loads(letter.payload)["options"] for letter in letters]
    assert not any("attempts" in each for each in options)
    for words in MISFITS:
        assert any(words in each["traceback"] for each in options), words
    x.script = lambda asked: page(A)
    sweep = open_sweep(at_work)
    at_work.sender.send(SearchPage(sweep_id=sweep.id, page=0))
    eventually(lambda: state_of(at_work, sweep.id).is_complete)


def waiting_options(services: Services, job: Job) -> dict[str, Any]:
    """The options of the delayed message of a job, once it is delayed."""
    keys = services.broker.keys(job.queues[0])
    eventually(lambda: services.broker.introspection.queue_stats()[job.queues[0]].delayed)
    payloads: Any = services.broker.client.hvals(keys.payloads)
    (payload,) = payloads
    options: dict[str, Any] = json.loads(payload)["options"]
    return options


def test_a_job_without_a_grant_waits_and_spends_no_attempt(at_work: Services, x: ScriptedX) -> None:
    """When X's window is used up, the job is deferred without asking X and without an attempt."""
    x.limit, x.remaining = 1, 0
    x.script = lambda asked: page(A, token="t1")
    sweep = open_sweep(at_work)
    at_work.sender.send(SearchPage(sweep_id=sweep.id, page=0))

    options = waiting_options(at_work, SearchPage(sweep_id=sweep.id, page=1))

    assert len(x.asked) == 1
    assert (options.get("attempts", 0), options["deferrals"], options["last_reason"]) == (0, 1, "NotGranted")
    assert stored_ids(at_work) == {A}
    assert at_work.broker.introspection.dead(10) == []


@pytest.mark.parametrize(
    ("answer", "options"),
    [
        ((503, b"busy"), {"attempts": 1, "last_reason": "ServerFault"}),
        ((429, {"title": "Too Many Requests", "status": 429}), {"deferrals": 1, "last_reason": "WindowExceeded"}),
        ((401, {"title": "Unauthorized", "status": 401}), {"deferrals": 1, "last_reason": "Unauthorized"}),
        ((402, {"title": "CreditsDepleted"}), {"deferrals": 1, "last_reason": "CreditsDepleted"}),
    ],
    ids=["503", "429", "401", "402"],
)
def test_what_x_refuses_decides_when_the_job_comes_again(
    at_work: Services, x: ScriptedX, answer: tuple[int, Any], options: dict[str, Any]
) -> None:
    """A fault of X spends an attempt; a limit, a token and money wait without one."""
    x.remaining = 0
    x.script = lambda asked: answer
    job = RefreshEngagement(claim_id="c1", post_ids=(str(A),))
    at_work.sender.send(job)

    found = waiting_options(at_work, job)

    assert {name: found[name] for name in options} == options
    assert ("attempts" in found) == ("attempts" in options)


def test_a_message_holds_ids_and_no_secret(services: Services) -> None:
    """What is enqueued for a job is its payload, its names and a correlation id."""
    message = to_message(RefreshEngagement(claim_id="c1", post_ids=("5",)))

    assert services.settings.x_bearer_token is not None
    assert services.settings.x_bearer_token.get_secret_value().encode() not in message.encode()
    assert set(message.options) == {"correlation_id"}
