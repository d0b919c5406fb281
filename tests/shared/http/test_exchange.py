"""The time of an exchange, and whose it is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.http.exchange import Deadline, TimeIsUp, current_exchange, exchange


def test_a_wait_is_cut_to_what_is_left() -> None:
    """The shorter of the two, and none at all where nothing is left."""
    assert Deadline(100).within(5) == 5
    assert 4 < Deadline(5).within(100) <= 5
    assert 4 < Deadline(5).within(None) <= 5
    with pytest.raises(TimeIsUp):
        Deadline(0).within(5)


def test_each_thread_works_on_its_own_exchange() -> None:
    """What one of them notes is not seen by the others, and after the block there is none."""

    def work(number: int) -> bool:
        with exchange(number) as one:
            one.is_sent = number % 2 == 0
            return current_exchange().is_sent

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(work, range(1, 41))) == [False, True] * 20
    with pytest.raises(LookupError):
        current_exchange()
