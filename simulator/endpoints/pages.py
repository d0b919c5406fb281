"""Owns cutting a stream of posts into one page with its `meta`.

It must not choose posts. Invariant: pages read one after another give every post of the stream once,
because a page continues at the id after the last one shown.
"""

from collections.abc import Iterator
from itertools import islice

from simulator.calls import Answer, JsonObject
from simulator.endpoints.context import Context
from simulator.endpoints.ranges import Page
from simulator.paging import Cursor, encode
from simulator.post import Post


def newest_page(context: Context, page: Page, posts: Iterator[Post], errors: list[JsonObject]) -> Answer:
    """Return one page of posts that come newest first."""
    shown, follow = cut(page, posts)
    return paged_answer(context, page, shown, follow, errors)


def cut(page: Page, posts: Iterator[Post]) -> tuple[list[Post], Cursor | None]:
    """Return what a page shows of posts that come newest first, and where the next one starts, if there is more."""
    shown = list(islice(posts, page.size + 1))
    more = len(shown) > page.size
    shown = shown[: page.size]
    return shown, Cursor(page.cursor.above_id, shown[-1].id) if more else None


def paged_answer(
    context: Context, page: Page, shown: list[Post], follow: Cursor | None, errors: list[JsonObject]
) -> Answer:
    """Return an answer with `meta`: the counts, the ids at both ends, and the token of what follows."""
    meta: JsonObject = {"result_count": len(shown)}
    if shown:
        ids = [post.id for post in shown]
        meta = {"newest_id": str(max(ids)), "oldest_id": str(min(ids)), **meta}
    if follow is not None:
        meta["next_token"] = encode(follow, page.scope)
    return context.posts_answer(shown, errors, meta, encode(page.cursor, page.scope))
