"""Search queries: clauses packed into as few as the plan's length allows.

Pure and deterministic: the same members, in any order, give the same queries.
Invariant: every member is in exactly one query, and no query is longer than the plan allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shared.domain.coverage.members import ANY, Group, Member
from shared.domain.errors import InputError
from shared.domain.sources import source_of
from shared.platforms.x.addresses import username_of

_OR = " OR "
# Reposts say nothing of their own and would be billed like posts.
_TAIL = ") -is:retweet"
_AROUND = len("(") + len(_TAIL)


@dataclass(frozen=True, slots=True)
class PackedQuery:
    """A query and the keys of the members it carries, in the order in which it names them."""

    text: str
    members: tuple[str, ...]
    group: Group = ANY


def pack(handles: Sequence[str], max_length: int, ids: Mapping[str, int] | None = None) -> list[PackedQuery]:
    """Pack handles into queries that find what they post, who mentions them and who replies to them.

    max_length: characters in one query (512 self-serve, 4096 enterprise). Handles that differ only in case are one.
    ids: of accounts, by name in lower case, as far as they are known. Raises InputError for a handle that is none or
    does not fit.
    """
    known = ids or {}
    members = [Member(name, account_clause(name, known.get(name.lower()), max_length)) for name in _distinct(handles)]
    return pack_members(members, max_length)


def pack_members(members: Iterable[Member], max_length: int, group: Group = ANY) -> list[PackedQuery]:
    """Pack members into queries.

    First fit of the longest first, which needs at most 11/9 of the fewest possible queries, and one more
    (D. S. Johnson, 1973). Raises InputError for a clause that does not fit.
    """
    bins: list[tuple[int, list[Member]]] = []
    for member in sorted(members, key=lambda one: (-len(one.clause), one.key.lower(), one.key)):
        check_fits(member, max_length)
        cost = len(_OR) + len(member.clause)
        for index, (used, carried) in enumerate(bins):
            if used + cost <= max_length:
                bins[index] = (used + cost, [*carried, member])
                break
        else:
            bins.append((_AROUND + len(member.clause), [member]))
    packed = [sorted(carried, key=lambda one: one.key.lower()) for _, carried in bins]
    packed.sort(key=lambda carried: carried[0].key.lower())
    return [PackedQuery(_text(one), tuple(member.key for member in one), group) for one in packed]


def check_fits(member: Member, max_length: int) -> None:
    """Raises InputError for a clause that no query of the plan holds."""
    length = _AROUND + len(member.clause)
    if length <= max_length:
        return
    source = source_of(member.key)
    what = f"@{member.key}" if source is None else f"source {source}"
    raise InputError(f"{what} does not fit a query of {max_length} characters: it takes {length}")


def account_clause(handle: str, user_id: int | None, max_length: int) -> str:
    """What an account posts, who mentions it and who replies to it.

    X takes an id for `from:` and `to:`, so that who takes over a name is not taken for the account that had it; a
    mention is by name, and so is one that fits only so.
    """
    by_name = f"@{handle}{_OR}to:{handle}{_OR}from:{handle}"
    if user_id is None:
        return by_name
    by_id = f"@{handle}{_OR}to:{user_id}{_OR}from:{user_id}"
    return by_id if _AROUND + len(by_id) <= max_length else by_name


def quotes_query(post_ids: Sequence[int]) -> str:
    """The query for the quotes of these posts: unlike the endpoint for them, it takes many and a `since_id`."""
    return "(" + _OR.join(f"quotes_of_tweet_id:{post_id}" for post_id in post_ids) + _TAIL


def _text(members: Iterable[Member]) -> str:
    return "(" + _OR.join(member.clause for member in members) + _TAIL


def _distinct(handles: Sequence[str]) -> list[str]:
    """One spelling of each handle: the smallest, so that the order given does not matter."""
    spellings: dict[str, str] = {}
    for handle in map(username_of, handles):
        key = handle.lower()
        spellings[key] = min(handle, spellings.get(key, handle))
    return list(spellings.values())
