"""What a process told lately: a minute of it, and no more than so many calls."""

from __future__ import annotations

import pytest

from shared.spending import lately
from shared.spending.lately import LedgerCall, ToldLately
from tests.shared.spending.conftest import call


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which the test moves."""
    now = [1_000.0]
    monkeypatch.setattr(lately, "monotonic", lambda: now[0])
    return now


def ids(told: ToldLately) -> list[str]:
    """The ids of the calls that would be told again."""
    return [one.id for one in told.calls()]


def test_a_minute_is_told_again_the_oldest_first(seconds: list[float]) -> None:
    """What is older is not, and is let go of when the next call is kept."""
    told = ToldLately()
    for number in range(4):
        told.keep(LedgerCall(str(number), call(number)))
        seconds[0] += 25

    assert ids(told) == ["2", "3"]
    told.keep(LedgerCall("4", call(4)))
    assert len(told._told) == 3


def test_no_more_than_so_many_are_kept(seconds: list[float]) -> None:
    """A busy process holds the last thousand, not all of its minute."""
    told = ToldLately()
    for number in range(lately.MAX_CALLS + 5):
        told.keep(LedgerCall(str(number), call(number)))

    assert (len(ids(told)), ids(told)[0]) == (lately.MAX_CALLS, "5")
