"""Who may do what: scopes, tokens and the people behind them. Pure.

A token is `cvy_`, 32 random characters and 6 of their checksum: the prefix lets a leak be found by a search, and a
typing error is told from a wrong token without asking the database. Only its SHA-256 is kept: a random secret of 190
bits needs no slow hash.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.domain.errors import InputError

PREFIX: Final = "cvy_"
SHOWN_CHARACTERS: Final = 8  # of a token, in lists: enough to tell it from others
_BASE62: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM, _CHECK = 32, 6
_FORM: Final = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM + _CHECK}}}")
TENANT: Final = r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$"


class Scope(StrEnum):
    """What a token lets its bearer do in its tenant; `operate` and those below it are of the whole installation."""

    READ = "read"
    TRACK = "track:write"
    RUNS = "runs:write"
    EXPORTS = "exports"
    STREAM = "stream"
    OPERATE = "operate"
    DEAD = "dead:write"
    BUDGET = "budget:write"
    ADMIN = "admin"


MEANINGS: Final = {
    Scope.READ: "see what the tenant listens to and what was collected for it",
    Scope.TRACK: "change sources, and how far people are with mentions",
    Scope.RUNS: "begin and cancel work: refresh, sync, backfill; it may cost money",
    Scope.EXPORTS: "make and download exports",
    Scope.STREAM: "read the feed, and have it sent",
    Scope.OPERATE: "see queues, workers, limits, dead letters and money of the whole installation; pause and resume",
    Scope.DEAD: "replay and purge dead letters",
    Scope.BUDGET: "change budgets",
    Scope.ADMIN: "all of that, and tokens, tenants and the audit trail",
}


class ActorKind(StrEnum):
    """What acts."""

    TOKEN = "token"  # noqa: S105  # a word, no secret
    USER = "user"
    CLI = "cli"
    SYSTEM = "system"
    QSTASH = "qstash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, for which tenant, with which rights. prefix: the first characters of a token; None for others."""

    kind: ActorKind
    id: str
    name: str
    tenant: str
    scopes: frozenset[Scope]
    prefix: str | None = None

    def may(self, scope: Scope) -> bool:
        """Whether it may do what the scope stands for."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What is kept of a token. prefix: its first characters. Times are aware, in UTC."""

    id: str
    name: str
    tenant: str
    scopes: frozenset[Scope]
    prefix: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> str:
        """In a word: active, expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"

    def actor(self) -> Actor:
        """Its bearer."""
        return Actor(
            kind=ActorKind.TOKEN,
            id=self.id,
            name=self.name,
            tenant=self.tenant,
            scopes=self.scopes,
            prefix=self.prefix,
        )


def new_token() -> str:
    """The text of a new token, to be shown once."""
    body = "".join(secrets.choice(_BASE62) for _ in range(_RANDOM))
    return f"{PREFIX}{body}{_checksum(body)}"


def is_token(text: str) -> bool:
    """Whether a text has the form of a token and its checksum; that says nothing of whether there is one."""
    if not _FORM.fullmatch(text):
        return False
    body = text[len(PREFIX) :]
    return _checksum(body[:_RANDOM]) == body[_RANDOM:]


def digest_of(text: str) -> str:
    """What is kept of the text of a token."""
    return hashlib.sha256(text.encode()).hexdigest()


def scopes_of(words: Iterable[str]) -> frozenset[Scope]:
    """Scopes as people write them. Raises InputError that names those that are none, and where none is given."""
    given = list(dict.fromkeys(words))
    if wrong := [word for word in given if word not in tuple(Scope)]:
        raise InputError(f"{', '.join(map(repr, wrong))}: no scope; there are {', '.join(Scope)}")
    if not given:
        raise InputError(f"no scope is given; there are {', '.join(Scope)}")
    return frozenset(Scope(word) for word in given)


def tenant_named(text: str) -> str:
    """The tenant of that name. Raises InputError for what can be none."""
    if not re.fullmatch(TENANT, text) or text.endswith("\n"):
        raise InputError(f"tenant {text!r}: 1 to 64 of a-z, 0-9 and -, none at the ends")
    return text


def _checksum(body: str) -> str:
    number, found = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK):
        number, digit = divmod(number, len(_BASE62))
        found = _BASE62[digit] + found
    return found
