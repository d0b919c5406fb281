"""Which posts match the terms of a source."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.matching import Said, matches
from shared.domain.models import Post
from shared.domain.sources import Terms

WORDS = st.lists(st.sampled_from(["moon", "launch", "crew", "now"]), min_size=1, max_size=6)


def said(text: str, **more: Any) -> Said:
    """A post that says this."""
    return Said(Post(id=1, text=text, created_at=datetime(2024, 5, 1, tzinfo=UTC), **more))


@pytest.mark.parametrize(
    ("text", "terms", "expected"),
    [
        ("The MOON is up", Terms(keywords=("moon",)), True),
        ("honeymoon", Terms(keywords=("moon",)), False),
        ("moon-shot!", Terms(keywords=("Shot",)), True),
        ("AT&T rises", Terms(keywords=("at&t",)), True),
        ("to the\nmoon, now", Terms(phrases=("the moon now",)), True),
        ("moon the now", Terms(phrases=("the moon",)), False),
        ("naïve café", Terms(keywords=("CAFÉ",)), True),
        ("月が綺麗ですね", Terms(keywords=("綺麗",)), True),
        ("#Artemis flies", Terms(hashtags=("artemis",)), True),
        ("#Artemis2 flies", Terms(hashtags=("artemis",)), False),
        ("hi @NASA!", Terms(mentions=("nasa",)), True),
        ("write to a@nasa.gov", Terms(mentions=("nasa",)), False),
        ("moon and spam", Terms(keywords=("moon",), exclude=("spam",)), False),
        ("moon, free money", Terms(keywords=("moon",), exclude=("free money",)), False),
        ("moon, money is free", Terms(keywords=("moon",), exclude=("free money",)), True),
        ("moon #ad", Terms(keywords=("moon",), exclude=("#ad",)), False),
        ("moon @bot", Terms(keywords=("moon",), exclude=("@bot",)), False),
        ("anything", Terms(), False),
    ],
)
def test_terms(text: str, terms: Terms, expected: bool) -> None:
    """Whole words in any case, phrases in a row, marks of X's own; nothing that is excluded."""
    assert matches(said(text), terms) is expected


@pytest.mark.parametrize(("lang", "expected"), [("en", True), ("DE", True), ("fr", False), (None, False)])
def test_languages(lang: str | None, expected: bool) -> None:
    """One of those that are named; a post without one is in none of them."""
    assert matches(said("moon", lang=lang), Terms(keywords=("moon",), languages=("en", "de"))) is expected


def test_what_x_marked_counts_more_than_the_text() -> None:
    """Entities tell hashtags and mentions, in their order; odd ones do no harm."""
    entities = {
        "hashtags": [{"tag": "Moon"}, "odd", {}],
        "mentions": [
            {"start": 9, "end": 14, "username": "ESA", "id": "8"},
            {"start": 0, "end": 5, "username": "NASA", "id": 7},
            {"start": None, "username": "odd", "id": "x" * 30},
            None,
        ],
    }
    post = said("@NASA hi @ESA #other", entities=entities)

    assert post.hashtags == {"moon"}
    assert {(one.name, one.id) for one in post.mentions} == {("nasa", 7), ("esa", 8), ("odd", None)}
    assert said("x", entities={"mentions": {"a": 1}, "hashtags": None}).mentions == ()


@given(words=WORDS, phrase=WORDS)
def test_a_phrase_is_its_words_in_a_row(words: list[str], phrase: list[str]) -> None:
    """Wherever they stand, whatever is between them that is no word."""
    runs = [words[start : start + len(phrase)] for start in range(len(words))]

    assert said(", ".join(words)).says(" ".join(phrase).upper()) is (phrase in runs)
