"""When a stream is connected to again after it broke. Pure.

    broke in the network, or ended   at once, then 250 ms longer each time, up to 16 s
    refused with an HTTP status      5 s, then twice as long each time, up to 320 s
    refused with 429                 1 min, then twice as long each time, up to the length of X's window

Source: docs.x.com, "Handling disconnections" of the streams; the last bound is ours, because a window that has ended
refuses nobody. Invariant: a break of one kind does not shorten the wait for one of the same kind after it; only what X
has sent since begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

NETWORK_STEP_SECONDS: Final = 0.25
NETWORK_MOST_SECONDS: Final = 16.0
HTTP_FIRST_SECONDS: Final = 5.0
HTTP_MOST_SECONDS: Final = 320.0
THROTTLED_FIRST_SECONDS: Final = 60.0
THROTTLED_MOST_SECONDS: Final = 900.0


class Break(StrEnum):
    """How a connection broke or was refused. Values appear in metrics and in MongoDB."""

    NETWORK = "network"  # reset, cut, silent, or ended by X
    HTTP = "http"
    THROTTLED = "throttled"


@dataclass(frozen=True, slots=True)
class Reconnect:
    """How often in a row it broke in the same way; none at first, and after something came."""

    kind: Break | None = None
    times: int = 0

    def after(self, kind: Break) -> Reconnect:
        """One break more."""
        return Reconnect(kind, self.times + 1 if kind is self.kind else 1)

    @property
    def wait_seconds(self) -> float:
        """How long to wait before connecting again."""
        more = max(0, self.times - 1)
        if self.kind is Break.NETWORK:
            return min(NETWORK_MOST_SECONDS, NETWORK_STEP_SECONDS * more)
        if self.kind is Break.HTTP:
            return min(HTTP_MOST_SECONDS, HTTP_FIRST_SECONDS * 2.0 ** min(more, 10))
        if self.kind is Break.THROTTLED:
            return min(THROTTLED_MOST_SECONDS, THROTTLED_FIRST_SECONDS * 2.0 ** min(more, 10))
        return 0.0
