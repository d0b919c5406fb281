"""What a file is, by its first bytes: the name and the server's word are not trusted. Pure."""

from __future__ import annotations

HEAD_BYTES = 16


def extension_of(head: bytes) -> str | None:
    """The extension for a file that begins with `head` (at least HEAD_BYTES); None for what is not X media.

    Signatures: ISO 10918-1 (JPEG), RFC 2083 (PNG), GIF89a, RFC 9649 (WebP), ISO 14496-12 (MP4).
    """
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        return "mp4"
    return None
