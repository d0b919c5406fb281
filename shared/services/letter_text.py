"""The document of one dead message.

Pure. Invariant: whatever a message holds, its letter can be stored, so that no message keeps the others in the outbox.
"""

from __future__ import annotations

from shared.broker import DeadMessage, Unreadable, read_message
from shared.runtime.clock import from_epoch_seconds
from shared.runtime.log import cleaned
from shared.stores.database import Document

_KEPT_TEXT = 100_000
# What a message that is no job raises. OSError: a time that the machine's calendar does not reach.
_NO_JOB = (Unreadable, ValueError, TypeError, OverflowError, OSError)
# What BSON can hold: integers of 64 bits, and no deeper than this to be safe from MongoDB's limit of 100.
_MAX_INTEGER = 2**63
_MAX_DEPTH = 50
# Longer messages are no jobs of ours (a full refresh has 3,000 characters), and a document must stay below 16 MiB.
_MAX_PAYLOAD = 1_000_000


def to_letter(dead: DeadMessage) -> Document:
    """The document of a dead message. One that cannot be read, or not be stored as it is, is kept as text, with `job`
    and `actor_args` None. Credentials are cut out of texts, never out of arguments.
    """
    try:
        return _head(dead) | _content(dead)
    except _NO_JOB:
        return to_text(dead)


def to_text(dead: DeadMessage) -> Document:
    """The letter of a message that is no job, or that MongoDB would not take as one: what of it can be read."""
    return _head(dead) | {"payload": cleaned(dead.payload[:_KEPT_TEXT].decode("utf-8", "replace"))}


def _head(dead: DeadMessage) -> Document:
    """What is known of every death."""
    return {
        "_id": f"{dead.redis_id}-{dead.died_us}",
        "queue": dead.queue,
        "reason": cleaned(dead.reason)[:_KEPT_TEXT],
        "died_at": dead.died_at,
        "job": None,
        "actor_args": None,
        "actor_kwargs": {},
        "options": {},
    }


def _content(dead: DeadMessage) -> Document:
    """What the message says. Raises one of _NO_JOB for what is none, or could not be stored."""
    message = read_message(dead.payload, id=dead.redis_id, queue=dead.queue)
    if len(dead.payload) > _MAX_PAYLOAD or not _is_storable(message.asdict()):
        raise Unreadable("it cannot be stored as a document")
    options = dict(message.options)
    content = {
        "job": message.actor_name,
        "actor_args": list(message.args),
        "actor_kwargs": message.kwargs,
        "message_id": message.message_id,
        "enqueued_at": from_epoch_seconds(message.message_timestamp / 1000),
        "traceback": cleaned(options.pop("traceback", None)),
        "failed_at": options.pop("failed_at", None),
        "attempts": int(options.get("attempts", 0)) + 1,
        "deferrals": int(options.get("deferrals", 0)),
        "correlation_id": options.get("correlation_id"),
        "options": options,
    }
    if not _is_storable(content):  # numbers were made of options, and may have grown
        raise Unreadable("its counts cannot be stored")
    return content


def _is_storable(value: object, depth: int = 0) -> bool:
    """Whether BSON holds the value as it is."""
    match value:
        case str():
            return _is_text(value)
        case int():
            return -_MAX_INTEGER <= value < _MAX_INTEGER
        case dict():
            names = all(isinstance(name, str) and _is_name(name) for name in value)
            return depth < _MAX_DEPTH and names and all(_is_storable(item, depth + 1) for item in value.values())
        case list() | tuple():
            return depth < _MAX_DEPTH and all(_is_storable(item, depth + 1) for item in value)
        case _:
            return True


def _is_name(name: str) -> bool:
    """Whether a field may be called so: no NUL, and no `$` in front, which MongoDB keeps for its operators."""
    return "\0" not in name and not name.startswith("$") and _is_text(name)


def _is_text(text: str) -> bool:
    """Whether it can be written as UTF-8: JSON may hold halves of surrogate pairs."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
