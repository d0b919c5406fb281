"""Lines and documents of other tools, as bodies that X would have answered with: many together, by when X told them.

a page        {"data": [...], "includes": {...}, "meta": {...}}     as X answered it; twarc2
a look-up     {"data": {...}, "includes": {...}}                    of one post; twarc2
a flat post   {"id": ..., "author": {...}, "__twarc": {...}, ...}   what came along is put into the post; twarc2
a document    {"_id": ..., ...}                                     of a collection of the predecessor
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from control.importing_flat import unflat
from control.importing_seed import Handle, Kind, as_page, handle_of, kind_of, told_at
from shared.domain.models import JsonObject
from shared.platforms.x.objects import time as x_time
from shared.stores.predecessor import read_line

# What is put together into one page, as X's largest; and how many are held to find those of one time.
PAGE_OBJECTS: Final = 500
HELD: Final = 5_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A body as X would have answered it, and when it did (None: that is not known).

    place: where it was read. why: it is none, and why. count: of how many lines or documents it is made. is_answer: X's
    own page, which stays as it is. is_state: of no use here.
    """

    place: str
    body: JsonObject = field(default_factory=dict)
    at: datetime | None = None
    why: str | None = None
    handle: Handle | None = None
    count: int = 1
    is_answer: bool = False
    is_state: bool = False


def of_lines(lines: Iterable[bytes], kind: Kind | None) -> Iterator[Piece]:
    """The pieces of a file of JSON lines; empty lines are skipped. kind: of all documents; None: each tells its own."""
    for number, raw in enumerate(lines, 1):
        if raw.strip():
            yield _of_line(f"line {number}", raw.removeprefix(b"\xef\xbb\xbf"), kind)


def of_document(place: str, document: JsonObject, kind: Kind | None) -> Piece:
    """The piece that a document of the predecessor is."""
    kind = kind or kind_of(document)
    if kind is None:
        return Piece(place, why=f"of no kind that is known, name it with --kind: it has {_names(document)}")
    if kind is Kind.STATE:
        return Piece(place, is_state=True)
    if kind is Kind.HANDLES:
        try:
            return Piece(place, handle=handle_of(document))
        except ValueError as error:
            return Piece(place, why=str(error))
    return Piece(place, as_page(document, kind), told_at(document, kind))


def together(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The same, with what was told at the same time put together into pages."""
    held: list[Piece] = []
    for piece in pieces:
        if piece.is_answer or len(held) >= HELD:
            yield from _joined(held)
            held = []
        if piece.body and not piece.is_answer:
            held.append(piece)
        else:
            yield piece
    yield from _joined(held)


def _of_line(place: str, raw: bytes, kind: Kind | None) -> Piece:
    try:
        document = read_line(raw)
    except ValueError as error:
        return Piece(place, why=str(error))
    if not isinstance(document, dict):
        return Piece(place, why=f"{type(document).__name__}, not an object")
    if kind is not None or "_id" in document:
        return of_document(place, document, kind)
    noted = document.get("__twarc")
    at = x_time(noted.get("retrieved_at")) if isinstance(noted, dict) else None
    if "data" in document or "meta" in document:
        data = document.get("data", [])
        body = {**document, "data": [data] if isinstance(data, dict) else data}
        return Piece(place, body, at, is_answer=True)
    if "id" not in document:
        return Piece(place, why=f"neither a post nor a page: it has {_names(document)}")
    return Piece(place, unflat(document), at)


def _joined(pieces: list[Piece]) -> Iterator[Piece]:
    """Pages of what was told at the same time, in the order in which the first of each was read."""
    by_time: dict[datetime | None, list[Piece]] = {}
    for piece in pieces:
        by_time.setdefault(piece.at, []).append(piece)
    for alike in by_time.values():
        for start in range(0, len(alike), PAGE_OBJECTS):
            yield _one(alike[start : start + PAGE_OBJECTS])


def _one(pieces: list[Piece]) -> Piece:
    data: list[Any] = []
    includes: dict[str, list[Any]] = {}
    for piece in pieces:
        data += piece.body["data"]
        for name, objects in piece.body.get("includes", {}).items():
            includes.setdefault(name, []).extend(objects)
    return replace(pieces[0], body={"data": data, "includes": includes}, count=len(pieces))


def _names(document: JsonObject) -> str:
    return ", ".join(sorted(document)[:5]) or "nothing"
