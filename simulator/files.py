"""Owns serving media files over HTTP: whole, by range, or only if changed.

It must not know the API. Invariant: the ETag is the SHA-256 of the file, so a changed byte is a
changed tag.
"""

import re

from simulator.calls import Answer
from simulator.media import Media, avatar, file_bytes, file_digest
from simulator.world import World

_PATH = re.compile(r"/(?:media|video)/(?P<key>[0-9]+_[0-9]+)(?:\.|/)")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z")


def serve_file(world: World, path: str, headers: dict[str, str]) -> Answer:
    """Return a file of the world's media: 200, 206, 304, 404 or 416; header names are in lower case."""
    media = _media_of(world, path)
    if media is None:
        return _plain(404)
    kinds = {media.image.path: media.image.content_type} | {film.path: film.content_type for film in media.variants}
    if path not in kinds:
        return _plain(404)
    etag = f'"{file_digest(media, path)[0]}"'
    base = {"content-type": kinds[path], "etag": etag, "accept-ranges": "bytes", "cache-control": "max-age=604800"}
    if etag in headers.get("if-none-match", ""):
        return Answer(304, b"", base)
    content = file_bytes(media, path)
    asked = headers.get("range")
    if asked is None or headers.get("if-range", etag) != etag:
        return Answer(200, content, base)
    return _part(content, asked, base)


def _part(content: bytes, asked: str, base: dict[str, str]) -> Answer:
    found = _RANGE.match(asked.strip())
    if found is None or found.groups() == ("", ""):
        # A range of another form may be ignored (RFC 9110, 14.2).
        return Answer(200, content, base)
    first, last = found.groups()
    start = int(first) if first else max(0, len(content) - int(last))
    stop = min(len(content), int(last) + 1 if first and last else len(content))
    if start >= stop:
        return Answer(416, b"", {**base, "content-range": f"bytes */{len(content)}"})
    span = f"bytes {start}-{stop - 1}/{len(content)}"
    return Answer(206, content[start:stop], {**base, "content-range": span})


def _media_of(world: World, path: str) -> Media | None:
    found = _PATH.match(path)
    if found is None:
        return None
    key = found["key"]
    known = world.media.get(key)
    if known is None and int(key.split("_")[1]) in world.accounts.by_id:
        return avatar(int(key.split("_")[1]))
    return known


def _plain(status: int) -> Answer:
    return Answer(status, b"", {"content-type": "text/plain"})
