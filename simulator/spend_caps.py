"""Owns the spend cap of a project: how much it may spend before X refuses every paid call for a while.

It must not know prices or answers. Invariant: a cap stands from the charge that reaches it until its reset, a whole
second, and counts from nothing after it; the charge that reaches it is still answered.
"""

from dataclasses import dataclass


@dataclass
class SpendCap:
    """One project's cap, in micro-dollars, None for no end; `until_ms` is the reset while it stands."""

    cap_micro: int | None
    reset_seconds: float
    spent_micro: int = 0
    until_ms: int | None = None

    def add(self, micro: int, now_ms: int) -> None:
        """Count a charge; the cap stands when it is reached."""
        self._end(now_ms)
        self.spent_micro += micro
        if self.cap_micro is not None and self.until_ms is None and self.spent_micro >= self.cap_micro:
            self.until_ms = -(-(now_ms + round(self.reset_seconds * 1000)) // 1000) * 1000

    def change(self, cap_micro: int | None, reset_seconds: float, now_ms: int) -> None:
        """Set another cap over what was spent so far; it stands at once when that is enough."""
        self.cap_micro, self.reset_seconds, self.until_ms = cap_micro, reset_seconds, None
        self.add(0, now_ms)

    def standing_until_ms(self, now_ms: int) -> int | None:
        """Return when the cap ends that stands now, or None."""
        self._end(now_ms)
        return self.until_ms

    def _end(self, now_ms: int) -> None:
        if self.until_ms is not None and now_ms >= self.until_ms:
            self.spent_micro, self.until_ms = 0, None
