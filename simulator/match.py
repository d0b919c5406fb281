"""Owns whether a post matches a query tree.

It must not know how posts are stored or found. Invariant: the answer depends only on the tree, the post
and its counts; there is a matcher for each operator of `simulator.query.OPERATORS`.
"""

from collections.abc import Callable

from simulator.post import Post, addresses
from simulator.query import And, Node, Or, Term
from simulator.text import tokens

Metrics = Callable[[Post], dict[str, int]]

_FLAGS: dict[str, Callable[[Post], bool]] = {
    "is:retweet": lambda post: post.retweet_of is not None,
    "is:quote": lambda post: post.quote_of is not None,
    "is:reply": lambda post: post.reply_to is not None,
    "is:verified": lambda post: post.author.verified_type != "none",
    "has:media": lambda post: bool(post.media),
    "has:images": lambda post: any(media.kind == "photo" for media in post.media),
    "has:videos": lambda post: any(media.kind == "video" for media in post.media),
    "has:links": lambda post: bool(post.urls),
    "has:mentions": lambda post: bool(post.mentions),
    "has:hashtags": lambda post: bool(post.hashtags),
}


def matches(node: Node, post: Post, metrics: Metrics) -> bool:
    """Whether `post` matches; `metrics` gives its counts and is asked only by `min_*`."""
    if isinstance(node, Term):
        return _MATCHERS[node.operator](node.value, post, metrics)
    if isinstance(node, And):
        return all(matches(child, post, metrics) for child in node.children)
    if isinstance(node, Or):
        return any(matches(child, post, metrics) for child in node.children)
    return not matches(node.child, post, metrics)


def _names(account_handle: str, account_id: int, value: str) -> bool:
    return account_handle == value or str(account_id) == value


def _match_word(value: str, post: Post, _metrics: Metrics) -> bool:
    # Since May 2026 keyword queries do not return reposts.
    if post.retweet_of is not None:
        return False
    wanted = value.split(" ")
    if len(wanted) == 1:
        return value in post.words
    size = len(wanted)
    return any(list(post.words[i : i + size]) == wanted for i in range(len(post.words) - size + 1))


def _match_url(value: str, post: Post, _metrics: Metrics) -> bool:
    """Whether the words of an address of the post, short or whole, have those of the value in a row."""
    return any(f" {value} " in f" {' '.join(tokens(address))} " for address in addresses(post))


def _match_to(value: str, post: Post, _metrics: Metrics) -> bool:
    parent = post.reply_to
    return parent is not None and _names(parent.author.handle, parent.author.id, value)


def _match_retweets_of(value: str, post: Post, _metrics: Metrics) -> bool:
    original = post.retweet_of
    return original is not None and _names(original.author.handle, original.author.id, value)


def _refers(other: Post | None, value: str) -> bool:
    return other is not None and str(other.id) == value


_MATCHERS: dict[str, Callable[[str, Post, Metrics], bool]] = {
    "word": _match_word,
    "from": lambda value, post, _: _names(post.author.handle, post.author.id, value),
    "to": _match_to,
    "@": lambda value, post, _: any(span.account.handle == value for span in post.mentions),
    "#": lambda value, post, _: any(span.value.lower() == value for span in post.hashtags),
    "url": _match_url,
    "conversation_id": lambda value, post, _: str(post.conversation_id) == value,
    "quotes_of_tweet_id": lambda value, post, _: _refers(post.quote_of, value),
    "in_reply_to_tweet_id": lambda value, post, _: _refers(post.reply_to, value),
    "retweets_of_tweet_id": lambda value, post, _: _refers(post.retweet_of, value),
    "retweets_of": _match_retweets_of,
    "is": lambda value, post, _: _FLAGS[f"is:{value}"](post),
    "has": lambda value, post, _: _FLAGS[f"has:{value}"](post),
    "lang": lambda value, post, _: post.lang == value,
    "min_likes": lambda value, post, metrics: metrics(post)["like_count"] >= int(value),
    "min_replies": lambda value, post, metrics: metrics(post)["reply_count"] >= int(value),
    "min_reposts": lambda value, post, metrics: metrics(post)["retweet_count"] >= int(value),
}
