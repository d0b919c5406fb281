"""Sources: what a team listens to. Pure.

    asking --pause--> paused --resume--> asking --remove--> removed (what was collected stays)

A source says what is wanted and how often; streams carry it out, shared with other sources. Raises InputError that
names the part of the source that is wrong.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.engagement.selection import ALL, RefreshRule
from shared.domain.errors import InputError

# The source that `covey track` adds to and `covey untrack` takes from.
TRACKED: Final = "tracked"
DEFAULT_TENANT: Final = "default"
X: Final = "x"
DEFAULT_PRIORITY: Final = 50
LEAST_INTERVAL_SECONDS: Final = 60
GREATEST_INTERVAL_SECONDS: Final = 7 * 24 * 3600
# X searches the last seven days.
GREATEST_LOOK_BACK_SECONDS: Final = 7 * 24 * 3600
_LONGEST_ID: Final = 64
_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


class SourceKind(StrEnum):
    """What it listens to. Values appear in MongoDB and in files."""

    ACCOUNTS = "accounts"
    TERMS = "terms"
    CONVERSATION = "conversation"
    QUOTES = "quotes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Any of keywords, phrases, hashtags and mentions, none of the excluded, in one of the languages (none: in any).

    Hashtags and mentions are without their mark; what is excluded has it: `spam`, `free money`, `#ad`, `@bot`.
    """

    keywords: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotesOf:
    """Whose quotes: of one post, or of all posts of an account (its name)."""

    post_id: int | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """accounts: names in lower case. interval_seconds: None is as the settings say. quota_share: the part (0..1] of the
    day's money that may be spent on what is asked for it alone. credential: the only one that X is asked with.
    changed_at: when it last began to ask for something else.
    alert_velocity: acts an hour above which its posts are told of; None: as the settings say. refresh: of which of its
    posts the engagement is followed.
    """

    id: str
    name: str
    kind: SourceKind
    accounts: tuple[str, ...] = ()
    terms: Terms | None = None
    conversation_id: int | None = None
    quotes_of: QuotesOf | None = None
    tenant: str = DEFAULT_TENANT
    platform: str = X
    interval_seconds: int | None = None
    look_back_seconds: int = 0
    priority: int = DEFAULT_PRIORITY
    paused: bool = False
    quota_share: float | None = None
    credential: str | None = None
    live: bool = False
    retention_days: int | None = None
    alert_velocity: int | None = None
    refresh: RefreshRule = ALL
    created_at: datetime | None = None
    updated_at: datetime | None = None
    changed_at: datetime | None = None
    removed_at: datetime | None = None

    @property
    def is_tracked(self) -> bool:
        """Whether it is the one that `track` fills: it may be empty, and is never removed."""
        return self.id == tracked_of(self.tenant)

    @property
    def asks(self) -> bool:
        """Whether anything is read for it now."""
        return not self.paused and self.removed_at is None

    @property
    def key(self) -> str | None:
        """The member that it is by itself; None for accounts, which are members each."""
        return None if self.kind is SourceKind.ACCOUNTS else key_of(self.id)

    @property
    def look_back(self) -> timedelta:
        """How far back what it begins to ask for is read."""
        return timedelta(seconds=self.look_back_seconds)


def tracked_of(tenant: str) -> str:
    """The id of the source of a tenant that `track` adds to and `untrack` takes from."""
    if tenant == DEFAULT_TENANT:
        return TRACKED
    named = f"{TRACKED}-{tenant}"
    return named if len(named) <= _LONGEST_ID else f"{TRACKED}-{hashlib.sha256(tenant.encode()).hexdigest()[:32]}"


def is_reserved(source_id: str) -> bool:
    """Whether an id may be that of a source which `track` fills, of whatever tenant."""
    return source_id == TRACKED or source_id.startswith(f"{TRACKED}-")


def key_of(source_id: str) -> str:
    """The key of the member that a source of terms, a conversation or quotes is."""
    return f"+{source_id}"


def source_of(key: str) -> str | None:
    """The source that a member's key stands for; None: it is an account's name."""
    return key[1:] if key.startswith("+") else None


def check(source: Source) -> None:
    """Raises InputError for a value that is out of its range, or a kind without what it is about."""
    if not _ID.fullmatch(source.id):
        raise InputError(f"{_of(source)}id {source.id!r}: 1 to 64 of a-z, 0-9 and -, none at the ends")
    if source.platform != X:
        raise InputError(f"{_of(source)}platform {source.platform!r}: only {X} is known")
    if not source.name.strip() or len(source.name) > 100:
        raise InputError(f"{_of(source)}name {source.name!r}: 1 to 100 characters")
    _range(source, "interval", source.interval_seconds, LEAST_INTERVAL_SECONDS, GREATEST_INTERVAL_SECONDS, " s")
    _range(source, "look_back", source.look_back_seconds, 0, GREATEST_LOOK_BACK_SECONDS, " s")
    _range(source, "priority", source.priority, 0, 100)
    _range(source, "retention_days", source.retention_days, 1, 36_500)
    _range(source, "alert_velocity", source.alert_velocity, 1, 100_000_000)
    _range(source, "refresh.min_engagement", source.refresh.min_engagement, 0, 999_999_999)
    if source.quota_share is not None and not 0 < source.quota_share <= 1:
        raise InputError(f"{_of(source)}quota_share {source.quota_share:g}: above 0, up to 1")
    _what(source)


def _of(source: Source) -> str:
    return f"source {source.id}: "


def _range(source: Source, what: str, value: int | None, least: int, greatest: int, unit: str = "") -> None:
    if value is not None and not least <= value <= greatest:
        raise InputError(f"{_of(source)}{what} {value}{unit}: {least} to {greatest}{unit}")


def _what(source: Source) -> None:
    """A source has what its kind is about, and nothing of another kind."""
    given = {
        SourceKind.ACCOUNTS: bool(source.accounts),
        SourceKind.TERMS: source.terms is not None,
        SourceKind.CONVERSATION: source.conversation_id is not None,
        SourceKind.QUOTES: source.quotes_of is not None,
    }
    if others := [kind.value for kind, is_there in given.items() if is_there and kind is not source.kind]:
        raise InputError(f"{_of(source)}kind {source.kind.value} has {others[0]} too")
    if not given[source.kind] and not source.is_tracked:
        raise InputError(f"{_of(source)}kind {source.kind.value} without any")
    if source.quotes_of is not None and (source.quotes_of.post_id is None) == (source.quotes_of.account is None):
        raise InputError(f"{_of(source)}quotes_of: either a post or an account")


def with_accounts(accounts: Sequence[str], added: Sequence[str] = (), removed: Sequence[str] = ()) -> tuple[str, ...]:
    """The names in lower case, each once, with and without some."""
    gone = {name.lower() for name in removed}
    return tuple(name for name in dict.fromkeys(map(str.lower, (*accounts, *added))) if name not in gone)
