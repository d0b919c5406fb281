"""Owns looking posts up by id, and the lists that hang on one post: quotes, reposters, likers.

It must not page by itself. Invariant: every id asked for is either in `data` or in `errors`.
"""

from collections.abc import Iterator
from random import Random

from simulator.accounts import Account
from simulator.calls import Answer, JsonObject, json_answer
from simulator.endpoints.context import Context
from simulator.endpoints.pages import newest_page
from simulator.endpoints.ranges import search_page
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
        return json_answer(200, {"errors": [_missing(context, "id", context.path_id)]})
    body = context.renderer.posts_body([post])
    return json_answer(200, {**body, "data": body["data"][0]}, context.renderer.returned(posts=[post]))


def quote_posts(context: Context) -> Answer:
    """`GET /2/tweets/:id/quote_tweets`, newest first, without the search's delay."""
    size = context.params.integer("max_results", 10, 100, 10)
    excluded = context.params.choices("exclude", ("replies", "retweets"))
    page = search_page(context, size, windowed=False)
    post = context.visible_post(context.path_id)
    if post is None:
        return json_answer(200, {"errors": [_missing(context, "id", context.path_id)]})
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


def reposted_by(context: Context) -> Answer:
    """`GET /2/tweets/:id/retweeted_by`: who reposted, newest first."""
    reposts = context.world.index.under(f"repost:{context.path_id}")
    accounts = [post.author for post in reversed(reposts) if post.live]
    return _people(context, accounts)


def liking_users(context: Context) -> Answer:
    """`GET /2/tweets/:id/liking_users`: some of the crowd, always the same ones."""
    post = context.visible_post(context.path_id)
    likes = 0 if post is None else post.metrics_at(context.call.at_ms)["like_count"]
    crowd = [account for account in context.world.accounts.crowd if not account.hidden]
    count = min(likes, MAX_LIKERS, len(crowd))
    return _people(context, Random(context.path_id).sample(crowd, count))


def _people(context: Context, accounts: list[Account]) -> Answer:
    size = context.params.integer("max_results", 1, 100, 100)
    page = search_page(context, size, windowed=False)
    if context.visible_post(context.path_id) is None:
        return json_answer(200, {"errors": [_missing(context, "id", context.path_id)]})
    shown = accounts[page.cursor.after_id : page.cursor.after_id + size]
    body = context.renderer.users_body(shown)
    body["meta"] = {"result_count": len(shown)}
    follow = page.cursor.after_id + size
    if follow < len(accounts):
        body["meta"]["next_token"] = encode(Cursor(0, 0, follow), page.scope)
    return json_answer(200, body, context.renderer.returned(users=shown))


def _missing(context: Context, parameter: str, post_id: int) -> JsonObject:
    return post_error(context.dialect, parameter, post_id, context.world.index.by_id.get(post_id))
