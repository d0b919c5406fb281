"""What a look-up of posts led to, counted: for Prometheus, and by UTC day and source for `covey stats`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from shared.domain.engagement.reads import by_source, of_call
from shared.domain.models import Page
from shared.domain.money.prices import PriceKind, posts_of
from shared.domain.money.purchases import PaidCall
from shared.runtime import metrics
from shared.services.bootstrap import Services

BOUGHT, FREE = "bought", "free"


@dataclass(frozen=True, slots=True)
class Asked:
    """A look-up that X answered. owned: those of the posts that were paid for that day before."""

    post_ids: Sequence[int]
    owned: Collection[int]
    page: Page
    calls: Sequence[PaidCall]


def count_reads(services: Services, asked: Asked, sources: Mapping[int, Collection[str]]) -> None:
    """Count what it led to, in one write. sources: that the posts concern. Raises StoreUnavailable.

    In all by what the ledger billed, of sources by the ids that were new to it. Which posts cost money is X's answer;
    within a minute of midnight, when nobody can know it before, those of sources count as bought.
    """
    shown = {post.id for post in asked.page.posts}
    price = services.ledger.prices.micro[PriceKind.POST]
    bought = sum(posts_of(call.billed) for call in asked.calls)
    micro_usd = sum(call.micro_usd for call in asked.calls)
    total = of_call(len(asked.post_ids), len(shown), bought=min(bought, len(shown)), micro_usd=micro_usd)
    of_each = by_source(asked.post_ids, shown, asked.owned, sources, price_micro_usd=price)
    day = (asked.calls[-1].at if asked.calls else services.ledger.now()).date()
    services.stores.reads.add(day, {None: total, **of_each})
    for paid, number in ((BOUGHT, total.bought), (FREE, total.free)):
        metrics.REREADS.labels(paid).inc(number)
    metrics.REREADS_SAVED_USD.inc(total.saved_micro_usd(price) / 1e6)
