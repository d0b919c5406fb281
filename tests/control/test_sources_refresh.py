"""Of which posts of a source the engagement is followed, as people write it; and what is wrong with what they write."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from control.sources_form import Reader
from control.sources_refresh import written
from shared.domain.engagement.selection import ALL, NONE, RefreshRule
from shared.domain.sources import Source

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def read(value: object) -> tuple[Source | None, list[str]]:
    """The source with that field, and what is wrong with it."""
    fields = {"id": "press", "accounts": ["nasa"], "refresh": value}
    reader = Reader(fields, NOW, lambda name: f"source press: {name}".removesuffix(": "))  # type: ignore[arg-type]
    return reader.read(), reader.faults


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (None, ALL),
        ("all", ALL),
        (" None ", NONE),
        ("min_engagement=10", RefreshRule(min_engagement=10)),
        ("min_engagement = 10, authors = Followed", RefreshRule(min_engagement=10, of_followed=True)),
        ({"min_engagement": "10"}, RefreshRule(min_engagement=10)),
        ({"authors": "followed"}, RefreshRule(of_followed=True)),
        ({"authors": "all", "min_engagement": "0"}, ALL),
    ],
)
def test_what_people_write_is_a_rule_and_back(value: object, rule: RefreshRule) -> None:
    """As a word, as text of a command, or as fields of a file."""
    source, faults = read(value)

    assert faults == []
    assert source is not None
    assert source.refresh == rule
    again = written(rule).get("refresh")
    assert read({name: str(one) for name, one in again.items()} if isinstance(again, dict) else again)[0] == source


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("sometimes", "source press: refresh: 'sometimes' is none of all, none, or min_engagement=N and"),
        ("min_engagement=1,min_engagement=2", "is none of all, none"),
        ("min_engagement=few", "source press: refresh.min_engagement: 'few' is no whole number"),
        ("min_engagement=-1", "refresh.min_engagement: '-1' is no whole number"),
        ("min_engagment=10", "refresh.min_engagment: is no field of refresh; did you mean min_engagement?"),
        ({"authors": "nasa"}, "refresh.authors: 'nasa' is neither followed nor all"),
        (["all"], "source press: refresh: has fields of its own: min_engagement, authors"),
    ],
)
def test_what_is_wrong_is_named(value: object, fault: str) -> None:
    """With the place and the value."""
    source, faults = read(value)

    assert source is None
    assert len(faults) == 1
    assert fault in faults[0]
