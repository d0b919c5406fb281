"""The search language: reading, writing, and matching as plain logic says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.api import Api
from simulator.config import Config
from simulator.match import matches
from simulator.post import Post
from simulator.query import (
    And,
    Node,
    Not,
    Or,
    QueryError,
    Term,
    parse,
    require_standalone,
    standalone,
    to_text,
)
from simulator.search import ever_matching
from simulator.snowflake import MAX_ID
from tests.simulator.conftest import TurnedClock

API = Api(Config(accounts=6, activity=1, history_hours=30), TurnedClock())
WORLD = API.world
HANDLES = [account.handle for account in WORLD.accounts.tracked]
QUOTED = sorted({str(post.quote_of.id) for post in WORLD.index.posts if post.quote_of})

TERMS = st.one_of(
    st.builds(Term, st.just("word"), st.sampled_from(["football", "team", "plan", "new plan", "and", "équipe", "ai"])),
    st.builds(Term, st.sampled_from(["from", "to", "@", "retweets_of"]), st.sampled_from([*HANDLES, "nobody"])),
    st.builds(Term, st.just("#"), st.sampled_from(["football", "ai", "none"])),
    st.builds(Term, st.just("url"), st.sampled_from(["example org", "example", "https x com", "none"])),
    st.builds(Term, st.just("is"), st.sampled_from(["retweet", "quote", "reply"])),
    st.builds(Term, st.just("has"), st.sampled_from(["media", "links"])),
    st.builds(Term, st.just("lang"), st.sampled_from(["en", "de"])),
    st.builds(
        Term, st.sampled_from(["quotes_of_tweet_id", "conversation_id"]), st.sampled_from(list(map(str, QUOTED)))
    ),
    st.builds(Term, st.sampled_from(["min_likes", "min_replies", "min_reposts"]), st.sampled_from(["1", "5"])),
)


def _flat(kind: type[And] | type[Or], children: list[Node]) -> Node:
    """Join as the parser does: no AND directly in an AND, no OR directly in an OR without parentheses."""
    return children[0] if len(children) == 1 else kind(tuple(children))


NODES: st.SearchStrategy[Node] = st.recursive(
    TERMS,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(lambda found: _flat(And, found), st.lists(inner, min_size=2, max_size=3)),
        st.builds(lambda found: _flat(Or, found), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=6,
)


def _metrics(post: Post) -> dict[str, int]:
    return post.metrics_at(WORLD.now_ms)


def _by_hand(node: Node, post: Post) -> bool:
    """Say whether a post matches, in the plainest way."""
    if isinstance(node, Not):
        return not _by_hand(node.child, post)
    if isinstance(node, And):
        return all(_by_hand(child, post) for child in node.children)
    if isinstance(node, Or):
        return any(_by_hand(child, post) for child in node.children)
    return matches(node, post, _metrics)


@given(NODES)
@settings(max_examples=80, deadline=None)
def test_what_is_written_is_read_back(node: Node) -> None:
    """`parse(to_text(tree))` is the tree."""
    assert parse(to_text(node)) == node


@given(NODES)
@settings(max_examples=40, deadline=None)
def test_the_index_finds_what_a_scan_finds(node: Node) -> None:
    """Searching by the lists of the index gives the posts that a scan of all posts gives, newest first."""
    found = [post.id for post in ever_matching(WORLD, node, 0, MAX_ID)]

    assert found == [post.id for post in reversed(WORLD.index.posts) if _by_hand(node, post)]


@given(st.text(alphabet='ab:@#-"() OR1\u00e9', max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the parser fail in another way than by `QueryError`."""
    try:
        node = parse(text)
    except QueryError:
        return
    assert parse(to_text(node)) == node


def test_and_binds_tighter_than_or() -> None:
    """`a b OR c` is `(a b) OR c`, and a minus negates only what follows."""
    a, b, c = (Term("word", name) for name in "abc")

    assert parse("a b OR c") == Or((And((a, b)), c))
    assert parse("a (b OR -c)") == And((a, Or((b, Not(c)))))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("football and plan", "Ambiguous use of and"),
        ("football OR", "no viable alternative"),
        ("(football", "missing ')'"),
        ("football)", "no viable alternative"),
        ("sample:10 football", "invalid operator 'sample'"),
        ("is:nice football", "invalid operator 'is:nice'"),
        ("from:not-a-name", "invalid username"),
        ("min_likes:many football", "invalid value"),
        ("url:", "invalid value"),
        ('url:"//"', "no viable alternative"),
        ("-", "no viable alternative"),
        ("", "no viable alternative"),
    ],
)
def test_refusals_say_what_is_wrong(query: str, said: str) -> None:
    """A query that X would refuse is refused with words that point at the fault."""
    with pytest.raises(QueryError, match=said.replace("(", r"\(").replace(")", r"\)")):
        parse(query)


@pytest.mark.parametrize("query", ["has:media", "-from:a", "football OR is:quote", "lang:en -football"])
def test_every_branch_needs_a_standalone_operator(query: str) -> None:
    """A query with a branch of conjunction-required operators alone is refused."""
    assert not standalone(parse(query))

    with pytest.raises(QueryError, match="standalone"):
        require_standalone(parse(query))


def test_keywords_do_not_return_reposts() -> None:
    """A keyword finds no repost, `from:` does."""
    repost = next(post for post in WORLD.index.posts if post.retweet_of is not None and post.retweet_of.words)
    assert repost.retweet_of is not None

    assert not matches(Term("word", repost.retweet_of.words[0]), repost, _metrics)
    assert matches(Term("from", repost.author.handle), repost, _metrics)


def test_an_address_is_found_by_its_parts_in_a_row() -> None:
    """`url:` takes a whole address, quoted or not, or words of it in a row, and no part of a word."""
    post = next(post for post in WORLD.index.posts if any("example.org" in span.expanded_url for span in post.urls))
    address = next(span.expanded_url for span in post.urls if "example.org" in span.expanded_url)

    for query in (
        f"url:{address}",
        f'url:"{address.upper()}"',
        "url:example.org",
        'url:"org"',
        f"url:{post.urls[0].url}",
    ):
        assert matches(parse(query), post, _metrics), query
    for query in ("url:exampl", "url:org.example"):
        assert not matches(parse(query), post, _metrics), query
