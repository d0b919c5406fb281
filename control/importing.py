"""Posts that another tool has collected, into the store: twarc2's JSON lines, as pages or one post a line.

    a page        {"data": [...], "includes": {...}, "meta": {...}}     as X answered
    a look-up     {"data": {...}, "includes": {...}}                    of one post
    a flat post   {"id": ..., "author": {...}, "__twarc": {...}, ...}   what came along is put into the post

Read by the parser of X's answers and stored as of the time that twarc noted, so that an old file undoes nothing that
was told later; idempotent. Asks X nothing. The counts are the posts' own and no readings: what is imported is not read
again, which would be paid for, until a search finds it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from shared.domain.errors import NoAnswer
from shared.domain.models import JsonObject, Page, RateHeaders
from shared.platforms.x.objects import time as x_time
from shared.platforms.x.parser import parse_page
from shared.runtime.clock import from_epoch_seconds
from shared.stores.bundle import Stores

ENDPOINT: Final = "import"
# What is put together into one page of flat posts, as X's largest.
PAGE_POSTS: Final = 500
NAMED_LINES: Final = 10
# What twarc puts into a flat post in the place of ids.
_FLAT_MARKS: Final = ("author", "in_reply_to_user", "__twarc")


@dataclass(frozen=True, slots=True)
class Line:
    """A body as X would have answered it, and when it did; why: it is none, and why."""

    number: int
    body: JsonObject = field(default_factory=dict)
    at: datetime | None = None
    why: str | None = None


@dataclass(slots=True)
class Read:
    """What came of a file. odd: lines that could not be read, the first NAMED_LINES of them named."""

    lines: int = 0
    posts: int = 0
    new: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)
    odd: int = 0
    named: list[str] = field(default_factory=list)

    def note_odd(self, line: int, why: str) -> None:
        """Count a line that cannot be read, and name it."""
        self.odd += 1
        if len(self.named) < NAMED_LINES:
            self.named.append(f"line {line}: {why}")


def run(lines: Iterable[bytes], store: Callable[[Page], int], *, latest: datetime) -> Read:
    """Read all lines and store their posts; `store` takes a page and answers how many of its posts were new.

    latest: when the posts were told, at the latest. A line that cannot be read is counted and named, and the others go
    on. Raises what `store` raises.
    """
    read = Read()
    for line in bodies(_counted(lines, read)):
        if line.why is not None:
            read.note_odd(line.number, line.why)
            continue
        try:
            at = min(line.at or latest, latest)
            page = parse_page(ENDPOINT, line.body, RateHeaders(date_seconds=at.timestamp()))
        except NoAnswer as error:
            read.note_odd(line.number, str(error))
            continue
        read.posts += len(page.posts)
        read.set_aside.update(one.reason.value for one in page.set_aside)
        read.new += store(page)
    return read


def storing(stores: Stores, *, now: datetime, dry_run: bool) -> Callable[[Page], int]:
    """What stores a page, or with `dry_run` only looks which of its posts are new. Both raise StoreUnavailable."""

    def store(page: Page) -> int:
        page = stores.erasures.blocked(now=now).without(page)
        known = stores.known.of(page)
        if dry_run:
            return len({str(post.id) for post in page.posts} - known.posts.keys())
        at = from_epoch_seconds(page.rate.date_seconds) if page.rate.date_seconds is not None else now
        stores.set_aside.note(page.set_aside, now=now)
        stores.users.upsert(page.users, now=at, known=known.users)
        stores.media.upsert(page.media, at=at, known=known.media)
        new = stores.posts.upsert(
            page.posts, source=ENDPOINT, now=now, at=at, included=page.included_posts, known=known.posts
        )
        return len(new & {post.id for post in page.posts})

    return store


def bodies(lines: Iterable[tuple[int, bytes]]) -> Iterator[Line]:
    """The lines as bodies of X, flat posts that were told at the same time put together. Empty lines are skipped."""
    held: list[Line] = []
    for number, raw in lines:
        line = _line(number, raw)
        if held and (len(held) >= PAGE_POSTS or line.why or line.at != held[0].at or _is_page(line.body)):
            yield _together(held)
            held = []
        if line.why or _is_page(line.body):
            yield line
        else:
            held.append(line)
    if held:
        yield _together(held)


def _counted(lines: Iterable[bytes], read: Read) -> Iterator[tuple[int, bytes]]:
    for number, raw in enumerate(lines, 1):
        if raw.strip():
            read.lines += 1
            yield number, raw.removeprefix(b"\xef\xbb\xbf")


def _line(number: int, raw: bytes) -> Line:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        return Line(number, why=f"no JSON ({str(error)[:80]})")
    if not isinstance(document, dict):
        return Line(number, why=f"{type(document).__name__}, not an object")
    noted = document.get("__twarc")
    at = x_time(noted.get("retrieved_at")) if isinstance(noted, dict) else None
    if _is_page(document):
        data = document.get("data", [])
        return Line(number, {**document, "data": [data] if isinstance(data, dict) else data}, at)
    if "id" not in document:
        return Line(number, why=f"neither a post nor a page: it has {', '.join(sorted(document)[:5]) or 'nothing'}")
    return Line(number, document, at)


def _together(lines: list[Line]) -> Line:
    """Flat posts as the page that they were taken from."""
    includes: dict[str, list[Any]] = {name: [] for name in ("users", "media", "tweets", "places", "polls")}
    posts = [_unflat(line.body, includes) for line in lines]
    return Line(lines[0].number, {"data": posts, "includes": includes}, lines[0].at)


def _unflat(flat: JsonObject, includes: dict[str, list[Any]]) -> JsonObject:
    """A flat post as X sent it; what was put into it goes into `includes`."""
    post = {name: value for name, value in flat.items() if name not in _FLAT_MARKS}
    includes["users"] += [
        flat[name] for name in ("author", "in_reply_to_user") if _described(flat.get(name), "username")
    ]
    if isinstance(attachments := flat.get("attachments"), dict):
        post["attachments"] = _attachments(attachments, includes)
    if isinstance(geo := flat.get("geo"), dict) and _described(geo, "full_name"):
        includes["places"].append(
            {name: value for name, value in geo.items() if name not in ("place_id", "coordinates")}
        )
        post["geo"] = {name: geo[name] for name in ("place_id", "coordinates") if name in geo}
        post["geo"].setdefault("place_id", geo.get("id"))
    if isinstance(references := flat.get("referenced_tweets"), list):
        post["referenced_tweets"] = [_reference(one, includes) for one in references]
    return post


def _attachments(attachments: JsonObject, includes: Any) -> JsonObject:
    plain = {name: value for name, value in attachments.items() if name not in ("media", "poll")}
    media = [one for one in attachments.get("media") or () if _described(one, "media_key")]
    includes["media"] += media
    if media:
        plain.setdefault("media_keys", [one["media_key"] for one in media])
    poll = attachments.get("poll")
    if isinstance(poll, dict) and "id" in poll:
        includes["polls"].append(poll)
        plain.setdefault("poll_ids", [poll["id"]])
    return plain


def _reference(reference: Any, includes: Any) -> Any:
    """The type and id alone; the post that was put into it came along."""
    if not isinstance(reference, dict):
        return reference
    if "text" in reference:
        includes["tweets"].append(
            _unflat({name: value for name, value in reference.items() if name != "type"}, includes)
        )
    return {name: reference[name] for name in ("type", "id") if name in reference}


def _is_page(document: JsonObject) -> bool:
    return "data" in document or "meta" in document


def _described(value: Any, name: str) -> bool:
    """Whether it is an object that says more than an id."""
    return isinstance(value, dict) and name in value
