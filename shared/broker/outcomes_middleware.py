"""Carries out what the outcome policy decides about a message that has run.

Owns the counts `attempts` and `deferrals` in the message's options. Must not enqueue: it marks the delivery, and the
consumer's ack settles it in one atomic step, so no crash can lose the message or run it in two places.
Invariant: whatever fails in here, a message whose actor raised is never forgotten.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any, Protocol

from dramatiq.broker import Broker, MessageProxy
from dramatiq.middleware import Retries

from shared.broker.deferral import Deferred
from shared.broker.delivery import LEFT_AT, NEWER_JOB, Again
from shared.domain.errors import NewerJob
from shared.domain.outcomes import DeferFor, Done, GiveUp, Outcome, Pause, Reach, RetryIn
from shared.runtime import metrics
from shared.runtime.clock import Clock
from shared.runtime.log import get_logger, redact

# Enough for the frames that matter; a dead letter is read by people and kept in MongoDB.
TRACEBACK_FRAMES = 30
TRACEBACK_CHARACTERS = 8_000

_log = get_logger(__name__)


class Decide(Protocol):
    """The outcome policy: `shared.domain.outcomes.decide`."""

    def __call__(
        self, error: BaseException | None, *, attempt: int, age_seconds: float, left_seconds: float
    ) -> Outcome:
        """What becomes of a message."""
        ...


OnOutcome = Callable[[MessageProxy, Outcome], None]


def _ignore(_message: MessageProxy, _decision: Outcome) -> None:
    """Nobody listens."""


class Outcomes(Retries):
    """Dramatiq's retries, decided by a pure function.

    decide: gets the error (None: the actor returned), the attempt (1 = the first run, deferred runs not counted), the
    age since the message was made, and how long ago it was first left for a newer worker. on_outcome: told every
    decision, before the message is settled.
    """

    def __init__(self, decide: Decide, *, clock: Clock, on_outcome: OnOutcome = _ignore) -> None:
        super().__init__(max_retries=0)
        self._decide = decide
        self._clock = clock
        self._on_outcome = on_outcome

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """Mark the delivery for what was decided. Never raises for an undecidable error: that message is buried."""
        try:
            decision = self._decision(message, exception)
        except Exception:  # noqa: BLE001  # Dramatiq would swallow it and forget the message
            _log.exception("outcome_policy_failed", actor=message.actor_name, message_id=message.message_id)
            decision = GiveUp("outcome_policy_failed") if exception is not None else Done()
        self._carry_out(message, decision, exception)
        self._on_outcome(message, decision)

    def _decision(self, message: MessageProxy, error: BaseException | None) -> Outcome:
        attempt = int(message.options.get("attempts", 0)) + 1
        now = self._clock.now().timestamp()
        age_seconds = now - message.message_timestamp / 1000
        left_seconds = 0.0
        if isinstance(error, NewerJob):
            left_seconds = now - float(message.options.setdefault(LEFT_AT, now))
            metrics.JOBS_LEFT.labels(NEWER_JOB).inc()
        decision = self._decide(error, attempt=attempt, age_seconds=age_seconds, left_seconds=left_seconds)
        if isinstance(error, Deferred) and isinstance(decision, DeferFor):
            return DeferFor(decision.seconds, error.reason)
        return decision

    def _carry_out(self, message: MessageProxy, decision: Outcome, error: BaseException | None) -> None:
        match decision:
            case RetryIn(seconds, reason):
                self._again(message, "attempts", seconds, reason)
            case DeferFor(seconds, reason, reach):
                self._again(message, "deferrals", seconds, reason, reach)
            case Pause(seconds, reason):
                self._again(message, "deferrals", seconds, reason)
            case GiveUp(reason):
                message.options["reason"] = reason
                message.options["traceback"] = _traceback(error)
                message.options["failed_at"] = self._clock.now().isoformat()
                message.fail()
            case Done():
                pass

    @staticmethod
    def _again(message: MessageProxy, counter: str, seconds: float, reason: str, reach: Reach = Reach.JOB) -> None:
        count = int(message.options.get(counter, 0)) + 1
        copy = message.copy(options={counter: count, "last_reason": reason})
        message.again = Again(copy, delay_ms=round(seconds * 1000), reach=reach)  # type: ignore[attr-defined]


def _traceback(error: BaseException | None) -> str:
    if error is None:
        return ""
    text = "".join(traceback.format_exception(error, limit=TRACEBACK_FRAMES))
    return str(redact(None, "", {"text": text[-TRACEBACK_CHARACTERS:]})["text"])
