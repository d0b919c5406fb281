"""How long posts are kept: a number of days for all, and another one for each source that says so. Pure.

A post leaves when every source that it concerns says so, a source without days of its own as all do; one that concerns
no source leaves as all do. Where nothing says so, it stays. Invariant: a source that keeps for ever keeps.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Retention:
    """default_days: of all; None: for ever. by_source: of those sources that have days of their own."""

    default_days: int | None = None
    by_source: Mapping[str, int] = field(default_factory=dict)

    @property
    def scopes(self) -> dict[str | None, int]:
        """What is to be gone through: a source's posts, or (None) those of all; each with the days it keeps."""
        own: dict[str | None, int] = {source: days for source, days in self.by_source.items()}  # noqa: C416
        return own if self.default_days is None else {None: self.default_days, **own}

    def leaves(self, made_at: datetime, sources: Collection[str], *, now: datetime) -> bool:
        """Whether a post of these sources is to go."""
        days = [self.by_source.get(source, self.default_days) for source in sources] or [self.default_days]
        return all(one is not None and made_at < now - timedelta(days=one) for one in days)
