"""How the shares of sources stand now: by the daily budget that holds, and what the ledger counted for them.

A share that cannot be looked up holds everything up, as a budget that cannot be looked up does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.domain.money.source_shares import ShareStanding, standing
from shared.domain.sources import Source
from shared.services.bootstrap import Services, started_budgets


def standing_of(services: Services, source_id: str) -> ShareStanding | None:
    """How the share of one source stands, to the last call; None where it has none.

    Raises StoreUnavailable, LimiterUnavailable.
    """
    source = services.stores.sources.get(source_id)
    if source is None or source.quota_share is None:
        return None
    found = standings(services, [source], spent=services.shares.spent(source_id))
    return found.get(source_id)


def standings(
    services: Services, sources: Sequence[Source], *, spent: Mapping[str, int] | None = None
) -> dict[str, ShareStanding]:
    """Of each source that has a share how it stands. spent: by source; None: as it was copied last, from MongoDB.

    One read for all. Raises StoreUnavailable.
    """
    with_share = [source for source in sources if source.quota_share is not None]
    if not with_share:
        return {}
    day_usd = services.budget_choices.load().over(started_budgets(services.settings)).day_usd
    by_source = services.shares.copied() if spent is None else spent
    now = services.ledger.now()
    found = (standing(one, day_usd=day_usd, spent_micro_usd=by_source.get(one.id, 0), now=now) for one in with_share)
    return {one.source: one for one in found if one is not None}
