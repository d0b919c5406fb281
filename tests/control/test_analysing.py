"""`covey analyse`: the figures that the API tells too."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from shared.domain.mentions import Mention
from shared.domain.sources import Source, SourceKind, Terms
from shared.services.bootstrap import Services
from tests.control.whole import Covey, covey

__all__ = ["covey"]


@pytest.fixture
def stored(services: Services) -> Services:
    """Six mentions of two days: four of one source, two of another; one is older than a week."""
    stores, now = services.stores, services.clock.now()
    for id_ in ("us", "them"):
        stores.sources.add(Source(id=id_, name=id_, kind=SourceKind.TERMS, terms=Terms(keywords=(id_,))), now=now)
    ages = [timedelta(days=1)] * 3 + [timedelta(days=2)] * 2 + [timedelta(days=9)]
    stores.mentions.put(
        [
            Mention(
                tenant_id="default",
                sources=("them" if n > 3 else "us",),
                platform="x",
                external_id=str(n),
                url="u",
                content="c",
                author_id=str(7 + n // 4),
                published_at=now - age,
                language="en" if n else None,
                likes_count=n,
            )
            for n, age in enumerate(ages)
        ],
        now=now,
        at=now,
    )
    return services


def test_volume_is_told_by_day(stored: Services, covey: Covey) -> None:
    """A row a day, the sum below, a column for each language; JSON as the API has it."""
    told = covey("analyse", "volume", "--by", "language").stdout
    document = json.loads(covey("analyse", "volume", "--by", "source", "--from", "10d", "--json").stdout)

    yesterday = (stored.clock.now() - timedelta(days=1)).date()
    assert f"{yesterday}" in told
    assert "none" in told
    assert "in all" in told
    assert (document["mentions"], {one["value"]: one["mentions"] for one in document["series"]}) == (
        6,
        {"us": 4, "them": 2},
    )


def test_authors_and_shares_are_told(stored: Services, covey: Covey) -> None:
    """The first first; what is named only, where that is asked for."""
    authors = json.loads(covey("analyse", "authors", "--json").stdout)["authors"]
    assert [(one["author_id"], one["mentions"], one["acts"]) for one in authors] == [("7", 4, 6), ("8", 1, 4)]
    told = covey("analyse", "authors", "--most", "1")
    assert "there are more" in told.stderr
    shown = covey("analyse", "share").stdout
    assert "80.0%" in shown
    assert "20.0%" in shown
    assert "100.0%" in covey("analyse", "share", "us").stdout


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("volume", "--by", "mood"), "mood"),
        (("authors", "--from", "99d"), "92 days"),
        (("share", "nobody"), "nobody"),
        (("volume", "--from", "1d", "--to", "2d"), "not before"),
    ],
)
def test_what_cannot_be_is_one_line(covey: Covey, services: Services, arguments: tuple[str, ...], word: str) -> None:
    """It names what is wrong."""
    done = covey("analyse", *arguments)
    assert done.status == 2
    assert word in done.line
