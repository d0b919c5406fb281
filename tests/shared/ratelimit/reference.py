"""The limiter once more, in plain Python over plain dictionaries: what the Lua must decide.

It shares with the product only the pure rules (`windows`, `classes`, `money`); it knows one process and no Redis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from shared.domain.models import RateHeaders, WorkClass
from shared.domain.money.budgets import Budgets
from shared.domain.money.classes import CLASSES
from shared.domain.money.prices import MICRO, Amounts, PriceKind, Prices
from shared.ratelimit.model import CallRequest, Settlement
from shared.ratelimit.rules import (
    BREAKER_FAULTS,
    BREAKER_FIRST_MS,
    BREAKER_LONGEST_MS,
    BREAKER_WAIT_MS,
    PROBE_WAIT_MS,
    RESET_GUARD_MS,
)
from shared.ratelimit.windows import budget_wait_ms, free, wait_ms

DAY_MS = 86_400_000


@dataclass
class Period:
    """15 minutes or 24 hours of X for one credential and endpoint."""

    limit: int = 0
    lowest: int = 0
    ends_at: float = 0
    reset: int = 0
    settled: int = 0
    is_shared: bool = False
    used: dict[WorkClass, int] = field(default_factory=lambda: dict.fromkeys(CLASSES, 0))

    @property
    def free(self) -> int:
        """Calls that may still be granted."""
        return free(self.limit, sum(self.used.values()), self.lowest, self.settled, is_shared=self.is_shared)


@dataclass
class Lease:
    """A call in flight."""

    ends_at: float
    work_class: WorkClass
    granted_at: float
    resets: tuple[int, int]
    probe_until: float | None


@dataclass
class EndpointWindow:
    """What is known of one credential and endpoint."""

    quarter: Period = field(default_factory=Period)
    day: Period = field(default_factory=Period)
    probe_until: float = 0
    leases: dict[str, Lease] = field(default_factory=dict)


@dataclass
class Breaker:
    """X's faults in a row on one endpoint."""

    faults: int = 0
    opened: int = 0
    open_until: float = 0
    looker: str = ""
    looked_until: float = 0

    def wait(self, now: float) -> float:
        """0 where a call may go, or look."""
        left = self.open_until - now
        return left if left > 0 else min(self.looked_until - now, BREAKER_WAIT_MS)

    def tell(self, now: float, grant_id: str, *, held: bool, answered: bool, fault: bool) -> None:
        """What became of a call."""
        looks = self.looker == grant_id
        if not looks and (self.opened or not held):
            return
        if not fault and answered:
            self.faults = self.opened = 0
            self.open_until = 0
        if fault:
            self.faults += 1
        if fault and self.faults >= BREAKER_FAULTS:
            self.open_until = now + min(BREAKER_LONGEST_MS, BREAKER_FIRST_MS * 2**self.opened)
            self.opened += 1
        self.looker, self.looked_until = "", 0


class Reference:
    """Decides as the limiter does, for windows and the project's budgets of one day."""

    def __init__(self, *, window_ms: int, lease_ms: int, budgets: Budgets, prices: Prices) -> None:
        self.window_ms, self.lease_ms, self.prices = window_ms, lease_ms, prices
        self.limits = {
            "day_money": None if budgets.day_usd is None else round(budgets.day_usd * MICRO),
            "month_posts": budgets.month_posts,
        }
        self.shares = budgets.shares
        self.spent = {name: dict.fromkeys(CLASSES, 0) for name in self.limits}
        self.spans = {"day_money": (0.0, 0.0), "month_posts": (0.0, 0.0)}
        self.windows: dict[tuple[str, str], EndpointWindow] = {}
        self.breakers: dict[str, Breaker] = {}

    def start_day(self, now: float, month: tuple[float, float]) -> None:
        """Open the budgets of the present day and month."""
        day_starts = now // DAY_MS * DAY_MS
        self.spans = {"day_money": (day_starts, day_starts + DAY_MS), "month_posts": month}

    def window(self, endpoint: str, credential_id: str) -> EndpointWindow:
        """What is known of one credential and endpoint."""
        return self.windows.setdefault((endpoint, credential_id), EndpointWindow())

    def acquire(self, now: float, request: CallRequest, grant_id: str) -> tuple[str, bool] | tuple[int, str]:
        """(credential, is it a probe), or (wait in ms, the window that refuses)."""
        amounts = self._amounts(request.most)
        breaker = self.breakers.setdefault(request.endpoint, Breaker())
        waits = [(breaker.wait(now), "breaker")]
        waits += [(self._budget_wait(now, name, request.work_class, amounts[name]), name) for name in self.limits]
        worst = _longest(waits)
        if worst[0] > 0:
            return math.ceil(worst[0]), worst[1]
        refusals, best = [], None
        for credential_id in request.credential_ids:
            window = self.window(request.endpoint, credential_id)
            is_unknown = self._is_unknown(now, window)
            worst = _longest(self._window_waits(now, window, request.work_class, is_unknown=is_unknown))
            if worst[0] > 0:
                refusals.append(worst)
                continue
            room = -1 if is_unknown else window.quarter.free
            if best is None or room > best[0]:
                best = (room, credential_id, window, is_unknown)
        if best is None:
            wait, name = min(refusals, key=lambda refusal: refusal[0])
            return math.ceil(wait), name
        _, credential_id, window, is_probe = best
        if breaker.opened:
            breaker.looker, breaker.looked_until = grant_id, now + self.lease_ms
        self._take(now, window, request.work_class, grant_id, is_probe=is_probe)
        for name, amount in amounts.items():
            self.spent[name][request.work_class] += amount
        return credential_id, is_probe

    def settle(self, now: float, key: tuple[str, str], grant_id: str, request: CallRequest, answer: Settlement) -> None:
        """Fold an answer in."""
        window = self.window(*key)
        lease = window.leases.pop(grant_id, None)
        if lease is not None and lease.ends_at <= now:
            lease = None
        was_probe = lease is not None and lease.probe_until is not None and lease.probe_until == window.probe_until
        if lease is not None and (window.quarter.is_shared or window.day.is_shared):
            self._forget_dead(window, lease.granted_at)
        rate = answer.rate
        opened = False
        if rate.remaining is not None and rate.reset_at_seconds is not None:
            header = (rate.limit, rate.remaining, rate.reset_at_seconds)
            opened = self._fold(now, window, window.quarter, header, rate, lease, 0, request.work_class)
        elif was_probe and answer.answered and window.quarter.limit and now >= window.quarter.ends_at:
            self._open(now, window, window.quarter, request.work_class)
            window.quarter.lowest, window.quarter.ends_at, opened = window.quarter.limit, now + self.window_ms, True
        if rate.day_remaining is not None and rate.day_reset_at_seconds is not None:
            header = (rate.day_limit, rate.day_remaining, rate.day_reset_at_seconds)
            self._fold(now, window, window.day, header, rate, lease, 1, request.work_class)
        elif was_probe and answer.answered and now >= window.day.ends_at:
            window.day.ends_at = window.day.reset = 0
        if was_probe or opened:
            window.probe_until = 0
        self.breakers[key[0]].tell(now, grant_id, held=lease is not None, answered=answer.answered, fault=answer.fault)
        if lease is not None and answer.answered:
            reserved = self._amounts(request.most)
            billed = self._amounts(answer.billed)
            for name in self.limits:
                self.spent[name][request.work_class] += billed[name] - reserved[name]

    def _fold(
        self,
        now: float,
        window: EndpointWindow,
        period: Period,
        header: tuple[int | None, int, int],
        rate: RateHeaders,
        lease: Lease | None,
        which: int,
        work_class: WorkClass,
    ) -> bool:
        limit, remaining, reset = header
        assert rate.date_seconds is not None
        placed = math.floor(now + (reset - rate.date_seconds) * 1000 + RESET_GUARD_MS)
        asked_after_end = lease is not None and lease.granted_at >= period.ends_at
        opens = reset > period.reset or (asked_after_end and reset != period.reset)
        if opens:
            self._open(now, window, period, work_class)
            period.limit = limit if limit is not None else period.limit or remaining + 1
            period.lowest, period.ends_at, period.reset = remaining, placed, reset
        elif reset == period.reset:
            period.settled += lease is not None
            period.limit = period.limit if limit is None else min(period.limit, limit)
            period.lowest = min(period.lowest, remaining)
            if now < period.ends_at:
                period.ends_at = min(period.ends_at, placed)
            elif asked_after_end:
                period.ends_at = max(placed, now + RESET_GUARD_MS)
        elif lease is not None and lease.resets[which] != period.reset:
            period.used[work_class] -= 1
        granted = sum(period.used.values())
        surplus = period.limit - granted - period.lowest
        if surplus > 0 and opens and granted == 1:
            period.used[WorkClass.BACKFILL] += surplus
            period.settled += surplus
        elif surplus > 0:
            period.is_shared = True
        return opens

    def _open(self, now: float, window: EndpointWindow, period: Period, work_class: WorkClass) -> None:
        self._forget_dead(window, now)
        period.used = dict.fromkeys(CLASSES, 0)
        for one in [work_class, *(lease.work_class for lease in window.leases.values())]:
            period.used[one] += 1
        period.settled, period.is_shared = 1, False

    @staticmethod
    def _forget_dead(window: EndpointWindow, moment: float) -> None:
        dead = [name for name, lease in window.leases.items() if lease.ends_at <= moment]
        for name in dead:
            del window.leases[name]
            window.quarter.settled += 1
            window.day.settled += 1

    def _take(
        self, now: float, window: EndpointWindow, work_class: WorkClass, grant_id: str, *, is_probe: bool
    ) -> None:
        window.quarter.used[work_class] += 1
        window.day.used[work_class] += 1
        ends = now + self.lease_ms
        if is_probe:
            window.probe_until = ends
        resets = (window.quarter.reset, window.day.reset)
        window.leases[grant_id] = Lease(ends, work_class, now, resets, ends if is_probe else None)

    def _is_unknown(self, now: float, window: EndpointWindow) -> bool:
        return now >= window.quarter.ends_at or (window.day.ends_at > 0 and now >= window.day.ends_at)

    def _window_waits(
        self, now: float, window: EndpointWindow, work_class: WorkClass, *, is_unknown: bool
    ) -> list[tuple[float, str]]:
        waits = []
        if window.day.ends_at > now:
            waits.append((self._period_wait(now, window.day, DAY_MS, work_class), "day"))
        if is_unknown:
            waits.append((min(window.probe_until - now, PROBE_WAIT_MS), "probe"))
            return waits
        quarter = window.quarter
        if quarter.free < 1 and sum(quarter.used.values()) < quarter.limit and quarter.lowest > 0:
            waits.append((min(quarter.ends_at - now, PROBE_WAIT_MS), "window"))
        else:
            waits.append((self._period_wait(now, quarter, self.window_ms, work_class), "window"))
        return waits

    @staticmethod
    def _period_wait(now: float, period: Period, span: float, work_class: WorkClass) -> float:
        used = period.limit - period.free
        by_class = [period.used[one] for one in CLASSES]
        return wait_ms(work_class, period.limit, used, by_class, 1, period.ends_at - now, span)

    def _budget_wait(self, now: float, name: str, work_class: WorkClass, amount: int) -> float:
        limit, (starts, ends) = self.limits[name], self.spans[name]
        if limit is None or amount == 0:
            return 0
        spent = [self.spent[name][one] for one in CLASSES]
        share = self.shares.get(work_class, 1.0)
        return budget_wait_ms(work_class, limit, sum(spent), spent, amount, ends - now, ends - starts, share=share)

    def _amounts(self, amounts: Amounts) -> dict[str, int]:
        return {"day_money": self.prices.cost_micro(amounts), "month_posts": amounts[PriceKind.POST]}


def _longest(waits: list[tuple[float, str]]) -> tuple[float, str]:
    longest = (0.0, "")
    for wait, name in waits:
        if wait > longest[0]:
            longest = (wait, name)
    return longest
