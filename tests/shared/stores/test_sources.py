"""What is listened to is kept as it was said, and no change is written over another."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.engagement.selection import RefreshRule
from shared.domain.sources import TRACKED, QuotesOf, Source, SourceKind, Terms
from shared.stores.bundle import Stores
from tests.shared.stores.conftest import NOW

LATER = NOW + timedelta(hours=1)
FLOODS = Source(
    id="floods",
    name="Floods",
    kind=SourceKind.TERMS,
    terms=Terms(keywords=("flood",), phrases=("high water",), hashtags=("flood",), exclude=("#ad",), languages=("en",)),
    interval_seconds=300,
    quota_share=0.25,
    credential="app",
)
OTHERS = [
    Source(
        id="agencies",
        name="Agencies",
        kind=SourceKind.ACCOUNTS,
        accounts=("nasa", "esa"),
        retention_days=30,
        alert_velocity=80,
        refresh=RefreshRule(min_engagement=10, of_followed=True),
    ),
    Source(id="talk", name="Talk", kind=SourceKind.CONVERSATION, conversation_id=2**62, look_back_seconds=60),
    Source(id="quotes", name="Quotes", kind=SourceKind.QUOTES, quotes_of=QuotesOf(post_id=2**61), live=True),
    Source(id="of-nasa", name="Quotes", kind=SourceKind.QUOTES, quotes_of=QuotesOf(account="nasa"), priority=99),
]


@pytest.mark.parametrize("source", [FLOODS, *OTHERS], ids=lambda source: source.id)
def test_a_source_comes_back_as_it_went(stores: Stores, source: Source) -> None:
    """Every kind, with the times at which it was added."""
    assert stores.sources.add(source, now=NOW)

    assert stores.sources.get(source.id) == replace(source, created_at=NOW, updated_at=NOW, changed_at=NOW)
    assert not stores.sources.add(replace(source, name="another"), now=LATER)


def test_the_id_of_a_removed_one_may_be_used_again(stores: Stores) -> None:
    """Until then it stays as history, and asks for nothing."""
    stores.sources.add(FLOODS, now=NOW)
    read = stores.sources.get("floods")
    assert read is not None
    assert stores.sources.put(read, replace(read, removed_at=LATER), now=LATER)

    assert (stores.sources.all(), stores.sources.asking()) == ([], {})
    assert [one.id for one in stores.sources.all(removed=True)] == ["floods"]
    assert stores.sources.add(FLOODS, now=LATER)
    assert [one.created_at for one in stores.sources.all()] == [LATER]


def test_a_change_that_was_not_read_is_not_written_over(stores: Stores) -> None:
    """The second of two people who read the same is told."""
    stores.sources.add(FLOODS, now=NOW)
    read = stores.sources.get("floods")
    assert read is not None

    assert stores.sources.put(read, replace(read, paused=True), now=LATER)
    assert not stores.sources.put(read, replace(read, name="mine"), now=LATER)

    assert [(one.name, one.paused) for one in stores.sources.all()] == [("Floods", True)]
    assert stores.sources.asking() == {}


def test_track_adds_to_its_source_and_takes_from_it(stores: Stores) -> None:
    """It begins with the first account; one that is there is no change; names are in lower case."""
    stores.sources.add_accounts(TRACKED, ["NASA", "esa"], now=NOW)
    stores.sources.add_accounts(TRACKED, ["nasa"], now=LATER)
    first = stores.sources.get(TRACKED)
    stores.sources.take_accounts(TRACKED, ["Esa"], now=LATER)
    second = stores.sources.get(TRACKED)

    assert first is not None
    assert second is not None
    assert (first.accounts, first.updated_at, first.kind) == (("nasa", "esa"), NOW, SourceKind.ACCOUNTS)
    assert (second.accounts, second.updated_at) == (("nasa",), LATER)


def test_two_accounts_that_change_names_with_one_another_do_so_in_every_source(stores: Stores) -> None:
    """Each source asks for the same accounts as before."""
    for source in (OTHERS[0], replace(OTHERS[0], id="one", accounts=("nasa",))):
        stores.sources.add(source, now=NOW)

    stores.sources.rename({"nasa": "esa", "esa": "nasa"}, now=LATER)

    assert {one.id: one.accounts for one in stores.sources.all()} == {"agencies": ("esa", "nasa"), "one": ("esa",)}


def test_those_with_a_share_are_read_without_their_accounts(stores: Stores) -> None:
    """What asks for nothing has no share to spend."""
    for source in (
        FLOODS,
        *OTHERS,
        replace(FLOODS, id="still", paused=True),
        replace(OTHERS[0], id="s", quota_share=1.0),
    ):
        stores.sources.add(source, now=NOW)

    found = stores.sources.with_share()

    assert [(one.id, one.quota_share, one.accounts) for one in found] == [("floods", 0.25, ()), ("s", 1.0, ())]
