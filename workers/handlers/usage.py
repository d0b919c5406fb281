"""`check_usage`: X's own count of yesterday's posts, beside the ledger's."""

from __future__ import annotations

from shared.domain.jobs import CheckUsage
from shared.domain.models import WorkClass
from shared.domain.money.prices import posts_of
from shared.domain.money.purchases import add_up
from shared.domain.money.usage import UsageCheck, last_whole_day
from shared.runtime.clock import from_epoch_seconds
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services

log = get_logger(__name__)

DAYS = 2  # of X's count: the last whole one and the present one


def check_usage(services: Services, job: CheckUsage) -> None:
    """Ask X, compare the last whole day by X's clock, keep the result, and warn where the two are far apart."""
    usage = services.x.usage(work_class=WorkClass.BACKFILL, days=DAYS)
    now = from_epoch_seconds(usage.rate.date_seconds) if usage.rate.date_seconds else services.clock.now()
    day = last_whole_day(now, usage.posts_by_day)
    if day is None:
        log.warning("X did not count yesterday", counted=[str(one) for one in sorted(usage.posts_by_day)])
        return
    services.ledger.copy()
    ours = posts_of(add_up(services.stores.ledger.between(day, day).values()).bought)
    check = UsageCheck(day=day, ours=ours, theirs=usage.posts_by_day[day], checked_at=now)
    services.stores.ledger.keep_check(check)
    tell = log.warning if check.is_far_off else log.info
    tell(
        "posts counted by X and by the ledger",
        day=str(day),
        ours=ours,
        theirs=check.theirs,
        difference_ratio=round(check.difference_ratio, 4),
    )
