"""Where the ids of the objects that were bought on a UTC day are kept in Redis, and how they are read.

An id lies in one of 8,192 small sets a day and kind, chosen by its hash. Redis keeps a set of up to 512 integers as a
sorted array of 8 bytes each, so a million posts take 9.2 MB and a day of four million still fits; one large set takes
56 MB. A set lives two days after its last id: at a million posts a day there are three days of them at most, 28 MB.
Ids are near random over a day, so no exact code could take less than about 6.5 bytes (log2 of the ids there could be);
a Bloom or cuckoo filter of 4 bytes calls one new id in a million bought, which is money that nobody counts.
Time would be a worse hash: a busy hour overfills its sets (70 MB), a month of old posts needs a set each (129 MB).

Must not decide what a call costs. Invariant: an id is in the set of a day only when it was bought on that day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from shared.domain.money.prices import PriceKind
from shared.redis.scripts import Connections, Script, load

BUCKET_BITS: Final = 13
_GOLDEN: Final = 0x9E3779B97F4A7C15  # 2^64 / the golden ratio: Knuth's multiplicative hash, TAOCP vol. 3, 6.4
_MASK: Final = (1 << 64) - 1
LOOK_UP_BATCH: Final = 1_000  # ids in one script: about a millisecond of Redis
# The oldest kinds have a letter in their keys. Another name would forget what was bought before a deploy, that day.
# A post is one object, whichever price it was bought at.
_SHORT: Final = {PriceKind.POST: "p", PriceKind.OWNED_POST: "p", PriceKind.USER: "u"}


@dataclass(frozen=True, slots=True)
class BoughtKeys:
    """Names of the sets of one UTC day."""

    prefix: str
    day: date

    def sets(self, kind: PriceKind, ids: Iterable[int]) -> list[str]:
        """The set of each object."""
        start = f"{self.prefix}:{self.day}:{_SHORT.get(kind, kind.value)}"
        return [f"{start}:{_bucket(one)}" for one in ids]


class Bought:
    """Reads what was bought on a day. Raises RedisAway, RedisRefused."""

    def __init__(self, connections: Connections) -> None:
        self._look_up = Script(connections, load("shared.spending", "look_up"))

    def among(self, keys: Sequence[str], ids: Sequence[int]) -> set[int]:
        """Those of the ids that are in their sets; `keys` are the sets in the same order. A round trip a thousand."""
        found: set[int] = set()
        for start in range(0, len(ids), LOOK_UP_BATCH):
            batch = ids[start : start + LOOK_UP_BATCH]
            reply = self._look_up(keys[start : start + LOOK_UP_BATCH], batch)
            found.update(one for one, flag in zip(batch, reply, strict=True) if flag == ord("1"))
        return found


def _bucket(one: int) -> int:
    return (one * _GOLDEN & _MASK) >> (64 - BUCKET_BITS)
