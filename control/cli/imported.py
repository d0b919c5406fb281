"""What `covey import` says of a file or a collection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from control.importing import Read

NAMED_HANDLES = 20


def sentences(name: str, read: Read, *, dry_run: bool, follow: bool, is_file: bool) -> Iterator[str]:
    """What was in it, and what of it is new, in a line; what is to be said of tracked handles in another."""
    yield f"{name}: " + "; ".join([_posts(read, dry_run=dry_run, is_file=is_file), *_others(read)])
    if read.handles:
        yield f"{name}: {_handles(read, dry_run=dry_run, follow=follow)}"


def _posts(read: Read, *, dry_run: bool, is_file: bool) -> str:
    of = "lines" if is_file else "documents"
    return f"{read.posts:,} posts in {read.lines:,} {of}, {read.new:,} {'would be' if dry_run else 'were'} new"


def _others(read: Read) -> Iterator[str]:
    for count, new, what in ((read.users, read.new_users, "accounts"), (read.media, read.new_media, "media")):
        if count:
            yield f"{count:,} {what}, {new:,} new"
    if read.states:
        yield f"{read.states:,} states left out: where another's reading stood says nothing here"
    if read.set_aside:
        told = ", ".join(f"{count} {reason}" for reason, count in sorted(read.set_aside.items()))
        yield f"set aside: {told}"
    if read.odd:
        yield f"{read.odd:,} cannot be read"


def _handles(read: Read, *, dry_run: bool, follow: bool) -> str:
    words = f"{len(read.handles):,} tracked handles"
    words += f", {read.once_followed:,} more no longer" if read.once_followed else ""
    if not follow:
        return f"{words}, none followed by this (--follow does): {_listed(list(read.handles))}"
    if not read.followed:
        return f"{words}, all followed already"
    return f"{words}, {len(read.followed):,} {'would be' if dry_run else 'are'} followed from now on: " + _listed(
        read.followed
    )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - NAMED_HANDLES:,} more" if len(names) > NAMED_HANDLES else ""
    return ", ".join(f"@{name}" for name in names[:NAMED_HANDLES]) + more
