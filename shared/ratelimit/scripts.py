"""Runs one Lua script on Redis, in one round trip and one attempt.

It owns how a script gets its constants, how it is sent, and what a fault of Redis becomes; it knows nothing of limits.
Invariant: a script is never sent twice for one call, whatever retries the client was given, because a grant that was
taken and whose reply was lost must not be taken again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Final

import redis
from redis.exceptions import NoScriptError, RedisError, ResponseError

from shared.errors import LimiterUnavailable
from shared.ratelimit.layout import CONSTANTS, Constant

_FOLDER: Final = resources.files("shared.ratelimit") / "lua"


class Script:
    """`lua/<name>.lua`, with its constants written into its text, on the Redis of `client`.

    The client's settings (address, database, timeouts) are used; of its retries only those for connecting.
    """

    def __init__(self, client: redis.Redis, name: str, constants: Mapping[str, Constant]) -> None:
        text = (_FOLDER / f"{name}.lua").read_text(encoding="utf-8")
        values = {key: _lua(value) for key, value in {**CONSTANTS, **constants}.items()}
        # As literals: as locals they would be captured by every closure, which made acquire.lua 5 of 20 µs slower.
        self._text = re.sub(r"\b[A-Z][A-Z_0-9]+\b", lambda word: values.get(word[0], word[0]), text)
        self._sha = hashlib.sha1(self._text.encode(), usedforsecurity=False).hexdigest()
        self._pool = client.connection_pool
        self._heads: dict[tuple[tuple[str, ...], int], bytes] = {}

    def __call__(self, keys: tuple[str, ...], arguments: Sequence[bytes]) -> int | str:
        """Run it. Raises LimiterUnavailable for whatever Redis or the network did wrong."""
        head = self._heads.get((keys, len(arguments)))
        if head is None:
            head = self._heads[(keys, len(arguments))] = self._head(b"EVALSHA", self._sha.encode(), keys, arguments)
        try:
            try:
                return self._send(head + _bulk(arguments))
            except NoScriptError:  # a new or emptied Redis: nothing has run, so sending the text is the first attempt
                text = self._head(b"EVAL", self._text.encode(), keys, arguments)
                return self._send(text + _bulk(arguments))
        except (RedisError, OSError) as error:
            raise LimiterUnavailable(f"{type(error).__name__}: {error}") from error

    @staticmethod
    def _head(command: bytes, script: bytes, keys: tuple[str, ...], arguments: Sequence[bytes]) -> bytes:
        parts = (command, script, b"%d" % len(keys), *(key.encode() for key in keys))
        return b"*%d\r\n" % (len(parts) + len(arguments)) + _bulk(parts)

    def _send(self, command: bytes) -> int | str:
        # Redis.execute_command would retry, and takes twice the time before and after the wire.
        connection = self._pool.get_connection()
        try:
            connection.send_packed_command([command])  # type: ignore[no-untyped-call]
            reply = connection.read_response()
        except ResponseError:
            raise  # a whole answer was read: the connection is sound
        except BaseException:
            connection.disconnect()  # type: ignore[no-untyped-call]
            raise
        finally:
            self._pool.release(connection)
        return reply.decode() if isinstance(reply, bytes) else reply


def _bulk(parts: Sequence[bytes]) -> bytes:
    """Parts of a command in Redis's wire format (RESP bulk strings)."""
    return b"".join([b"$%d\r\n%b\r\n" % (len(part), part) for part in parts])


def _lua(value: Constant) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}'" if isinstance(value, str) else repr(value)
