"""Asking X how many posts match a query, step by step. A request has a price, the posts have none.

Pure: building a call sends nothing. Invariant: a count always says where it begins; what X would take instead differs
by endpoint.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict

from shared.domain.coverage.counted import Counted, CountedStep, Step
from shared.domain.errors import InputError, NoAnswer
from shared.domain.models import JsonObject, RateHeaders
from shared.domain.money.prices import Amounts, PriceKind
from shared.platforms.x import endpoints
from shared.platforms.x import objects as parse
from shared.platforms.x.body import json_object, number, objects, text
from shared.platforms.x.call import Call, bounds

_PRICES = {
    endpoints.COUNTS_RECENT: PriceKind.COUNTS_REQUEST,
    endpoints.COUNTS_ALL: PriceKind.COUNTS_ALL_REQUEST,
}


class CountSpan(TypedDict, total=False):
    """The span of a count, and how it is cut."""

    step: Step
    since_id: int | None
    until_id: int | None
    start_time: datetime | None
    end_time: datetime | None
    next_token: str | None


def counts(
    *,
    query: str,
    of_archive: bool = False,
    step: Step = Step.HOUR,
    since_id: int | None = None,
    until_id: int | None = None,
    start_time: datetime | None = None,
    end_time: datetime | None = None,
    next_token: str | None = None,
) -> Call[Counted]:
    """The steps of a span: of the last seven days in one answer, or of any time, 31 days an answer, the newest first.

    Each answer has its price. Raises InputError where the span has no beginning.
    """
    endpoint = endpoints.COUNTS_ALL if of_archive else endpoints.COUNTS_RECENT
    span = bounds(since_id, until_id, start_time, end_time) | {"next_token": next_token}
    if span["since_id"] is None and span["start_time"] is None:
        raise InputError(f"{endpoint.key}: neither since_id nor start_time is given")
    given = {name: value for name, value in span.items() if value is not None}
    return Call(
        endpoint=endpoint,
        path=endpoint.path,
        parameters=lambda dialect: {"query": query, "granularity": step.value} | given,
        parse=lambda body, rate: parse_counts(endpoint.key, body, rate),
        fee=Amounts({_PRICES[endpoint]: 1}),
    )


def parse_counts(endpoint: str, body: Any, rate: RateHeaders) -> Counted:
    """The steps, under the names of either dialect. One that cannot be read leaves no sum to trust. Raises NoAnswer."""
    if not isinstance(body, dict) or "meta" not in body:
        raise NoAnswer(endpoint, "the body has no 'meta'")
    steps = tuple(_step(endpoint, raw) for raw in objects(endpoint, body, "data"))
    return Counted(steps=steps, next_token=text(json_object(body, "meta").get("next_token")) or None, rate=rate)


def _step(endpoint: str, raw: JsonObject) -> CountedStep:
    from_at, to_at = parse.time(raw.get("start")), parse.time(raw.get("end"))
    found = [count for name in ("tweet_count", "post_count") if (count := number(raw.get(name))) is not None]
    if from_at is None or to_at is None or not found or found[0] < 0:
        raise NoAnswer(endpoint, "a step has no start, end or count")
    return CountedStep(from_at, to_at, found[0])
