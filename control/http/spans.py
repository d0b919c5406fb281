"""Times in requests, and spans between two of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime


def _in_utc(moment: datetime) -> datetime:
    """Raises ValueError for a time of which UTC has none: in the first or last hours of the calendar."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("out of the calendar") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Since = Annotated[Moment | None, Query(alias="from", description="Not before this time, with its offset from UTC.")]
Until = Annotated[Moment | None, Query(alias="to", description="Before this time, with its offset from UTC.")]
