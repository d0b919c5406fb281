"""Owns the times and ids that bound a search or a timeline, and the 400s of bounds that do not fit.

It must not look at posts. Invariant: a range that is returned is an open interval of ids, fixed for
all pages that follow.
"""

from dataclasses import dataclass

from simulator.clock import iso_minute
from simulator.endpoints.context import Context
from simulator.paging import Cursor, InvalidToken, decode
from simulator.problems import WINDOW_MS, Invalid, InvalidRequest, stale_id
from simulator.snowflake import created_at_ms, first_id_at

# X refuses an end_time younger than this.
YOUNGEST_END_MS = 10_000
# The day of the first post, 2006-03-21: nothing older can be asked for.
FIRST_POST_MS = 1_142_899_200_000
RANGE_NAMES = ("start_time", "end_time", "since_id", "until_id")


@dataclass(frozen=True)
class Reach:
    """How far a reading goes: `oldest_ms` what it may ask for (age, None: anything), `default_ms` how far back it goes
    when it does not say (None: as far as it may). `lags`: it is behind by the search's lag, and takes ids or times."""

    oldest_ms: int | None
    default_ms: int | None
    lags: bool


RECENT = Reach(WINDOW_MS, None, lags=True)
# Without a start the archive goes back 30 days from the end that was asked for.
ARCHIVE = Reach(None, 30 * 24 * 3_600_000, lags=True)
LISTS = Reach(None, None, lags=False)


@dataclass(frozen=True)
class Page:
    """Where to read: ids in (`above_id`, `below_id`), after `after_id` in a ranked order, `size` posts."""

    cursor: Cursor
    scope: str
    size: int


def search_page(context: Context, size: int, reach: Reach) -> Page:
    """Return the page that the parameters ask for. Raises `InvalidRequest`."""
    params = context.params
    size = size if context.call.at_most is None else min(size, context.call.at_most)
    scope = _scope(context)
    token_name, token = _token(context)
    if token is not None:
        try:
            return Page(decode(token, scope), scope, size)
        except InvalidToken as error:
            message = f"The `{token_name}` query parameter value [{token}] is not a valid token."
            raise InvalidRequest(Invalid(message, {token_name: [token]})) from error
    times = [params.instant_ms(name) for name in ("start_time", "end_time")]
    ids = [params.post_id(name) for name in ("since_id", "until_id")]
    if reach.lags and any(at is not None for at in times) and any(found is not None for found in ids):
        message = "Invalid use of 'since_id' or 'until_id' in conjunction with 'start_time' or 'end_time'."
        raise InvalidRequest(Invalid(message, {name: [value] for name in RANGE_NAMES if (value := params.text(name))}))
    _check_times(context, times[0], times[1], reach)
    _check_ids(context, ids[0], ids[1], reach)
    return Page(_bounds(context, times, ids, reach), scope, size)


def _bounds(context: Context, times: list[int | None], ids: list[int | None], reach: Reach) -> Cursor:
    now_ms = context.call.at_ms
    # Without end_time the search is `search_lag` behind; posts of exactly that age are in.
    newest_ms = now_ms - (context.config.search_lag_ms if reach.lags else 0) + 1
    end_ms = newest_ms if times[1] is None else min(times[1], now_ms + 1)
    below_id = min(first_id_at(end_ms), first_id_at(now_ms + 1) if ids[1] is None else ids[1])
    start_ms = max(0 if reach.oldest_ms is None else now_ms - reach.oldest_ms, times[0] or 0)
    if reach.default_ms is not None and times[0] is None and ids[0] is None:
        start_ms = max(start_ms, created_at_ms(below_id) - reach.default_ms)
    return Cursor(max(first_id_at(start_ms) - 1, ids[0] or 0, 0), below_id)


def _check_times(context: Context, start_ms: int | None, end_ms: int | None, reach: Reach) -> None:
    now_ms = context.call.at_ms
    oldest_ms = FIRST_POST_MS if reach.oldest_ms is None else now_ms - reach.oldest_ms
    youngest_ms = min(YOUNGEST_END_MS, context.config.search_lag_ms)
    if reach.lags:
        for name, at_ms in (("start_time", start_ms), ("end_time", end_ms)):
            if at_ms is not None and at_ms < oldest_ms:
                raise _bad_time(name, at_ms, f"'{name}' must be on or after {iso_minute(oldest_ms)}")
        if end_ms is not None and end_ms > now_ms - youngest_ms:
            rule = f"'end_time' must be a minimum of {youngest_ms // 1000} seconds prior to the request time."
            raise _bad_time("end_time", end_ms, rule)
    if start_ms is not None and end_ms is not None and start_ms >= end_ms:
        raise _bad_time("start_time", start_ms, f"'start_time' must be before 'end_time':{iso_minute(end_ms)}")


def _check_ids(context: Context, since_id: int | None, until_id: int | None, reach: Reach) -> None:
    for name, found in (("since_id", since_id), ("until_id", until_id)):
        if found is None or reach.oldest_ms is None:
            continue
        if created_at_ms(found) < context.call.at_ms - reach.oldest_ms:
            raise stale_id(name, str(found), context.call.at_ms)
    if since_id is not None and until_id is not None and since_id >= until_id:
        message = f"Invalid 'since_id':'{since_id}'. 'since_id' must be smaller than 'until_id':{until_id}"
        raise InvalidRequest(Invalid(message, {"since_id": [str(since_id)], "until_id": [str(until_id)]}))


def _bad_time(name: str, at_ms: int, rule: str) -> InvalidRequest:
    shown = iso_minute(at_ms)
    return InvalidRequest(Invalid(f"Invalid '{name}':'{shown}'. {rule}", {name: [shown]}))


def _token(context: Context) -> tuple[str, str | None]:
    known = dict(context.call.query)
    name = "next_token" if "next_token" in known else "pagination_token"
    return name, context.params.text(name)


def _scope(context: Context) -> str:
    """Name the request that a token belongs to: everything that decides which posts come, in which order."""
    deciding = ("query", *RANGE_NAMES, "sort_order", "exclude", "granularity")
    known = dict(context.call.query)
    parts = [f"{name}={known[name]}" for name in deciding if name in known]
    return "&".join([context.call.endpoint, *context.call.path_values.values(), *parts])
