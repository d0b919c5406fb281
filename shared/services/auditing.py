"""Comparing what is stored with X's own count: what `covey coverage --audit` and the nightly audit share.

Only time that counts as covered is compared, and no more than the seven days that X counts. Each count costs one
request. Posts that a version without attribution stored count for nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.domain.coverage.audits import Audit, affordable, compare, whole_seconds
from shared.domain.coverage.gaps import RECENT_REACH
from shared.domain.coverage.subjects import Subject, most_valuable
from shared.domain.models import WorkClass
from shared.domain.money.prices import MICRO, PriceKind
from shared.services.bootstrap import Services
from shared.services.own_credential import x_as
from shared.services.subjects import subjects

# So many of the newest posts tell of whom most is found.
NEWEST = 20_000
# However low the price is: each is a document of a week's hours.
MOST_A_NIGHT = 1_000


def audit(
    services: Services, subject: Subject, work_class: WorkClass, *, from_at: datetime, to_at: datetime
) -> Audit | None:
    """Ask X, and compare. None where no search has read anything of the span. Raises what X or the limiter answers."""
    searches = services.following.searches([subject.member])
    carriers = services.stores.streams.with_members([subject.member])
    through = max((one.covered_through for one in carriers), default=None)
    if through is None or not searches:
        return None
    span = whole_seconds(max(from_at, subject.began_at), min(to_at, through))
    if span is None:
        return None
    begin, end = span
    x = x_as(services, searches[0].group.credential)
    counted = x.counts(work_class, query=searches[0].text, start_time=begin, end_time=end)
    times = services.stores.posts.times_of(subject.member, from_at=begin, to_at=end)
    return compare(counted.steps, times, services.stores.gaps.missing(members=[subject.member]))


def nightly(services: Services, subject: Subject, *, now: datetime) -> Audit | None:
    """The same of the last seven days, up to where all has been read a second time, for what X shows late."""
    settings = services.settings
    settled = timedelta(seconds=settings.reread_after_seconds + 2 * settings.reread_every_seconds)
    return audit(services, subject, WorkClass.BACKFILL, from_at=now - RECENT_REACH, to_at=now - settled)


def worth_auditing(services: Services) -> list[Subject]:
    """What is followed and worth most, as much of it as the budget of a night allows."""
    price = services.ledger.prices.micro[PriceKind.COUNTS_REQUEST]
    limit = affordable(round(services.settings.audit_daily_usd * MICRO), price, MOST_A_NIGHT)
    return _most_valuable(services, subjects(services, ()), limit) if limit else []


def _most_valuable(services: Services, followed: Iterable[Subject], limit: int) -> list[Subject]:
    return most_valuable(followed, services.stores.audits.found_of_members(among=NEWEST), limit)
