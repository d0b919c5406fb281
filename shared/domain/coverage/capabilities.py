"""What the plan of the app has of what a plan may lack, as X has told by its answers. Pure.

Invariant: what is not known is tried; a refusal is believed for a day, because plans change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

BELIEVED_FOR: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Learned:
    """What X told of one endpoint, and when. reason: X's words, where the plan lacks it."""

    is_there: bool
    at: datetime
    reason: str = ""

    def is_closed(self, now: datetime) -> bool:
        """Whether it is not asked for now."""
        return not self.is_there and now - self.at < BELIEVED_FOR


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What is known, by endpoint; of one that is missing nothing is."""

    known: Mapping[str, Learned] = field(default_factory=dict)

    def has(self, endpoint: str, now: datetime) -> bool | None:
        """Whether the plan has an endpoint; None where that is not known, or too long ago."""
        learned = self.known.get(endpoint)
        if learned is None or (not learned.is_there and not learned.is_closed(now)):
            return None
        return learned.is_there
