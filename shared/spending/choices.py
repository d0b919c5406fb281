"""The budgets that a person set, kept in MongoDB; the limiter is given a copy.

Order of writes: first here, then the limiter. A crash in between is made good by the scheduler, which gives the limiter
what is here every few seconds. Two people who set budgets in the same moment: the last one's word stands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from shared.domain.models import WorkClass
from shared.domain.money.budgets import Budgets, ChosenBudgets

KEY = "budgets"


class KeyValues(Protocol):
    """Small values by key, such as the store of `X_state`."""

    def get(self, key: str) -> Any:
        """The value, None when there is none."""
        ...

    def set(self, key: str, value: Any) -> None:
        """Keep a value."""
        ...


class BudgetChoices:
    """Reads and changes what was chosen. Every method raises what the store raises."""

    def __init__(self, store: KeyValues) -> None:
        self._store = store

    def load(self) -> ChosenBudgets:
        """What was chosen."""
        found = self._store.get(KEY) or {}
        shares = {WorkClass(name): float(share) for name, share in found.get("shares", {}).items()}
        return ChosenBudgets(dict(found.get("limits", {})), shares)

    def choose(self, limits: Mapping[str, float | None], shares: Mapping[WorkClass, float]) -> ChosenBudgets:
        """Choose budgets beside those chosen before. Raises InputError for a name or value that is none."""
        before = self.load()
        return self._save(ChosenBudgets({**before.limits, **limits}, {**before.shares, **shares}))

    def forget(self, limits: Collection[str], shares: Collection[WorkClass]) -> ChosenBudgets:
        """Let these be as the processes were started with."""
        before = self.load()
        return self._save(
            ChosenBudgets(
                {name: limit for name, limit in before.limits.items() if name not in limits},
                {work_class: share for work_class, share in before.shares.items() if work_class not in shares},
            )
        )

    def _save(self, chosen: ChosenBudgets) -> ChosenBudgets:
        chosen.over(Budgets())
        shares = {work_class.value: share for work_class, share in chosen.shares.items()}
        self._store.set(KEY, {"limits": dict(chosen.limits), "shares": shares})
        return chosen
