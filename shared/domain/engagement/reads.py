"""What reading posts again led to, added up. Pure.

A post that X was paid for on a UTC day is read again for nothing until the day ends: what is saved is what the free
ones would have cost. A post that concerns several sources counts for each of them, so that the sums of sources may be
more than that of all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """calls: that X answered; of a source those in which a post of it was asked for. ids: posts asked for. read: those
    of them that X showed. bought, free: of these what cost money, and what did not. micro_usd: what they cost.
    """

    calls: int = 0
    ids: int = 0
    read: int = 0
    bought: int = 0
    free: int = 0
    micro_usd: int = 0

    def plus(self, other: Reads) -> Reads:
        """Both together."""
        return Reads(**{one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)})

    @property
    def ids_a_call(self) -> float | None:
        """How full calls were; None without one."""
        return self.ids / self.calls if self.calls else None

    def saved_micro_usd(self, price_micro_usd: int) -> int:
        """What the free ones would have cost."""
        return self.free * price_micro_usd


def of_call(asked: int, shown: int, *, bought: int, micro_usd: int) -> Reads:
    """One call for so many posts, of which X showed some and billed some."""
    return Reads(calls=1, ids=asked, read=shown, bought=bought, free=max(0, shown - bought), micro_usd=micro_usd)


def by_source(
    asked: Collection[int],
    shown: Collection[int],
    owned: Collection[int],
    sources: Mapping[int, Collection[str]],
    *,
    price_micro_usd: int,
) -> dict[str | None, Reads]:
    """The same call for each source. owned: those that were paid for that day before. sources: that posts concern."""
    of_each: dict[str, set[int]] = {}
    for post_id in asked:
        for source in sources.get(post_id, ()):
            of_each.setdefault(source, set()).add(post_id)
    return {source: _of_some(ids, ids.intersection(shown), owned, price_micro_usd) for source, ids in of_each.items()}


def _of_some(ids: set[int], shown: set[int], owned: Collection[int], price_micro_usd: int) -> Reads:
    bought = len(shown.difference(owned))
    return of_call(len(ids), len(shown), bought=bought, micro_usd=bought * price_micro_usd)
