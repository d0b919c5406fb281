"""The caps of a round."""

from __future__ import annotations

from once.brake import Brake, Caps
from shared.domain.models import WorkClass
from shared.domain.money.purchases import PaidCall
from tests.amounts import amounts
from tests.workers.world import NOW


def test_no_cap_is_never_reached() -> None:
    """However much was read."""
    brake = Brake(Caps())
    brake.tally.stored(10**9)

    assert brake.reached() is None


def test_a_cap_is_reached_at_its_number() -> None:
    """Not one post or call before it."""
    brake = Brake(Caps(posts=10, calls=2))
    brake.tally.stored(9)
    brake.tally.called(PaidCall(WorkClass.SEARCH, NOW, amounts(1), 5_000))
    assert brake.reached() is None

    brake.tally.called(PaidCall(WorkClass.SEARCH, NOW, amounts(1), 5_000))
    assert brake.reached() == "max_calls"
    brake.tally.stored(1)
    assert brake.reached() == "max_posts"
    assert brake.tally.counted.micro_usd == 10_000


def test_few_calls_take_few_threads() -> None:
    """So that what is under way passes a small cap by little."""
    assert [Caps(calls=calls).threads(8) for calls in (None, 1, 20)] == [8, 1, 8]
