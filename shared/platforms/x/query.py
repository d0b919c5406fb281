"""Search queries: handles packed into as few as the plan's length allows.

Pure and deterministic: the same handles, in any order and any case, give the same queries.
Invariant: every handle is in exactly one query, and no query is longer than the plan allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shared.domain.errors import InputError
from shared.platforms.x.addresses import username_of

_OR = " OR "
# Reposts say nothing of their own and would be billed like posts.
_TAIL = ") -is:retweet"


@dataclass(frozen=True, slots=True)
class PackedQuery:
    """A query and the members it follows, in the order in which it names them."""

    text: str
    members: tuple[str, ...]


def pack(handles: Sequence[str], max_length: int, ids: Mapping[str, int] | None = None) -> list[PackedQuery]:
    """Pack handles into queries that find what they post, who mentions them and who replies to them.

    max_length: characters in one query (512 self-serve, 4096 enterprise). Handles that differ only in case are one.
    ids: of accounts, by name in lower case, as far as they are known. X takes an id for `from:` and `to:`, so that who
    takes over a name is not taken for the account that had it; a mention is by name, and so is one that fits only so.
    First fit of the longest first, which needs at most 11/9 of the fewest possible queries, and one more
    (D. S. Johnson, 1973). Raises InputError for a handle that is none or does not fit.
    """
    known = {name: id_ for name, id_ in (ids or {}).items() if len(_text([name], {name: id_})) <= max_length}
    bins: list[tuple[int, list[str]]] = []
    for handle in sorted(_distinct(handles), key=lambda name: (-len(name), name.lower())):
        cost = len(_OR) + len(_clause(handle, known))
        if len(_text([handle], known)) > max_length:
            raise InputError(f"@{handle} does not fit a query of {max_length} characters")
        for index, (used, members) in enumerate(bins):
            if used + cost <= max_length:
                bins[index] = (used + cost, [*members, handle])
                break
        else:
            bins.append((len(_text([handle], known)), [handle]))
    packed = [tuple(sorted(members, key=str.lower)) for _, members in bins]
    return [PackedQuery(_text(members, known), members) for members in sorted(packed, key=lambda m: m[0].lower())]


def quotes_query(post_id: int) -> str:
    """The query for the quotes of one post: unlike the endpoint for them, it takes a `since_id`."""
    return f"quotes_of_tweet_id:{post_id}"


def _clause(handle: str, ids: Mapping[str, int]) -> str:
    account = ids.get(handle.lower(), handle)
    return f"@{handle}{_OR}to:{account}{_OR}from:{account}"


def _text(handles: Iterable[str], ids: Mapping[str, int]) -> str:
    return "(" + _OR.join(_clause(handle, ids) for handle in handles) + _TAIL


def _distinct(handles: Sequence[str]) -> list[str]:
    """One spelling of each handle: the smallest, so that the order given does not matter."""
    spellings: dict[str, str] = {}
    for handle in map(username_of, handles):
        key = handle.lower()
        spellings[key] = min(handle, spellings.get(key, handle))
    return list(spellings.values())
