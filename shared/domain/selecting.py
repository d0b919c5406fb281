"""From why a post concerns sources to whether its engagement is followed. Pure.

An author is followed for a tenant whose sources ask for the account; that a post concerns a source because its author
wrote it says so too. A source that is not known asks for nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from shared.domain.attribution import Concern, Why
from shared.domain.engagement.selection import lowest
from shared.domain.sources import Source


def follow_from(
    concerns: Iterable[Concern], sources: Mapping[str, Source], followed_by: Collection[str] = ()
) -> float | None:
    """The least engagement from which on a post is followed; None where no known source is concerned.

    followed_by: ids of the sources that ask for the author's account.
    """
    asking = [(sources[one.source], one.why) for one in concerns if one.source in sources]
    tenants = {source.tenant for source, why in asking if why is Why.AUTHOR}
    tenants |= {sources[one].tenant for one in followed_by if one in sources}
    return lowest(source.refresh.follow_from(is_author_followed=source.tenant in tenants) for source, _ in asking)


def asks_for_authors(sources: Iterable[Source]) -> bool:
    """Whether any of them has to know whose authors are followed."""
    return any(source.refresh.of_followed for source in sources)
