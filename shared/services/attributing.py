"""For whom a page is read: the members of the stream that asked for it, and the sources behind them as they are now.

A source that was added since the query was made has its posts read by its own stream; one that was removed gets no
more.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.attribution import Asking, Audience
from shared.domain.coverage.gaps import GapReason
from shared.domain.coverage.members import Wanted
from shared.domain.coverage.sweeps import Sweep, SweepKind
from shared.services.bootstrap import Services


def audience_of(services: Services, sweep: Sweep) -> Audience:
    """For whom a search is read. Raises StoreUnavailable.

    What an account posted while it was hidden was hidden from everybody who asks for more than that account.
    """
    gap = services.stores.gaps.get(sweep.subject) if sweep.kind is SweepKind.BACKFILL else None
    if gap is not None and gap.reason is GapReason.WAS_HIDDEN:
        return audience_of_all(services)
    stream = None if sweep.kind is SweepKind.BACKFILL else services.stores.streams.get(sweep.subject)
    asking = gap or stream
    return audience_for(services, asking.members if asking else ())


def audience_for(services: Services, keys: Sequence[str]) -> Audience:
    """For whom what these members find is read. Raises StoreUnavailable."""
    if not keys:
        return Audience()
    stores = services.stores
    names = stores.handles.names(keys)  # before the sources, see `services.asking`
    wanted = Wanted(names, stores.sources.asking(with_accounts=False), services.settings.search_interval_seconds)
    return Audience((_asking(key, wanted) for key in wanted.present(keys)), everyone=wanted.sources)


def audience_of_all(services: Services) -> Audience:
    """All who ask for anything, for posts that no search of theirs has found. Raises StoreUnavailable."""
    stores = services.stores
    names = stores.handles.names()  # before the sources, see `services.asking`
    wanted = Wanted(names, stores.sources.asking(with_accounts=False), services.settings.search_interval_seconds)
    asking = (_asking(key, wanted) for key in wanted.present(wanted.everything()))
    return Audience(asking, is_found=False, everyone=wanted.sources)


def audience_of_quotes(services: Services, post_ids: Sequence[int]) -> Audience:
    """For whom the quotes of posts are read: who follows their authors, and whose sources name the posts.

    Raises StoreUnavailable.
    """
    wrote = services.stores.quotes.authored(post_ids)
    naming = [
        one.key
        for one in services.stores.sources.asking(with_accounts=False).values()
        if one.quotes_of is not None and one.quotes_of.post_id in post_ids and one.key is not None
    ]
    authors = dict.fromkeys(key for keys in wrote.values() for key in keys)
    return audience_for(services, [*authors, *naming]).of_quotes(wrote)


def _asking(key: str, wanted: Wanted) -> Asking:
    name = wanted.names.get(key)
    if name is None:
        return Asking(key=key, sources=wanted.askers(key))
    return Asking(key=key, sources=wanted.askers(key), user_id=name.user_id, is_denied=name.is_denied)
