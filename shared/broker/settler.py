"""How a delivery ends: forgotten, placed again, or buried; called by worker threads and by the consumer.

Invariant: only the receipt in the hand settles. The hand lets go of a message only after Redis has answered, so a
settlement that raised ConnectionClosed is repeated with the same receipt, and `adopt` leaves the message alone.
"""

from __future__ import annotations

from typing import Any

from dramatiq.broker import MessageProxy
from dramatiq.message import Message

from shared.broker.context import BrokerContext
from shared.broker.delivery import UNENCODABLE, UNHANDLED, UNKNOWN_ACTOR, Again, Delivery
from shared.broker.scripts import Fetched
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

    def ack(self, message: Delivery) -> None:
        """End a delivery as its middleware decided."""
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
            dedup = self._context.dedup_of(message)
            kept = self._scripts.reschedule(self._keys, id, receipt, payload, delay_ms=again.delay_ms, dedup=dedup)
            self.let_go(id, kept)

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
