"""What is followed, as people name it, and which of it is worth most. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.domain.sources import DEFAULT_PRIORITY


@dataclass(frozen=True, slots=True)
class Subject:
    """An account, or the words of a source. user_id: None where there is none, or not yet. priority: the greatest of
    the sources that ask for it.
    """

    member: str
    shown: str
    began_at: datetime
    user_id: int | None = None
    priority: int = DEFAULT_PRIORITY


def most_valuable(subjects: Iterable[Subject], found: Mapping[str, int], limit: int) -> list[Subject]:
    """The first by priority, then by how many posts were `found` of a member; the best one first."""
    return sorted(subjects, key=lambda one: (-one.priority, -found.get(one.member, 0), one.member))[:limit]
