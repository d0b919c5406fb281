"""Clients of Redis that fail fast: no retries, short timeouts.

redis-py retries ten times by default, also after a timeout, when the server may have done what was asked. Here one call
is one command; who may try again is decided above, where it is known to be harmless.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from shared.errors import InputError

TIMEOUT_SECONDS = 5.0
CONNECT_TIMEOUT_SECONDS = 2.0
# A connection idle for longer is pinged before use, so that a dead one is found by a harmless command.
HEALTH_CHECK_SECONDS = 30
SENTINEL_PORT = 26379


def connect(
    url: str, *, timeout_seconds: float = TIMEOUT_SECONDS, connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS
) -> redis.Redis:
    """A client for `redis[s]://[user:password@]host[:port][/db]`, `unix://path[?db=n]` or
    `sentinel[s]://[user:password@]host[:port][,host[:port]...]/service[/db][?sentinel_password=...]`.

    A `sentinels` URL speaks TLS with the data servers and with the sentinels. Connects on first use.
    Raises InputError for a URL that is none of these; the message does not show the password.
    """
    options: dict[str, Any] = {
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": connect_timeout_seconds,
        "socket_keepalive": True,
        "health_check_interval": HEALTH_CHECK_SECONDS,
    }
    scheme = url.partition("://")[0] if "://" in url else ""
    if scheme in ("sentinel", "sentinels"):
        return _through_sentinel(url, options)
    if scheme not in ("redis", "rediss", "unix"):
        raise InputError(f"unknown scheme {scheme!r} of the Redis URL: use redis, rediss, unix or sentinel")
    try:
        return redis.Redis.from_url(url, retry=_no_retry(), **options)
    except ValueError as error:
        raise InputError(f"the {scheme} URL cannot be read: {error}") from None


def _through_sentinel(url: str, options: dict[str, Any]) -> redis.Redis:
    parts = urlsplit(url)
    login, _, hosts = parts.netloc.rpartition("@")
    service, _, db = parts.path.strip("/").partition("/")
    if not hosts or not service or not (db or "0").isdigit():
        raise InputError("a sentinel URL must be sentinel://host[:port][,host[:port]...]/service[/db]")
    user, _, password = login.partition(":")
    sentinel_password = parse_qs(parts.query).get("sentinel_password", [None])[0]
    tls = {"ssl": True} if parts.scheme == "sentinels" else {}
    sentinel = Sentinel(  # type: ignore[no-untyped-call]  # redis-py leaves it untyped
        [_address(host) for host in hosts.split(",")],
        sentinel_kwargs={**options, **tls, "retry": _no_retry(), "password": sentinel_password},
    )
    master: redis.Redis = sentinel.master_for(  # type: ignore[no-untyped-call]
        service,
        db=int(db or 0),
        username=unquote(user) or None,
        password=unquote(password) or None,
        retry=_no_retry(),
        **tls,
        **options,
    )
    return master


def _address(host: str) -> tuple[str, int]:
    name, _, port = host.rpartition(":") if ":" in host else (host, "", str(SENTINEL_PORT))
    if not port.isdigit():
        raise InputError(f"the port of sentinel {host!r} is not a number")
    return name, int(port)


def _no_retry() -> Retry:
    return Retry(NoBackoff(), 0)
