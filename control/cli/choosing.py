"""Which posts a command is about: those that were named, or stored ones chosen by account, source or tier."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from control.cli.app import err
from control.cli.given import given
from shared.domain.errors import InputError

if TYPE_CHECKING:
    from shared.stores.bundle import Stores

LIMIT: Final = 100  # as `control.chosen`, whose imports --help does not need
OfHandle = Annotated[str | None, typer.Option("--handle", help="Stored posts of this account instead, newest first.")]
OfSource = Annotated[str | None, typer.Option("--source", help="Stored posts of this source, by id or name.")]
InTier = Annotated[str | None, typer.Option("--tier", help="Stored posts in a tier: ultra_hot, hot, warm or cold.")]
Since = Annotated[str | None, typer.Option(help="Of those, the ones made since 2026-05-01T12:00 (UTC), or 2h, 3d ago.")]
Limit = Annotated[int | None, typer.Option(help=f"Of those, how many at most; {LIMIT} if not said, up to 10000.")]


class Wish:
    """What a person gave; judged when it is made, as far as that goes without a server."""

    def __init__(
        self,
        words: tuple[Sequence[str] | None, Path | None, str | None, bool],
        *,
        handle: str | None,
        source: str | None,
        tier: str | None,
        since: str | None,
        limit: int | None,
    ) -> None:
        """words: arguments, file, column and whether old ids are taken. Raises InputError."""
        from control import inputs
        from shared.runtime.clock import SystemClock

        now = SystemClock().now()
        arguments, file, column, old_ids = words
        self._by = {"handle": handle, "source": source, "tier": tier}
        self._since = None if since is None else inputs.moment(since, now=now)
        self._limit = limit
        self._named: list[int] | None = None
        is_named = bool(arguments) or file is not None or column is not None
        chosen = [f"--{name}" for name, value in self._by.items() if value is not None]
        if len(chosen) > 1 or (chosen and is_named):
            raise InputError(f"{chosen[0]} chooses stored posts: give it alone, without ids, files or another choice")
        if not chosen:
            if since is not None or limit is not None:
                raise InputError("--since and --limit are for --handle, --source and --tier")
            self._named = inputs.post_ids(given(arguments, file, column), now=now, old_ids=old_ids)

    def post_ids(self, stores: Stores, *, quiet: bool) -> list[int]:
        """The posts; says which were chosen. Raises InputError where none is, StoreUnavailable."""
        if self._named is not None:
            return self._named
        from control.chosen import chosen

        limit = LIMIT if self._limit is None else self._limit
        found = chosen(stores, **self._by, since=self._since, limit=limit)
        if not quiet:
            more = "; there are more: --limit" if found.is_cut else ""
            err.print(f"The newest {len(found.post_ids)} posts {found.what}{more}", highlight=False, soft_wrap=True)
        return found.post_ids
