"""Owns when a post is edited or deleted, drawn at its birth.

It must not change posts. Invariant: `tempo` 1 draws real delays; a higher one shortens what goes beyond
the first `SEEN_MS`, so that most posts that end were there long enough to be found first.
"""

from random import Random

from simulator.config import HOUR_MS
from simulator.engagement import MINUTE_MS

EDIT_WINDOW_MS, MAX_EDITS = 30 * MINUTE_MS, 5
# Half of the deletions are second thoughts, the others come within days.
REGRET_MS, CLEANUP_MS = 4 * MINUTE_MS, 20 * HOUR_MS
SEEN_MS = 20_000


def deletion_delay_ms(rng: Random, tempo: float) -> int:
    """Draw how long a post lives that will be deleted."""
    mean_ms = REGRET_MS if rng.random() < 0.5 else CLEANUP_MS
    return _hastened(rng.expovariate(1 / mean_ms), tempo) + 1_000


def edit_delay_ms(rng: Random, tempo: float) -> int:
    """Draw how long a version lives before it is edited."""
    return _hastened(rng.randrange(20_000, 10 * MINUTE_MS), tempo)


def _hastened(delay_ms: float, tempo: float) -> int:
    return int(delay_ms / tempo + SEEN_MS * (1 - 1 / tempo))
