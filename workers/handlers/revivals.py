"""`find_revivals`: X is asked in groups which quiet posts grow again, some requests a job; those found are bought.

The plan of the day leaves the money and tells the suspects. A job that comes again goes on where the answers end; a
request whose answer was lost is not sent again, and counts.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from shared.domain.coverage.counted import Step
from shared.domain.errors import CoveyError, NoAnswer, NotSent, Permanent
from shared.domain.jobs import FindRevivals
from shared.domain.models import WorkClass
from shared.domain.money.prices import PriceKind
from shared.domain.planning.day import Stage
from shared.domain.planning.revivals import AUTHORS_A_QUERY, POSTS_A_QUERY, Query, Search, Suspect, Terms, begin
from shared.platforms.x.reposts import authors_within, posts_within, reposts_of
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services
from shared.stores.group_tests import GroupTests

log = get_logger(__name__)
# As many in a job as X allows in a minute (300 in 15).
REQUESTS_A_JOB = 20
SPAN = timedelta(days=1)


def find_revivals(services: Services, job: FindRevivals) -> None:
    """Ask on, and let what is found be bought at once. Raises NotGranted where that has to wait."""
    store, day = services.stores.group_tests, job.day
    if not services.settings.plan_group_tests or _is_over(services, day):
        return store.end(day)
    tests = store.get(day) or _begun(services, day)
    if tests is None:
        return None
    search = begin(tests.suspects, {}, tests.money, tests.marginal, tests.terms)
    for answer in tests.answers:
        search.ask()
        search.tell(answer)
    number = len(tests.answers)
    if tests.asking is not None:  # who asked ended before the answer was stored
        log.warning("the answer of a group test was lost", day=day.isoformat(), number=number)
        search.ask()
        if not store.answer(day, number, None):
            return None
        search.tell(None)
        number += 1
    return _go_on(services, day, tests, search, number)


def _go_on(services: Services, day: date, tests: GroupTests, search: Search, first: int) -> None:
    store = services.stores.group_tests
    for number in range(first, first + REQUESTS_A_JOB):
        query = search.ask()
        _buy(services, day, search.found)
        if query is None or _is_over(services, day):
            store.end(day)
            log.info("group tests ended", day=day.isoformat(), requests=number, found=len(search.found))
            return
        known = store.explained(query.authors, from_at=tests.from_at, to_at=tests.to_at) if query.authors else 0
        if not store.ask(day, number):
            return
        unexplained = max(0, _counted(services, day, tests, query, number) - known)
        if not store.answer(day, number, unexplained):
            return
        search.tell(unexplained)
    _buy(services, day, search.found)


def _counted(services: Services, day: date, tests: GroupTests, query: Query, number: int) -> int:
    """The reposts that X counts. What X was not asked, or bills nothing for, may be asked again."""
    store = services.stores.group_tests
    try:
        counted = services.x.counts(
            WorkClass.ENGAGEMENT,
            query=reposts_of(author_ids=query.authors, post_ids=query.posts),
            step=Step.DAY,
            start_time=tests.from_at,
            end_time=tests.to_at,
        )
    except CoveyError as error:
        if not isinstance(error, NoAnswer) or isinstance(error, NotSent):
            store.not_asked(day, number)
        if isinstance(error, Permanent):  # X does not know the operators, say
            store.end(day)
        raise
    return counted.total


def _begun(services: Services, day: date) -> GroupTests | None:
    """The tests of a plan that is done, as they begin; None where there are none to make."""
    plans, store, prices = services.stores.plans, services.stores.group_tests, services.ledger.prices.micro
    plan = plans.get(day)
    if plan is None or plan.stage is not Stage.DONE or not plan.basis.tests:
        return None
    quiet = plans.quiet(day)
    authors, length = store.authors([post_id for _, post_id in quiet]), services.settings.x_query_max_length
    lag = timedelta(seconds=services.settings.x_search_lag_seconds)
    to_at = (services.ledger.now() - lag).replace(microsecond=0)
    tests = GroupTests(
        from_at=to_at - SPAN,
        to_at=to_at,
        money=plan.basis.tests * prices[PriceKind.POST],
        marginal=plan.made.marginal,
        terms=Terms(
            request_costs=max(1, prices[PriceKind.COUNTS_REQUEST]),  # a search that costs nothing has an end too
            post_costs=max(1, prices[PriceKind.POST]),
            authors=min(AUTHORS_A_QUERY, authors_within(length)),
            posts=min(POSTS_A_QUERY, posts_within(length)),
        ),
        suspects=[Suspect(post_id, authors[post_id], size) for size, post_id in quiet if post_id in authors],
    )
    store.begin(day, tests, now=services.clock.now())
    return store.get(day)


def _buy(services: Services, day: date, found: list[int]) -> None:
    """Date what was found; what was dated before stays as it is."""
    if found:
        services.stores.group_tests.found(day, found)
        today = datetime.combine(day, time(), UTC)
        services.stores.plan_posts.date_revived(found, at=services.clock.now(), today=today)


def _is_over(services: Services, day: date) -> bool:
    """Whether it is not X's present day: what was left of the money is gone with it."""
    return services.ledger.now().date() != day
