"""X's own count beside the ledger's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.domain.jobs import CheckUsage
from shared.domain.models import WorkClass
from shared.domain.money.purchases import Row, RowKey, Sums
from shared.services.bootstrap import Services
from tests.amounts import amounts
from tests.workers.world import ScriptedX
from workers.handlers.usage import check_usage


def counted(services: Services, posts: int) -> Any:
    """X counted so many posts yesterday."""
    yesterday = services.clock.now() - timedelta(days=1)
    usage = [{"date": f"{yesterday:%Y-%m-%d}T00:00:00.000Z", "usage": str(posts)}]
    body = {"data": {"project_usage": "1", "daily_project_usage": {"project_id": "1", "usage": usage}}}
    return lambda asked: (200, body)


def bought(services: Services, posts: int) -> None:
    """The ledger has so many posts of yesterday."""
    key = RowKey(
        day=(services.clock.now() - timedelta(days=1)).date(),
        endpoint="tweets",
        credential_id="app",
        tenant="default",
        work_class=WorkClass.SEARCH,
    )
    services.stores.ledger.keep([Row(key, "epoch", Sums(calls=1, bought=amounts(posts)))])


@pytest.mark.parametrize(("ours", "is_told"), [(980, False), (970, True), (0, True)])
def test_yesterday_is_compared(
    services: Services, x: ScriptedX, capsys: pytest.CaptureFixture[str], ours: int, is_told: bool
) -> None:
    """The comparison is kept, and a warning is logged where the two are more than 2 % apart."""
    x.script = counted(services, 1_000)
    bought(services, ours)

    check_usage(services, CheckUsage())

    check = services.stores.ledger.last_check()
    assert check is not None
    assert (check.ours, check.theirs, check.is_far_off) == (ours, 1_000, is_told)
    assert ("warning" in capsys.readouterr().out) is is_told
    assert [asked.params["days"] for asked in x.asked] == ["2"]


def test_a_day_that_x_did_not_count_is_not_compared(services: Services, x: ScriptedX) -> None:
    """Nothing is kept."""
    x.script = lambda asked: (200, {"data": {"project_usage": "1"}})

    check_usage(services, CheckUsage())

    assert services.stores.ledger.last_check() is None
