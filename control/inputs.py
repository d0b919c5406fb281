"""Handles, post ids and durations as people write them, made clean. Pure.

Every function checks all of its input before it answers, and names what is wrong in one line: all of it, or the first
five words and how many there are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from control.lists import Word
from shared.domain import snowflake
from shared.domain.errors import InputError
from shared.domain.sources import Source
from shared.platforms.x.addresses import post_id_of, quoted, username_of

MAX_POST_IDS = 10_000
NAMED_FAULTS = 5
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
T = TypeVar("T")
SEARCH_WINDOW = timedelta(days=7)


def handles(words: Iterable[Word]) -> list[str]:
    """Usernames from names, @names and profile addresses; each once, in the order given.

    Raises InputError that names the words which are none, and where no word is given.
    """
    names = _all(words, username_of, "handle")
    return list({name.lower(): name for name in reversed(names)}.values())[::-1]


def followed(words: Iterable[Word], sources: Collection[Source]) -> list[str]:
    """Ids and names of sources as they are given, and all else as an @username; each once, in the order given.

    Raises InputError that names the words which are neither, and where no word is given.
    """
    known = {name.lower() for one in sources for name in (one.id, one.name)}
    read = _all(words, lambda text: text if text.lower() in known else f"@{username_of(text)}", "account or source")
    first: dict[str, str] = {}
    for name in read:
        first.setdefault(name.lower(), name)
    return list(first.values())


def post_ids(words: Iterable[Word], *, now: datetime, old_ids: bool = False) -> list[int]:
    """Post ids from numbers and addresses of posts; each once, in the order given.

    now: later ids cannot be. old_ids: also those from before November 2010. Raises InputError that names the words
    which are none, and where no word is given or more than one request takes.
    """
    ids = list(dict.fromkeys(_all(words, lambda text: post_id_of(text, now=now, old_ids=old_ids), "post id")))
    if len(ids) > MAX_POST_IDS:
        raise InputError(f"{len(ids)} post ids are more than the {MAX_POST_IDS} of one request")
    return ids


def duration(text: str) -> timedelta:
    """A time span: `90s`, `30m`, `2h`, `7d`. Raises InputError when it is none."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise InputError(f"{quoted(text)} is not a duration: write 90s, 30m, 2h or 7d")
    try:
        return timedelta(**{_UNITS[match[2]]: float(match[1])})
    except OverflowError:
        raise InputError(f"{quoted(text)} is longer than can be counted") from None


def ago(text: str, *, now: datetime) -> datetime:
    """The time so long before now: 2h, 3d. Raises InputError when it is no time span, or no year is so long ago."""
    span = duration(text)
    try:
        return now - span
    except OverflowError:
        raise InputError(f"{quoted(text)} is longer than can be counted") from None


def moment(text: str, *, now: datetime) -> datetime:
    """A time such as 2026-05-01T12:00 (UTC where no zone is named), or how long ago: 2h, 3d; to the millisecond.

    Raises InputError where it is neither, to come, or before ids of X tell the time.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        if _DURATION.fullmatch(text.strip()) is None:
            wanted = "2026-05-01T12:00 (UTC), or how long ago: 90s, 30m, 2h or 7d"
            raise InputError(f"{quoted(text)} is no time: write {wanted}") from None
        at = ago(text, now=now)
    at = at.replace(tzinfo=at.tzinfo or UTC)
    if at > now:
        raise InputError(f"{quoted(text)} is to come")
    if at < snowflake.created_at(0):
        raise InputError(f"{quoted(text)} is before the ids of X tell the time (November 2010)")
    at = at.astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def since(text: str) -> timedelta:
    """How far back to follow. Raises InputError when it is no time span, or further than X searches."""
    span = duration(text)
    if span > SEARCH_WINDOW:
        raise InputError(f"{quoted(text)} reaches further back than the 7 days that X can search")
    return span


def _all(words: Iterable[Word], read: Callable[[str], T], what: str) -> list[T]:
    """Read every word; one error for all that cannot be read."""
    good: list[T] = []
    faults: list[str] = []
    for word in words:
        try:
            good.append(read(word.text))
        except InputError as error:
            faults.append(f"{word.place}: {error}" if word.place else str(error))
    if faults:
        raise InputError(_told(faults, len(good) + len(faults)))
    if not good:
        raise InputError(f"no {what} was given")
    return good


def _told(faults: list[str], total: int) -> str:
    """The faults in one line: the first few, and how many there are."""
    named = "; ".join(faults[:NAMED_FAULTS])
    if len(faults) == 1:
        return f"{named}; nothing was done"
    first = f", the first {NAMED_FAULTS}" if len(faults) > NAMED_FAULTS else ""
    return f"{len(faults)} of {total} words cannot be read{first}: {named}; nothing was done"
