"""The rule of quotes takes its numbers from the settings."""

from __future__ import annotations

from datetime import timedelta

from scheduler.quoting import rule_of
from shared.domain.coverage.quotes import QuoteRule
from shared.runtime.settings import Settings


def test_the_rule_has_the_numbers_of_the_settings() -> None:
    """Five posts, ten likes, four hours, and 35 minutes back, unless it is set otherwise."""
    usual = QuoteRule(posts_per_round=5, min_likes=10, recheck=timedelta(hours=4), margin=timedelta(minutes=35))
    other = QuoteRule(posts_per_round=2, min_likes=3, recheck=timedelta(hours=1), margin=timedelta(seconds=9))

    assert rule_of(Settings.load()) == usual
    numbers = {"posts_per_round": 2, "min_likes": 3, "recheck_seconds": 3600.0, "margin_seconds": 9.0}
    assert rule_of(Settings.load(**{f"quotes_{name}": value for name, value in numbers.items()})) == other
