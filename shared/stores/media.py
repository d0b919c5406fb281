"""`X_media`: every photo, video and gif that was seen, and what became of its file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pymongo import ASCENDING

from shared.domain.models import Media, MediaType, Variant
from shared.stores.counting import by_value
from shared.stores.database import Db, Document, guarded
from shared.stores.described import Described, Recognised, Told
from shared.stores.indexes import Index

_NESTED = ("public_metrics", "raw")
PENDING, OK, FAILED = "pending", "ok", "failed"


# To find what is still to be downloaded.
INDEXES = (Index("X_media", {"download.status": ASCENDING, "download.last_attempt_at": ASCENDING}),)


class MediaStore:
    """Writes media objects in bulk; keeps the state of each download."""

    def __init__(self, db: Db) -> None:
        self._media = db["X_media"]
        self.described = Described(self._media, nested=_NESTED, in_one=True, recognised=Recognised.ONCE_KNOWN)

    @guarded
    def upsert(self, media: Iterable[Media], *, at: datetime, known: Mapping[str, Document] | None = None) -> None:
        """Store media objects in one bulk; a new one is pending. `at` is when X described them.

        known: what `described` needs of those that are there.
        """
        pending = {"download": {"status": PENDING, "attempts": 0, "last_attempt_at": None}}
        unique = {item.key: item for item in media}
        told = [Told(id=item.key, document=to_document(item), on_insert=pending) for item in unique.values()]
        self.described.put(told, at=at, known=known)

    @guarded
    def left_behind(self, *, before: datetime, limit: int) -> list[str]:
        """Keys of pending files that nothing has tried since `before`, the longest waiting first."""
        query = {
            "download.status": PENDING,
            "$or": [{"download.last_attempt_at": None}, {"download.last_attempt_at": {"$lt": before}}],
        }
        found = self._media.find(query, {"_id": 1}).sort("download.last_attempt_at", 1).limit(limit)
        return [document["_id"] for document in found]

    @guarded
    def get(self, key: str) -> tuple[Media, Document] | None:
        """The media object and the state of its download, None for an unknown key."""
        document = self._media.find_one({"_id": key})
        return (from_document(document), document.get("download", {})) if document else None

    @guarded
    def among(self, keys: Sequence[str]) -> list[Media]:
        """Those of the keys that are stored."""
        return [from_document(document) for document in self._media.find({"_id": {"$in": list(keys)}})]

    @guarded
    def mark_ok(self, key: str, *, path: str, byte_size: int, checksum: str, now: datetime) -> None:
        """The file is stored at `path` (relative to the media folder); `checksum` is its SHA-256 in hex.

        Saying so twice changes nothing.
        """
        self._media.update_one(
            {"_id": key, "download.status": {"$ne": OK}},
            {
                "$set": {
                    "download.status": OK,
                    "download.stored_path": path,
                    "download.byte_size": byte_size,
                    "download.checksum": checksum,
                    "download.last_attempt_at": now,
                    "download.last_success_at": now,
                },
                "$inc": {"download.attempts": 1},
                "$unset": {"download.error": ""},
            },
        )

    @guarded
    def mark_attempt(self, key: str, *, error: str, now: datetime, failed: bool) -> None:
        """A try came to nothing; with `failed` it was the last one. A file that is stored stays stored."""
        self._media.update_one(
            {"_id": key, "download.status": {"$ne": OK}},
            {
                "$set": {
                    "download.status": FAILED if failed else PENDING,
                    "download.last_attempt_at": now,
                    "download.error": error,
                },
                "$inc": {"download.attempts": 1},
            },
        )

    @guarded
    def count(self) -> int:
        """How many files are known (estimated)."""
        return self._media.estimated_document_count()

    @guarded
    def count_by_status(self) -> dict[str, int]:
        """How many files are pending, ok and failed; those that are ok are not counted, but follow from the others."""
        return by_value(self._media, "download.status", (PENDING, FAILED), rest=OK)


def to_document(item: Media) -> Document:
    """The document of a media object, without `_id` and `download`.

    What X left out is left out: a short answer must not erase what a longer one gave before.
    """
    document: Document = {
        "type": item.type.value,
        "url": item.url,
        "preview_image_url": item.preview_image_url,
        "variants": [{"url": v.url, "content_type": v.content_type, "bit_rate": v.bit_rate} for v in item.variants],
        "width": item.width,
        "height": item.height,
        "duration_ms": item.duration_ms,
        "alt_text": item.alt_text,
        "public_metrics": item.public_metrics,
        "raw": item.raw,
        "raw_text": item.raw_text,
    }
    return {name: value for name, value in document.items() if value not in (None, [], {})}


def from_document(document: Document) -> Media:
    """The media object of a stored document."""
    return Media(
        key=document["_id"],
        type=MediaType(document["type"]),
        url=document.get("url"),
        preview_image_url=document.get("preview_image_url"),
        variants=tuple(Variant(v["url"], v["content_type"], v.get("bit_rate")) for v in document.get("variants", ())),
        width=document.get("width"),
        height=document.get("height"),
        duration_ms=document.get("duration_ms"),
        alt_text=document.get("alt_text"),
        public_metrics=document.get("public_metrics", {}),
        raw=document.get("raw", {}),
        raw_text=document.get("raw_text"),
    )
