"""Clients of Redis that fail fast: no retries, short timeouts.

redis-py retries ten times by default, also after a timeout, when the server may have done what was asked. Here one call
is one command; who may try again is decided above, where it is known to be harmless.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.driver_info import DriverInfo
from redis.retry import Retry
from redis.sentinel import Sentinel

from shared.domain.errors import BrokerUnavailable, InputError
from shared.domain.urls import check_url, place
from shared.runtime.reaching import why_away

TIMEOUT_SECONDS = 5.0
CONNECT_TIMEOUT_SECONDS = 2.0
# A connection idle for longer is pinged before use, so that a dead one is found by a harmless command.
HEALTH_CHECK_SECONDS = 30
SENTINEL_PORT = 26379
# What `CLIENT LIST` shows of us. redis-py would look its own version up for each connection, most of what one costs.
_DRIVER = DriverInfo()
_SCHEMES = ("redis", "rediss", "unix", "sentinel", "sentinels")

# What a sentinel URL may carry behind the question mark. TLS: for the data servers and the sentinels alike.
_TLS_OPTIONS = ("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile", "ssl_password", "ssl_cert_reqs")
_SENTINEL_OPTIONS = ("sentinel_username", "sentinel_password")


def connect(
    url: str, *, timeout_seconds: float = TIMEOUT_SECONDS, connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS
) -> redis.Redis:
    """A client for `redis[s]://[user:password@]host[:port][/db][?option=value...]`, `unix://[user:password@]path[?db=n]`
    or `sentinel[s]://[user:password@]host[:port][,host[:port]...]/service[/db][?option=value...]`.

    A `sentinels` URL speaks TLS with the data servers and with the sentinels. Connects on first use.
    Raises InputError for a URL that is none of these, or has an option that is not known; the message shows neither the
    password nor another secret.
    """
    options: dict[str, Any] = {
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": connect_timeout_seconds,
        "health_check_interval": HEALTH_CHECK_SECONDS,
        "driver_info": _DRIVER,
    }
    check_url("REDIS_URL", url, schemes=_SCHEMES)
    scheme = url.partition("://")[0]
    if scheme != "unix":  # a socket in the file system has nothing to keep alive
        options["socket_keepalive"] = True
    if scheme in ("sentinel", "sentinels"):
        return _through_sentinel(url, options)
    _check_database(url)
    try:
        return _checked(redis.Redis.from_url(url, retry=_no_retry(), **options))
    except (ValueError, TypeError, redis.RedisError) as error:
        raise InputError(f"REDIS_URL cannot be used: {error}") from None


def reach(url: str) -> None:
    """Ask the server of a URL for a sign of life, waiting no longer than 2 s for each word of it. Raises as `connect`;
    BrokerUnavailable where there is none, and InputError where the server does not take the login. Both name the host
    and the user, and say what to check.
    """
    try:
        with connect(url, timeout_seconds=CONNECT_TIMEOUT_SECONDS) as client:
            client.ping()
    except redis.exceptions.NoPermissionError:
        return  # it answers, and knows the user
    except redis.AuthenticationError as error:
        reason = "does not take this user and password" if "@" in url else "asks for a password"
        raise InputError(f"Redis at {place(url)} {reason}; check REDIS_URL") from error
    except redis.BusyLoadingError as error:
        raise BrokerUnavailable(f"Redis at {place(url)} cannot be reached yet: it is loading its data") from error
    except (redis.RedisError, OSError) as error:
        raise BrokerUnavailable(f"Redis at {place(url)} cannot be reached: {why_away(error)} (REDIS_URL)") from error


def _check_database(url: str) -> None:
    """Raise InputError unless the database of a URL is a number; redis-py takes 0 for any other word."""
    parts = urlsplit(url)
    path = [] if parts.scheme == "unix" else [parts.path.removeprefix("/")]
    named = [*path, *(value for name, value in parse_qsl(parts.query, keep_blank_values=True) if name == "db")]
    for database in named:
        if not re.fullmatch(r"[0-9]{0,9}", database):
            raise InputError(f"REDIS_URL names the database {database!r}: it is a number, as in redis://host:6379/0")


def _checked(client: redis.Redis) -> redis.Redis:
    """The client; makes a connection without using it, which raises for an option it does not know."""
    pool = client.connection_pool
    pool.connection_class(**pool.connection_kwargs)
    return client


def _through_sentinel(url: str, options: dict[str, Any]) -> redis.Redis:
    parts = urlsplit(url)
    login, _, hosts = parts.netloc.rpartition("@")
    service, _, db = parts.path.strip("/").partition("/")
    if not hosts or not service or not (db or "0").isdigit():
        raise InputError("a sentinel URL must be sentinel://host[:port][,host[:port]...]/service[/db]")
    user, _, password = login.partition(":")
    chosen = _sentinel_options(parts.query, tls=parts.scheme == "sentinels")
    watchers = {name.removeprefix("sentinel_"): chosen.pop(name) for name in _SENTINEL_OPTIONS if name in chosen}
    options |= chosen | ({"ssl": True} if parts.scheme == "sentinels" else {})
    sentinel = Sentinel(  # type: ignore[no-untyped-call]  # redis-py leaves it untyped
        [_address(host) for host in hosts.split(",")],
        sentinel_kwargs={**options, **watchers, "retry": _no_retry()},
    )
    master: redis.Redis = sentinel.master_for(  # type: ignore[no-untyped-call]
        service,
        db=int(db or 0),
        username=unquote(user) or None,
        password=unquote(password) or None,
        retry=_no_retry(),
        **options,
    )
    try:
        return _checked(master)
    except redis.RedisError as error:
        raise InputError(f"REDIS_URL cannot be used: {error}") from None


def _sentinel_options(query: str, *, tls: bool) -> dict[str, str]:
    """The options of a sentinel URL. Raises InputError, which names the option and shows no value."""
    allowed = (*_SENTINEL_OPTIONS, *(_TLS_OPTIONS if tls else ()))
    options: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name in _TLS_OPTIONS and not tls:
            raise InputError(f"the option {name} of the Redis URL is for sentinels://, which speaks TLS")
        if name not in allowed:
            raise InputError(f"unknown option {name!r} of the sentinel URL: use {', '.join(allowed)}")
        if not value or name in options:
            raise InputError(f"the option {name} of the sentinel URL must have one value")
        options[name] = value
    return options


def _address(host: str) -> tuple[str, int]:
    name, _, port = host.rpartition(":") if ":" in host else (host, "", str(SENTINEL_PORT))
    if not port.isdigit():
        raise InputError(f"the port of sentinel {host!r} is not a number")
    return name, int(port)


def _no_retry() -> Retry:
    return Retry(NoBackoff(), 0)
