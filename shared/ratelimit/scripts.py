"""Runs one Lua script on Redis, in one round trip and one attempt.

It owns how a script gets its constants, how it is sent, and what a fault of Redis becomes; it knows nothing of limits.
Invariant: a script is never sent twice for one call, whatever retries the client was given, because a grant that was
taken and whose reply was lost must not be taken again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Final

import redis
from redis.exceptions import NoScriptError, RedisError, ResponseError

from shared.errors import LimiterUnavailable

Constant = int | float | bool
Argument = bytes | str | int | float

_FOLDER: Final = resources.files("shared.ratelimit") / "lua"


class Script:
    """`lua/<name>.lua`, with `constants` placed before its text, on the Redis of `client`.

    The client's settings (timeouts, address, database) are used; its retries are not.
    """

    def __init__(self, client: redis.Redis, name: str, constants: Mapping[str, Constant]) -> None:
        text = (_FOLDER / f"{name}.lua").read_text(encoding="utf-8")
        self._text = "".join(f"local {key} = {_lua(value)}\n" for key, value in constants.items()) + text
        self._sha = hashlib.sha1(self._text.encode(), usedforsecurity=False).hexdigest()
        self._pool = client.connection_pool

    def __call__(self, keys: Sequence[Argument], arguments: Sequence[Argument]) -> int | str:
        """Run it. Raises LimiterUnavailable for whatever Redis or the network did wrong."""
        try:
            try:
                return self._send("EVALSHA", self._sha, len(keys), *keys, *arguments)
            except NoScriptError:  # a new or emptied Redis: nothing has run, so sending the text is the first attempt
                return self._send("EVAL", self._text, len(keys), *keys, *arguments)
        except (RedisError, OSError) as error:
            raise LimiterUnavailable(f"{type(error).__name__}: {error}") from error

    def _send(self, *command: Argument) -> int | str:
        # Half the overhead of Redis.execute_command, which also retries: see `make bench-limiter`.
        connection = self._pool.get_connection()
        try:
            connection.send_command(*command)  # type: ignore[no-untyped-call]
            reply = connection.read_response()
        except ResponseError:
            raise  # a whole answer was read: the connection is sound
        except BaseException:
            connection.disconnect()  # type: ignore[no-untyped-call]
            raise
        finally:
            self._pool.release(connection)
        return reply.decode() if isinstance(reply, bytes) else reply


def _lua(value: Constant) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
