"""One message in the hands of a worker, and how raw bytes become one.

Owns the check that a payload is a message Dramatiq's threads can live with: a wrong shape must bury the message, never
end a thread. What the arguments mean is the handler's business.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from dramatiq.broker import MessageProxy
from dramatiq.errors import DecodeError
from dramatiq.message import Message

from shared.broker.scripts import Fetched

UNDECODABLE = "undecodable"
UNENCODABLE = "unencodable"
UNKNOWN_ACTOR = "unknown_actor"
UNHANDLED = "unhandled"
POISON = "poison"


class Unreadable(Exception):
    """A payload that is no message; says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Again:
    """The same message, to be placed again `delay_ms` from now when the present delivery is settled."""

    message: Message[Any]
    delay_ms: int


class Delivery(MessageProxy):
    """A message on its way through this process. Dramatiq's threads and middleware see it as the message itself."""

    def __init__(self, message: Message[Any], waited_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.again: Again | None = None
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
    return Delivery(message, waited_seconds=(int(fetched_us) - int(due_us)) / 1e6)


def read_message(payload: bytes, *, id: str, queue: str) -> Message[Any]:
    """Decode a payload that was fetched from `queue` under `id`. Raises Unreadable, which names what does not fit.

    An `eta` (set by foreign producers) is dropped: Dramatiq would keep such a message in this process's memory.
    """
    try:
        message = Message.decode(payload)
    except DecodeError as error:
        raise Unreadable(_fault(error.error)) from error
    if not isinstance(message.kwargs, dict) or not isinstance(message.options, dict):
        raise Unreadable("kwargs and options must be objects")
    if not isinstance(message.actor_name, str) or not isinstance(message.message_timestamp, int | float):
        raise Unreadable("actor_name must be a string and message_timestamp a number")
    if message.message_id != id or message.queue_name != queue:
        raise Unreadable(f"it is {message.message_id!r} of queue {message.queue_name!r}, found as {id!r} in {queue!r}")
    message.options.pop("eta", None)
    return message


def _fault(error: Exception) -> str:
    """What is wrong, without the payload that a decoder's error quotes."""
    return "not JSON" if isinstance(error, DecodeError) else f"{type(error).__name__}: {error}"[:200]
