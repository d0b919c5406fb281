"""How a delivery ends: forgotten, placed again, or buried; called by worker threads and by the consumer.

Invariant: only the receipt in the hand settles. The hand lets go of a message only after Redis has answered, so a
settlement that raised ConnectionClosed is repeated with the same receipt, and `adopt` leaves the message alone.
"""

from __future__ import annotations

from typing import Any

from dramatiq.broker import MessageProxy
from dramatiq.message import Message

from shared.broker.context import BrokerContext
from shared.broker.delivery import LEFT_AT, UNENCODABLE, UNHANDLED, UNKNOWN_ACTOR, Again, Delivery
from shared.broker.fetched import Fetched
from shared.domain.jobs import LEFT_FOR_SECONDS
from shared.domain.outcomes import GiveUp, Reach, leave
from shared.runtime import metrics
from shared.runtime.log import get_logger

_log = get_logger(__name__)


class Settler:
    """Settles the deliveries of one queue. Every method raises ConnectionClosed when Redis cannot do it now."""

    def __init__(self, context: BrokerContext, queue: str) -> None:
        self._context = context
        self._queue = queue
        self._keys = context.keys(queue)
        self._hand = context.hands.of(queue)
        self._scripts = context.scripts
        self._gates = context.gates(queue)

    def ack(self, message: Delivery) -> None:
        """End a delivery as its middleware decided."""
        self._tell_gate(message)
        if message.again is not None:
            self._place_again(message, message.again)
        elif message.error is not None:
            # No middleware decided. Dramatiq would forget the message; what failed must not vanish.
            self._bury(message, f"{UNHANDLED}:{type(message.error).__name__}")
        elif receipt := self._hand.receipt(message.message_id):
            dedup = self._context.dedup_of(message)
            self.let_go(message.message_id, self._scripts.ack(self._keys, message.message_id, receipt, dedup))

    def nack(self, message: MessageProxy) -> None:
        """Bury a message under its option `reason`."""
        known = self._context.is_known(message.actor_name)
        self._bury(message, str(message.options.get("reason", UNHANDLED)) if known else UNKNOWN_ACTOR)

    def bury_unrun(self, fetched: Fetched, reason: str, message: MessageProxy | None) -> None:
        """Bury what was fetched and must not run, as it is stored; `message` is None when it cannot be read."""
        dedup = self._context.dedup_of(message) if message else None
        kept = False
        try:
            kept = self._scripts.nack(self._keys, fetched.id, fetched.receipt, b"", reason, dedup)
        finally:  # nobody repeats this; on an error `adopt` gives the message back
            self.let_go(fetched.id, kept)

    def leave(self, fetched: Fetched, message: Delivery, now: float) -> None:
        """Place a message that no actor here knows again, for a worker that does; bury it when none came in time.

        now: epoch seconds by Redis. It is not run, so this costs no attempt.
        """
        first = message.options.setdefault(LEFT_AT, now)
        left_seconds = now - first if isinstance(first, int | float) else 0.0
        metrics.JOBS_LEFT.labels(UNKNOWN_ACTOR).inc()
        outcome = leave(left_seconds, self._context.timings.unknown_job_ms / 1000, LEFT_FOR_SECONDS, UNKNOWN_ACTOR)
        if isinstance(outcome, GiveUp):
            return self.bury_unrun(fetched, UNKNOWN_ACTOR, message)
        _log.warning("message_left_for_a_newer_worker", queue=self._queue, actor=message.actor_name)
        kept = False
        try:
            kept = self._scripts.reschedule(
                self._keys,
                fetched.id,
                fetched.receipt,
                _encoded(message) or fetched.payload,
                delay_ms=round(outcome.seconds * 1000),
                dedup=self._context.dedup_of(message),
            )
        finally:  # as above
            self.let_go(fetched.id, kept)

    def hold_back(self, fetched: Fetched, message: Delivery, gate: str) -> None:
        """Place what was fetched past a gate that stands in line at it; not run, so nothing is counted."""
        kept = False
        try:
            kept = self._scripts.park(
                self._keys,
                fetched.id,
                fetched.receipt,
                fetched.payload,
                gate=gate,
                made_ms=int(message.message_timestamp),
                dedup=self._context.dedup_of(message),
            )
        finally:  # as above
            self.let_go(fetched.id, kept)

    def let_go(self, id: str, kept: bool = True) -> None:
        """Hold a message no longer; `kept`: this delivery held it until now."""
        self._context.hands.drop(self._queue, id)
        self._context.last_chance.release(id)
        if not kept:  # an earlier reply was lost, or others took the message over
            _log.info("nothing_left_to_settle", queue=self._queue, message_id=id)

    def _place_again(self, message: Delivery, again: Again) -> None:
        id, payload = message.message_id, _encoded(again.message)
        if payload is None:
            self._bury(message, UNENCODABLE)
        elif receipt := self._hand.receipt(id):
            dedup, delay_ms = self._context.dedup_of(message), again.delay_ms
            if gate := self._gates.of(message.actor_name, again.reach):
                made_ms = int(message.message_timestamp)
                kept = self._scripts.park(
                    self._keys, id, receipt, payload, gate=gate, made_ms=made_ms, closed_ms=delay_ms, dedup=dedup
                )
            else:
                kept = self._scripts.reschedule(self._keys, id, receipt, payload, delay_ms=delay_ms, dedup=dedup)
            self.let_go(id, kept)

    def _tell_gate(self, message: Delivery) -> None:
        """A delivery that a gate let out, and that was not refused, got its grant or needed none."""
        is_refused = message.again is not None and message.again.reach is not Reach.JOB
        receipt = self._hand.receipt(message.message_id)
        if message.gate is not None and not is_refused and receipt is not None:
            self._scripts.pass_gate(self._keys, message.gate, int(receipt.split(" ")[1]))

    def _bury(self, message: MessageProxy, reason: str) -> None:
        if receipt := self._hand.receipt(message.message_id):
            payload, dedup = _encoded(message) or b"", self._context.dedup_of(message)
            kept = self._scripts.nack(self._keys, message.message_id, receipt, payload, reason, dedup)
            self.let_go(message.message_id, kept)


def _encoded(message: Message[Any] | MessageProxy) -> bytes | None:
    """The payload of a message, None when something put into its options what cannot be encoded."""
    try:
        payload: bytes = message.encode()
    except (TypeError, ValueError):
        _log.exception("message_cannot_be_encoded", message_id=message.message_id)
        return None
    return payload
