"""Runs one Lua script on Redis, in one round trip and one attempt.

It owns how a script gets its constants, how it is sent, and what a fault of Redis becomes; it knows nothing of limits.
Invariant: a script is never sent twice for one call, whatever retries the client was given, because a grant that was
taken and whose reply was lost must not be taken again.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, Final

import redis
from redis.exceptions import NoScriptError, RedisError, ResponseError

from shared.domain.errors import LimiterUnavailable
from shared.ratelimit.layout import CONSTANTS, Constant

# A connection used less than this ago is not looked at before it is used again, which takes 5 µs.
TRUSTED_SECONDS: Final = 0.5
_FOLDER: Final = resources.files("shared.ratelimit") / "lua"


def load(name: str, constants: Mapping[str, Constant]) -> str:
    """The text of `lua/<name>.lua` with its constants, the words in capitals, written in as literals.

    As locals they were captured by every closure of the script, which took 5 µs of 20 in acquire.lua.
    """
    text = (_FOLDER / f"{name}.lua").read_text(encoding="utf-8")
    values = {key: _lua(value) for key, value in {**CONSTANTS, **constants}.items()}
    return re.sub(r"\b[A-Z][A-Z_0-9]+\b", lambda word: values.get(word[0], word[0]), text)


class Connections:
    """Idle connections of one process, made as the client's pool makes its own; safe for threads and forks.

    The pool's own `get_connection` and `release` take 9 µs, a fifth of a round trip on the loopback.
    """

    def __init__(self, client: redis.Redis, *, trusted_seconds: float = TRUSTED_SECONDS) -> None:
        self._pool = client.connection_pool
        self._trusted_seconds = trusted_seconds
        self._idle: list[tuple[Any, float]] = []
        self._pid = os.getpid()

    def take(self) -> Any:
        """A connection that is open, as far as this end can tell. Raises RedisError, OSError."""
        if self._pid != os.getpid():  # a forked process must not speak on its parent's sockets
            self._idle, self._pid = [], os.getpid()
        try:
            connection, used_at = self._idle.pop()
        except IndexError:
            connection, used_at = self._pool.connection_class(**self._pool.connection_kwargs), 0.0
        if time.monotonic() - used_at >= self._trusted_seconds and not _is_sound(connection):
            connection.disconnect()
            connection.connect()
        return connection

    def give_back(self, connection: Any) -> None:
        """Keep the connection for the next call."""
        self._idle.append((connection, time.monotonic()))


class Script:
    """A Lua script on the Redis of `connections`.

    The settings of their client (address, database, timeouts) are used; of its retries only those for connecting.
    """

    def __init__(self, connections: Connections, text: str) -> None:
        self._connections = connections
        self._text = text.encode()
        self._sha = hashlib.sha1(self._text, usedforsecurity=False).hexdigest().encode()
        self._heads: dict[tuple[tuple[str, ...], int], bytes] = {}

    def __call__(self, keys: tuple[str, ...], arguments: Sequence[bytes]) -> int | str:
        """Run it. Raises LimiterUnavailable for whatever Redis or the network did wrong."""
        head = self._heads.get((keys, len(arguments)))
        if head is None:
            head = self._heads[(keys, len(arguments))] = _head(b"EVALSHA", self._sha, keys, len(arguments))
        rest = _bulk(arguments)
        try:
            try:
                return self._send(head + rest)
            except NoScriptError:  # a new or emptied Redis: nothing has run, so sending the text is the first attempt
                return self._send(_head(b"EVAL", self._text, keys, len(arguments)) + rest)
        except (RedisError, OSError) as error:
            raise LimiterUnavailable(f"{type(error).__name__}: {error}") from error

    def _send(self, command: bytes) -> int | str:
        connection = self._connections.take()
        try:
            connection.send_packed_command([command])
            reply = connection.read_response()
        except ResponseError:
            raise  # a whole answer was read: the connection is sound
        except BaseException:
            connection.disconnect()
            raise
        finally:
            self._connections.give_back(connection)
        return reply.decode() if isinstance(reply, bytes) else reply


def _is_sound(connection: Any) -> bool:
    """Whether nothing waits to be read: neither an answer nor the end of a connection that the server closed."""
    try:
        connection.connect()
        return not connection.can_read()
    except (RedisError, OSError):
        return False


def _head(command: bytes, script: bytes, keys: tuple[str, ...], argument_count: int) -> bytes:
    parts = (command, script, b"%d" % len(keys), *(key.encode() for key in keys))
    return b"*%d\r\n" % (len(parts) + argument_count) + _bulk(parts)


def _bulk(parts: Sequence[bytes]) -> bytes:
    """Parts of a command in Redis's wire format (RESP bulk strings)."""
    return b"".join([b"$%d\r\n%b\r\n" % (len(part), part) for part in parts])


def _lua(value: Constant) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}'" if isinstance(value, str) else repr(value)
