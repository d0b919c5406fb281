"""Owns media objects and their bytes: photos, videos and gifs, made from their key when asked for.

It must not know posts or HTTP. Invariant: the bytes of a file depend on its media key and its name
alone, so any process of any run serves the same file for the same key.
"""

import hashlib
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Literal

MediaKind = Literal["photo", "video", "animated_gif"]
PLAYLIST = "application/x-mpegURL"

_SIZES = ((680, 510), (1200, 675), (1024, 1024), (900, 1600), (2048, 1365), (400, 400))
_BIT_RATES = ((256_000, 832_000, 2_176_000), (632_000, 950_000), (320_000, 832_000, 2_176_000, 10_368_000))
# A file is no larger than this, whatever its bit rate says: tests download a few of them.
_MAX_FILE_BYTES = 400_000


@dataclass(frozen=True, slots=True)
class MediaFile:
    """One downloadable file: its path on the simulator, its type and its bit rate if it has one."""

    path: str
    content_type: str
    bit_rate: int | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """One media object of X; `bit_rates` in bits per second, empty for a photo."""

    key: str
    kind: MediaKind
    width: int
    height: int
    duration_ms: int | None
    alt_text: str | None
    bit_rates: tuple[int, ...]

    @property
    def image(self) -> MediaFile:
        """The photo itself, or the preview of a video or gif."""
        digits = self.key.split("_")[1]
        png = int(digits) % 3 == 0
        name = f"{self.key}.png" if png else f"{self.key}.jpg"
        return MediaFile(f"/media/{name}", "image/png" if png else "image/jpeg")

    @property
    def variants(self) -> tuple[MediaFile, ...]:
        """The playable files, in no useful order, as on X; the playlist has no bit rate."""
        films = [MediaFile(f"/video/{self.key}/{rate}.mp4", "video/mp4", rate) for rate in self.bit_rates]
        if self.kind == "video":
            films.insert(1, MediaFile(f"/video/{self.key}/playlist.m3u8", PLAYLIST))
        return tuple(films)

    @property
    def best(self) -> MediaFile:
        """The file worth keeping: the photo, or the film of the highest bit rate."""
        films = [film for film in self.variants if film.bit_rate is not None]
        return max(films, key=lambda film: film.bit_rate or 0) if films else self.image


def draw_media(rng: Random, new_id: Callable[[], int]) -> tuple[Media, ...]:
    """Draw what is attached to one post: one to four photos, or a video, or a gif."""
    roll = rng.random()
    if roll < 0.7:
        return tuple(_draw_one(rng, "photo", f"3_{new_id()}") for _ in range(rng.choice((1, 1, 1, 2, 4))))
    if roll < 0.9:
        return (_draw_one(rng, "video", f"{rng.choice((7, 13))}_{new_id()}"),)
    return (_draw_one(rng, "animated_gif", f"16_{new_id()}"),)


def avatar(account_id: int) -> Media:
    """Return the profile picture of an account, as a photo whose key is made of the account's id."""
    return Media(f"3_{account_id}", "photo", 400, 400, None, None, ())


def _draw_one(rng: Random, kind: MediaKind, key: str) -> Media:
    width, height = rng.choice(_SIZES)
    rates: tuple[int, ...] = {"photo": (), "video": rng.choice(_BIT_RATES), "animated_gif": (0,)}[kind]
    duration_ms = rng.randrange(4_000, 90_000) if kind == "video" else None
    alt_text = "A picture, described." if rng.random() < 0.2 else None
    return Media(key, kind, width, height, duration_ms, alt_text, rates)


@lru_cache(maxsize=64)
def file_bytes(media: Media, path: str) -> bytes:
    """Return the bytes of one file of `media`; raise `KeyError` when it has no such file."""
    if path == media.image.path:
        draw = _png if path.endswith(".png") else _jpeg
        return draw(media)
    for film in media.variants:
        if film.path == path:
            return _playlist(media) if film.content_type == PLAYLIST else _mp4(media, film.bit_rate or 0)
    raise KeyError(path)


@lru_cache(maxsize=50_000)
def file_digest(media: Media, path: str) -> tuple[str, int]:
    """Return the SHA-256 (hex) and the size in bytes of one file of `media`."""
    content = file_bytes(media, path)
    return hashlib.sha256(content).hexdigest(), len(content)


def _noise(media: Media, label: str, size: int) -> bytes:
    return hashlib.shake_128(f"{media.key}/{label}".encode()).digest(size)


def _noise_size(media: Media) -> int:
    return 2_000 + zlib.crc32(media.key.encode()) % 58_000


def _png(media: Media) -> bytes:
    """A black-and-white striped image, one bit a pixel, with a private chunk that makes it unique."""
    row = b"\x00" + _noise(media, "row", 1) * -(-media.width // 8)
    header = struct.pack(">IIBBBBB", media.width, media.height, 1, 0, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"prVt", _noise(media, "chunk", _noise_size(media))),
        (b"IDAT", zlib.compress(row * media.height, 1)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(name, data) for name, data in chunks)


def _png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _jpeg(media: Media) -> bytes:
    """A flat grey baseline image: each block is "no change" in both of two one-code Huffman tables."""
    blocks = -(-media.width // 8) * -(-media.height // 8)
    quantisation = b"\x00" + bytes([1]) * 64
    one_code = bytes([1, *[0] * 15]) + b"\x00"
    frame = struct.pack(">BHHB", 8, media.height, media.width, 1) + b"\x01\x11\x00"
    segments = (
        (0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"),
        (0xFE, _noise(media, "comment", _noise_size(media))),
        (0xDB, quantisation),
        (0xC0, frame),
        (0xC4, b"\x00" + one_code),
        (0xC4, b"\x10" + one_code),
        (0xDA, b"\x01\x01\x00\x00\x3f\x00"),
    )
    marked = b"".join(struct.pack(">BBH", 0xFF, kind, len(data) + 2) + data for kind, data in segments)
    whole, rest = divmod(blocks * 2, 8)
    tail = bytes([0xFF >> rest]) if rest else b""
    return b"\xff\xd8" + marked + bytes(whole) + tail + b"\xff\xd9"


def _mp4(media: Media, bit_rate: int) -> bytes:
    """The boxes of an mp4 around noise of the size that the bit rate and the duration ask for."""
    duration_ms = media.duration_ms or 3_000
    size = min(_MAX_FILE_BYTES, max(8_000, bit_rate * duration_ms // 64_000))
    header = struct.pack(">IIIII", 0, 0, 0, 1_000, duration_ms) + bytes(80)
    boxes = (
        (b"ftyp", b"isom\x00\x00\x02\x00isommp42"),
        (b"moov", struct.pack(">I", len(header) + 8) + b"mvhd" + header),
        (b"mdat", _noise(media, str(bit_rate), size)),
    )
    return b"".join(struct.pack(">I", len(data) + 8) + name + data for name, data in boxes)


def _playlist(media: Media) -> bytes:
    lines = ["#EXTM3U"]
    for rate in media.bit_rates:
        lines += [f"#EXT-X-STREAM-INF:BANDWIDTH={rate}", f"{rate}.mp4"]
    return ("\n".join(lines) + "\n").encode()
