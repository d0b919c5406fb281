"""One computation for all who ask."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from control.http.common_answer import LEAST_SECONDS, MOST_SECONDS, TIMES_COST, CommonAnswer
from shared.domain.errors import StoreUnavailable
from tests.workers.world import eventually


@dataclass
class Counting:
    """Counts how often it was made; by a clock that making it moves on by `takes`."""

    takes: float = 0.0
    at: float = 100.0
    made: int = 0

    def __call__(self) -> int:
        self.at += self.takes
        self.made += 1
        return self.made

    def ticks(self) -> float:
        """The clock."""
        return self.at


@pytest.mark.parametrize(
    ("takes", "kept"), [(0.01, LEAST_SECONDS), (1.0, 1.0 * TIMES_COST), (30.0, MOST_SECONDS)], ids=str
)
def test_it_is_kept_the_longer_the_more_it_costs(takes: float, kept: float) -> None:
    """Five seconds, or ten times what it took, a minute at most; then it is made anew."""
    make = Counting(takes)
    answer = CommonAnswer(make, make.ticks)
    assert answer.get() == 1
    make.at += kept - 0.001
    assert answer.get() == 1
    make.at += 0.002
    assert answer.get() == 2


def test_those_who_ask_at_once_wait_for_one() -> None:
    """However many ask while it is made, it is made once, for all of them."""
    begun, go, made = threading.Event(), threading.Event(), []

    def slow() -> int:
        begun.set()
        assert go.wait(10)
        made.append(1)
        return len(made)

    answer = CommonAnswer(slow)
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(answer.get) for _ in range(20)]
        assert begun.wait(10)
        eventually(lambda: sum(one.running() for one in asked) == 20)
        go.set()
        assert {one.result(10) for one in asked} == {1}


def test_an_error_is_not_kept() -> None:
    """Whoever asks next tries again."""
    make = Counting()

    def failing() -> int:
        if make() == 1:
            raise StoreUnavailable("away")
        return make.made

    answer = CommonAnswer(failing, make.ticks)
    with pytest.raises(StoreUnavailable):
        answer.get()
    assert answer.get() == 2


def test_what_was_changed_is_told_at_once() -> None:
    """After a change it is made anew, also where one is being made that began before it."""
    make = Counting()
    answer: CommonAnswer[int] = CommonAnswer(make, make.ticks)
    assert answer.get() == 1
    answer.forget()
    assert answer.get() == 2

    def changed_meanwhile() -> int:
        if make() == 3:
            changing.forget()
        return make.made

    changing = CommonAnswer(changed_meanwhile, make.ticks)
    assert changing.get() == 3
    assert changing.get() == 4
