"""Owns looking posts up by id, and the lists that hang on one post: quotes, reposts, who reposted or liked it.

It must not page by itself. Invariant: every id asked for is either in `data` or in `errors`; all pages of a list
together are as long as the count of the post says (of likers a hundred at most).
"""

from collections.abc import Iterator
from random import Random

from simulator.accounts import Account
from simulator.calls import Answer, JsonObject, json_answer
from simulator.endpoints.context import Context
from simulator.endpoints.pages import cut, newest_page
from simulator.endpoints.ranges import LISTS, Page, search_page
from simulator.index import newest_first
from simulator.paging import Cursor, encode
from simulator.post import Post
from simulator.problems import post_error

# X shows at most this many likers of a post, for all time.
MAX_LIKERS = 100


def posts_by_ids(context: Context) -> Answer:
    """`GET /2/tweets?ids=`: each id is answered, in order, with a post or an error."""
    found: list[Post] = []
    errors: list[JsonObject] = []
    for text in context.params.many("ids"):
        post = context.visible_post(int(text))
        if post is not None:
            found.append(post)
        else:
            errors.append(_missing(context, "ids", int(text)))
    return context.posts_answer(found, errors)


def post_by_id(context: Context) -> Answer:
    """`GET /2/tweets/:id`: as `ids=` of one, but `data` is an object."""
    post = context.visible_post(context.path_id)
    if post is None:
        return _missing_answer(context)
    body = context.renderer.posts_body([post])
    return json_answer(200, {**body, "data": body["data"][0]}, context.renderer.returned(posts=[post]))


def quote_posts(context: Context) -> Answer:
    """`GET /2/tweets/:id/quote_tweets`, newest first, without the search's delay."""
    size = context.params.integer("max_results", 10, 100, 10)
    excluded = context.params.choices("exclude", ("replies", "retweets"))
    page = search_page(context, size, LISTS)
    post = context.visible_post(context.path_id)
    if post is None:
        return _missing_answer(context)
    quotes = context.world.index.under(f"quote:{post.id}")
    found = newest_first([quotes], page.cursor.above_id, page.cursor.below_id)
    return newest_page(context, page, visible(found, excluded), [])


def visible(posts: Iterator[Post], excluded: frozenset[str]) -> Iterator[Post]:
    """Keep the newest version of posts that are there, without `replies` or `retweets` if excluded."""
    for post in posts:
        if not post.searchable or ("replies" in excluded and post.reply_to is not None):
            continue
        if "retweets" not in excluded or post.retweet_of is None:
            yield post


def repost_posts(context: Context) -> Answer:
    """`GET /2/tweets/:id/retweets`: the reposts themselves, newest first."""
    page = _list_page(context)
    if context.visible_post(context.path_id) is None:
        return _missing_answer(context)
    return newest_page(context, page, _reposts(context, page), [])


def reposted_by(context: Context) -> Answer:
    """`GET /2/tweets/:id/retweeted_by`: who reposted, newest first."""
    page = _list_page(context)
    if context.visible_post(context.path_id) is None:
        return _missing_answer(context)
    shown, follow = cut(page, _reposts(context, page))
    return _people(context, page, [post.author for post in shown], follow)


def liking_users(context: Context) -> Answer:
    """`GET /2/tweets/:id/liking_users`: some of the crowd; who is on the list stays on it."""
    page = _list_page(context)
    post = context.visible_post(context.path_id)
    if post is None:
        return _missing_answer(context)
    crowd = list(context.world.accounts.crowd)
    Random(post.id).shuffle(crowd)
    count = min(post.metrics_at(context.call.at_ms)["like_count"], MAX_LIKERS)
    likers = [account for account in crowd if not account.hidden][:count]
    start, stop = page.cursor.after_id, page.cursor.after_id + page.size
    return _people(context, page, likers[start:stop], Cursor(0, 0, stop) if stop < len(likers) else None)


def _list_page(context: Context) -> Page:
    return search_page(context, context.params.integer("max_results", 1, 100, 100), LISTS)


def _reposts(context: Context, page: Page) -> Iterator[Post]:
    reposts = context.world.index.under(f"repost:{context.path_id}")
    return (post for post in newest_first([reposts], page.cursor.above_id, page.cursor.below_id) if post.live)


def _people(context: Context, page: Page, shown: list[Account], follow: Cursor | None) -> Answer:
    body = context.renderer.users_body(shown)
    body["meta"] = {"result_count": len(shown)}
    if follow is not None:
        body["meta"]["next_token"] = encode(follow, page.scope)
    return json_answer(200, body, context.renderer.returned(users=shown))


def _missing_answer(context: Context) -> Answer:
    return json_answer(200, {"errors": [_missing(context, "id", context.path_id)]})


def _missing(context: Context, parameter: str, post_id: int) -> JsonObject:
    return post_error(context.dialect, parameter, post_id, context.world.index.by_id.get(post_id))
