"""The body of an answer: its length as it was announced, and its pieces as they come.

Invariant: a length is believed only where it is one number; what is read of a body at once is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import requests

_PIECE_BYTES = 65_536
# More than any file has, and few enough that Python reads them as a number.
_MAX_DIGITS = 18


class UnusableLength(ValueError):
    """The length that was announced is none: not a number, negative, absurd, or two that differ."""

    def __init__(self) -> None:
        super().__init__("the Content-Length is no length")


def announced_bytes(headers: Mapping[str, str]) -> int | None:
    """The length of the body as it is sent; None where none was announced or it comes in chunks.

    Raises UnusableLength.
    """
    if "Content-Length" not in headers or "Transfer-Encoding" in headers:
        return None
    lengths = {length.strip() for length in headers["Content-Length"].split(",")}
    [length, *others] = lengths
    if others or not (length.isascii() and length.isdigit() and len(length) <= _MAX_DIGITS):
        raise UnusableLength
    return int(length)


def pieces(response: requests.Response) -> Iterator[bytes]:
    """The body, unpacked, each piece as soon as it is there. Raises what `urllib3` and `http.client` raise."""
    # Its chunked reading, unlike that of `iter_content`, bounds the lines between two chunks.
    while piece := response.raw.read1(_PIECE_BYTES, decode_content=True):
        yield piece
