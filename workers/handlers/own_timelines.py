"""The account that owns the app reads its own posts and mentions for a fifth of the price, and before its stream is
searched: what was bought is free for the rest of the UTC day, so the search pays for what only it finds.

The search is still what the coverage rests on. That X counts a post once a day by whichever way it came is what its
documentation says of all resources; no source names timelines. [U] `CoveyLedgerDiffers` tells where it is otherwise.
"""

from __future__ import annotations

from shared.domain.coverage.route_facts import Need, Route
from shared.domain.coverage.sweeps import Sweep, SweepKind
from shared.domain.errors import Forbidden, NotFound
from shared.domain.models import WorkClass
from shared.runtime.log import get_logger
from shared.services import routing
from shared.services.attributing import audience_of
from shared.services.authors import want_authors
from shared.services.bootstrap import Services
from shared.services.storing import store_page
from workers.handlers.runs import paid_by

log = get_logger(__name__)

TIMELINE = "timeline"
# X shows the 800 newest mentions; further down than that only the search reaches.
MOST_PAGES = 8


def read_own_first(services: Services, sweep: Sweep, work_class: WorkClass) -> int:
    """Read what a sweep that begins will find of the owner's account; answers how many posts were new.

    Nothing where the stream does not carry that account, X cannot be asked as it, or it is not cheaper. What X refuses
    is left to the search. Raises as `XGateway` does.
    """
    owner_id = services.settings.x_app_owner_id
    if owner_id is None or sweep.page or sweep.credential or sweep.kind is SweepKind.REREAD:
        return 0
    if services.x.owner_credential(owner_id) is None:
        return 0
    audience = audience_of(services, sweep)
    if not audience.has_user(owner_id) or not _is_cheaper(services, sweep):
        return 0
    try:
        return sum(
            _read(services, sweep, work_class, owner_id, of_mentions=of_mentions) for of_mentions in (False, True)
        )
    except (Forbidden, NotFound) as error:
        log.warning("own timeline not read", user_id=str(owner_id), error=str(error))
        return 0


def _is_cheaper(services: Services, sweep: Sweep) -> bool:
    """Whether X may be asked as the owner, and takes less then. How many posts there are decides nothing here."""
    known = routing.ways(services)
    now = services.clock.now()
    span = now - sweep.begins_at
    wanted = known.wants(Need.OWN, posts=1, span=span, oldest=span, within=routing.WHENEVER, is_owner=True)
    taken = known.choose(wanted).taken
    return taken is not None and taken.route is Route.OWNED


def _read(services: Services, sweep: Sweep, work_class: WorkClass, owner_id: int, *, of_mentions: bool) -> int:
    new, token = 0, None
    for _ in range(MOST_PAGES):
        with paid_by(services, sweep.run_id):
            page = services.x.timeline(
                work_class,
                user_id=owner_id,
                of_mentions=of_mentions,
                since_id=sweep.since_id,
                until_id=sweep.until_id,
                pagination_token=token,
                expand_authors=None,
            )
        now = services.clock.now()
        stored = store_page(services, page, source=TIMELINE, now=now, audience=audience_of(services, sweep))
        want_authors(services, page, now=now, run_id=sweep.run_id)
        new, token = new + len(stored.new_ids), page.next_token
        if token is None:
            break
    return new
