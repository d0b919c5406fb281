"""Counting what matches: parameters, prices, and the simulator's answers in every dialect."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.domain.coverage.counted import Counted, CountedStep, Step
from shared.domain.errors import InputError, NoAnswer
from shared.domain.models import RateHeaders
from shared.domain.money.prices import Amounts, PriceKind
from shared.platforms.x import calls
from shared.platforms.x.auth import Credential
from shared.platforms.x.client import XClient
from shared.platforms.x.counts import counts, parse_counts
from shared.platforms.x.fields import Dialect

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_a_count_names_its_steps_and_its_span() -> None:
    """Both endpoints are asked alike; each has a price of its own, and buys nothing else."""
    recent = counts(query="from:a", step=Step.DAY, start_time=NOON, end_time=NOON + timedelta(days=1))
    archive = counts(query="from:a", of_archive=True, since_id=5, until_id=9, next_token="b2")

    assert (recent.path, archive.path) == ("/2/tweets/counts/recent", "/2/tweets/counts/all")
    assert recent.parameters(Dialect.OLD) == {
        "query": "from:a",
        "granularity": "day",
        "start_time": "2026-11-20T12:00:00Z",
        "end_time": "2026-11-21T12:00:00Z",
    }
    assert archive.parameters(Dialect.NEW) == {
        "query": "from:a",
        "granularity": "hour",
        "since_id": "5",
        "until_id": "9",
        "next_token": "b2",
    }
    assert recent.most(Dialect.OLD) == Amounts({PriceKind.COUNTS_REQUEST: 1})
    assert archive.most(Dialect.OLD) == Amounts({PriceKind.COUNTS_ALL_REQUEST: 1})


@pytest.mark.parametrize("span", [{}, {"until_id": 3}, {"since_id": 1, "start_time": NOON}])
def test_a_count_without_a_beginning_is_not_asked_for(span: dict[str, Any]) -> None:
    """It costs money and would say what nobody asked."""
    with pytest.raises(InputError):
        counts(query="a", of_archive=True, **span)


@pytest.mark.parametrize("name", ["tweet_count", "post_count"])
def test_steps_are_read_under_either_name(name: str) -> None:
    """Start, end and number of each step, in order; the token of older ones."""
    body = {
        "data": [
            {"start": "2026-11-20T12:00:00.000Z", "end": "2026-11-20T13:00:00.000Z", name: 4},
            {"start": "2026-11-20T13:00:00.000Z", "end": "2026-11-20T13:30:00.000Z", name: "3"},
        ],
        "meta": {"next_token": "b2"},
    }

    found = parse_counts("counts/all", body, RateHeaders())

    hour = timedelta(hours=1)
    assert found.steps == (CountedStep(NOON, NOON + hour, 4), CountedStep(NOON + hour, NOON + hour * 1.5, 3))
    assert (found.total, found.next_token) == (7, "b2")


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"data": []},
        {"data": [{"start": "2026-11-20T12:00:00Z", "end": "2026-11-20T13:00:00Z"}], "meta": {}},
        {"data": [{"start": "soon", "end": "2026-11-20T13:00:00Z", "post_count": 1}], "meta": {}},
        {"data": [{"start": "2026-11-20T12:00:00Z", "end": "2026-11-20T13:00:00Z", "post_count": -1}], "meta": {}},
    ],
)
def test_a_count_that_cannot_be_read_is_no_answer(body: Any) -> None:
    """No step is left out, or the sum would be wrong."""
    with pytest.raises(NoAnswer):
        parse_counts("counts/recent", body, RateHeaders())


def test_the_simulator_counts_what_its_search_gives(speaking: XClient, credential: Credential) -> None:
    """Over the same span both counts say how many posts a search returns, and their steps join."""
    posts = speaking.perform(calls.search(query="team OR plan"), credential).unwrap().posts
    span: dict[str, Any] = {"since_id": posts[-1].id - 1, "until_id": posts[0].id + 1}

    for of_archive in (False, True):
        call = counts(query="team OR plan", of_archive=of_archive, **span)
        found: Counted = speaking.perform(call, credential).unwrap()

        assert found.total == len(posts) > 20
        assert [one.to_at for one in found.steps[:-1]] == [one.from_at for one in found.steps[1:]]
        assert found.rate.limit == 300
