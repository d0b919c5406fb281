"""What a file is, by its first bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.media.sniffing import HEAD_BYTES, extension_of

HEADS = {
    b"\xff\xd8\xff\xe0\x00\x10JFIF": "jpg",
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR": "png",
    b"GIF87a": "gif",
    b"GIF89a": "gif",
    b"RIFF\x10\x00\x00\x00WEBPVP8 ": "webp",
    b"\x00\x00\x00\x18ftypmp42": "mp4",
    b"\x00\x00\x00\x20ftypisom": "mp4",
}


@pytest.mark.parametrize(("head", "extension"), HEADS.items())
def test_media_are_known_by_their_first_bytes(head: bytes, extension: str) -> None:
    """Whatever follows the signature."""
    assert extension_of(head.ljust(HEAD_BYTES, b"\x00")) == extension
    assert extension_of(head.ljust(HEAD_BYTES, b"\xff")) == extension


@pytest.mark.parametrize(
    "head",
    [
        *(b"", b"\xff\xd8", b"<!DOCTYPE html><h", b'{"errors":[{"cod', b"#EXTM3U\n#EXT-X-V", b"MZ\x90\x00\x03\x00\x00"),
        *(b"RIFF\x10\x00\x00\x00WAVEfmt ", b"ftypmp42" * 2, b"%PDF-1.7\n", b"\x1f\x8b\x08" + bytes(13)),
    ],
)
def test_everything_else_is_none(head: bytes) -> None:
    """A page, an error, a playlist, a program, a sound: not media of X."""
    assert extension_of(head) is None


@settings(deadline=None)
@given(head=st.binary(max_size=HEAD_BYTES))
def test_no_bytes_are_too_strange(head: bytes) -> None:
    """Whatever the bytes, the answer is an extension or None."""
    assert extension_of(head) in {None, *HEADS.values()}
