"""Which of what is followed has posted nothing for longer than its rhythm explains. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shared.domain.coverage.silence import LEAST, LOOKS_BACK, Rhythm
from shared.domain.coverage.subjects import Subject
from shared.domain.sources import source_of
from shared.services.bootstrap import Services
from shared.services.subjects import subjects

# How many there are, as the scheduler counted it last, in `X_state`.
SILENT = "silent_sources"


def rhythms_of(services: Services, some: Sequence[Subject], now: datetime) -> dict[str, Rhythm]:
    """How often each member has posted in the last month; those of which nothing is stored are left out."""
    stores, since = services.stores, now - LOOKS_BACK
    members = {one.user_id: one.member for one in some if one.user_id is not None}
    found = {members[user]: rhythm for user, rhythm in stores.posts.rhythms(list(members), since=since).items()}
    for one in some:
        source_id = source_of(one.member)
        if source_id is not None and (rhythm := stores.rhythms.of_source(source_id, since=since)) is not None:
            found[one.member] = rhythm
    return found


def silent(services: Services, now: datetime) -> list[Subject]:
    """Accounts and sources that should have posted. Accounts that posted within LEAST are not looked at further, nor is
    what rests because its share of the money is spent.
    """
    streams = services.stores.streams.active()
    resting = {member for stream in streams if stream.has_rested for member in stream.members}
    followed = [one for one in subjects(services, ()) if one.member not in resting]
    ids = [one.user_id for one in followed if one.user_id is not None]
    quiet = set(services.stores.rhythms.quiet(ids, since=now - LEAST))
    asked = [one for one in followed if one.user_id in quiet or source_of(one.member) is not None]
    rhythms = rhythms_of(services, asked, now)
    return [one for one in asked if one.member in rhythms and rhythms[one.member].is_silent(now)]
