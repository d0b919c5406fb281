"""What should have been purged by now and is not. Reads only, by indexes over what waits, up to a limit."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.domain.states import PURGED_WITHIN
from shared.services.bootstrap import Services

# So many are counted of each; more are as bad.
MOST = 1_000


def overdue_purges(services: Services, now: datetime) -> dict[str, int]:
    """Posts, accounts and files that X called gone more than a day ago, and erasures that were to end so long ago."""
    stores = services.stores
    left = PURGED_WITHIN - timedelta(seconds=services.settings.purge_after_seconds)
    return {
        **stores.fates.overdue(before=now - left, limit=MOST),
        "files": stores.removals.overdue(before=now - left, limit=MOST),
        "erasures": stores.erasures.overdue(before=now - PURGED_WITHIN, limit=MOST),
    }
