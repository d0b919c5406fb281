"""Owns how posts end: deleted, or out of sight with their author and back with them; and the counts that change.

It must not decide when. Invariant: the reply, quote and repost counts of a post are those of its living ones; a
repost goes with its original, for good.
"""

from simulator.accounts import Account
from simulator.index import PostIndex
from simulator.post import Post


def count(post: Post, step: int) -> None:
    """Add a post to the counts of those that it answers, quotes or reposts; a `step` of -1 takes it away."""
    if post.quote_of is not None:
        post.quote_of.quote_count += step
    if post.reply_to is not None:
        post.reply_to.reply_count += step
    if post.retweet_of is not None:
        post.retweet_of.retweet_count += step


def delete(index: PostIndex, post: Post, now_ms: int) -> None:
    """Delete a post: every version of it, and its reposts with it."""
    for version_id in post.chain:
        version = index.by_id.get(version_id)
        if version is not None:
            withdraw(index, version, now_ms, hidden=False)


def hide_posts(index: PostIndex, account: Account, now_ms: int) -> None:
    """Take the posts of an account out of sight."""
    for post in index.under(f"from:{account.id}"):
        if post.hidden_at_ms is None:
            withdraw(index, post, now_ms, hidden=True)


def show_posts(index: PostIndex, account: Account) -> None:
    """Bring the posts of an account back, those excepted that were deleted meanwhile."""
    for post in index.under(f"from:{account.id}"):
        if post.hidden_at_ms is not None:
            post.hidden_at_ms = None
            if post.live:
                count(post, 1)


def withdraw(index: PostIndex, post: Post, now_ms: int, *, hidden: bool) -> None:
    """Take one version of a post away, hidden or deleted."""
    was_live = post.live
    if hidden:
        post.hidden_at_ms = now_ms
    elif post.deleted_at_ms is None:
        post.deleted_at_ms = now_ms
    if was_live:
        count(post, -1)
        for repost in index.under(f"repost:{post.id}"):
            withdraw(index, repost, now_ms, hidden=False)
