"""One message in the hands of a worker, and how raw bytes become one.

Owns the check that a payload is a message Dramatiq's threads can live with: a wrong shape must bury the message, never
end a thread. What the arguments mean is the handler's business.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dramatiq.broker import MessageProxy
from dramatiq.errors import DecodeError
from dramatiq.message import Message

from shared.broker.fetched import Fetched
from shared.domain.outcomes import Reach

UNDECODABLE = "undecodable"
UNENCODABLE = "unencodable"
UNKNOWN_ACTOR = "unknown_actor"
UNHANDLED = "unhandled"
POISON = "poison"
# Why a job is left for a newer worker, and the option that says since when (epoch seconds).
NEWER_JOB = "newer_job"
LEFT_REASONS = (UNKNOWN_ACTOR, NEWER_JOB)
LEFT_AT = "left_at"
# Messages stand in line by when they were made; no greater whole number does Redis keep exactly.
LATEST_MS = 2**53
# Beyond any plan, and far within what Redis takes: a lifetime that it refuses could never be settled.
MAX_DEDUP_TTL_MS = 10 * 365 * 86_400_000


class Unreadable(Exception):
    """A payload that is no message; says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Again:
    """The same message, to be placed again `delay_ms` from now when the present delivery is settled. reach: who has to
    wait with it, where its queue has a gate.
    """

    message: Message[Any]
    delay_ms: int
    reach: Reach = Reach.JOB


class Delivery(MessageProxy):
    """A message on its way through this process. Dramatiq's threads and middleware see it as the message itself.

    gate: the gate that let it out, if one did.
    """

    def __init__(self, message: Message[Any], waited_seconds: float = 0.0, gate: str | None = None) -> None:
        super().__init__(message)
        self.again: Again | None = None
        self.gate = gate
        self._waited_seconds = waited_seconds
        self._fetched_at = time.monotonic()

    def wait_seconds(self) -> float:
        """How long ago the message was due: by the clock of Redis until it was fetched, by this machine's since."""
        return self._waited_seconds + time.monotonic() - self._fetched_at

    @property
    def error(self) -> BaseException | None:
        """What the actor raised in this delivery, until Dramatiq clears it."""
        return self._exception


def open_delivery(fetched: Fetched, queue: str) -> Delivery:
    """The delivery of a fetched message. Raises Unreadable."""
    message = read_message(fetched.payload, id=fetched.id, queue=queue)
    _, fetched_us, due_us = fetched.receipt.split(" ")
    return Delivery(message, waited_seconds=(int(fetched_us) - int(due_us)) / 1e6, gate=fetched.gate)


def read_message(payload: bytes, *, id: str, queue: str) -> Message[Any]:
    """Decode a payload that was fetched from `queue` under `id`. Raises Unreadable, which names what does not fit.

    What foreign producers may set is dropped: with an `eta` Dramatiq would keep the message in this process's memory,
    and with `throws` (classes, which JSON cannot hold) an error of the actor would end the thread.
    """
    try:
        message = Message.decode(payload)
    except DecodeError as error:
        raise Unreadable(_fault(error.error)) from error
    if not isinstance(message.kwargs, dict) or not isinstance(message.options, dict):
        raise Unreadable("kwargs and options must be objects")
    if not isinstance(message.actor_name, str):
        raise Unreadable("actor_name must be a string")
    if not isinstance(message.message_timestamp, int | float) or not 0 <= message.message_timestamp <= LATEST_MS:
        raise Unreadable("message_timestamp must be a number of milliseconds since the epoch")
    if message.message_id != id or message.queue_name != queue:
        raise Unreadable(f"it is {message.message_id!r} of queue {message.queue_name!r}, found as {id!r} in {queue!r}")
    if fault := dedup_fault(message.options):
        raise Unreadable(fault)
    message.options.pop("eta", None)
    message.options.pop("throws", None)
    return message


def dedup_fault(options: Mapping[str, Any]) -> str | None:
    """What is wrong with the de-duplication in a message's options, which every settlement needs; None: nothing is."""
    key, ttl_ms = options.get("dedup_key", "-"), options.get("dedup_ttl_ms", 1)
    if not isinstance(key, str) or not key or not _is_encodable(key):
        return "dedup_key must be a string of one or more characters that UTF-8 can hold"
    if type(ttl_ms) is not int or not 1 <= ttl_ms <= MAX_DEDUP_TTL_MS:  # a bool is an int
        return f"dedup_ttl_ms must be a whole number from 1 to {MAX_DEDUP_TTL_MS}"
    return None


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # JSON can hold half of a surrogate pair
        return False
    return True


def _fault(error: Exception) -> str:
    """What is wrong, without the payload that a decoder's error quotes."""
    return "not JSON" if isinstance(error, DecodeError) else f"{type(error).__name__}: {error}"[:200]
