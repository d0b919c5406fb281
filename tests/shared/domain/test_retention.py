"""When a post may go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.retention import Retention

NOW = datetime(2024, 5, 1, tzinfo=UTC)
OLD = NOW - timedelta(days=40)


@pytest.mark.parametrize(
    ("kept", "sources", "leaves"),
    [
        (Retention(), [], False),
        (Retention(), ["a"], False),
        (Retention(30), [], True),
        (Retention(50), [], False),
        (Retention(None, {"a": 30}), ["a"], True),
        (Retention(None, {"a": 30}), ["b"], False),
        (Retention(None, {"a": 30}), ["a", "b"], False),
        (Retention(None, {"a": 30, "b": 35}), ["a", "b"], True),
        (Retention(None, {"a": 30, "b": 50}), ["a", "b"], False),
        (Retention(35, {"a": 30}), ["a", "b"], True),
        (Retention(35, {"a": 50}), ["a", "b"], False),
        (Retention(None, {"a": 30}), [], False),
    ],
)
def test_a_post_leaves_when_every_source_says_so(kept: Retention, sources: list[str], leaves: bool) -> None:
    """Of 40 days: by the days of its sources, or those of all where a source has none or it has no source."""
    assert kept.leaves(OLD, sources, now=NOW) is leaves


def test_the_scopes_are_all_and_those_with_days_of_their_own() -> None:
    """Nothing is gone through where everything is kept."""
    assert Retention().scopes == {}
    assert Retention(7, {"a": 30}).scopes == {None: 7, "a": 30}
