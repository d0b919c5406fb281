"""Asking X about names before they are followed: which exist, and how they stand.

    names --X answers--> known, or why not     (stored as the look-up of a worker would be)
      |---no credential, no grant in time, an error--> not asked: followed all the same, looked up by a worker

Interactive work like any other: under a grant, within the budgets. Must not keep a person waiting for long: a grant
that does not come within GRANT_SECONDS is given up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from shared.domain.coverage.accounts import AccountState
from shared.domain.errors import CoveyError, NotNow
from shared.domain.jobs import MAX_IDS
from shared.domain.models import User, UserLookup, WorkClass
from shared.domain.money.purchases import PaidCall
from shared.services.bootstrap import Services, may_ask_x
from shared.services.intake import store_users
from shared.spending.attribution import gathered

GRANT_SECONDS = 4.0
NOT_FOUND = "not-found"
NO_CREDENTIAL = "there is no credential of X here"


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What X said. missing: lower-case name -> X's reason. why_not: why X was not asked of all; None where it was.
    calls: those that it took.
    """

    users: tuple[User, ...] = ()
    missing: dict[str, str] = field(default_factory=dict)
    why_not: str | None = None
    calls: tuple[PaidCall, ...] = ()

    @property
    def unknown(self) -> list[str]:
        """Names that X does not know."""
        return [name for name, reason in self.missing.items() if reason == NOT_FOUND]

    @property
    def suspended(self) -> list[str]:
        """Names whose accounts X has suspended."""
        return [name for name, reason in self.missing.items() if reason == AccountState.SUSPENDED]

    @property
    def protected(self) -> list[str]:
        """Names whose posts X shows to nobody but followers."""
        hidden = [name for name, reason in self.missing.items() if reason == AccountState.PROTECTED]
        return hidden + [user.username.lower() for user in self.users if user.protected]

    @property
    def settled(self) -> set[str]:
        """Names about which nothing is left to ask."""
        reasons = {NOT_FOUND, AccountState.SUSPENDED.value, AccountState.PROTECTED.value}
        return {user.username.lower() for user in self.users} | {
            name for name, reason in self.missing.items() if reason in reasons
        }


def look_up(services: Services, names: Sequence[str], *, seconds: float = GRANT_SECONDS) -> LookedUp:
    """Ask X about names, a call for a hundred, waiting for grants for so many seconds in all. Raises nothing."""
    with gathered() as calls:
        found = _look_up(services, names, seconds)
    return replace(found, calls=tuple(calls))


def _look_up(services: Services, names: Sequence[str], seconds: float) -> LookedUp:
    if not names:
        return LookedUp()
    if not may_ask_x(services.settings):
        return LookedUp(why_not=NO_CREDENTIAL)
    deadline = time.monotonic() + seconds
    users: list[User] = []
    missing: dict[str, str] = {}
    why_not: str | None = None
    for start in range(0, len(names), MAX_IDS):
        try:
            answer = _ask(services, names[start : start + MAX_IDS], deadline)
        except CoveyError as error:
            why_not = str(error)
            break
        users += answer.users
        missing |= answer.missing
    return LookedUp(tuple(users), missing, why_not)


def _ask(services: Services, names: Sequence[str], deadline: float) -> UserLookup:
    """One call, as soon as there is a grant for it; what X gave is stored. Raises as the gateway."""
    while True:
        try:
            answer = services.x.users_by(work_class=WorkClass.INTERACTIVE, usernames=list(names))
            break
        except NotNow as error:
            if time.monotonic() + error.wait_seconds > deadline:
                raise
            threading.Event().wait(error.wait_seconds)
    store_users(services, answer, now=services.clock.now())
    return answer
