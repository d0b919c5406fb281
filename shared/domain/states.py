"""What became of a post or an account: X's words about it, and what follows from them. Pure; the one place for it.

    alive, withheld --gone, by a look-up--> reported --gone again, `confirm` later--> deleted | suspended | protected
          |                                    '--shown--> alive                             |
          |'--gone, by a compliance line or an event: these need no second word--------------^
          '<------------------------ shown again by any answer: restored --------------------'

A word that is older than X's last showing of it changes nothing; `unknown` says nothing. Invariant (7 of
ARCHITECTURE.md): one fault of X, which may fill a look-up with false words, makes nothing gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.domain.compliance import ComplianceLine
from shared.domain.models import PostState


class By(StrEnum):
    """By which route a state was learned."""

    LOOKUP = "lookup"
    COMPLIANCE = "compliance"
    EVENT = "event"


# Within this of learning that something is gone, what people wrote in it is gone here (X's developer agreement).
PURGED_WITHIN = timedelta(hours=24)
# What X says once, and of this one thing alone.
_NEED_NO_SECOND = frozenset({By.COMPLIANCE, By.EVENT})
_OF_REASON = {"suspended": PostState.SUSPENDED, "protected": PostState.PROTECTED}


@dataclass(frozen=True, slots=True)
class Word:
    """What X said of one id, as of `at`. reason: X's own word where it has more of them than there are states."""

    state: PostState
    at: datetime
    by: By
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one id. reports: words in a row that it is gone, those left out that came too soon after the
    first; first_at: when that was."""

    state: PostState = PostState.ALIVE
    reports: int = 0
    first_at: datetime | None = None


def hear(known: Known, word: Word, *, confirm: timedelta) -> Known:
    """What is known after a word. confirm: the least time between two words that make it gone."""
    if word.state is PostState.UNKNOWN:
        return known
    if not word.state.is_gone:
        return Known(word.state)
    is_settled = known.state.is_gone or word.by in _NEED_NO_SECOND
    if is_settled or (known.first_at is not None and word.at - known.first_at >= confirm):
        return replace(known, state=word.state, reports=known.reports + 1)
    return known if known.first_at is not None else replace(known, reports=1, first_at=word.at)


def of_line(line: ComplianceLine, *, at: datetime) -> Word:
    """What a line of a compliance result says of its id, as of when the ids were sent.

    Bounced, deactivated and what X may call it next are deletions: there is nothing to see, and `reason` says why.
    """
    return Word(_OF_REASON.get(line.reason, PostState.DELETED), at, By.COMPLIANCE, line.reason)


def stored_state(document: Mapping[str, Any]) -> PostState:
    """The state of a post as it is stored."""
    if gone := document.get("gone"):
        return PostState(gone["reason"])
    return PostState.WITHHELD if document.get("withheld") else PostState.ALIVE
