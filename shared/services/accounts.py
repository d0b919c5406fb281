"""What X's word on followed accounts leads to, whichever way it came: by a look-up, or as an event.

Idempotent: a state that is known already is no change. What it means is decided by `domain.coverage.accounts`.
"""

from __future__ import annotations

from datetime import timedelta

from shared.domain.coverage.accounts import Account, hidden_since, look
from shared.domain.models import UserLookup
from shared.runtime import metrics
from shared.runtime.log import get_logger
from shared.services import coverage
from shared.services.bootstrap import Services

log = get_logger(__name__)

# An account that X did not find once is looked at again this soon; it is gone only by a second word.
SOON = timedelta(hours=1)


def note_accounts(services: Services, followed: list[Account], answer: UserLookup) -> None:
    """Note how accounts stand, and follow those that are called otherwise under that name. Raises StoreUnavailable."""
    now, accounts = services.clock.now(), services.stores.accounts
    others = accounts.holders([user.username for user in answer.users])
    looked = look(followed, answer.users, answer.missing, others=others, now=now)
    look_at = now + timedelta(seconds=services.settings.account_look_seconds)
    unsettled = [one for one in looked.accounts if one.missing_at is not None]
    accounts.put([one for one in looked.accounts if one.missing_at is None], now=now, look_at=look_at)
    accounts.put(unsettled, now=now, look_at=min(look_at, now + SOON))
    accounts.rename(looked.renamed, now=now, look_at=look_at)
    if looked.renamed:
        names = {one.before.name: one.after.name for one in looked.renamed}
        services.stores.sources.rename(names, now=now)
    accounts.look_now(looked.unclear, now=now)
    before = {one.user_id: one for one in followed}
    for account in looked.accounts:
        was = before[account.user_id]
        if account.state is not was.state:
            _tell(account.state.value, account=account.username, user_id=account.user_id)
        if (hidden_at := hidden_since(was, account)) is not None:
            # It may have been hidden since the look before the one that saw it.
            since = hidden_at - timedelta(seconds=services.settings.account_look_seconds)
            coverage.can_be_seen_again(services.stores, account.name, since=since, now=now)
    for one in looked.renamed:
        _tell("renamed", account=one.after.username, user_id=one.after.user_id, was=one.before.username)


def _tell(state: str, **facts: object) -> None:
    metrics.ACCOUNT_CHANGES.labels(state).inc()
    log.warning("followed account changed", state=state, **facts)
