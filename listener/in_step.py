"""Subscriptions and rules at X, brought in step with what is wanted.

    list all --> reconcile (pure) --> remove --> add        each a call under a grant; what there is no grant for now is
                                                            done in a later round
Invariant: what Covey did not make stays; what a call refuses keeps no other from being done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from shared.domain.errors import InvalidRequest, NotGranted
from shared.domain.live.standing import Change, Rule, Standing, Subscription, in_words, reconcile
from shared.domain.models import WorkClass
from shared.platforms.x import standing
from shared.platforms.x.call import Call
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services

log = get_logger(__name__)
T = TypeVar("T")
# Of each class these calls are as urgent as searches: they find what is lost otherwise.
CLASS = WorkClass.SEARCH
# A list of more pages than any plan has leads to itself.
MAX_PAGES = 100


@dataclass(frozen=True, slots=True)
class Stood:
    """How many stand of what is wanted, how many X has no room for, and whether all the rest is done."""

    standing: int
    unfit: int
    is_done: bool = True


def subscriptions_in_step(services: Services, wanted: Sequence[Subscription]) -> Stood:
    """Bring the subscriptions in step. Raises as every call of X does, where nothing could be done."""
    there = _all(services, standing.list_subscriptions)
    limit = services.settings.x_subscriptions
    change = reconcile(wanted, there, limit=limit)
    calls: list[Call[bool]] = [standing.unsubscribe(ids) for ids in _parts(change.remove, standing.REMOVED_AT_ONCE)]
    calls += [standing.subscribe(one) for one in change.add]
    return _stood(there, change, limit, is_done=_do(services, calls))


def rules_in_step(services: Services, wanted: Sequence[Rule]) -> Stood:
    """Bring the rules in step. Raises as every call of X does, where nothing could be done."""
    there = _all(services, standing.list_rules)
    limit = services.settings.x_rules
    change = reconcile(wanted, there, limit=limit)
    is_done = _do(services, [standing.remove_rules(ids) for ids in _parts(change.remove, standing.REMOVED_AT_ONCE)])
    for some in _parts(change.add, standing.RULES_AT_ONCE):
        for refused in services.x.planned(CLASS, standing.add_rules(some)):
            log.warning("X takes a rule not", said=refused)
    return _stood(there, change, limit, is_done=is_done)


def _all(services: Services, of: Callable[[str | None], Call[standing.Listed[T]]]) -> list[Standing[T]]:
    found: list[Standing[T]] = []
    token: str | None = None
    for _ in range(MAX_PAGES):
        page = services.x.planned(CLASS, of(token))
        found += page.standing
        token = page.next_token
        if token is None:
            break
    return found


def _do(services: Services, calls: Sequence[Call[bool]]) -> bool:
    """Make the calls, as far as there are grants; whether all were made."""
    for number, call in enumerate(calls):
        try:
            services.x.planned(CLASS, call)
        except InvalidRequest as error:
            log.warning("X takes a subscription not", reason=str(error), like=call.endpoint.key)
        except NotGranted as error:
            if number == 0:
                raise
            log.info("subscriptions go on later", left=len(calls) - number, wait_seconds=round(error.wait_seconds))
            return False
    return True


def _stood(there: Sequence[Standing[T]], change: Change[T], limit: int, *, is_done: bool) -> Stood:
    if change.unfit:
        log.warning("not all is heard live", unfit=in_words(change.unfit, limit=limit), like="")  # type: ignore[arg-type]
    ours = sum(one.is_ours for one in there)
    return Stood(ours - len(change.remove) + len(change.add), len(change.unfit), is_done)


def _parts(many: Sequence[T], size: int) -> Iterator[list[T]]:
    rest = iter(many)
    while part := list(islice(rest, size)):
        yield part
