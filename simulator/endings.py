"""Owns how posts end: deleted, or out of sight with their author; and the counts that change with that.

It must not decide when. Invariant: the reply, quote and repost counts of a post are those of its living ones; a
repost goes with its original.
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


def hide_account(index: PostIndex, account: Account, now_ms: int, *, suspended: bool) -> None:
    """Suspend or protect an account, and take its posts out of sight."""
    if suspended:
        account.suspended_at_ms = now_ms
    else:
        account.protected_at_ms = now_ms
    for post in index.under(f"from:{account.id}"):
        withdraw(index, post, now_ms, hidden=True)


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
