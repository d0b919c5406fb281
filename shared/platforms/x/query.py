"""Search queries: handles made clean, and packed into as few queries as the plan's length allows.

Pure and deterministic: the same handles, in any order and any case, give the same queries.
Invariant: every handle is in exactly one query, and no query is longer than the plan allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.domain.errors import InputError

_USERNAME = re.compile(r"[A-Za-z0-9_]{1,15}")
_HOSTS = frozenset(prefix + host for host in ("x.com", "twitter.com") for prefix in ("", "www.", "mobile.", "m."))
# First parts of paths on x.com that are pages, not accounts.
_PAGES = frozenset({"compose", "explore", "hashtag", "home", "i", "intent", "login", "search", "settings", "share"})
_OR = " OR "
# Reposts say nothing of their own and would be billed like posts.
_TAIL = ") -is:retweet"


@dataclass(frozen=True, slots=True)
class PackedQuery:
    """A query and the handles it follows, in the order in which it names them."""

    text: str
    handles: tuple[str, ...]


def normalise_handle(text: str) -> str:
    """The username in `name`, `@name` or the URL of a profile, in the case it was given.

    Raises InputError that names the text when there is none.
    """
    name = text.strip()
    if "/" in name:
        name = _name_in_url(name)
    name = name.removeprefix("@")
    if not _USERNAME.fullmatch(name):
        raise InputError(f"{text!r} is not a username: 1 to 15 letters, digits or underscores")
    return name


def pack(handles: Sequence[str], max_length: int) -> list[PackedQuery]:
    """Pack handles into queries that find what they post, who mentions them and who replies to them.

    max_length: characters in one query (512 self-serve, 4096 enterprise). Handles that differ only in case are one.
    First fit of the longest first, which needs at most 11/9 of the fewest possible queries, and one more
    (D. S. Johnson, 1973). Raises InputError for a handle that is none or does not fit.
    """
    bins: list[tuple[int, list[str]]] = []
    for handle in sorted(_distinct(handles), key=lambda name: (-len(name), name.lower())):
        cost = len(_OR) + len(_clause(handle))
        if len(_text([handle])) > max_length:
            raise InputError(f"@{handle} does not fit a query of {max_length} characters")
        for index, (used, members) in enumerate(bins):
            if used + cost <= max_length:
                bins[index] = (used + cost, [*members, handle])
                break
        else:
            bins.append((len(_text([handle])), [handle]))
    packed = [tuple(sorted(members, key=str.lower)) for _, members in bins]
    return [PackedQuery(_text(members), members) for members in sorted(packed, key=lambda m: m[0].lower())]


def quotes_query(post_id: int) -> str:
    """The query for the quotes of one post: unlike the endpoint for them, it takes a `since_id`."""
    return f"quotes_of_tweet_id:{post_id}"


def _clause(handle: str) -> str:
    return f"@{handle}{_OR}to:{handle}{_OR}from:{handle}"


def _text(handles: Iterable[str]) -> str:
    return "(" + _OR.join(_clause(handle) for handle in handles) + _TAIL


def _distinct(handles: Sequence[str]) -> list[str]:
    """One spelling of each handle: the smallest, so that the order given does not matter."""
    spellings: dict[str, str] = {}
    for handle in map(normalise_handle, handles):
        key = handle.lower()
        spellings[key] = min(handle, spellings.get(key, handle))
    return list(spellings.values())


def _name_in_url(text: str) -> str:
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:
        raise InputError(f"{text!r} is not the address of a profile") from None
    name = parts.path.strip("/").split("/")[0]
    if parts.scheme not in {"http", "https"} or parts.netloc.lower() not in _HOSTS or name.lower() in _PAGES:
        raise InputError(f"{text!r} is not the address of a profile on x.com")
    return name
