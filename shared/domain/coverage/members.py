"""Members: what a stream carries, each a clause of its query; and which of them may share one. Pure.

A member is an account, by its name in lower case, or what else a source asks for, by `+` and the source's id. However
many sources ask for it, it is carried once, as often as the most impatient of them wants it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.domain.coverage.accounts import Name, carried
from shared.domain.money.source_shares import payer
from shared.domain.sources import Source, source_of


@dataclass(frozen=True, slots=True)
class Group:
    """What members must have in common to share a stream. interval_seconds: None is as the settings say.
    credential: the only one that X is asked with; None is any. share_of: the source whose share of the money pays;
    None: nobody's.
    """

    interval_seconds: int | None = None
    credential: str | None = None
    share_of: str | None = None


ANY = Group()


@dataclass(frozen=True, slots=True)
class Member:
    """One clause of a query. sources: the ids of those that ask for it."""

    key: str
    clause: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be carried. sources: those that ask now, by id. interval_seconds: of who names none."""

    names: Mapping[str, Name]
    sources: Mapping[str, Source]
    interval_seconds: float

    def present(self, keys: Sequence[str]) -> tuple[str, ...]:
        """What a stream that carries these keys should carry: what is wanted, accounts under their present names."""
        names = carried([key for key in keys if source_of(key) is None], self.names)
        return (*names, *dict.fromkeys(key for key in keys if source_of(key) in self.sources))

    def everything(self) -> list[str]:
        """All keys that a stream should carry."""
        names = [one.name for one in self.names.values() if one.is_active]
        return names + [key for one in self.sources.values() if (key := one.key) is not None]

    def askers(self, key: str) -> tuple[Source, ...]:
        """The sources that ask for it, by id."""
        own = source_of(key)
        ids = (own,) if own is not None else self.names[key].sources if key in self.names else ()
        return tuple(self.sources[one] for one in sorted(ids) if one in self.sources)

    def group(self, key: str) -> Group:
        """The group of a member: of the source that asks most often; where several do, of one that any credential may
        ask for. Where all that ask have a share of the money, it is paid by one of these."""
        askers = self.askers(key)
        if not askers:
            return ANY
        first = min(askers, key=lambda one: (self._interval(one), one.credential or "", one.id))
        is_default = self._interval(first) == self.interval_seconds
        return Group(None if is_default else first.interval_seconds, first.credential, payer(askers))

    def _interval(self, source: Source) -> float:
        return self.interval_seconds if source.interval_seconds is None else source.interval_seconds
