"""Owns the order of all posts and the lists by which a search finds them.

It must not judge whether a post is visible. Invariant: every list is in rising id order, because posts
are added in rising id order; removing the oldest keeps that.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from heapq import merge

from simulator.post import Post


def _id_of(post: Post) -> int:
    return post.id


class PostIndex:
    """All posts by id, in order, and by key: `from:1`, `to:1`, `@1`, `#tag`, `word:x`, `links`, `quote:7` ..."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.by_id: dict[int, Post] = {}
        self._lists: dict[str, list[Post]] = {}

    def add(self, post: Post) -> None:
        """Add a post that is newer than all others."""
        self.posts.append(post)
        self.by_id[post.id] = post
        for key in _keys_of(post):
            found = self._lists.get(key)
            if found is None:
                self._lists[key] = [post]
            else:
                found.append(post)

    def under(self, key: str) -> Sequence[Post]:
        """Return the posts under a key, oldest first."""
        return self._lists.get(key, ())

    def conversation(self, root_id: int) -> Sequence[Post]:
        """Return the posts of a conversation, oldest first: its root, then the replies below it."""
        root = self.by_id.get(root_id)
        replies = self.under(f"conversation:{root_id}")
        return replies if root is None or root.conversation_id != root_id else [root, *replies]

    def drop_oldest(self, keep: int) -> None:
        """Forget all but the newest `keep` posts."""
        boundary = self.posts[-keep].id
        for post in self.posts[:-keep]:
            del self.by_id[post.id]
        del self.posts[:-keep]
        for key in list(self._lists):
            found = self._lists[key]
            del found[: bisect_left(found, boundary, key=_id_of)]
            if not found:
                del self._lists[key]


def between(posts: Sequence[Post], above_id: int, below_id: int) -> Sequence[Post]:
    """Return the part of an ordered list with `above_id` < id < `below_id`."""
    low = bisect_right(posts, above_id, key=_id_of)
    return posts[low : bisect_left(posts, below_id, key=_id_of)]


def newest_first(lists: Sequence[Sequence[Post]], above_id: int, below_id: int) -> Iterator[Post]:
    """Yield the posts of several ordered lists, newest first, each once, within an open range of ids."""
    parts = [part for posts in lists if (part := between(posts, above_id, below_id))]
    if len(parts) == 1:
        yield from reversed(parts[0])
        return
    last_id = -1
    for post in merge(*map(reversed, parts), key=_id_of, reverse=True):
        if post.id != last_id:
            last_id = post.id
            yield post


def _keys_of(post: Post) -> Iterator[str]:
    author_id = post.author.id
    yield f"from:{author_id}"
    if post.reply_to is not None:
        yield f"to:{post.reply_to.author.id}"
        yield f"reply:{post.reply_to.id}"
        yield f"conversation:{post.conversation_id}"
    if post.quote_of is not None:
        yield f"quote:{post.quote_of.id}"
    if post.retweet_of is not None:
        yield f"repost:{post.retweet_of.id}"
        yield f"reposts_of:{post.retweet_of.author.id}"
    for account_id in {span.account.id for span in post.mentions}:
        yield f"@{account_id}"
    for tag in {span.value.lower() for span in post.hashtags}:
        yield f"#{tag}"
    if post.urls:
        yield "links"
    for word in set(post.words):
        yield f"word:{word}"
