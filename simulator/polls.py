"""Owns polls: what is asked, for how long, and how the votes fall.

It must not know posts. Invariant: the votes of an option never fall while the voters grow, and none is cast after
the end.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from simulator.calls import JsonObject
from simulator.clock import iso_ms

_OPTIONS = ("Yes", "No", "Maybe", "Never", "Today", "Next week", "Home", "Away")
_MINUTES = (5, 60, 1_440, 4_320, 10_080)
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Poll:
    """One poll; `shares` of the voters an option gets add up to 1 at most."""

    id: int
    options: tuple[str, ...]
    shares: tuple[float, ...]
    duration_minutes: int
    starts_ms: int

    @property
    def ends_ms(self) -> int:
        """When the voting closes."""
        return self.starts_ms + self.duration_minutes * _MINUTE_MS


def draw_poll(rng: Random, new_id: Callable[[], int], now_ms: int) -> Poll:
    """Draw a poll of two to four options that opens now."""
    options = rng.sample(_OPTIONS, rng.randrange(2, 5))
    weights = [rng.uniform(0.1, 1) for _ in options]
    shares = tuple(weight / sum(weights) for weight in weights)
    return Poll(new_id(), tuple(options), shares, rng.choice(_MINUTES), now_ms)


def poll_json(poll: Poll, voters: int, now_ms: int, asked: frozenset[str]) -> JsonObject:
    """Return a poll as X writes it: its id and options, and the fields asked for."""
    options = [
        {"position": place, "label": label, "votes": int(voters * share)}
        for place, (label, share) in enumerate(zip(poll.options, poll.shares, strict=True), 1)
    ]
    fields: JsonObject = {
        "duration_minutes": poll.duration_minutes,
        "end_datetime": iso_ms(poll.ends_ms),
        "voting_status": "open" if now_ms < poll.ends_ms else "closed",
    }
    return {"id": str(poll.id), "options": options, **{name: fields[name] for name in fields if name in asked}}
