"""Handles, post ids and durations as people write them, made clean. Pure.

Every function checks all of its input before it answers, and names everything that is wrong in one line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TypeVar

from shared.domain.errors import InputError
from shared.platforms.x.query import normalise_handle

MAX_POST_IDS = 10_000
_POST_ID = re.compile(r"(?:https?://(?:www\.|mobile\.)?(?:x|twitter)\.com/\w+/status/)?([0-9]{1,19})(?:[/?].*)?")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
T = TypeVar("T")
SEARCH_WINDOW = timedelta(days=7)


def handles(texts: Iterable[str]) -> list[str]:
    """Usernames from names, @names and profile addresses; each once, in the order given.

    Raises InputError that names every text that is none.
    """
    names = _all(texts, normalise_handle, "not a handle", "1 to 15 letters, digits or _, with or without @")
    return list({name.lower(): name for name in reversed(names)}.values())[::-1]


def post_ids(texts: Iterable[str]) -> list[int]:
    """Post ids from numbers and addresses of posts; each once, in the order given.

    Raises InputError that names every text that is none.
    """
    ids = list(dict.fromkeys(_all(texts, _post_id, "not a post id", "digits, or the address of a post")))
    if len(ids) > MAX_POST_IDS:
        raise InputError(f"{len(ids)} post ids are more than the {MAX_POST_IDS} of one request")
    return ids


def duration(text: str) -> timedelta:
    """A time span: `90s`, `30m`, `2h`, `7d`. Raises InputError when it is none."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise InputError(f"{text!r} is not a duration: write 90s, 30m, 2h or 7d")
    try:
        return timedelta(**{_UNITS[match[2]]: float(match[1])})
    except OverflowError:
        raise InputError(f"{text!r} is longer than can be counted") from None


def since(text: str) -> timedelta:
    """How far back to follow. Raises InputError when it is no time span, or further than X searches."""
    span = duration(text)
    if span > SEARCH_WINDOW:
        raise InputError(f"{text!r} reaches further back than the 7 days that X can search")
    return span


def _post_id(text: str) -> int:
    match = _POST_ID.fullmatch(text.strip())
    if match is None:
        raise InputError(text)
    return int(match[1])


def _all(texts: Iterable[str], read: Callable[[str], T], fault: str, expected: str) -> list[T]:
    """Read every text; one error for all that cannot be read."""
    good: list[T] = []
    bad: list[str] = []
    for text in texts:
        try:
            good.append(read(text))
        except InputError:
            bad.append(repr(text))
    if bad:
        raise InputError(f"{fault}: {', '.join(bad)} (expected {expected}); nothing was done")
    return good
