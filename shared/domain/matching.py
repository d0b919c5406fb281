"""Whether a post matches the terms of a source, as X's search would say. Pure.

X cuts texts into words at everything that is no letter, digit or _, and knows no case. What is written without blanks
(Chinese, Japanese, Korean) is cut finer than that can be told here: there a word matches wherever it stands. X finds
more than this sees, such as words of a page that is linked to: a post that it sent and that does not match here is no
proof against it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from shared.domain.models import Post
from shared.domain.sources import Terms

_WORD = re.compile(r"\w+")
_WITHOUT_BLANKS = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_TAG = re.compile(r"(?<!\w)[#＃](\w+)")
_NAME = re.compile(r"(?<!\w)[@＠](\w{1,15})", re.ASCII)


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, in lower case."""
    return tuple(_WORD.findall(text.lower()))


@dataclass(frozen=True, slots=True)
class Mentioned:
    """A mention: where it stands, whom it names, in lower case, and whose id X gave for that."""

    start: int
    end: int
    name: str
    id: int | None


class Said:
    """What a post says, taken apart once for all who ask."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.mentions = _mentions(post)

    @cached_property
    def text(self) -> str:
        """The text in lower case."""
        return self.post.text.lower()

    @cached_property
    def line(self) -> str:
        """Its words, each between blanks."""
        return f" {' '.join(words_of(self.post.text))} "

    @cached_property
    def hashtags(self) -> frozenset[str]:
        """As X marked them, and as the text has them where it marked none."""
        told = (str(one["tag"]).lower() for one in _marked(self.post, "hashtags") if one.get("tag"))
        return frozenset(told) or frozenset(_TAG.findall(self.text))

    @cached_property
    def names(self) -> frozenset[str]:
        """Whom it mentions."""
        return frozenset(one.name for one in self.mentions)

    def says(self, phrase: str) -> bool:
        """Whether it has the words of the phrase in a row."""
        sought, is_whole = _sought(phrase)
        return bool(sought) and sought in (self.line if is_whole else self.text)


def matches(said: Said, terms: Terms) -> bool:
    """Whether the post has any of the words, none of the excluded ones, and is in one of the languages."""
    if not _in_language(said.post, terms.languages):  # the least to look at
        return False
    wanted = (
        any(map(said.says, terms.keywords))
        or any(map(said.says, terms.phrases))
        or _has_any(terms.hashtags, "#＃", said.hashtags)
        or _has_any(terms.mentions, "@＠", said.names)
    )
    return wanted and not any(_has(said, one) for one in terms.exclude)


@lru_cache(maxsize=4_096)
def _sought(phrase: str) -> tuple[str, bool]:
    """What of a phrase is sought, nothing where it has no words, and whether it is as words. Sources ask for the same
    ones in every post.
    """
    if _WITHOUT_BLANKS.search(phrase):
        return phrase.lower(), False
    words = words_of(phrase)
    return (f" {' '.join(words)} " if words else ""), True


def _has(said: Said, excluded: str) -> bool:
    word = excluded.strip()
    if word[:1] in ("#", "＃"):
        return word[1:].lower() in said.hashtags
    if word[:1] in ("@", "＠"):
        return word[1:].lower() in said.names
    return said.says(word)


def _has_any(words: Iterable[str], marks: str, there: Collection[str]) -> bool:
    return any(word.strip().lstrip(marks).lower() in there for word in words)


def _in_language(post: Post, languages: Sequence[str]) -> bool:
    return not languages or (post.lang or "").lower() in {one.strip().lower() for one in languages}


def _marked(post: Post, kind: str) -> list[dict[str, Any]]:
    found = post.entities.get(kind)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _mentions(post: Post) -> tuple[Mentioned, ...]:
    """As X marked them, and as the text has them where it marked none; in their order."""
    told = [_mentioned(one) for one in _marked(post, "mentions") if one.get("username")]
    found = told or [Mentioned(*one.span(), one[1].lower(), None) for one in _NAME.finditer(post.text)]
    return tuple(sorted(found, key=lambda one: one.start))


def _mentioned(one: dict[str, Any]) -> Mentioned:
    return Mentioned(
        start=_number(one.get("start")) or 0,
        end=_number(one.get("end")) or 0,
        name=str(one["username"]).lower(),
        id=_number(one.get("id")),
    )


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


_MOST_DIGITS = 25
