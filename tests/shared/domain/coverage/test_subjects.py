"""Which of what is followed is worth most."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.domain.coverage.subjects import Subject, most_valuable

DAY = datetime(2026, 11, 20, tzinfo=UTC)


def test_priority_goes_before_what_is_found_and_names_decide_the_rest() -> None:
    """No more than are asked for; what was found of nobody counts as nothing."""
    subjects = [
        Subject("quiet", "@quiet", DAY),
        Subject("busy", "@busy", DAY),
        Subject("+urgent", "urgent", DAY, priority=90),
        Subject("also", "@also", DAY),
    ]

    chosen = most_valuable(subjects, {"busy": 7, "+urgent": 1}, 3)

    assert [one.member for one in chosen] == ["+urgent", "busy", "also"]
