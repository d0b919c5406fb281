"""What is decided about a run is carried out: retried, deferred, buried or done, never forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import dramatiq
import pytest
from dramatiq.broker import MessageProxy

from shared.broker import CoveyBroker, Deferred, Delivery, Outcomes
from shared.domain import outcomes
from shared.domain.errors import BadJob, NoAnswer, NotGranted, Unauthorized
from shared.domain.outcomes import DeferFor, Done, GiveUp, Outcome, Pause, Reach, RetryIn
from shared.runtime.clock import ManualClock, SystemClock
from tests.shared.broker.conftest import QUEUE, eventually, make_message

NOW = datetime(2024, 5, 1, tzinfo=UTC)


def delivery_of(age_seconds: float = 0.0, **options: Any) -> Delivery:
    """A delivery of a message made `age_seconds` before NOW."""
    made_ms = int((NOW - timedelta(seconds=age_seconds)).timestamp() * 1000)
    message: dramatiq.Message[Any] = dramatiq.Message(QUEUE, "note", (), {}, options, message_timestamp=made_ms)
    return Delivery(message)


def run(delivery: Delivery, error: BaseException | None, decide: Any = outcomes.decide) -> Outcome:
    """Let the middleware decide; the decision it told."""
    told: list[Outcome] = []
    middleware = Outcomes(decide, clock=ManualClock(NOW), on_outcome=lambda _message, decision: told.append(decision))
    middleware.after_process_message(None, delivery, exception=error)  # type: ignore[arg-type]
    return told[0]


def test_the_policy_is_asked_with_attempt_and_age() -> None:
    """The attempt counts this run and the failed ones, not the deferred ones; the age is that of the message."""
    asked: dict[str, Any] = {}

    def decide(error: BaseException | None, *, attempt: int, age_seconds: float, left_seconds: float) -> Outcome:
        asked.update(error=error, attempt=attempt, age_seconds=age_seconds, left_seconds=left_seconds)
        return RetryIn(1.0, "again")

    error = ValueError()
    run(delivery_of(90, attempts=2, deferrals=7), error, decide)

    assert asked == {"error": error, "attempt": 3, "age_seconds": 90.0, "left_seconds": 0.0}


def test_a_retry_is_counted_and_delayed() -> None:
    """The copy has the same id, one attempt more, and the delay of the policy."""
    delivery = delivery_of(attempts=1)

    decision = run(delivery, NoAnswer("search", "cut"))

    assert isinstance(decision, RetryIn)
    assert delivery.again is not None
    assert delivery.again.message.options == {"attempts": 2, "last_reason": "NoAnswer"}
    assert delivery.again.message.message_id == delivery.message_id
    assert delivery.again.delay_ms == round(decision.seconds * 1000)
    assert not delivery.failed


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (NotGranted("search", wait_seconds=2.0, blocked_by="window"), DeferFor, "NotGranted"),
        (Deferred("window is spent", delay_ms=2000), DeferFor, "window is spent"),
        (Unauthorized("search", "no"), Pause, "Unauthorized"),
    ],
)
def test_a_deferral_spends_no_attempt(error: Exception, kind: type, reason: str) -> None:
    """Deferrals are counted apart; attempts stay as they are."""
    delivery = delivery_of(attempts=4)

    decision = run(delivery, error)

    assert isinstance(decision, kind)
    assert delivery.again is not None
    assert delivery.again.message.options == {"attempts": 4, "deferrals": 1, "last_reason": reason}
    if kind is DeferFor:
        assert delivery.again.delay_ms == 2000
    assert (delivery.again.reach is Reach.KIND) == isinstance(error, NotGranted)


def test_giving_up_leaves_reason_traceback_and_time() -> None:
    """The message is marked as failed, with what a person needs to know."""
    delivery = delivery_of()
    try:
        raise BadJob("no such field")
    except BadJob as error:
        run(delivery, error)

    assert delivery.failed
    assert delivery.again is None
    assert delivery.options["reason"] == "BadJob"
    assert "no such field" in delivery.options["traceback"]
    assert delivery.options["failed_at"] == "2024-05-01T00:00:00+00:00"


def test_a_traceback_holds_no_credentials() -> None:
    """An authorization header that a library put into its error is cut out."""
    delivery = delivery_of()

    run(delivery, BadJob("refused: Authorization: Bearer abcdefghijklmnop"))

    assert "abcdefgh" not in delivery.options["traceback"]


def test_success_is_told_and_changes_nothing() -> None:
    """Done is an outcome too, for those who count."""
    delivery = delivery_of()

    assert run(delivery, None) == Done()
    assert delivery.again is None
    assert not delivery.failed


def test_a_policy_that_fails_buries_the_message() -> None:
    """An error in the policy must not let Dramatiq forget a failed message; a finished one stays finished."""

    def broken(error: BaseException | None, *, attempt: int, age_seconds: float, left_seconds: float) -> Outcome:
        raise RuntimeError("defect")

    failed, finished = delivery_of(), delivery_of()

    assert run(failed, ValueError(), broken) == GiveUp("outcome_policy_failed")
    assert run(finished, None, broken) == Done()
    assert failed.failed
    assert not finished.failed


@pytest.fixture
def counted(make_broker: Callable[..., CoveyBroker]) -> tuple[CoveyBroker, list[tuple[str, Outcome]]]:
    """A broker and the outcomes of its messages, with a policy that retries twice, at once."""
    told: list[tuple[str, Outcome]] = []

    def decide(error: BaseException | None, *, attempt: int, age_seconds: float, left_seconds: float) -> Outcome:
        decision = outcomes.decide(error, attempt=attempt, age_seconds=age_seconds, left_seconds=left_seconds)
        if isinstance(decision, RetryIn):
            return RetryIn(0.01, decision.reason) if attempt < 3 else GiveUp("attempts")
        return decision

    def tell(message: MessageProxy, decision: Outcome) -> None:
        told.append((message.message_id, decision))

    middleware = [Outcomes(decide, clock=SystemClock(), on_outcome=tell)]
    return make_broker(middleware=middleware, is_known=None, unknown_job_ms=1), told


def test_a_worker_retries_defers_and_buries(
    counted: tuple[CoveyBroker, list[tuple[str, Outcome]]], run_worker: Callable[..., dramatiq.Worker]
) -> None:
    """Through a real worker: deferrals spend no attempt, three failures and a job that nobody knew in time die."""
    broker, told = counted
    runs = {"defer": 0, "fail": 0}

    def defer() -> None:
        runs["defer"] += 1
        if runs["defer"] <= 50:
            raise Deferred("not yet", delay_ms=1)

    def fail() -> None:
        runs["fail"] += 1
        raise ValueError("always")

    dramatiq.actor(defer, broker=broker, queue_name=QUEUE, actor_name="defer")
    dramatiq.actor(fail, broker=broker, queue_name=QUEUE, actor_name="fail")
    deferred = broker.enqueue(make_message("defer"))
    failing = broker.enqueue(make_message("fail"))
    unknown = broker.enqueue(make_message("nobody"))

    run_worker(broker)
    broker.join(QUEUE, interval=10, timeout=20_000)

    assert runs == {"defer": 51, "fail": 3}
    assert {letter.redis_id: letter.reason for letter in broker.introspection.dead(10)} == {
        failing.message_id: "attempts",
        unknown.message_id: "unknown_actor",
    }
    assert (deferred.message_id, Done()) in told


def test_outcomes_are_told_before_the_message_is_settled(
    counted: tuple[CoveyBroker, list[tuple[str, Outcome]]], run_worker: Callable[..., dramatiq.Worker]
) -> None:
    """Every run is told exactly once."""
    broker, told = counted
    dramatiq.actor(lambda: None, broker=broker, queue_name=QUEUE, actor_name="note")
    ids = [broker.enqueue(make_message()).message_id for _ in range(20)]

    run_worker(broker)
    eventually(lambda: len(told) == 20)

    assert sorted(told) == sorted((id, Done()) for id in ids)
