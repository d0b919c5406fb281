"""Runs the Lua scripts of broker, limiter and ledger, in one round trip and one attempt.

It owns how a script gets its constants, how it is sent, and what a fault of Redis becomes; it knows nothing of what a
script does. It speaks Redis's wire format itself, over connections that the client's pool makes.
Invariants: a script is never sent twice for one call once it may have run, whatever retries the client was given,
because a grant that was taken and whose reply was lost must not be taken again; a connection that is broken, or whose
server is no master any more, is never used again.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import resources
from typing import Any, Final, TypeVar

import redis
from redis.exceptions import NoScriptError, RedisError, ResponseError

from shared.redis.refusals import READONLY, RedisAway, code_of, meaning

T = TypeVar("T")
Argument = str | bytes | int
Constant = int | float | bool | str
NO_CONSTANTS: Final[Mapping[str, Constant]] = {}
_RUN_ID: Final = re.compile(rb"run_id:(\w+)")
# A connection used less than this ago is not looked at before it is used again, which takes 5 µs.
TRUSTED_SECONDS: Final = 0.5


class Connections:
    """Idle connections of one process, made as the client's pool makes its own; safe for threads and forks.

    The pool's own `get_connection` and `release` take 9 µs, a fifth of a round trip on the loopback.
    tells_server: a script gets the run id of the server behind its connection as its last argument, asked once a
    connection; an empty text where the user may not ask. After a failover, or a start anew, it is another one.
    """

    def __init__(
        self, client: redis.Redis, *, trusted_seconds: float = TRUSTED_SECONDS, tells_server: bool = False
    ) -> None:
        self._pool = client.connection_pool
        self.tells_server = tells_server
        self.server_run_id = b""  # of the server that was connected to last
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
            connection, used_at = self._made(), 0.0
        if time.monotonic() - used_at >= self._trusted_seconds and not _is_sound(connection):
            connection.disconnect()
            connection.connect()
        return connection

    def give_back(self, connection: Any) -> None:
        """Keep the connection for the next call."""
        self._idle.append((connection, time.monotonic()))

    def _made(self) -> Any:
        connection = self._pool.connection_class(**self._pool.connection_kwargs)
        if self.tells_server:
            connection.register_connect_callback(self._ask_server)
        return connection

    def _ask_server(self, connection: Any) -> None:
        try:
            connection.send_command("INFO", "server")
            told = connection.read_response()
        except ResponseError:  # the right to ask is not given
            told = b""
        found = _RUN_ID.search(told if isinstance(told, bytes) else told.encode())
        connection.server_run_id = self.server_run_id = found[1] if found else b""

    def drop(self) -> None:
        """Close every idle connection, the pool's too: their server is no master any more."""
        idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.disconnect()
        self._pool.disconnect(inuse_connections=False)

    def close(self) -> None:
        """Close every idle connection of ours."""
        idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.disconnect()


class Script:
    """A Lua script on the Redis of `connections`.

    The settings of their client (address, database, timeouts) are used; of its retries only those for connecting.
    """

    def __init__(self, connections: Connections, text: str) -> None:
        self._connections = connections
        self._text = text.encode()
        self._sha = hashlib.sha1(self._text, usedforsecurity=False).hexdigest().encode()

    def __call__(self, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """Run it; the reply as Redis gave it. Raises RedisAway, RedisRefused."""
        rest = _bulk((b"%d" % len(keys), *keys, *arguments))
        parts = len(keys) + len(arguments) + 3 + self._connections.tells_server
        try:
            return self._send([_head(b"EVALSHA", self._sha, parts) + rest])[0]
        except NoScriptError:  # a new or emptied Redis: nothing has run, so sending the text is the first attempt
            pass
        except (RedisError, OSError) as error:
            raise meaning(error) from error
        try:
            return self._send([_head(b"EVAL", self._text, parts) + rest])[0]
        except (RedisError, OSError) as error:
            raise meaning(error) from error

    def many(self, calls: Sequence[tuple[Sequence[str], Sequence[Argument]]]) -> list[Any]:
        """Run it for each (keys, arguments), in one round trip. Raises as a single call; then a part may have run."""
        commands: list[bytes] = []
        known = _bulk((b"EVALSHA", self._sha))
        for keys, arguments in calls:
            how = known if commands else _bulk((b"EVAL", self._text))  # the first one makes it known
            parts = len(keys) + len(arguments) + 3 + self._connections.tells_server
            commands.append(b"*%d\r\n%b%b" % (parts, how, _bulk((b"%d" % len(keys), *keys, *arguments))))
        try:
            return self._send(commands) if commands else []
        except (RedisError, OSError) as error:
            raise meaning(error) from error

    def _send(self, commands: list[bytes]) -> list[Any]:
        connection = self._connections.take()
        refused: ResponseError | None = None
        replies = []
        try:
            if self._connections.tells_server:
                connection.connect()  # it was closed by an error: behind the new one may be another server
                server = _bulk((connection.server_run_id,))
                commands = [command + server for command in commands]
            connection.send_packed_command([b"".join(commands)])  # which writes each of a list by itself
            for _ in commands:
                try:
                    replies.append(connection.read_response())
                except ResponseError as error:  # a whole answer was read: the connection is sound
                    refused = refused or error
        except BaseException:
            connection.disconnect()
            raise
        finally:
            if refused is not None and code_of(refused) == READONLY:
                # The master behind this connection was demoted and lives: a new connection finds its successor.
                connection.disconnect()
                self._connections.drop()
            self._connections.give_back(connection)
        if refused is not None:
            raise refused
        return replies


def load(room: str, name: str, constants: Mapping[str, Constant] = NO_CONSTANTS) -> str:
    """The text of `lua/<name>.lua` of a package, with its constants, the words in capitals, written in as literals.

    As locals they were captured by every closure of the script, which took 5 µs of 20 in the limiter's acquire.lua.
    """
    text = (resources.files(room) / "lua" / f"{name}.lua").read_text(encoding="utf-8")
    values = {key: _lua(value) for key, value in constants.items()}
    return re.sub(r"\b[A-Z][A-Z_0-9]+\b", lambda word: values.get(word[0], word[0]), text) if values else text


def reaching(client: redis.Redis, call: Callable[[], T]) -> T:
    """Run a plain command of `client`. Raises RedisAway, RedisRefused."""
    try:
        return call()
    except (RedisError, OSError) as error:
        if code_of(error) == READONLY:
            client.connection_pool.disconnect(inuse_connections=False)
        raise meaning(error) from error


def _is_sound(connection: Any) -> bool:
    """Whether nothing waits to be read: neither an answer nor the end of a connection that the server closed."""
    try:
        connection.connect()
        return not connection.can_read()
    except (RedisError, OSError):
        return False


def _head(command: bytes, script: bytes, parts: int) -> bytes:
    return b"*%d\r\n" % parts + _bulk((command, script))


def _bulk(parts: Iterable[Argument]) -> bytes:
    """Parts of a command in Redis's wire format (RESP bulk strings)."""
    encoded = [part if isinstance(part, bytes) else str(part).encode() for part in parts]
    return b"".join([b"$%d\r\n%b\r\n" % (len(part), part) for part in encoded])


def _lua(value: Constant) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}'" if isinstance(value, str) else repr(value)


__all__ = ["Connections", "Constant", "RedisAway", "Script", "load", "reaching"]
