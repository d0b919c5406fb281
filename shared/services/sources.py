"""What a person changes about sources: the source first, then the handles and streams that carry it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.domain.sources import TRACKED
from shared.services import asking
from shared.services.bootstrap import Services
from shared.stores.database import ServerClock


@dataclass(frozen=True, slots=True)
class Untracked:
    """What `untrack` did. still: names that are followed all the same, with the sources that ask for them."""

    removed: list[str]
    still: dict[str, list[str]] = field(default_factory=dict)


def earliest_now(services: Services) -> datetime:
    """The time by the clock that is most behind: ours, MongoDB's, Redis's, and X's as far as it has told it.

    What begins now begins then: a clock that is ahead would let what is posted meanwhile pass. Raises StoreUnavailable,
    ConnectionClosed.
    """
    clocks = (services.clock, ServerClock(services.stores.db), services.broker.introspection, services.ledger)
    return min(clock.now() for clock in clocks)


def untrack(services: Services, names: Sequence[str], *, source: str = TRACKED) -> Untracked:
    """Let the source that `covey track` fills ask for accounts no longer; what was collected stays."""
    now = ServerClock(services.stores.db).now()
    asking.bring_in_step(services.stores, now=now)
    services.stores.sources.take_accounts(source, names, now=now)
    services.following.unfollow(names, now=now, source=source)
    known = services.stores.handles.names(names)
    still = {name: list(one.sources) for name in names if (one := known.get(name.lower())) and one.is_active}
    return Untracked([name for name in names if name not in still], still)
