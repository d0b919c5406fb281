"""What this process has read and stored since it began: for work that is to end at so many posts or calls.

Safe for threads. Counts what this process did alone; what all did together is in MongoDB and in the ledger.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from shared.domain.money.purchases import PaidCall


@dataclass(frozen=True, slots=True)
class Counted:
    """posts: stored for the first time. calls: made to X, failed ones too. micro_usd: what those cost."""

    posts: int = 0
    calls: int = 0
    micro_usd: int = 0


class Tally:
    """Begins at nothing. listen: called after each count, on the thread that counted."""

    def __init__(self) -> None:
        self.listen: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._counted = Counted()

    @property
    def counted(self) -> Counted:
        """What was counted until now."""
        return self._counted

    def stored(self, posts: int) -> None:
        """So many posts were stored for the first time."""
        self._add(posts, 0, 0)

    def called(self, call: PaidCall) -> None:
        """A call was made; for `Ledger(told=...)`."""
        self._add(0, 1, call.micro_usd)

    def _add(self, posts: int, calls: int, micro_usd: int) -> None:
        with self._lock:
            before = self._counted
            self._counted = Counted(before.posts + posts, before.calls + calls, before.micro_usd + micro_usd)
        self.listen()
