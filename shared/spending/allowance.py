"""How many posts a class of background work may buy today, as far as the budgets say so now. Pure.

Now: what the limiter would grant at once, with all floors of more urgent work held and no pace to keep. In the whole
day: what is left when those floors are given up, less what other work is expected to spend. Of a month its day's part.
"""

from __future__ import annotations

import math
from calendar import monthrange
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from shared.domain.days import midnight
from shared.domain.models import WorkClass
from shared.domain.money.classes import BACKGROUND_STOPS, CLASSES, PACED_FROM, held
from shared.domain.money.prices import MICRO
from shared.domain.planning.day import Money
from shared.ratelimit.model import BudgetState, Window

_MONEY: Final = {Window.DAY_MONEY, Window.MONTH_MONEY}
_OF_A_MONTH: Final = {Window.MONTH_MONEY, Window.MONTH_POSTS}


def posts_today(
    work_class: WorkClass,
    budgets: Mapping[str, BudgetState],
    *,
    share: float,
    post_micro_usd: int,
    others_posts: float,
    now: datetime,
    most: int,
) -> Money:
    """budgets: of the project. share: the part of each that the class may spend. others_posts: what other work is
    expected to buy in the rest of the day, in posts. most: how many there are to buy. No limit, or no price: all.
    """
    at_once, whole = float(most), float(most)
    for one in budgets.values():
        unit = post_micro_usd / MICRO if one.window in _MONEY else 1.0
        if one.limit is None or one.window is Window.MONTH_REQUESTS or unit == 0:
            continue
        days = monthrange(now.year, now.month)[1] - now.day + 1 if one.window in _OF_A_MONTH else 1
        own = one.limit * share - one.used_by_class.get(work_class, 0.0)
        used_by_class = [round(one.used_by_class.get(each, 0.0) * MICRO) for each in CLASSES]
        floors = held(one.limit * MICRO, used_by_class, work_class) / MICRO
        in_all = min(own, one.limit * BACKGROUND_STOPS - one.used) / days
        unpaced = one.limit * PACED_FROM - one.used if days == 1 else math.inf
        first = min(own / days, (one.limit - one.used - floors) / days, in_all, unpaced)
        at_once = min(at_once, first / unit)
        whole = min(whole, max(first / unit, in_all / unit - others_posts))
    return Money(now=max(0, math.floor(at_once + 1e-6)), whole=max(0, math.floor(whole + 1e-6)))


def is_of_the_day(budgets: Mapping[str, BudgetState], now: datetime) -> bool:
    """Whether the limiter, which has a clock of its own, is in the same UTC day: by another clock it tells around
    midnight what was left of the day before, or what it believes of the next. A day that has ended for it is no other
    one: nothing was granted since.
    """
    left = timedelta(days=1) - (now - midnight(now))
    resets = [
        one.reset_in_seconds for one in budgets.values() if one.window is Window.DAY_MONEY and one.reset_in_seconds
    ]
    return all(abs(left.total_seconds() - one) < timedelta(hours=12).total_seconds() for one in resets)
