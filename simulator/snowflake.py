"""Owns the arithmetic of post ids: an id carries its creation time in its high bits.

It must not know posts. Invariant: ids of one `Mint` rise strictly, and the time of each is exact to
the millisecond. The epoch is the one X publishes for its ids.
"""

EPOCH_MS = 1_288_834_974_657
SEQUENCE_BITS = 22
MAX_ID = 2**63 - 1


def first_id_at(at_ms: int) -> int:
    """Return the smallest id of a post created at `at_ms`; 0 for instants before the epoch of ids."""
    return max(0, at_ms - EPOCH_MS) << SEQUENCE_BITS


def created_at_ms(post_id: int) -> int:
    """Return the creation time, in ms since the Unix epoch, that an id carries."""
    return (post_id >> SEQUENCE_BITS) + EPOCH_MS


class Mint:
    """Hands out rising ids for instants that never go back."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, at_ms: int) -> int:
        """Return a new id of the instant `at_ms`; raise `ValueError` when time went back."""
        first = first_id_at(at_ms)
        if created_at_ms(self._last) > at_ms:
            raise ValueError(f"time went back: {at_ms} is before {created_at_ms(self._last)}")
        self._last = max(first, self._last + 1)
        return self._last
