"""Sources and accounts as the tests of the listener need them."""

from __future__ import annotations

from collections.abc import Mapping

from shared.domain.models import User
from shared.domain.sources import Source, SourceKind
from shared.services.bootstrap import Services


def follow(services: Services, accounts: Mapping[str, int], *, source: str = "watch", live: bool = False) -> None:
    """A source of accounts whose ids X has told."""
    now = services.clock.now()
    names = tuple(name.lower() for name in accounts)
    services.stores.sources.add(
        Source(id=source, name=source, kind=SourceKind.ACCOUNTS, accounts=names, live=live), now=now
    )
    services.following.follow(list(accounts), since=now, now=now, source=source)
    services.stores.handles.learn([User(id=id_, username=name) for name, id_ in accounts.items()], now=now)
