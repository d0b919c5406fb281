"""What another tool has collected, into the store: twarc2's JSON lines, and the collections of the predecessor.

Read by the parser of X's answers and stored as of the time that X told it, so that an old file undoes nothing that was
told later; idempotent. Asks X nothing. What a post is to the sources that there are is noted, as for a collected one.
The counts are the posts' own and no readings: what is imported is not read again, which would be paid for, until a
search finds it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from control.commands import not_followed, track
from control.importing_bodies import Piece, together
from control.importing_seed import Handle
from control.look_up import LookedUp
from shared.domain.errors import NoAnswer
from shared.domain.models import Page, RateHeaders, User
from shared.domain.set_aside import SetAside
from shared.platforms.x.parser import parse_page
from shared.services.bootstrap import Services

ENDPOINT: Final = "import"
NAMED: Final = 10
# Pages stored side by side. Of documents that were told at a time each, a page holds one, and nearly all of its time is
# MongoDB's for its journal.
STORED_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class New:
    """How many objects of a page were not there."""

    posts: int = 0
    users: int = 0
    media: int = 0


@dataclass(slots=True)
class Read:
    """What came of a file or a collection. lines: with something in them; or documents.

    handles: that were followed, in lower case. once_followed: and are no longer. states: documents left out. odd: lines
    that could not be read; with what was set aside, the first NAMED of them are named.
    """

    lines: int = 0
    posts: int = 0
    new: int = 0
    users: int = 0
    new_users: int = 0
    media: int = 0
    new_media: int = 0
    handles: dict[str, int | None] = field(default_factory=dict)
    once_followed: int = 0
    followed: list[str] = field(default_factory=list)
    states: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)
    odd: int = 0
    named: list[str] = field(default_factory=list)

    def note_odd(self, place: str, why: str) -> None:
        """Count a line that cannot be read, and name it."""
        self.odd += 1
        self._name(f"{place}: {why}")

    def note_page(self, page: Page, new: New) -> None:
        """Count what was read of a page."""
        self.posts, self.new = self.posts + len(page.posts), self.new + new.posts
        self.users, self.new_users = self.users + len({user.id for user in page.users}), self.new_users + new.users
        self.media, self.new_media = self.media + len({item.key for item in page.media}), self.new_media + new.media
        self.set_aside.update(one.reason.value for one in page.set_aside)
        for one in page.set_aside:
            self._name(_odd_object(one))

    def note_handle(self, handle: Handle) -> None:
        """Keep an account that was followed; count one that is no longer."""
        if handle.is_active:
            name = handle.name.lower()
            self.handles[name] = handle.user_id or self.handles.get(name)
        else:
            self.once_followed += 1

    def _name(self, words: str) -> None:
        if len(self.named) < NAMED:
            self.named.append(words)


def run(pieces: Iterable[Piece], store: Callable[[Page], New], *, latest: datetime) -> Read:
    """Read all pieces and store what is in them; `store` takes a page and answers what of it was new.

    latest: when it was told, at the latest. What cannot be read is counted and named, and the others go on. Raises what
    `store` raises.
    """
    read, under_way = Read(), deque[tuple[Page, Future[New]]]()
    with ThreadPoolExecutor(STORED_AT_ONCE, thread_name_prefix="import") as pool:
        for piece in together(pieces):
            read.lines += piece.count
            if (page := _page(piece, latest, read)) is not None:
                under_way.append((page, pool.submit(store, page)))
            while len(under_way) > 2 * STORED_AT_ONCE:
                _note_first(under_way, read)
        while under_way:
            _note_first(under_way, read)
    return read


def follow(services: Services, read: Read, *, dry_run: bool) -> None:
    """Follow the handles that were read, as `covey track` does, from now on; those with an id are not looked up.

    dry_run: only note which of them are not followed yet.
    """
    names = list(read.handles)
    if dry_run or not names:
        read.followed = not_followed(services, names) if names else []
        return
    known = tuple(User(id=user_id, username=name) for name, user_id in read.handles.items() if user_id)
    read.followed = track(services, names, since=timedelta(0), found=LookedUp(users=known)).added


def _page(piece: Piece, latest: datetime, read: Read) -> Page | None:
    """The page that a piece is; None for one that is noted and done with."""
    if piece.why is not None:
        read.note_odd(piece.place, piece.why)
    elif piece.handle is not None:
        read.note_handle(piece.handle)
    elif piece.is_state:
        read.states += 1
    else:
        at = min(piece.at or latest, latest)
        try:
            return parse_page(ENDPOINT, piece.body, RateHeaders(date_seconds=at.timestamp()))
        except NoAnswer as error:
            read.note_odd(piece.place, str(error))
    return None


def _note_first(under_way: deque[tuple[Page, Future[New]]], read: Read) -> None:
    page, stored = under_way.popleft()
    read.note_page(page, stored.result())


def _odd_object(one: SetAside) -> str:
    return f"{one.kind.value} {one.object_id or 'without an id'}: {one.reason.value}"
