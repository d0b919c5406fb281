"""Owns finding posts: from a query tree and a range of ids to posts, newest first.

It must not know HTTP or parameters. Invariant: the answer equals a scan of all posts in the range;
the lists of the index only make it fast.
"""

from collections.abc import Iterator, Sequence

from simulator.index import newest_first
from simulator.match import matches
from simulator.post import Post
from simulator.query import And, Node, Or, Term, standalone
from simulator.world import World


def ever_matching(world: World, node: Node, above_id: int, below_id: int) -> Iterator[Post]:
    """Yield every post in the open range of ids that matches, visible or not, newest first."""
    lists = _candidates(world, node) if standalone(node) else [world.index.posts]

    def metrics(post: Post) -> dict[str, int]:
        return post.metrics_at(world.now_ms)

    for post in newest_first(lists, above_id, below_id):
        if matches(node, post, metrics):
            yield post


def matching(world: World, node: Node, above_id: int, below_id: int) -> Iterator[Post]:
    """Yield the posts that a search finds now, newest first."""
    return (post for post in ever_matching(world, node, above_id, below_id) if post.searchable)


def _candidates(world: World, node: Node) -> list[Sequence[Post]]:
    """Return lists whose union holds every match of a standalone node."""
    if isinstance(node, Or):
        return [posts for child in node.children for posts in _candidates(world, child)]
    if isinstance(node, And):
        plans = [_candidates(world, child) for child in node.children if standalone(child)]
        return min(plans, key=lambda lists: sum(map(len, lists)))
    if not isinstance(node, Term):
        raise TypeError(f"a negation is not standalone: {node}")
    return [_postings(world, node)]


def _postings(world: World, term: Term) -> Sequence[Post]:
    index, value = world.index, term.value
    if term.operator == "word":
        return min((index.under(f"word:{word}") for word in value.split(" ")), key=len)
    if term.operator == "url":
        return index.under("links")
    if term.operator == "#":
        return index.under(f"#{value}")
    if term.operator == "conversation_id":
        return index.conversation(int(value))
    by_id = {"quotes_of_tweet_id": "quote", "in_reply_to_tweet_id": "reply", "retweets_of_tweet_id": "repost"}
    if term.operator in by_id:
        return index.under(f"{by_id[term.operator]}:{value}")
    account = world.accounts.find(value)
    prefix = {"from": "from:", "to": "to:", "@": "@", "retweets_of": "reposts_of:"}[term.operator]
    return () if account is None else index.under(f"{prefix}{account.id}")
