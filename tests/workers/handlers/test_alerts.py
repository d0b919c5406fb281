"""`send_alert` on real servers, to a real receiver: once a post and day, in no quiet hour, never of what is gone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from scheduler.planner import ALERTS
from shared.broker import start_worker
from shared.domain.errors import InputError
from shared.domain.jobs import Queue, SendAlert
from shared.domain.models import PostState, User
from shared.domain.outcomes import MAX_ATTEMPTS
from shared.domain.states import By, Word
from shared.http.webhooks import WebhookRefused, WebhookUnavailable
from shared.runtime.clock import SystemClock
from shared.services.bootstrap import Services
from tests.scheduler.slots import plan
from tests.shared.http.receiver import HUSH, SECRET, Receiver, Taken, receiving
from tests.workers.handlers.test_surges import A, B, know, refresh
from tests.workers.world import ScriptedX, eventually, take_jobs, work_off
from workers.actors import declare_all
from workers.handlers.alerts import send_alert
from workers.main import middleware_of

Make = Callable[..., Services]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who takes webhooks."""
    with receiving() as running:
        yield running


@pytest.fixture
def telling(make_services: Make, x: ScriptedX, receiver: Receiver) -> Services:
    """Services that tell the receiver."""
    return make_services(x.url, **to(receiver))


def to(receiver: Receiver) -> dict[str, Any]:
    """The settings that tell a receiver."""
    return {"alert_webhook_url": receiver.url, "alert_webhook_secret": SECRET}


def run_away(services: Services, x: ScriptedX, *ids: int) -> list[SendAlert]:
    """Posts get 300 likes in half an hour; answers the jobs of their alerts."""
    know(services, *ids)
    refresh(services, x, dict.fromkeys(ids, 300))
    return [SendAlert.of(one["_id"]) for one in services.stores.db["surges"].find().sort("_id", 1)]


def surge(services: Services, job: SendAlert) -> dict[str, Any]:
    """What is stored of it."""
    found = services.stores.surges.get(job.subject)
    assert found is not None
    return found


def sent(outcome: str) -> float:
    """How many were counted."""
    return REGISTRY.get_sample_value("covey_webhooks_total", {"outcome": outcome}) or 0.0


def test_a_post_that_runs_away_is_told_of(telling: Services, x: ScriptedX, receiver: Receiver) -> None:
    """The refresh that finds it sends for it; the webhook says what, of whom, how fast and why."""
    telling.stores.users.upsert([User(id=7, username="nasa")], now=telling.clock.now())
    before = sent("delivered")

    (job,) = run_away(telling, x, A)
    done = work_off(telling)
    refresh(telling, x, {A: 900}, claim="c2")
    done += work_off(telling)

    assert done == [job]
    (taken,) = receiver.taken
    assert taken.is_signed()
    assert taken.headers["webhook-id"] == job.subject
    kept = surge(telling, job)
    assert taken.message == {
        "type": "engagement.surge",
        "timestamp": kept["at"].isoformat(),
        "data": {
            "post_id": str(A),
            "url": f"https://x.com/nasa/status/{A}",
            "author": {"id": "7", "username": "nasa"},
            "velocity": pytest.approx(600, rel=0.02),
            "usual": None,
            "why": ["fast"],
            "counts": {"like_count": 300},
            "sources": [],
        },
    }
    assert (kept["status"], "send_at" in kept) == ("delivered", False)
    assert sent("delivered") == before + 1


def test_it_is_not_told_of_again(telling: Services, x: ScriptedX, receiver: Receiver) -> None:
    """A job that comes a second time after it was delivered sends nothing."""
    (job,) = run_away(telling, x, A)
    send_alert(telling, job)

    send_alert(telling, job)

    assert len(receiver.taken) == 1


def test_without_a_webhook_nothing_is_sent_for(services: Services, x: ScriptedX) -> None:
    """The alert is counted and logged; no job waits, and a webhook that is set later is not told of it."""
    (job,) = run_away(services, x, A)

    assert surge(services, job)["status"] == "told"
    assert take_jobs(services, Queue.MEDIA) == []
    assert plan(services, ALERTS) == []


def test_what_comes_in_quiet_hours_is_sent_when_they_end(make_services: Make, x: ScriptedX, receiver: Receiver) -> None:
    """It waits in MongoDB, and the scheduler sends for it in the first slot after their end."""
    now = SystemClock().now()
    hours = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=2):%H:%M}"
    quiet, awake = make_services(x.url, alert_quiet_hours=hours, **to(receiver)), make_services(x.url, **to(receiver))

    (job,) = run_away(quiet, x, A)
    send_alert(quiet, job)

    assert (take_jobs(quiet, Queue.MEDIA), plan(quiet, ALERTS), receiver.taken) == ([], [], [])
    end = surge(quiet, job)["send_at"]
    assert timedelta(hours=1, minutes=58) < end - now <= timedelta(hours=2)
    assert plan(quiet, ALERTS, now=end) == [(job, None)]
    send_alert(awake, job)
    assert len(receiver.taken) == 1
    assert plan(quiet, ALERTS, now=end) == []


def test_what_a_crash_left_is_sent_for(telling: Services, x: ScriptedX) -> None:
    """An alert that was noted and not sent for is in the scheduler's next slot."""
    (job,) = run_away(telling, x, A)
    telling.broker.client.flushdb()

    assert plan(telling, ALERTS, now=telling.clock.now()) == [(job, None)]


@pytest.mark.parametrize("state", ["gone", "erased"])
def test_nobody_is_pointed_to_a_post_that_is_gone(
    telling: Services, x: ScriptedX, receiver: Receiver, state: str
) -> None:
    """X said that it is gone before it was sent: it is dropped; erased, there is nothing to send."""
    (job,) = run_away(telling, x, A)
    if state == "erased":
        telling.stores.erasures.delete_posts([str(A)])
    else:
        word = Word(PostState.DELETED, telling.clock.now(), By.LOOKUP)
        telling.stores.fates.bury({A: word}, now=telling.clock.now(), purge_after=timedelta(hours=1))

    send_alert(telling, job)

    assert receiver.taken == []
    found = telling.stores.surges.get(job.subject)
    assert (found and found["status"]) == (None if state == "erased" else "dropped")


def test_nobody_who_is_not_there_any_more_is_told_twice(
    telling: Services, make_services: Make, x: ScriptedX, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """410 ends the sending to that address for a day; another address, or the next day, is tried."""
    receiver.answer = lambda taken: 410
    first, second = run_away(telling, x, A, B)

    send_alert(telling, first)
    send_alert(telling, second)

    assert len(receiver.taken) == 1
    assert {surge(telling, job)["status"] for job in (first, second)} == {"disabled"}
    with receiving() as other:
        send_alert(make_services(x.url, **to(other)), second)
        assert [taken.headers["webhook-id"] for taken in other.taken] == [second.subject]
    stored = telling.stores.state.get("alert_webhook_disabled")
    telling.stores.state.set("alert_webhook_disabled", {**stored, "at": stored["at"] - timedelta(hours=25)})
    send_alert(telling, first)
    assert len(receiver.taken) == 2
    assert HUSH not in json.dumps(stored, default=str)
    assert HUSH not in caplog.text


def test_a_refusal_is_final(telling: Services, x: ScriptedX, receiver: Receiver) -> None:
    """400 raises for the letter, and the scheduler does not send it again; a replay of the letter does."""
    receiver.answer = lambda taken: 400
    (job,) = run_away(telling, x, A)

    with pytest.raises(WebhookRefused):
        send_alert(telling, job)

    assert surge(telling, job)["status"] == "refused"
    assert plan(telling, ALERTS, now=telling.clock.now() + timedelta(days=1)) == []
    receiver.answer = lambda taken: 200
    send_alert(telling, job)
    assert surge(telling, job)["status"] == "delivered"


def test_an_outage_is_tried_as_often_as_other_jobs(telling: Services, x: ScriptedX, receiver: Receiver) -> None:
    """Every try has the same id and a signature of its time; after the last it is given up."""
    receiver.answer = lambda taken: 503
    (job,) = run_away(telling, x, A)
    states = []
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(WebhookUnavailable):
            send_alert(telling, job)
        states.append(surge(telling, job)["status"])

    assert states == ["pending"] * (MAX_ATTEMPTS - 1) + ["refused"]
    assert {taken.headers["webhook-id"] for taken in receiver.taken} == {job.subject}
    assert all(taken.is_signed() for taken in receiver.taken)


def test_without_a_secret_it_is_a_letter(make_services: Make, x: ScriptedX, receiver: Receiver) -> None:
    """Nothing is sent unsigned."""
    services = make_services(x.url, alert_webhook_url=receiver.url)
    (job,) = run_away(services, x, A)

    with pytest.raises(InputError, match="COVEY_ALERT_WEBHOOK_SECRET is not set"):
        send_alert(services, job)

    assert receiver.taken == []
    assert surge(services, job)["status"] == "refused"


def test_a_worker_tries_again_and_buries_what_is_refused(make_services: Make, x: ScriptedX, receiver: Receiver) -> None:
    """In a real worker one alert meets 503 and is delivered at the next try, another meets 400 and is a dead letter."""
    first, second = sorted((A, B))

    def answer(taken: Taken) -> int:
        if taken.headers["webhook-id"].startswith(f"{second}:"):
            return 400
        return 503 if sum(one.headers["webhook-id"].startswith(f"{first}:") for one in receiver.taken) == 1 else 204

    receiver.answer = answer
    settings = make_services(x.url).settings
    services = make_services(x.url, middleware=middleware_of(settings, SystemClock()), **to(receiver))
    jobs = dict(zip((first, second), run_away(services, x, A, B), strict=True))
    declare_all(services)
    worker = start_worker(services.broker, queues=[Queue.MEDIA], threads=2)
    try:
        eventually(lambda: surge(services, jobs[first])["status"] == "delivered", 15)
        (letter,) = eventually(lambda: services.dead_letters.collect().letters, 5)
    finally:
        worker.stop(timeout=2000)

    assert (letter["job"], letter["reason"]) == ("send_alert", "WebhookRefused")
    assert letter["actor_args"][0]["post_id"] == str(second)
    assert HUSH not in json.dumps(letter, default=str)
    assert sorted(taken.headers["webhook-id"] for taken in receiver.taken) == [
        jobs[first].subject,
        jobs[first].subject,
        jobs[second].subject,
    ]


def test_an_author_nobody_knows_is_told_of_by_id(telling: Services, x: ScriptedX, receiver: Receiver) -> None:
    """The address of the post needs no name."""
    (job,) = run_away(telling, x, A)

    send_alert(telling, job)

    (taken,) = receiver.taken
    assert taken.message["data"]["url"] == f"https://x.com/i/web/status/{A}"
    assert taken.message["data"]["author"] == {"id": "7", "username": None}
