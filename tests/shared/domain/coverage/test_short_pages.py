"""How long short pages wait."""

from __future__ import annotations

from shared.domain.coverage.short_pages import wait_seconds


def test_waits_grow_and_end() -> None:
    """Four waits of six minutes together, then the page is taken as it is; so is one that another process moved on."""
    waits = [wait_seconds(times) for times in range(7)]

    assert waits == [None, 1.0, 10.0, 60.0, 300.0, None, None]
