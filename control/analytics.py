"""Figures over what is stored for a tenant: volume by day, top authors, share of voice between sources. Reads only.

Days are of UTC. Acts are likes, replies and reposts, as they were when last read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal

from shared.domain.errors import InputError
from shared.services.bootstrap import Services
from shared.stores.analysis import AnalysisStore, Series, Span

MOST_DAYS: Final = 92
USUAL: Final = timedelta(days=7)
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
By = Literal["language", "source"]


def span_of(services: Services, tenant: str, *, since: datetime | None, until: datetime | None) -> Span:
    """From when until when: until now, and a week, where it is not said. Raises InputError for an empty or long one."""
    end = until or services.clock.now()
    begin = since or max(end, _FIRST + USUAL) - USUAL
    if begin >= end:
        raise InputError(f"from {begin.isoformat()} is not before to {end.isoformat()}")
    if end - begin > timedelta(days=MOST_DAYS):
        raise InputError(f"from {begin.isoformat()} to {end.isoformat()}: at most {MOST_DAYS} days")
    return Span(tenant, begin, end)


def volume(services: Services, span: Span, *, by: By | None, most: int) -> dict[str, Any]:
    """How many mentions each day has, and of the `most` frequent languages or sources."""
    store = AnalysisStore(services.stores.db)
    whole = store.by_day(span)
    series: Sequence[Series] = ()
    if by is not None:
        series = store.by_language(span, most=most + 1) if by == "language" else store.by_source(span, most=most + 1)
    return {
        **_told(span),
        "mentions": sum(whole.values()),
        "days": _days(span, whole),
        "by": by,
        "series": [
            {"value": one.value, "mentions": one.mentions, "days": _days(span, one.days)} for one in series[:most]
        ],
        "is_cut": len(series) > most,
    }


def authors(services: Services, span: Span, *, most: int) -> dict[str, Any]:
    """Who wrote most of it."""
    found = AnalysisStore(services.stores.db).authors(span, most=most + 1)
    names = services.stores.users.names([int(one.value) for one in found if one.value.isdecimal()])
    rows = [
        {
            "author_id": one.value,
            "handle": names.get(int(one.value)) if one.value.isdecimal() else None,
            "mentions": one.mentions,
            "acts": one.acts,
        }
        for one in found[:most]
    ]
    return {**_told(span), "authors": rows, "is_cut": len(found) > most}


def share(services: Services, span: Span, *, sources: Sequence[str] = ()) -> dict[str, Any]:
    """Which part of the mentions, and of their acts, each source has of those of all of them together; all sources of
    the tenant where none is named. Raises InputError for one that the tenant has not.

    A mention that concerns several counts for each.
    """
    own = services.stores.sources.ids_of(span.tenant)
    if unknown := sorted(set(sources).difference(own)):
        raise InputError(f"there is no source {unknown[0]!r}")
    wanted = list(dict.fromkeys(sources)) or own
    found = {one.value: one for one in AnalysisStore(services.stores.db).sources(span, wanted)}
    mentions, acts = (sum(getattr(one, name) for one in found.values()) for name in ("mentions", "acts"))
    rows = [
        {
            "source": name,
            "mentions": found[name].mentions if name in found else 0,
            "share": _part(found[name].mentions, mentions) if name in found else 0.0,
            "acts": found[name].acts if name in found else 0,
            "acts_share": _part(found[name].acts, acts) if name in found else 0.0,
        }
        for name in wanted
    ]
    return {**_told(span), "sources": sorted(rows, key=lambda one: (-one["mentions"], one["source"]))}


def _told(span: Span) -> dict[str, Any]:
    return {"since": span.since, "until": span.until}


def _days(span: Span, counts: Mapping[date, int]) -> list[dict[str, Any]]:
    """Every day of the span, those without mentions too, the oldest first."""
    first, last = span.since.date(), (span.until - timedelta(milliseconds=1)).date()
    each = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [{"day": day, "mentions": counts.get(day, 0)} for day in each]


def _part(some: int, whole: int) -> float:
    return round(some / whole, 4) if whole else 0.0
