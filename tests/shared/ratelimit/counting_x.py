"""X's side of the limits, in memory and in simulated time: it counts calls as they arrive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.domain.models import RateHeaders

WINDOW_SECONDS = 900
DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Refused:
    """One call too many: a 429. `window` is the number of the 15-minute window it fell into."""

    window: int
    is_probe: bool
    at_seconds: float


@dataclass
class Span:
    """One open window."""

    ends: float = 0.0
    limit: int = 0
    used: int = 0
    number: int = 0


class CountingX:
    """A window of 15 minutes, and perhaps one of 24 hours, for each credential; each opens with a call.

    offset_seconds: how far X's clock is ahead. cuts_resets: X's windows end inside the second its header names, else on
    it. used_up: how much of each finished window was used, by anybody.
    """

    def __init__(
        self, limit: int, *, day_limit: int | None = None, offset_seconds: float = 0.0, cuts_resets: bool = False
    ) -> None:
        self.limits: dict[int, int | None] = {WINDOW_SECONDS: limit, DAY_SECONDS: day_limit}
        self.offset, self.cuts_resets = offset_seconds, cuts_resets
        self.spans: dict[tuple[str, int], Span] = {}
        self.refused: list[Refused] = []
        self.used_up: list[float] = []

    def arrive(self, credential_id: str, now: float, *, is_probe: bool) -> tuple[RateHeaders, bool]:
        """Count one call; the headers of its answer, and whether it was let through."""
        own_now = now + self.offset
        spans = [self._span(credential_id, seconds, own_now) for seconds, limit in self.limits.items() if limit]
        is_allowed = all(span.used < span.limit for span in spans)
        if is_allowed:
            for span in spans:
                span.used += 1
        else:
            self.refused.append(Refused(spans[0].number, is_probe, now))
        return self._headers(spans, own_now), is_allowed

    def cut(self, limit: int) -> None:
        """Lower the limit in the middle of every open window."""
        self.limits[WINDOW_SECONDS] = limit
        for (_, seconds), span in self.spans.items():
            if seconds == WINDOW_SECONDS:
                span.limit = limit

    def _span(self, credential_id: str, seconds: int, own_now: float) -> Span:
        span = self.spans.setdefault((credential_id, seconds), Span())
        if own_now >= span.ends:
            if span.number and seconds == WINDOW_SECONDS:
                self.used_up.append(span.used / span.limit)
            span.ends = (own_now if self.cuts_resets else int(own_now)) + seconds
            span.limit, span.used, span.number = self.limits[seconds] or 0, 0, span.number + 1
        return span

    def _headers(self, spans: list[Span], own_now: float) -> RateHeaders:
        numbers: dict[str, Any] = {}
        for prefix, reset, span in zip(("", "day_"), ("reset_at_seconds", "day_reset_at_seconds"), spans, strict=False):
            left = max(0, span.limit - span.used)
            numbers |= {f"{prefix}limit": span.limit, f"{prefix}remaining": left, reset: int(span.ends)}
        return RateHeaders(date_seconds=float(int(own_now)), **numbers)
