"""How long a page that X announced longer than it is waits before it is asked for again. Pure.

What came is stored before, for it was bought; the sweep stands where it is, so nothing is passed over unseen. It must
end, because whether X's count holds what it withholds for good is not documented: a page that never comes whole is
read five times in six minutes, within one UTC day at the price of once, and then the sweep goes on past a gap.
"""

from __future__ import annotations

# Between the readings of one page. Passing faults of X last from a moment to minutes.
WAITS_SECONDS = (1.0, 10.0, 60.0, 300.0)


def wait_seconds(times: int) -> float | None:
    """The wait after the page fell short for the `times`-th time (1 = first); None: take it as it is."""
    return WAITS_SECONDS[times - 1] if 0 < times <= len(WAITS_SECONDS) else None
