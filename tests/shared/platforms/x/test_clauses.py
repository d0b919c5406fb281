"""Clauses of sources: the simulator, which reads queries by X's grammar, finds by them exactly what they mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.coverage.members import Member
from shared.domain.errors import InputError
from shared.domain.sources import QuotesOf, Source, SourceKind, Terms
from shared.platforms.x.clauses import clause_of
from shared.platforms.x.query import pack_members
from simulator.match import matches
from simulator.query import parse, require_standalone

WORDS = ["flood", "water", "high", "or", "AND", "not", "naïve", "über", "日本", "r2d2", "in_the"]
PUNCTUATED = ["c++", "don't", "a.b", "from:nasa", "-dash", "lang:en", "(both)"]
TAGS = ["flood", "Ad", "日本", "x1"]
NAMES = ["nasa", "esa_hq"]
LANGUAGES = ["en", "de", "no"]


@dataclass(frozen=True)
class Said:
    """A post as the simulator's matcher looks at it: what it says, in which language, to whom."""

    words: tuple[str, ...]
    tags: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    lang: str = "en"
    retweet_of: Any = None

    @property
    def hashtags(self) -> list[Any]:
        """The spans of its hashtags."""
        return [type("Span", (), {"value": tag}) for tag in self.tags]

    @property
    def mentions(self) -> list[Any]:
        """The spans of its mentions."""
        return [type("Span", (), {"account": type("Account", (), {"handle": name})}) for name in self.names]


def split(text: str) -> tuple[str, ...]:
    """The words of a text, as a search sees them."""
    return tuple(re.findall(r"\w+", text.lower()))


def says(post: Said, phrase: str) -> bool:
    """Whether the words of a phrase are there in a row."""
    wanted = split(phrase)
    return any(post.words[at : at + len(wanted)] == wanted for at in range(len(post.words)))


def means(terms: Terms, post: Said) -> bool:
    """What terms mean, said without a query."""

    def has(word: str) -> bool:
        if word.startswith("#"):
            return word[1:].lower() in [tag.lower() for tag in post.tags]
        if word.startswith("@"):
            return word[1:].lower() in post.names
        return says(post, word)

    wanted = [*terms.keywords, *terms.phrases, *(f"#{t}" for t in terms.hashtags), *(f"@{n}" for n in terms.mentions)]
    in_language = not terms.languages or post.lang in terms.languages
    return any(map(has, wanted)) and in_language and not any(map(has, terms.exclude))


def of_terms(terms: Terms, source_id: str = "s") -> Source:
    """A source of terms."""
    return Source(id=source_id, name="n", kind=SourceKind.TERMS, terms=terms)


def some(values: list[str], most: int = 3) -> st.SearchStrategy[tuple[str, ...]]:
    """A few of the values."""
    return st.lists(st.sampled_from(values), max_size=most, unique=True).map(tuple)


phrases = st.lists(st.sampled_from([*WORDS, *PUNCTUATED]), min_size=2, max_size=3).map(" ".join)
all_terms = st.builds(
    Terms,
    keywords=some([*WORDS, *PUNCTUATED]),
    phrases=st.lists(phrases, max_size=2, unique=True).map(tuple),
    hashtags=some(TAGS),
    mentions=some(NAMES),
    exclude=some([*WORDS, "#ad", "@nasa", "high water", "c++"]),
    languages=some(LANGUAGES, 2),
).filter(lambda terms: bool(terms.keywords or terms.phrases or terms.hashtags or terms.mentions))
posts = st.builds(
    Said,
    words=st.lists(st.sampled_from(sorted({w for word in [*WORDS, *PUNCTUATED] for w in split(word)})), max_size=6).map(
        tuple
    ),
    tags=some(TAGS),
    names=some(NAMES),
    lang=st.sampled_from([*LANGUAGES, "fr"]),
)


@settings(max_examples=400, deadline=None)
@given(terms=all_terms, said=st.lists(posts, min_size=1, max_size=5))
def test_a_query_finds_what_its_terms_mean(terms: Terms, said: list[Said]) -> None:
    """Keywords, phrases, hashtags and mentions, one of them; in a language; without what is excluded. X takes it."""
    member = Member("+s", clause_of(of_terms(terms)), ("s",))
    (packed,) = pack_members([member], 4096)
    tree = parse(packed.text)
    require_standalone(tree)

    for post in said:
        assert matches(tree, post, lambda _: {}) == means(terms, post), (packed.text, post)  # type: ignore[arg-type]


@settings(max_examples=100, deadline=None)
@given(first=all_terms, second=all_terms, post=posts)
def test_terms_of_two_sources_in_one_query_keep_to_themselves(first: Terms, second: Terms, post: Said) -> None:
    """What one excludes is found for the other: its exclusions and languages are inside its own clause."""
    members = [Member(f"+{name}", clause_of(of_terms(terms, name))) for name, terms in (("a", first), ("b", second))]
    (packed,) = pack_members(members, 4096)

    found = matches(parse(packed.text), post, lambda _: {})  # type: ignore[arg-type]
    assert found == (means(first, post) or means(second, post))


def test_each_kind_has_its_clause() -> None:
    """As X's grammar has it."""
    written = {
        '((flood OR "high water" OR #floods OR @noaa) (lang:en OR lang:de) -spam -"free money" -#ad -@bot)': Terms(
            keywords=("flood",),
            phrases=("high  water",),
            hashtags=("#floods",),
            mentions=("@noaa",),
            exclude=("spam", "free money", "#ad", "@bot"),
            languages=("EN", "de"),
        ),
        "flood": Terms(keywords=("flood",)),
        '"or"': Terms(keywords=("or",)),
        '"lang:en"': Terms(keywords=("lang:en",)),
        "(flood lang:no)": Terms(keywords=("flood", "flood"), languages=("no",)),
    }
    assert [clause_of(of_terms(terms)) for terms in written.values()] == list(written)

    talk = Source(id="c", name="c", kind=SourceKind.CONVERSATION, conversation_id=20)
    post = Source(id="q", name="q", kind=SourceKind.QUOTES, quotes_of=QuotesOf(post_id=21))
    account = Source(id="a", name="a", kind=SourceKind.QUOTES, quotes_of=QuotesOf(account="nasa"))
    assert clause_of(talk) == "conversation_id:20"
    assert clause_of(post) == "quotes_of_tweet_id:21"
    assert clause_of(account) == '(is:quote url:"nasa/status")'


@pytest.mark.parametrize(
    ("terms", "fault"),
    [
        (Terms(keywords=("two words",)), "source s: keywords: 'two words' has blanks"),
        (Terms(phrases=('so "quoted"',)), "source s: phrases: 'so \"quoted\"' has a quote"),
        (Terms(phrases=("back\\",)), "source s: phrases: 'back\\\\' has a quote or a backslash"),
        (Terms(phrases=("nul\x00",)), "source s: phrases: 'nul\\x00' has no letter"),
        (Terms(keywords=("!!",)), "source s: keywords: '!!' has no letter"),
        (Terms(hashtags=("2024",)), "source s: hashtags: '2024' is no hashtag"),
        (Terms(hashtags=("a-b",)), "source s: hashtags: 'a-b' is no hashtag"),
        (Terms(mentions=("no name",)), "source s: mentions: 'no name' is no handle"),
        (Terms(keywords=("a",), exclude=("#!",)), "source s: exclude: '#!' is no hashtag"),
        (Terms(keywords=("a",), languages=("english",)), "source s: languages: 'english' is no language"),
        (Terms(exclude=("spam",)), "source s: terms without a keyword"),
    ],
)
def test_what_cannot_be_asked_is_named(terms: Terms, fault: str) -> None:
    """The source, its part and the word."""
    with pytest.raises(InputError) as error:
        clause_of(of_terms(terms))
    assert str(error.value).startswith(fault)


def test_an_id_that_is_none_is_named() -> None:
    """Nothing of it reaches a query."""
    talk = Source(id="c", name="c", kind=SourceKind.CONVERSATION, conversation_id=2**64)
    with pytest.raises(InputError, match="source c: conversation_id: 18446744073709551616 is no id of a post"):
        clause_of(talk)
