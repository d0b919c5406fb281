"""`refresh_engagement`: the counts of up to 100 posts, read again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

from shared.domain.engagement.refresh import Engagement, Reading, read_absence, read_counts
from shared.domain.errors import NotGranted
from shared.domain.jobs import RefreshEngagement
from shared.domain.models import Page, WorkClass
from shared.domain.money.prices import PriceKind
from shared.domain.states import By, Word
from shared.ratelimit.model import BUDGETS
from shared.runtime import metrics
from shared.services.allowance import may_buy
from shared.services.authors import want_authors
from shared.services.beside import beside
from shared.services.bootstrap import Services
from shared.services.intake import answered_at
from shared.services.storing import Stored, store_page
from shared.spending.attribution import overheard
from workers.handlers.counting import Asked, count_reads
from workers.handlers.planning import learn
from workers.handlers.runs import paid_by
from workers.handlers.surges import watch

# A look-up of all posts of a job may be more than is left of a budget; this part of it is tried then.
PARTS = 10


def refresh_engagement(services: Services, job: RefreshEngagement) -> None:
    """Look the posts up, write counts, snapshots, tiers and the next refresh, and X's word on those that are gone.

    Posts that this claim has answered already are not bought again, nor those that went to another claim because its
    lease ended before its turn came. An ad-hoc refresh may name posts that were never seen; those that are alive are
    stored and followed from now on. Where a budget has no room for all, the posts that were bought today are read for
    free, and with them a tenth of the job where there is room for that; the others wait. Raises NotGranted for those.
    """
    asked = _open_ids(services, job)
    if not asked:
        return
    try:
        _look_up(services, job, asked)
    except NotGranted as error:
        if error.blocked_by in BUDGETS:
            _look_up_part(services, job, asked)
        raise


def _look_up_part(services: Services, job: RefreshEngagement, asked: Sequence[int]) -> None:
    """What a budget may still allow of the posts: those that are free and a few more, or only those that are free."""
    bought = services.ledger.bought(PriceKind.POST, asked)
    free = [post_id for post_id in asked if post_id in bought]
    few = [post_id for post_id in asked if post_id not in bought][: max(1, len(asked) // PARTS)]
    with suppress(NotGranted):
        if len(free) + len(few) < len(asked):
            return _look_up(services, job, free + few)
    if 0 < len(free) < len(asked):
        _look_up(services, job, free)


def _open_ids(services: Services, job: RefreshEngagement) -> list[int]:
    """The posts that it is still this job's turn to ask for. An ad-hoc request claims none, and answers each once."""
    ids = [int(post_id) for post_id in job.post_ids]
    store = services.stores.engagement
    done = store.load(job.claim_id, ids)[1] if job.run_id else store.not_held(job.claim_id, ids)
    asked = [post_id for post_id in ids if post_id not in done]
    if job.run_id or not asked or may_buy(services):
        return asked
    # Sent before midnight: what the plan of the new day does not buy is not bought by what was left of the old one.
    bought = services.ledger.bought(PriceKind.POST, asked)
    return [post_id for post_id in asked if post_id in bought]


def _look_up(services: Services, job: RefreshEngagement, post_ids: Sequence[int]) -> None:
    free = services.ledger.bought(PriceKind.POST, post_ids)
    if job.run_id is None:
        with overheard() as calls:
            page = services.x.lookup_posts(work_class=WorkClass.ENGAGEMENT, post_ids=post_ids, bought=free)
        return _store(services, job, Asked(post_ids, free, page, calls))
    known = services.stores.engagement.load(job.claim_id, post_ids)[0]
    with paid_by(services, job.run_id), overheard() as calls:
        page = services.x.lookup_posts(work_class=WorkClass.INTERACTIVE, post_ids=post_ids, bought=free)
    bought, found = ([str(post.id) for post in page.posts if post.id not in there] for there in (free, known))
    services.stores.runs.note(job.run_id, bought=bought, found=found)
    return _store(services, job, Asked(post_ids, free, page, calls))


def _store(services: Services, job: RefreshEngagement, asked: Asked) -> None:
    """Store a look-up's answer; the run learns X's word on each id."""
    now, page = services.clock.now(), asked.page
    read_at = answered_at(page.rate, now)
    stored = store_page(services, page, source="refresh", now=now)
    if stored.new_ids:
        want_authors(services, page, now=now, run_id=job.run_id)
    states = _states(services, job, page, stored)
    posts, policy = {post.id: post for post in page.posts}, services.refresh_policy
    readings: list[Reading] = []
    for post_id, state in page.states.items():
        before = states.get(post_id)
        post = posts.get(post_id)
        if post is not None and post.metrics is not None and before is not None:
            readings.append(read_counts(before, post.metrics, now=read_at, policy=policy))
        elif before is not None:
            readings.append(read_absence(before, state, now=read_at, policy=policy))
    for state, number in Counter(page.states.values()).items():
        metrics.REFRESHED.labels(state.value).inc(number)
    _bury(services, readings)
    with (
        beside(lambda: watch(services, page, states, readings)),
        beside(lambda: count_reads(services, asked, stored.sources)),
    ):
        new = services.stores.engagement.note(job.claim_id, readings, each_stays=job.run_id is not None)
    metrics.SNAPSHOTS.inc(new)
    learn(services, states, readings)
    if job.run_id:
        words = {str(post_id): state.value for post_id, state in page.states.items()}
        services.stores.runs.record(job.run_id, words, now=now)
    # Last, because a claim that is answered is not read again: what is not written by then would never be.
    services.stores.engagement.end(job.claim_id, readings)


def _states(services: Services, job: RefreshEngagement, page: Page, stored: Stored) -> Mapping[int, Engagement]:
    """How the posts stand; looked at once more where one began to be followed, or came back, with this answer."""
    before = stored.before
    if all(post.id in before for post in page.posts) and not any(one.state.is_gone for one in before.values()):
        return before
    return services.stores.engagement.load(job.claim_id, list(page.states))[0]


def _bury(services: Services, readings: list[Reading]) -> None:
    """Posts that X reported gone for the second time carry the reason."""
    after = [(one.engagement, one.at) for one in readings if one.engagement.state.is_gone]
    words = {one.post_id: Word(one.state, at, By.LOOKUP) for one, at in after}
    purge_after = timedelta(seconds=services.settings.purge_after_seconds)
    services.stores.fates.bury(words, now=services.clock.now(), purge_after=purge_after)
