"""Owns page tokens: opaque, never expiring, and bound to the request that they continue.

It must not read posts. Invariant: a token fixes both ends of its result set, so posts that arrive later
never enter it; a token that was changed, or is used with another request, is refused.
"""

import base64
import hashlib
import struct
from dataclasses import dataclass

_LAYOUT = struct.Struct(">QQQI")
_CHECK_BYTES = 4


class InvalidToken(ValueError):
    """The token was not made by this simulator for this request."""


@dataclass(frozen=True)
class Cursor:
    """Where a page starts: ids in the open range (`above_id`, `below_id`), after `after_id` if not 0."""

    above_id: int
    below_id: int
    after_id: int = 0


def encode(cursor: Cursor, scope: str) -> str:
    """Return the token of a cursor within `scope`, a text that names the request."""
    body = _LAYOUT.pack(cursor.above_id, cursor.below_id, cursor.after_id, _scope_number(scope))
    return base64.b32hexencode(body + _check(body)).decode().rstrip("=").lower()


def decode(token: str, scope: str) -> Cursor:
    """Return the cursor of a token; raise `InvalidToken` when it does not belong to `scope`."""
    padded = token.upper() + "=" * (-len(token) % 8)
    try:
        raw = base64.b32hexdecode(padded)
    except ValueError as error:
        raise InvalidToken(token) from error
    body, check = raw[:-_CHECK_BYTES], raw[-_CHECK_BYTES:]
    if len(body) != _LAYOUT.size or check != _check(body):
        raise InvalidToken(token)
    above_id, below_id, after_id, scope_number = _LAYOUT.unpack(body)
    if scope_number != _scope_number(scope):
        raise InvalidToken(token)
    return Cursor(above_id, below_id, after_id)


def _check(body: bytes) -> bytes:
    return hashlib.blake2s(body, digest_size=_CHECK_BYTES, key=b"page").digest()


def _scope_number(scope: str) -> int:
    return int.from_bytes(hashlib.blake2s(scope.encode(), digest_size=4).digest())
