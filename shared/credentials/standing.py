"""May a stored credential be used now? If not: why, and for how long.

Pure: the document and MongoDB's time in, a value out. Invariant: a credential that is being renewed, was refused, is
past its end, paused or lost is never usable; every one that is not usable has a reason that a person understands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.platforms.x.blocks import LOOK_AGAIN_SECONDS
from shared.stores.credentials import StoredCredential

# X's tokens live two hours: a failed renewal has several tries before the old one ends.
RENEW_BEFORE = timedelta(minutes=5)
# Of tokens that live shorter, as a simulator's may, this part is left.
RENEW_BEFORE_PART = 0.1
# Between two looks at a credential that another process renews: X takes a few hundred ms to answer.
LOOK_SECONDS = 0.5

CONNECT_AGAIN = "connect the account again: covey connect"


class State(StrEnum):
    """Where a credential stands. The values are labels of a metric."""

    OK = "ok"
    RENEWING = "renewing"  # a process has claimed the renewal
    WAITING = "waiting"  # the renewal failed, and the old token is of no use
    PAUSED = "paused"
    EXPIRED = "expired"  # past its end, and nothing to renew it with
    LOST = "lost"
    LOCKED = "locked"  # no key opens it

    @property
    def ends_by_itself(self) -> bool:
        """Whether it can be used, or will be without a person."""
        return self in (State.OK, State.RENEWING, State.WAITING, State.PAUSED)


@dataclass(frozen=True, slots=True)
class Standing:
    """is_due: it should be renewed now. wait_seconds: when to look again, None where a person must act first."""

    state: State
    reason: str | None = None
    wait_seconds: float | None = None
    is_due: bool = False

    @property
    def is_usable(self) -> bool:
        """Whether X may be asked with it now."""
        return self.state is State.OK and not self.is_due


def standing_of(stored: StoredCredential, now: datetime) -> Standing:
    """Where a credential stands at `now`, which is MongoDB's time."""
    if stored.lost_at is not None:
        return Standing(State.LOST, f"{stored.reason or 'its tokens are of no use'}; {CONNECT_AGAIN}")
    if stored.paused_until is not None and stored.paused_until > now:
        return Standing(State.PAUSED, stored.reason, _seconds(stored.paused_until - now))
    is_refused = stored.refused_version == stored.version
    is_over = is_refused or (stored.expires_at is not None and stored.expires_at <= now)
    if not stored.is_renewable:
        reason = f"its token has ended and cannot be renewed; {CONNECT_AGAIN}"
        return Standing(State.EXPIRED, reason) if is_over else Standing(State.OK)
    refresh = stored.refresh
    if refresh is not None and refresh.until > now:
        wait = _seconds(refresh.until - now)
        if refresh.holder is not None:
            return Standing(State.RENEWING, "its token is being renewed", min(wait, LOOK_SECONDS))
        return Standing(State.WAITING, stored.reason, wait) if is_over else Standing(State.OK, stored.reason)
    has_died = refresh is not None and refresh.holder is not None
    if has_died or is_over or _is_near_its_end(stored, now):
        return Standing(State.OK, is_due=True)
    return Standing(State.OK)


def is_refused_again(stored: StoredCredential, now: datetime) -> bool:
    """Whether X, which now answered 401, refuses a token that it issued a moment ago in place of a refused one."""
    is_over = stored.expires_at is not None and stored.expires_at <= now
    is_new = now - stored.issued_at < timedelta(seconds=LOOK_AGAIN_SECONDS)
    return stored.replaced_refused and is_new and not is_over


def _is_near_its_end(stored: StoredCredential, now: datetime) -> bool:
    if stored.expires_at is None:
        return False
    before = min(RENEW_BEFORE, (stored.expires_at - stored.issued_at) * RENEW_BEFORE_PART)
    return now >= stored.expires_at - before


def _seconds(length: timedelta) -> float:
    return length.total_seconds()
