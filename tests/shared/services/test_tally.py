"""What this process has read and stored since it began."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from shared.domain.models import WorkClass
from shared.domain.money.purchases import PaidCall
from shared.services.tally import Counted, Tally
from tests.amounts import amounts

CALL = PaidCall(WorkClass.SEARCH, datetime(2026, 1, 1, tzinfo=UTC), amounts(1), 5_000)


def test_threads_count_together() -> None:
    """Posts, calls and money add up, whichever thread tells them."""
    tally = Tally()
    with ThreadPoolExecutor(4) as pool:
        for _ in range(100):
            pool.submit(tally.called, CALL)
            pool.submit(tally.stored, 2)

    assert tally.counted == Counted(posts=200, calls=100, micro_usd=500_000)
