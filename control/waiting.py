"""For what a run waits that is no error: money, X's window, or a credential. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

from shared.domain.models import WorkClass
from shared.platforms.x.auth import Credential
from shared.platforms.x.dialect import SharedDialectMemory, spoken
from shared.platforms.x.endpoints import SEARCH_RECENT, TWEETS, Endpoint
from shared.ratelimit.model import BlockScope, LimiterState
from shared.services.bootstrap import Services, may_ask_x, started_budgets
from shared.spending.levels import project_budgets, stopped_by
from shared.stores.runs import BACKFILL, REFRESH


class WaitsFor(StrEnum):
    """What opens, or is mended, before X is asked."""

    BUDGET = "budget"
    WINDOW = "window"
    CREDENTIAL = "credential"


@dataclass(frozen=True, slots=True)
class Errand:
    """By which class of work X is asked, and where."""

    work_class: WorkClass
    endpoint: Endpoint


SEARCHING: Final = Errand(WorkClass.SEARCH, SEARCH_RECENT)
LOOKING_UP: Final = Errand(WorkClass.INTERACTIVE, TWEETS)
_ERRANDS: Final[Mapping[str, Errand]] = {
    REFRESH: LOOKING_UP,
    BACKFILL: Errand(WorkClass.BACKFILL, SEARCH_RECENT),
}
_BY_BLOCK: Final[Mapping[str, WaitsFor]] = {
    BlockScope.PAID: WaitsFor.BUDGET,
    BlockScope.USAGE_CAP: WaitsFor.BUDGET,
    BlockScope.CREDENTIAL: WaitsFor.CREDENTIAL,
    BlockScope.CREDENTIAL_ENDPOINT: WaitsFor.CREDENTIAL,
}


def errand_of(kind: str) -> Errand:
    """What a run of that kind asks X for."""
    return _ERRANDS.get(kind, SEARCHING)


class Lookout:
    """Sees what is in the way, asking each server once however often it is asked."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def waits_for(self, errand: Errand, *, is_paid: bool = True) -> WaitsFor | None:
        """What an errand waits for; None: nothing. is_paid: whether it costs money. Raises LimiterUnavailable,
        StoreUnavailable.
        """
        looks: tuple[Callable[[Errand], WaitsFor | None], ...] = (self._credential, self._block, self._window)
        for look in looks:
            if (found := look(errand)) is not None:
                return found
        return WaitsFor.BUDGET if is_paid and self._is_spent(errand) else None

    @cached_property
    def _state(self) -> LimiterState:
        return self._services.limiter.state()

    @cached_property
    def _usable(self) -> tuple[Credential, ...] | None:
        """The credentials of this process; None where it is given none, and others ask X."""
        return tuple(self._services.credentials.usable()) if may_ask_x(self._services.settings) else None

    def _fitting(self, errand: Errand) -> set[str]:
        """Who could ask, as far as it is known here."""
        if self._usable is None:
            return {one.credential_id for one in self._state.windows if one.endpoint == errand.endpoint.key}
        return {one.id for one in self._usable if one.kind in errand.endpoint.credentials}

    def _credential(self, errand: Errand) -> WaitsFor | None:
        return WaitsFor.CREDENTIAL if self._usable is not None and not self._fitting(errand) else None

    def _block(self, errand: Errand) -> WaitsFor | None:
        """A block that reaches everybody who could ask."""
        left = self._fitting(errand)
        for block in self._state.all_blocks:
            if block.endpoint not in (None, errand.endpoint.key) or block.scope == "interval":
                continue
            word = _BY_BLOCK.get(block.scope, WaitsFor.WINDOW)
            if block.credential_id is None or left == {block.credential_id}:
                return word
            left = left - {block.credential_id}
        return None

    def _window(self, errand: Errand) -> WaitsFor | None:
        """No calls left in the window of anybody who could ask."""
        used_up = {
            one.credential_id
            for one in self._state.windows
            if one.endpoint == errand.endpoint.key and one.remaining == 0 and one.reset_in_seconds
        }
        fitting = self._fitting(errand)
        return WaitsFor.WINDOW if fitting and fitting <= used_up else None

    def _is_spent(self, errand: Errand) -> bool:
        services = self._services
        budgets = project_budgets(self._state)
        shares = services.budget_choices.load().over(started_budgets(services.settings)).shares
        dialect = spoken(services.settings.x_dialect, SharedDialectMemory(services.stores.state))
        work_class, now = errand.work_class, services.ledger.now()
        return bool(stopped_by(work_class, budgets, shares, services.ledger.prices, now, dialect))
