"""URLs as they may be shown, and URLs with a login as they must be written. Pure.

Owns what of a URL is a secret: the password, a login without a name, and values behind the question mark whose names
say so. Used for every error, log line and Sentry event. Must not connect. Invariant: no part of a password is in what
is answered or raised here, however wrongly the URL was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

from shared.domain.errors import InputError

HIDDEN: Final = "***"
# RFC 3986, 3.2.1: what may stand for itself in front of the @, besides percent-encoded bytes.
_LOGIN = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_ADDRESS = re.compile(r"\[[0-9A-Za-z:.%]+\](?::\d+)?|[^\s\[\]:@]*(?::\d+)?")
_URL = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]*)://(\S+)")
_AUTHORITY_ENDS = re.compile(r"[/?#]")
_NAMED_LOGIN = re.compile(r"([A-Za-z0-9._~%-]+):.*", re.DOTALL)
_SECRET_VALUE = re.compile(
    r"([?&#;][^=&#\s]*(?:pass|pwd|secret|token|key|sig|auth(?!source|mechanism=)|cred|code)[^=&#\s]*=)[^&#\s]+",
    re.IGNORECASE,
)
_ENCODE: Final = (
    "percent-encode reserved characters in its user and password "
    "(% is %25, / is %2F, # is %23, ? is %3F, @ is %40, a space is %20)"
)


def safe_url(text: str) -> str:
    """A URL, or a text with URLs, without passwords and other secrets; user, host and path stay."""
    return _URL.sub(lambda url: f"{url[1]}://" + _SECRET_VALUE.sub(rf"\1{HIDDEN}", _safe_login(url[1], url[2])), text)


def check_url(setting: str, url: str, *, schemes: Iterable[str]) -> None:
    """Refuse a URL of a server that could be read in two ways.

    A reserved character in a password ends the address too early: another host is asked, and the rest of the password
    is taken for a path. Raises InputError that names the setting and shows nothing of the URL but a scheme.
    """
    scheme, found, rest = url.partition("://")
    allowed = ", ".join(f"{one}://" for one in schemes)
    if not found or not _SCHEME.fullmatch(scheme):
        raise InputError(f"{setting} is no URL: it must begin with {allowed}")
    if scheme not in schemes:
        raise InputError(f"{setting} has the unknown scheme {scheme!r}: it must begin with {allowed}")
    authority = _AUTHORITY_ENDS.split(rest, maxsplit=1)[0]
    login, _, hosts = authority.rpartition("@")
    if "@" in rest[len(authority) :] or "#" in rest or not _LOGIN.fullmatch(login) or not rest.isprintable():
        raise InputError(f"{setting} cannot be read: {_ENCODE}")
    if not all(_ADDRESS.fullmatch(host) for host in hosts.split(",")):
        raise InputError(f"{setting} cannot be read: behind the // must come [user:password@]host[:port]; {_ENCODE}")


def place(url: str) -> str:
    """Where the server of a URL that was checked is, and as whom it is asked: `host:6379 as user 'covey'`."""
    rest = url.partition("://")[2].partition("?")[0]
    login, at, where = rest.rpartition("@")
    user = login.partition(":")[0]
    return f"{where.rstrip('/')}{f' as user {unquote(user)!r}' if user else ' as the default user' if at else ''}"


def _safe_login(scheme: str, rest: str) -> str:
    """What follows the `//`, with no more of the login than a name that has a password."""
    authority = _AUTHORITY_ENDS.split(rest, maxsplit=1)[0]
    # On the web an @ may stand in a path; elsewhere it ends the login, and a reserved character came unencoded.
    # Behind a password it may be a part of that.
    may_be_login = authority.rpartition("@")[0] or authority
    on_the_web = scheme.lower() in ("http", "https") and ":" not in may_be_login
    login, at, _ = (authority if on_the_web else rest).rpartition("@")
    if not at:
        return rest
    named = _NAMED_LOGIN.fullmatch(login)
    return (f"{named[1]}:" if named else "") + f"{HIDDEN}@{rest[len(login) + 1 :]}"
