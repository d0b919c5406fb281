"""What was spent, from the ledger, by day, class of work, credential or tenant. Money is in US dollars."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Any, Final

from shared.domain.errors import InputError
from shared.domain.money.prices import MICRO, OBJECTS, PriceKind
from shared.domain.money.purchases import RowKey, Sums
from shared.services.bootstrap import Services

MOST_DAYS: Final = 366


class By(StrEnum):
    """What is added up."""

    DAY = "day"
    CLASS = "class"
    CREDENTIAL = "credential"
    TENANT = "tenant"


_KEYS: Final[dict[By, Callable[[RowKey], str]]] = {
    By.DAY: lambda key: key.day.isoformat(),
    By.CLASS: lambda key: key.work_class.value,
    By.CREDENTIAL: lambda key: key.credential_id,
    By.TENANT: lambda key: key.tenant,
}


def shown(
    services: Services, *, by: By, first: date | None = None, last: date | None = None, tenant: str | None = None
) -> dict[str, Any]:
    """first, last (UTC days; this month where they are left out), tenant, total, rows by key. tenant: None: all.

    Raises InputError for days that are no stretch, or too long a one; BrokerUnavailable, StoreUnavailable.
    """
    today = services.ledger.now().date()
    last = last or today
    first = first or last.replace(day=1)
    if not 0 <= (last - first).days < MOST_DAYS:
        raise InputError(f"from {first} to {last}: 1 to {MOST_DAYS} days, the first one first")
    if last >= today:
        services.ledger.copy()
    found = services.stores.ledger.between(first, last)
    total, parts = Sums(), dict[str, Sums]()
    for key, sums in found.items():
        if tenant in (None, key.tenant):
            name = _KEYS[by](key)
            total, parts[name] = total.plus(sums), parts.get(name, Sums()).plus(sums)
    rows = [_row(name, sums) for name, sums in sorted(parts.items())]
    return {"first": first, "last": last, "tenant": tenant, "total": _row("total", total), "rows": rows}


def _row(key: str, sums: Sums) -> dict[str, Any]:
    return {
        "key": key,
        "usd": sums.micro_usd / MICRO,
        "calls": sums.calls,
        "calls_failed": sums.failed,
        "calls_unanswered": sums.unanswered,
        "bought": {kind.plural: sums.bought[kind] for kind in PriceKind if kind in OBJECTS or sums.bought[kind]},
        "reread": {kind.plural: sums.reread[kind] for kind in OBJECTS},
    }
