"""Owns searches and counts, recent and of the archive.

It must not know how posts are found. Invariant: counts over an interval equal the number of posts that
the search would return for it. A counts request that speaks neither dialect is answered with the names of both.
"""

from collections import Counter
from heapq import nsmallest

from simulator.calls import Answer, JsonObject, Returned, json_answer
from simulator.clock import iso_ms
from simulator.dialect import NEW, OLD
from simulator.endpoints.context import Context
from simulator.endpoints.pages import newest_page, paged_answer
from simulator.endpoints.ranges import ARCHIVE, RECENT, Page, Reach, search_page
from simulator.paging import Cursor, encode
from simulator.post import Post
from simulator.problems import Invalid, InvalidRequest
from simulator.query import Node, QueryError, parse, require_standalone
from simulator.search import matching
from simulator.snowflake import created_at_ms, first_id_at

_STEP_MS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
COUNTS_PAGE_MS = 31 * 86_400_000


def search_recent(context: Context) -> Answer:
    """`GET /2/tweets/search/recent`: the last seven days."""
    return _search(context, 100, RECENT, context.config.query_max_length)


def search_all(context: Context) -> Answer:
    """`GET /2/tweets/search/all`: everything that the world has."""
    return _search(context, 500, ARCHIVE, context.config.archive_query_max_length)


def _search(context: Context, largest: int, reach: Reach, longest: int) -> Answer:
    size = context.params.integer("max_results", 10, largest, 10)
    order = context.params.choice("sort_order", ("recency", "relevancy"), "recency")
    node = _read_query(context, longest)
    page = search_page(context, size, reach)
    if order == "relevancy":
        return _relevant_page(context, page, node)
    found = matching(context.world, node, page.cursor.above_id, page.cursor.below_id)
    return newest_page(context, page, found, [])


def counts_recent(context: Context) -> Answer:
    """`GET /2/tweets/counts/recent`: how many posts in each minute, hour or day of seven days."""
    return _counts(context, RECENT, context.config.query_max_length, Returned(counts_requests=1))


def counts_all(context: Context) -> Answer:
    """`GET /2/tweets/counts/all`: the same of everything, in pages of 31 days at most, the newest page first."""
    return _counts(context, ARCHIVE, context.config.archive_query_max_length, Returned(counts_all_requests=1))


def _counts(context: Context, reach: Reach, longest: int, bought: Returned) -> Answer:
    step_ms = _STEP_MS[context.params.choice("granularity", tuple(_STEP_MS), "hour")]
    node = _read_query(context, longest)
    page = search_page(context, 0, reach)
    start_ms, end_ms = created_at_ms(page.cursor.above_id + 1), created_at_ms(page.cursor.below_id)
    # A page begins where a step does, so that no step is on two pages.
    first_ms = max(start_ms, -(-(end_ms - COUNTS_PAGE_MS) // step_ms) * step_ms)
    above_id = page.cursor.above_id if first_ms == start_ms else first_id_at(first_ms) - 1
    tally = Counter(
        post.created_at_ms // step_ms for post in matching(context.world, node, above_id, page.cursor.below_id)
    )
    names = _count_names(context)
    data: list[JsonObject] = []
    for step in range(first_ms // step_ms, -(-end_ms // step_ms)):
        bounds = max(first_ms, step * step_ms), min(end_ms, (step + 1) * step_ms)
        data.append({"start": iso_ms(bounds[0]), "end": iso_ms(bounds[1]), **dict.fromkeys(names, tally[step])})
    meta: JsonObject = {f"total_{name}": sum(tally.values()) for name in names}
    if first_ms > start_ms:
        meta["next_token"] = encode(Cursor(page.cursor.above_id, first_id_at(first_ms)), page.scope)
    return json_answer(200, {"data": data, "meta": meta}, bought, encode(page.cursor, page.scope))


def _count_names(context: Context) -> list[str]:
    """The names of a count: those of the dialect, or of both where nothing tells which is spoken."""
    asked = context.params.choices("search_count.fields", ("end", "start", context.dialect.count))
    both = not asked and context.config.dialect == "both"
    return [OLD.count, NEW.count] if both else [context.dialect.count]


def _read_query(context: Context, longest: int) -> Node:
    text = context.params.required("query")
    if len(text) > longest:
        message = f"The `query` query parameter is {len(text)} characters long. It must be at most {longest}."
        raise InvalidRequest(Invalid(message, {"query": [text]}))
    try:
        node = parse(text)
        require_standalone(node)
    except QueryError as error:
        raise InvalidRequest(Invalid(str(error), {"query": [text]})) from error
    return node


def _rank(post: Post) -> tuple[int, int]:
    return -post.engagement.likes, -post.id


def _relevant_page(context: Context, page: Page, node: Node) -> Answer:
    """Order by final size, which never changes, so that pages stay disjoint while counts grow."""
    cursor = page.cursor
    found = matching(context.world, node, cursor.above_id, cursor.below_id)
    last = context.world.index.by_id.get(cursor.after_id)
    if last is not None:
        found = (post for post in found if _rank(post) > _rank(last))
    shown = nsmallest(page.size + 1, found, key=_rank)
    more = len(shown) > page.size
    shown = shown[: page.size]
    follow = Cursor(cursor.above_id, cursor.below_id, shown[-1].id) if more else None
    return paged_answer(context, page, shown, follow, [])
