"""Members made queries: what is wanted of them now, grouped, and packed by the plan's length."""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.coverage.members import Group, Member, Wanted
from shared.domain.coverage.streams import Stream
from shared.domain.errors import InputError
from shared.domain.sources import Source, source_of
from shared.platforms.x.clauses import clause_of, length_by_part
from shared.platforms.x.query import PackedQuery, account_clause, pack_members
from shared.stores.bundle import Stores


class Packing:
    """`query_max_length` is the plan's, in characters; `interval_seconds` that of sources that name none."""

    def __init__(self, stores: Stores, *, query_max_length: int, interval_seconds: float) -> None:
        self._stores = stores
        self._query_max_length = query_max_length
        self._interval_seconds = interval_seconds

    def wanted(self, keys: Sequence[str] | None = None) -> Wanted:
        """What is to be carried, as far as these keys go (None: all of it). Raises StoreUnavailable."""
        names = self._stores.handles.names(keys)  # before the sources, see `services.asking`
        return Wanted(names, self._stores.sources.asking(with_accounts=False), self._interval_seconds)

    def packed(self, keys: Sequence[str], wanted: Wanted) -> list[PackedQuery]:
        """The queries for these members, each group by itself. Sources that ask for nothing any more are left out.

        Raises InputError for a member that fits no query.
        """
        groups: dict[Group, list[Member]] = {}
        for key in dict.fromkeys(keys):
            if (source_id := source_of(key)) is not None and source_id not in wanted.sources:
                continue
            groups.setdefault(wanted.group(key), []).append(self._member(key, wanted))
        return [
            query
            for group in sorted(groups, key=str)
            for query in pack_members(groups[group], self._query_max_length, group)
        ]

    def queries_of(self, source: Source) -> list[PackedQuery]:
        """What a source asks X, by itself. Raises InputError that names what cannot be asked, or is too long."""
        if source.key is None:
            return self.packed(source.accounts, self.wanted(source.accounts))
        member = Member(source.key, clause_of(source), (source.id,))
        try:
            return pack_members([member], self._query_max_length)
        except InputError as error:
            parts = ", ".join(f"{part} {length}" for part, length in length_by_part(source).items())
            raise InputError(f"{error}, by part: {parts}" if parts else str(error)) from None

    def is_in_step(self, stream: Stream, wanted: Wanted) -> bool:
        """Whether a stream carries what it should, in the query that it should have."""
        queries = self.packed(wanted.present(stream.members), wanted)
        if len(queries) != 1:
            return False
        (only,) = queries
        is_same = (only.text, only.group) == (stream.query, stream.group)
        return is_same and set(only.members) == set(stream.members)

    def interval_seconds(self, group: Group) -> float:
        """How often the streams of a group are read."""
        return self._interval_seconds if group.interval_seconds is None else group.interval_seconds

    def _member(self, key: str, wanted: Wanted) -> Member:
        source_id = source_of(key)
        if source_id is not None:
            return Member(key, clause_of(wanted.sources[source_id]), (source_id,))
        user_id = wanted.names[key].user_id if key in wanted.names else None
        clause = account_clause(key, user_id, self._query_max_length)
        return Member(key, clause, tuple(one.id for one in wanted.askers(key)))
