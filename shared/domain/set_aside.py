"""What becomes of an object that cannot be read or stored as it is: kept as text, or set aside. Pure.

    read, fits a document          stored, with `raw` as it was sent
    read, does not fit one         stored, with `raw_text`: the same as JSON text
    not read, or too large         set aside: its reason, its id, and its text as far as there is room

A stranger decides what is in an object. Invariant: nothing in it stops the others of its page, and nothing of it is
dropped without a trace.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

# An object of X is a few kB, the longest text of a post 25,000 characters. MongoDB takes 16 MB a document, in which a
# character takes up to 4 bytes and a text stands twice: as itself and in `raw`.
MAX_CHARACTERS = 1_000_000
# MongoDB takes 100 levels a document (Manual, "MongoDB Limits and Thresholds"); an object lies a few of them down.
MAX_LEVELS = 80
# So much is kept of the text of an object that was set aside.
KEPT_CHARACTERS = 16_384

_INT64 = 2**63
# A name that MongoDB or its driver takes for an operator or a path, or cannot write.
_ODD_NAME = re.compile(r"\$|.*[.\x00]|\Z", re.DOTALL)
# The names of an object, in their order, to their characters; those of which one is odd are not in it.
_PLAIN_SHAPES: dict[tuple[str, ...], int] = {}
_MOST_SHAPES = 4_096  # a stranger could send new ones without end


class Kind(StrEnum):
    """What the object would have been. The values are labels of metrics."""

    POST = "post"
    USER = "user"
    MEDIA = "media"
    PLACE = "place"
    POLL = "poll"


class Reason(StrEnum):
    """Why it was set aside. The values are labels of metrics."""

    NOT_AN_OBJECT = "not_an_object"
    NO_KEY = "no_key"  # the id, name or key that it is stored under is missing or none
    NO_TIME = "no_time"  # of a post: X said no time, and its id holds none
    TOO_LARGE = "too_large"
    TOO_ODD = "too_odd"  # no document can hold it, and it has no form as text
    UNREADABLE = "unreadable"  # the parser has no answer to it: a defect


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """One object. object_id: as far as it could be read. text: JSON, cut at `KEPT_CHARACTERS`."""

    kind: Kind
    reason: Reason
    endpoint: str
    object_id: str | None
    text: str


def set_aside(value: Any, *, kind: Kind, reason: Reason, endpoint: str) -> SetAside:
    """Set one value of an answer aside."""
    named = value.get("media_key" if kind is Kind.MEDIA else "id") if isinstance(value, dict) else None
    object_id = str(named)[:64] if isinstance(named, str | int) and not isinstance(named, bool) else None
    return SetAside(
        kind=kind, reason=reason, endpoint=endpoint, object_id=object_id, text=as_text(value)[:KEPT_CHARACTERS]
    )


def as_text(value: Any) -> str:
    """The value as JSON text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def fits_document(value: Any) -> bool:
    """Whether a document can hold it as it is: numbers of 64 bits, finite ones, plain names, not too deep."""
    return measure(value)[0]


def measure(value: Any) -> tuple[bool, int]:
    """Whether it fits a document, and how many characters its texts have; no document is sure to hold more than
    `MAX_CHARACTERS`. Without recursion: it may be as deep as it likes.
    """
    fits, characters, level = True, 0, 0
    containers: list[Any] = [[value]]
    while containers:
        fits = fits and level <= MAX_LEVELS
        below: list[Any] = []
        for container in containers:
            inner = container
            if type(container) is dict:
                characters_of_names = _PLAIN_SHAPES.get(names := tuple(container))
                if characters_of_names is None:
                    fits, characters_of_names = fits and _are_plain(names), sum(map(len, names))
                characters += characters_of_names
                inner = container.values()
            for item in inner:
                kind = type(item)  # JSON has no subtypes, and this is asked of every value
                if kind is str:
                    characters += len(item)
                elif kind is dict or kind is list:
                    below.append(item)
                elif kind is int:
                    fits = fits and -_INT64 <= item < _INT64
                elif kind is float:
                    fits = fits and math.isfinite(item)
        containers, level = below, level + 1
    return fits, characters


def _are_plain(names: tuple[str, ...]) -> bool:
    """Whether none of them is odd. X has a few hundred shapes of objects: those that were looked at are remembered."""
    if any(map(_ODD_NAME.match, names)):
        return False
    if len(_PLAIN_SHAPES) < _MOST_SHAPES:
        _PLAIN_SHAPES[names] = sum(map(len, names))
    return True
