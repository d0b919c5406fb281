"""What is wanted live: of which accounts which events, and by which rules, as sources and handles say it now.

Deletions and new names of every followed account; posts of those that a source wants live, and rules for all that such
sources ask for. Raises StoreUnavailable.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.attribution import Audience
from shared.domain.coverage.members import Wanted
from shared.domain.live.standing import Rule, Subscription, subscriptions
from shared.services.attributing import audience_for
from shared.services.bootstrap import Services
from shared.services.packing import Packing

# Characters of one rule, on plans that pay per use.
RULE_LENGTH = 1024


@dataclass(frozen=True, slots=True)
class WantedLive:
    """What is wanted of X, what matters most first; audience: for whom the posts are."""

    subscriptions: tuple[Subscription, ...]
    rules: tuple[Rule, ...]
    audience: Audience


def wanted_live(services: Services, *, with_paid: bool) -> WantedLive:
    """What is wanted now. with_paid: also what X bills."""
    packing = Packing(
        services.stores, query_max_length=RULE_LENGTH, interval_seconds=services.settings.search_interval_seconds
    )
    wanted = packing.wanted()
    keys = live_keys(wanted)
    return WantedLive(
        subscriptions=tuple(subscriptions(_ids(wanted), _ids(wanted, keys), with_paid=with_paid)),
        rules=tuple(Rule(one.text) for one in packing.packed(keys, wanted)) if with_paid else (),
        audience=audience_for(services, keys),
    )


def live_keys(wanted: Wanted) -> list[str]:
    """The members that a source wants live; accounts by their present names."""
    return [key for key in wanted.present(wanted.everything()) if any(source.live for source in wanted.askers(key))]


def _ids(wanted: Wanted, keys: list[str] | None = None) -> list[int]:
    """Ids of the followed accounts, of all or of those among the keys, as far as X has told them; in their order."""
    names = sorted(wanted.names) if keys is None else keys
    found = [wanted.names[name] for name in names if name in wanted.names]
    return list(dict.fromkeys(one.user_id for one in found if one.is_active and one.user_id is not None))
