"""What a source asks for, as a clause of a search query of X. Pure.

    ((word OR "a phrase" OR #tag OR @name) (lang:en OR lang:de) -spam -"free money" -#ad)

Every word is written so that it means itself: what could be read as an operator is quoted. Invariant: a clause stands
alone, so others may be joined to it by OR. Raises InputError that names the source and its part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from shared.domain.errors import InputError
from shared.domain.sources import QuotesOf, Source, SourceKind, Terms
from shared.platforms.x.addresses import username_of

_OR = " OR "
_BARE = re.compile(r"\w+")
_TAG = re.compile(r"\w*[^\W\d]\w*")  # X takes no hashtag of digits alone
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z]{2,4})?")
_JOINING = frozenset({"and", "or", "not"})
_GREATEST_ID = 2**63 - 1


def clause_of(source: Source) -> str:
    """The clause of a source that is no accounts. Raises InputError."""
    if source.kind is SourceKind.TERMS and source.terms is not None:
        return _terms(source, source.terms)
    if source.kind is SourceKind.CONVERSATION and source.conversation_id is not None:
        return f"conversation_id:{_post_id(source, 'conversation_id', source.conversation_id)}"
    if source.kind is SourceKind.QUOTES and source.quotes_of is not None:
        return _quotes(source, source.quotes_of)
    raise InputError(f"source {source.id}: kind {source.kind.value} is no clause of its own")


def length_by_part(source: Source) -> dict[str, int]:
    """About how many characters each part of a source of terms takes, the longest first."""
    if source.terms is None:
        return {}
    joined_by = {"exclude": len(" -"), "languages": len("lang:") + len(_OR)}
    lengths = {
        part: sum(joined_by.get(part, len(_OR)) + len(word) for word in words)
        for part in Terms.__dataclass_fields__
        if (words := getattr(source.terms, part))
    }
    return dict(sorted(lengths.items(), key=lambda one: -one[1]))


def _terms(source: Source, terms: Terms) -> str:
    def written(part: str, write: Callable[[str], str]) -> list[str]:
        return list(dict.fromkeys(_in_part(source, part, word, write) for word in getattr(terms, part)))

    words = [
        *written("keywords", _keyword),
        *written("phrases", _quoted),
        *written("hashtags", _hashtag),
        *written("mentions", _mention),
    ]
    if not words:
        raise InputError(f"source {source.id}: terms without a keyword, phrase, hashtag or mention")
    languages = written("languages", _language)
    excluded = [f"-{word}" for word in written("exclude", _excluded)]
    parts = [_any(words), *([_any(languages)] if languages else []), *excluded]
    return parts[0] if len(parts) == 1 else f"({' '.join(parts)})"


def _in_part(source: Source, part: str, word: str, write: Callable[[str], str]) -> str:
    try:
        return write(word.strip())
    except InputError as error:
        raise InputError(f"source {source.id}: {part}: {error}") from None


def _any(words: Iterable[str]) -> str:
    clauses = list(words)
    return clauses[0] if len(clauses) == 1 else f"({_OR.join(clauses)})"


def _keyword(word: str) -> str:
    if len(word.split()) > 1:
        raise InputError(f"{word!r} has blanks: it is a phrase")
    return word if _BARE.fullmatch(word) and word.lower() not in _JOINING else _quoted(word)


def _quoted(words: str) -> str:
    """A phrase between quotes; X knows no way to write a quote inside them."""
    if '"' in words or "\\" in words:
        raise InputError(f"{words!r} has a quote or a backslash inside, which a query cannot carry")
    if not all(character.isprintable() or character.isspace() for character in words) or not _BARE.search(words):
        raise InputError(f"{words!r} has no letter or digit to search for, or characters that cannot be printed")
    return f'"{" ".join(words.split())}"'


def _hashtag(word: str) -> str:
    tag = word.removeprefix("#").removeprefix("＃")
    if not _TAG.fullmatch(tag):
        raise InputError(f"{word!r} is no hashtag: letters, digits and _, not digits alone")
    return f"#{tag}"


def _mention(word: str) -> str:
    return f"@{username_of(word)}"


def _language(word: str) -> str:
    language = word.lower()
    if not _LANGUAGE.fullmatch(language):
        raise InputError(f"{word!r} is no language: en, de, zh-tw and so on are")
    return f"lang:{language}"


def _excluded(word: str) -> str:
    if word.startswith("#"):
        return _hashtag(word)
    if word.startswith("@"):
        return _mention(word)
    return _quoted(word) if len(word.split()) > 1 else _keyword(word)


def _quotes(source: Source, quotes_of: QuotesOf) -> str:
    if quotes_of.post_id is not None:
        return f"quotes_of_tweet_id:{_post_id(source, 'quotes_of.post', quotes_of.post_id)}"
    # A quote links to what it quotes: the words of that address in a row are the account's name and `status`, whichever
    # of X's hosts it names.
    account = _in_part(source, "quotes_of.account", quotes_of.account or "", username_of)
    return f'(is:quote url:"{account}/status")'


def _post_id(source: Source, part: str, post_id: int) -> int:
    if not 0 < post_id <= _GREATEST_ID:
        raise InputError(f"source {source.id}: {part}: {post_id} is no id of a post")
    return post_id
