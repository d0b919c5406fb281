"""A source's share of a day's money: how far it is spent, and until when the source rests. Pure.

    has money --its searches cost what the share is--> rests --midnight UTC--> has money

A share is a part of the daily budget; where there is none, it limits nothing. It is passed by no more than the pages
that are under way when it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.domain.days import midnight
from shared.domain.money.prices import MICRO
from shared.domain.sources import Source

DAY: Final = timedelta(days=1)
# Gaps may take half of a share as soon as the day begins, and later on as much of it as of the day has passed.
GAPS_AT_ONCE: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareStanding:
    """A share as it stands at `now`, by X's clock. Money in whole micro-dollars; limit: None without a daily budget."""

    source: str
    share: float
    limit_micro_usd: int | None
    spent_micro_usd: int
    now: datetime

    @property
    def left_micro_usd(self) -> int | None:
        """What may be spent until midnight UTC; None: as much as the other budgets allow."""
        return self._left_of(1.0)

    @property
    def left_for_gaps_micro_usd(self) -> int | None:
        """What of it may be spent on gaps now: so that what was missed yesterday leaves money for what is new today."""
        return self._left_of(max(GAPS_AT_ONCE, (self.now - self._midnight) / DAY))

    @property
    def is_spent(self) -> bool:
        """Whether nothing more is read for it today."""
        return self.left_micro_usd == 0

    @property
    def leaves_gaps(self) -> bool:
        """Whether no gap of it is filled now."""
        return self.left_for_gaps_micro_usd == 0

    @property
    def used_ratio(self) -> float:
        """How full: 0 = empty or without a limit, 1 = spent. A share of nothing is always spent."""
        if self.limit_micro_usd is None:
            return 0.0
        return self.spent_micro_usd / self.limit_micro_usd if self.limit_micro_usd else 1.0

    @property
    def rests_until(self) -> datetime | None:
        """The midnight UTC until which nothing is read; None while there is money."""
        return self._midnight + DAY if self.is_spent else None

    @property
    def _midnight(self) -> datetime:
        return midnight(self.now)

    def _left_of(self, part: float) -> int | None:
        if self.limit_micro_usd is None:
            return None
        return max(0, int(self.limit_micro_usd * part) - self.spent_micro_usd)


def standing(source: Source, *, day_usd: float | None, spent_micro_usd: int, now: datetime) -> ShareStanding | None:
    """How a source's share stands; None where it has none. day_usd: the daily budget, None where there is none."""
    if source.quota_share is None:
        return None
    limit = None if day_usd is None else round(source.quota_share * day_usd * MICRO)
    return ShareStanding(
        source=source.id, share=source.quota_share, limit_micro_usd=limit, spent_micro_usd=spent_micro_usd, now=now
    )


def payer(askers: Sequence[Source]) -> str | None:
    """Whose share pays for what these sources ask for; None: nobody's, it is searched with what all ask for.

    One that asks without a share wants it read whatever the others have left. Where all have one, the greatest pays.
    """
    shares = [(one.quota_share, one.id) for one in askers if one.quota_share is not None]
    return max(shares)[1] if shares and len(shares) == len(askers) else None


def page_size(left_micro_usd: int | None, price_micro_usd: int, *, least: int, greatest: int) -> int:
    """How many posts a page may have, so that it costs little more than what is left."""
    if left_micro_usd is None or price_micro_usd == 0:
        return greatest
    return max(least, min(greatest, left_micro_usd // price_micro_usd))
