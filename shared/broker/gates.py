"""Gates: jobs that were told "not before then" wait together, and come out as many as there are grants, oldest first.

Owns the names of the gates of a queue and the numbers of their rule; park.lua, fetch.lua and pass.lua carry it out.
Knows no limiter: a refusal is an outcome of a job that says how far it reaches. Each kind of job that asks before all
else has two gates in its queue: one for all of its kind, and one for those that were refused for their size alone.

                  refused: for the wait                  its time is over
      (none) ---------------------------> closed ------------------------------> looking: one is let out
         ^                                  ^  ^      refused                        |    |  granted: let out one
         |                                  |  +-------------------------------------+    |  more; from the third in
         |  many grants in a row,           |                                             v  a row, two
         +-- nobody in line                 +--------------- refused ------------------ open

While a gate for all of a kind stands, a job of the kind that is fetched past it goes in line without being run.
Invariant: whoever stands in line is in `waiting` too, due by itself some minutes after the gate opens. So gates may be
forgotten, and a worker may die with what it was let out, and nothing is stranded: after a moment without a word the
next one is let out.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from shared.domain.outcomes import MAX_DEFERRAL_SECONDS, Reach
from shared.redis.scripts import Constant

# Silence for this long lets the next one out. A refusal comes within milliseconds, so silence is most often a call that
# is under way: where X took 2 s, 71 calls in the first 10 s of a window came of it instead of 49 with 0.5 s.
LOOK_SECONDS: Final = 0.25
# Grants in a row from which each lets out two. Until then the pace is one by one: where the limiter lets one through at
# a time (a least interval, the end of a window), the next question is a refusal in any case, and one is enough.
ONE_BY_ONE: Final = 3
# Grants in a row, with nobody in line, after which a gate is gone. Its memory keeps a burst from asking all at once.
FREE_AFTER: Final = 50
# Those that may be let out at once; more threads than a fleet has.
MOST_CREDITS: Final = 500
# How long after its gate opens a job in line is due without it.
UNLED_SECONDS: Final = 300.0
# Longer than any job in line may wait for its due time, so no line ends before.
GATE_TTL_SECONDS: Final = 1.5 * (MAX_DEFERRAL_SECONDS + UNLED_SECONDS)

CONSTANTS: Final[dict[str, Constant]] = {
    "LOOK_US": round(LOOK_SECONDS * 1e6),
    "ONE_BY_ONE": ONE_BY_ONE,
    "FREE_AFTER": FREE_AFTER,
    "MOST_CREDITS": MOST_CREDITS,
    "UNLED_US": round(UNLED_SECONDS * 1e6),
    "GATE_TTL_MS": round(GATE_TTL_SECONDS * 1e3),
}


class Gates:
    """The gates of one queue. actors: those whose jobs ask before all else."""

    def __init__(self, actors: Collection[str] = ()) -> None:
        self._by_reach = {
            Reach.KIND: {actor: actor for actor in actors},
            Reach.REFUSED: {actor: f"{actor}.refused" for actor in actors},
        }
        self.names: tuple[str, ...] = tuple(name for names in self._by_reach.values() for name in names.values())

    def of(self, actor: str, reach: Reach = Reach.KIND) -> str | None:
        """The gate behind which a job waits that met a refusal of this reach; None: it waits by itself."""
        return self._by_reach.get(reach, {}).get(actor)
