"""Why posts concern the members of a stream."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.attribution import Asking, Audience, Concern, Why
from shared.domain.models import Page, Post, Reference, ReferenceType, User
from shared.domain.sources import QuotesOf, Source, SourceKind, Terms

NOW = datetime(2024, 5, 1, tzinfo=UTC)
NASA, ESA, STRANGER, FAN = 11, 12, 13, 14
NAMES = {NASA: "NASA", ESA: "esa", STRANGER: "stranger", FAN: "fan"}
USERS = tuple(User(id=id_, username=name) for id_, name in NAMES.items())


def source(id_: str, kind: SourceKind = SourceKind.ACCOUNTS, **more: Any) -> Source:
    """A source."""
    return Source(id=id_, name=id_, kind=kind, **more)


SPACE, WATCH = source("space", tenant="a"), source("watch", tenant="b")
MOON = source("moon", SourceKind.TERMS, terms=Terms(keywords=("moon",)))
THREAD = source("thread", SourceKind.CONVERSATION, conversation_id=100)
QUOTES = source("quotes", SourceKind.QUOTES, quotes_of=QuotesOf(post_id=50))
QUOTERS = source("quoters", SourceKind.QUOTES, quotes_of=QuotesOf(account="NASA"))
NASA_ASKED = Asking(key="nasa", sources=(SPACE, WATCH), user_id=NASA)
ESA_ASKED = Asking(key="esa", sources=(SPACE,))  # whose id is not known yet


def alone(one: Source) -> Asking:
    """A source that is a member by itself."""
    return Asking(key=f"+{one.id}", sources=(one,))


def post(id_: int = 1, text: str = "hello", author_id: int = FAN, **more: Any) -> Post:
    """A post."""
    return Post(id=id_, text=text, created_at=NOW, author_id=author_id, **more)


def replying(text: str, to: int, *named: int, parent: int = 90, author_id: int = FAN) -> Post:
    """A reply to an account, with the mentions that X marks in its text."""
    return post(
        text=text,
        author_id=author_id,
        in_reply_to_user_id=to,
        references=(Reference(ReferenceType.REPLIED_TO, parent),),
        entities=naming(text, *named),
    )


def naming(text: str, *ids: int) -> dict[str, Any]:
    """Mentions, each where its name stands first."""
    spans = [(text.index(f"@{NAMES[id_]}"), id_) for id_ in ids]
    return {
        "mentions": [
            {"start": start, "end": start + 1 + len(NAMES[id_]), "username": NAMES[id_], "id": str(id_)}
            for start, id_ in spans
        ]
    }


def quoting(quoted: int, **more: Any) -> Post:
    """A quote."""
    return post(references=(Reference(ReferenceType.QUOTED, quoted),), **more)


def why(page_post: Post, *asking: Asking, users: tuple[User, ...] = USERS, along: tuple[Post, ...] = ()) -> Any:
    """Whom a post concerns, as (source, why) in any order."""
    page = Page(posts=(page_post,), users=users, included_posts=along)
    return {(one.source, one.why) for one in Audience(asking).concerns(page).get(page_post.id, ())}


def test_who_wrote_it() -> None:
    """By id, by name where the id is not known yet; for every source that asks for the account."""
    assert why(post(author_id=NASA), NASA_ASKED, ESA_ASKED) == {("space", Why.AUTHOR), ("watch", Why.AUTHOR)}
    assert why(post(author_id=ESA), NASA_ASKED, ESA_ASKED) == {("space", Why.AUTHOR)}
    assert why(post(author_id=ESA), NASA_ASKED, ESA_ASKED, users=()) == set()


def test_a_name_that_somebody_else_has_now_is_not_the_account() -> None:
    """Where both ids are known they decide, also for a mention by name."""
    thief = User(id=99, username="nasa")
    text = "hi @NASA"
    named = {"mentions": [{"start": 3, "end": 8, "username": "NASA", "id": "99"}]}

    assert why(post(author_id=99), NASA_ASKED, users=(thief,)) == set()
    assert why(post(text=text, entities=named), NASA_ASKED) == set()
    assert why(post(text=text), NASA_ASKED) == {("space", Why.MENTION), ("watch", Why.MENTION)}


def test_replies_and_quotes() -> None:
    """To and of a post of the account; what it says of itself is its own post."""
    quoted = post(60, author_id=NASA)
    link = {"urls": [{"expanded_url": "https://x.com/NASA/status/60"}]}

    assert why(replying("@NASA yes", NASA, NASA), NASA_ASKED) == {("space", Why.REPLY), ("watch", Why.REPLY)}
    assert why(replying("yes", ESA), ESA_ASKED) == {("space", Why.REPLY)}
    assert why(quoting(60), ESA_ASKED, NASA_ASKED, along=(quoted,)) == {("space", Why.QUOTE), ("watch", Why.QUOTE)}
    assert ("space", Why.QUOTE) in why(quoting(60, entities=link), Asking(key="nasa", sources=(SPACE,)))
    assert why(replying("@NASA more", NASA, NASA, author_id=NASA), NASA_ASKED) == {
        ("space", Why.AUTHOR),
        ("watch", Why.AUTHOR),
    }


@pytest.mark.parametrize(
    ("text", "parent", "expected"),
    [
        ("@stranger @esa I see", None, Why.CO_MENTION),
        ("@stranger I see, @esa", None, Why.MENTION),
        ("@stranger @esa I see", post(90, "@esa look", STRANGER), Why.CO_MENTION),
        ("@stranger @esa I see", post(90, "look", STRANGER), Why.MENTION),
    ],
    ids=["at the head", "in the text", "the thread names it", "the thread does not"],
)
def test_a_name_that_the_thread_carries_along(text: str, parent: Post | None, expected: Why) -> None:
    """At the head of a reply to somebody else: a co-mention, unless what it replies to is seen not to have the name."""
    reply = replying(text, STRANGER, STRANGER, ESA)

    assert why(reply, ESA_ASKED, along=() if parent is None else (parent,)) == {("space", expected)}


def test_a_name_at_the_head_of_a_post_that_replies_to_nobody_is_a_mention() -> None:
    """There is no thread that could have brought it."""
    text = "@esa look"
    assert why(post(text=text, entities=naming(text, ESA)), ESA_ASKED) == {("space", Why.MENTION)}


def test_terms_conversations_and_quotes() -> None:
    """Each by what it asks for."""
    members = [alone(one) for one in (MOON, THREAD, QUOTES, QUOTERS)]

    assert why(post(text="The Moon!"), *members) == {("moon", Why.TERM)}
    assert why(post(conversation_id=100), *members) == {("thread", Why.REPLY)}
    assert why(post(100), *members) == {("thread", Why.TERM)}
    assert why(quoting(50), *members) == {("quotes", Why.QUOTE)}
    assert why(quoting(60), *members, along=(post(60, author_id=NASA),)) == {("quoters", Why.QUOTE)}


def test_what_nothing_explains_concerns_all_who_may_have_found_it() -> None:
    """X searches more than it sends: a word on a page that is linked to, the address of a quoted post."""
    sun = source("sun", SourceKind.TERMS, terms=Terms(keywords=("sun",)))

    assert why(post(), alone(MOON), alone(sun), alone(QUOTERS), NASA_ASKED) == {("moon", Why.TERM), ("sun", Why.TERM)}
    assert why(quoting(7), alone(QUOTERS), NASA_ASKED) == {("quoters", Why.QUOTE)}
    assert why(post(author_id=NASA), alone(MOON), NASA_ASKED) == {("space", Why.AUTHOR), ("watch", Why.AUTHOR)}
    assert why(post(), NASA_ASKED) == set()


def test_quotes_that_were_asked_for_by_the_post() -> None:
    """A page of quotes of one post concerns those who follow its author, whatever else a quote says."""
    audience = Audience([NASA_ASKED]).of_quotes({60: ["nasa"]})

    found = audience.concerns(Page(posts=(quoting(60), quoting(61, id_=2))))

    assert found == {1: (Concern("space", "nasa", Why.QUOTE), Concern("watch", "nasa", Why.QUOTE))}


def test_nobody_asks() -> None:
    """No members, or members whose sources were removed."""
    page = Page(posts=(post(author_id=NASA),))

    assert Audience().concerns(page) == {}
    assert Audience([Asking(key="nasa", sources=(), user_id=NASA)]).concerns(page) == {}
    assert Audience([NASA_ASKED, alone(MOON)]).tenants == {"space": "a", "watch": "b", "moon": "default"}


people = st.sampled_from(list(NAMES))
posts = st.builds(
    lambda text, author, named, answered, quoted, conversation: post(
        text=" ".join([*(f"@{NAMES[one]}" for one in named), text]),
        author_id=author,
        in_reply_to_user_id=answered,
        conversation_id=conversation,
        references=tuple(
            Reference(kind, id_)
            for kind, id_ in (
                (ReferenceType.REPLIED_TO, None if answered is None else 90),
                (ReferenceType.QUOTED, quoted),
            )
            if id_ is not None
        ),
    ),
    st.sampled_from(["hello", "the moon", "sun"]),
    people,
    st.lists(people, max_size=3),
    st.none() | people,
    st.none() | st.sampled_from([50, 60]),
    st.none() | st.just(100),
)
members = st.lists(
    st.sampled_from([NASA_ASKED, ESA_ASKED, alone(MOON), alone(THREAD), alone(QUOTES), alone(QUOTERS)]), unique=True
)


@settings(deadline=None)
@given(one=posts, asking=members, with_users=st.booleans())
def test_any_post_for_any_stream(one: Post, asking: list[Asking], with_users: bool) -> None:
    """Each reason once, only of members that asked and for those who ask for them; the order of the members says
    nothing; an author is told by nothing else; and with a member of terms every post concerns somebody."""
    page = Page(posts=(one,), users=USERS if with_users else (), included_posts=(post(60, author_id=NASA),))
    found = Audience(asking).concerns(page).get(one.id, ())

    asked = {(source.id, member.key) for member in asking for source in member.sources}
    assert len(set(found)) == len(found)
    assert {(concern.source, concern.member) for concern in found} <= asked
    assert set(found) == set(Audience(reversed(asking)).concerns(page).get(one.id, ()))
    authored = {concern.member for concern in found if concern.why is Why.AUTHOR}
    assert authored <= {NAMES.get(one.author_id or 0, "").lower()}
    assert all(concern.why is Why.AUTHOR for concern in found if concern.member in authored)
    if any(member.key == "+moon" for member in asking):
        assert found
    if "moon" in one.text:
        assert {concern.why for concern in found if concern.member == "+moon"} <= {Why.TERM}


def test_what_no_search_found_concerns_those_alone_who_explain_it() -> None:
    """Terms may be found by what X does not send; of a post that came otherwise nobody can say so."""
    found, brought = Audience([alone(MOON)]), Audience([alone(MOON)], is_found=False)
    stranger, own = Page(posts=(post(text="hello"),)), Page(posts=(post(text="the moon"),))

    assert found.concerns(stranger) == {1: (Concern("moon", "+moon", Why.TERM),)}
    assert brought.concerns(stranger) == {}
    assert brought.concerns(own) == {1: (Concern("moon", "+moon", Why.TERM),)}
