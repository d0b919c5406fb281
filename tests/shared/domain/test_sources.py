"""What a source may be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.errors import InputError
from shared.domain.sources import TRACKED, QuotesOf, Source, SourceKind, Terms, check, with_accounts

AGENCIES = Source(id="agencies", name="Agencies", kind=SourceKind.ACCOUNTS, accounts=("nasa",))


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"id": "Agencies"}, "source Agencies: id 'Agencies': 1 to 64 of a-z, 0-9 and -, none at the ends"),
        ({"id": "-a"}, "source -a: id '-a'"),
        ({"id": "a" * 65}, f"source {'a' * 65}: id"),
        ({"platform": "y"}, "source agencies: platform 'y': only x is known"),
        ({"name": " "}, "source agencies: name ' ': 1 to 100 characters"),
        ({"interval_seconds": 59}, "source agencies: interval 59 s: 60 to 604800 s"),
        ({"interval_seconds": 604_801}, "source agencies: interval 604801 s"),
        ({"look_back_seconds": 604_801}, "source agencies: look_back 604801 s: 0 to 604800 s"),
        ({"priority": 101}, "source agencies: priority 101: 0 to 100"),
        ({"alert_velocity": 0}, "source agencies: alert_velocity 0: 1 to 100000000"),
        ({"retention_days": 0}, "source agencies: retention_days 0: 1 to 36500"),
        ({"quota_share": 0.0}, "source agencies: quota_share 0: above 0, up to 1"),
        ({"quota_share": float("nan")}, "source agencies: quota_share nan: above 0, up to 1"),
        ({"accounts": ()}, "source agencies: kind accounts without any"),
        ({"terms": Terms(keywords=("a",))}, "source agencies: kind accounts has terms too"),
    ],
)
def test_what_is_wrong_is_named(wrong: dict[str, Any], fault: str) -> None:
    """The source, the field, the value and what it may be."""
    with pytest.raises(InputError) as error:
        check(replace(AGENCIES, **wrong))
    assert str(error.value).startswith(fault)


@pytest.mark.parametrize("of", [QuotesOf(), QuotesOf(post_id=1, account="nasa")])
def test_quotes_are_of_one_thing(of: QuotesOf) -> None:
    """Of a post or of an account."""
    with pytest.raises(InputError, match="quotes_of: either a post or an account"):
        check(Source(id="q", name="q", kind=SourceKind.QUOTES, quotes_of=of))


def test_the_bounds_themselves_are_fine() -> None:
    """And the source of `covey track` may be empty."""
    for interval_seconds in (60, 604_800, None):
        check(replace(AGENCIES, interval_seconds=interval_seconds, quota_share=1.0, priority=0, look_back_seconds=0))
    check(replace(AGENCIES, id=TRACKED, accounts=()))


def test_accounts_are_there_once_in_lower_case() -> None:
    """Whatever case they are added or taken in."""
    assert with_accounts(("nasa", "esa"), ("NASA", "JAXA"), ("Esa",)) == ("nasa", "jaxa")


def test_a_paused_or_removed_one_asks_for_nothing() -> None:
    """Everything else does."""
    from tests.workers.world import NOW

    states = (AGENCIES, replace(AGENCIES, paused=True), replace(AGENCIES, removed_at=NOW))
    assert [one.asks for one in states] == [True, False, False]
