"""Floors of the classes of work."""

from __future__ import annotations

from shared.domain.models import WorkClass
from shared.domain.money.classes import CLASSES, FLOOR_PERCENT, floor, held


def test_classes_are_in_order_of_urgency() -> None:
    """The scripts number the classes by this order, so it must not change silently."""
    assert [one.value for one in CLASSES] == ["interactive", "search", "quotes", "engagement", "backfill"]


def test_the_floors_leave_something_for_everybody() -> None:
    """All floors together leave a good part of the window for the least urgent class."""
    assert sum(FLOOR_PERCENT.values()) <= 75
    assert FLOOR_PERCENT[WorkClass.BACKFILL] == 0


def test_a_small_window_keeps_a_call_for_people() -> None:
    """Floors are rounded up: of five calls one stays for interactive work."""
    assert floor(5, WorkClass.INTERACTIVE) == 1
    assert floor(450, WorkClass.INTERACTIVE) == 45


def test_only_what_more_urgent_classes_have_not_spent_is_held() -> None:
    """A floor counts against less urgent classes, less what its class has used, and never below nothing."""
    used = (4, 50, 0, 0, 0)

    assert held(100, used, WorkClass.INTERACTIVE) == 0
    assert held(100, used, WorkClass.SEARCH) == 6
    assert held(100, used, WorkClass.QUOTES) == 6
    assert held(100, used, WorkClass.BACKFILL) == 6 + 10 + 10
