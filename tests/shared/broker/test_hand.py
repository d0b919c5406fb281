"""What a process holds."""

from __future__ import annotations

from shared.broker.hand import Hands, LastChance


def test_a_message_that_is_still_held_is_not_taken_twice() -> None:
    """Handed over again while it runs, it only gets the new receipt."""
    hand = Hands().of("q")

    assert hand.take("a", "first")
    assert not hand.take("a", "second")

    assert hand.receipt("a") == "second"
    assert hand.ids() == ["a"]


def test_dropping_wakes_the_consumers_of_all_queues() -> None:
    """Room in the process is room for every queue."""
    hands = Hands()
    one, other = hands.of("one"), hands.of("other")
    one.take("a", "r")

    hands.drop("one", "a")

    assert one.receipt("a") is None
    assert len(hands) == 0
    assert other.freed.is_set()


def test_the_last_chance_is_one_message_at_a_time() -> None:
    """Reserved or occupied, the place is taken; only its occupant frees it, once."""
    place = LastChance()

    assert place.reserve()
    assert not place.reserve()
    place.occupy("a")
    place.release("b")
    assert not place.reserve()
    place.release("a")
    place.release("a")
    assert place.reserve()
    place.release()
    assert place.reserve()
