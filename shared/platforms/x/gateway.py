"""The only way handlers call X: grant, call, settlement.

Owns the order of these three and what a refusal by X blocks. It must not wait: without a grant it raises NotGranted
with the wait. Invariant: one grant, one HTTP request, one settlement, whatever becomes of the request; no grant, no
request. A call whose dialect X does not speak is repeated once, under a second grant. A page that a budget has no room
for is asked for in its smallest size at once, so that the last of a budget, or a small one, buys what it can.

    acquire --Refusal--> acquire the smallest page, if it was for a budget --Refusal--> NotGranted
       |                    |
       +--------------------+
       |
     Grant --> request --> Answer --> settle(answered)    --> value, or the error of the tree
                  |
                  |-- anything raised --> settle(not answered: all that was reserved counts as spent) --> raised on
                  +-- NotSent --> settle(not sent: all that was reserved is given back; a fault all the same) --> raised

A settlement that fails loses no answer: the grant's lease runs out, and then the call counts as spent. A 401 to a
credential that can be renewed blocks nothing in the limiter: the source of the credentials says what it means.
The ledger is told of every request that left, before the limiter is: what it says costs money is what the limiter
keeps.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Protocol, TypeVar

from shared.domain.errors import (
    CoveyError,
    LimiterUnavailable,
    NoAnswer,
    NotGranted,
    NotSent,
    ServerFault,
    Unauthorized,
)
from shared.domain.models import CredentialKind, Page, Usage, User, UserLookup, WorkClass
from shared.domain.money.prices import Amounts, PriceKind
from shared.domain.money.purchases import CallResult, Purchase
from shared.platforms.x import calls
from shared.platforms.x.answer import Answer
from shared.platforms.x.auth import Credential
from shared.platforms.x.blocks import block_for
from shared.platforms.x.calls import Call
from shared.platforms.x.client import XClient
from shared.ratelimit.model import BUDGETS, Block, CallRequest, Grant, Refusal, Settlement, Window
from shared.runtime import metrics
from shared.runtime.clock import from_epoch_seconds
from shared.runtime.log import get_logger

T = TypeVar("T")
log = get_logger(__name__)
_NOTHING: Mapping[PriceKind, Collection[int]] = MappingProxyType({})

# A budget has room before its day ends when a call in flight costs less than it reserved, or when a person raises it.
BUDGET_LOOK_SECONDS = 30.0
# Those that a smaller call may still fit into.
_BUDGETS_BY_SIZE = BUDGETS - {Window.MONTH_REQUESTS}


class CallLimiter(Protocol):
    """What the gateway needs of the limiter."""

    def acquire(self, request: CallRequest, /) -> Grant | Refusal:
        """Leave to make one call, or the wait. Raises LimiterUnavailable."""
        ...

    def settle(self, grant: Grant, settlement: Settlement, /) -> None:
        """Say what became of a granted call. Raises LimiterUnavailable."""
        ...


class CredentialSource(Protocol):
    """What the gateway needs of the credentials. Every method may raise StoreUnavailable."""

    def usable(self) -> Sequence[Credential]:
        """Those that X may be asked with now."""
        ...

    def missing(self, endpoint: str, kinds: Collection[CredentialKind], /) -> CoveyError:
        """Why none of these kinds is usable, as the error to raise."""
        ...

    def refused(self, credential: Credential, error: Unauthorized, /) -> CoveyError:
        """X answered 401 to a renewable credential: the error to raise."""
        ...


class FixedCredentials:
    """A source that never changes, whose credentials nobody renews."""

    def __init__(self, credentials: Sequence[Credential]) -> None:
        self._credentials = tuple(credentials)

    def usable(self) -> Sequence[Credential]:
        """All of them."""
        return self._credentials

    def missing(self, endpoint: str, kinds: Collection[CredentialKind], /) -> CoveyError:
        """Only a person can add one."""
        return Unauthorized(endpoint, "no credential is configured that X takes here", reason="no-credential")

    def refused(self, credential: Credential, error: Unauthorized, /) -> CoveyError:
        """The refusal stands."""
        return error


class CallLedger(Protocol):
    """What the gateway needs of the ledger."""

    def bought(self, kind: PriceKind, ids: Collection[int], /) -> Collection[int]:
        """Those of the objects that cost nothing to read again now. Raises LimiterUnavailable."""
        ...

    def record(self, purchase: Purchase, /) -> Amounts:
        """Write down one call; answers what of it costs money. Never raises."""
        ...


class NoLedger:
    """Writes nothing down: every distinct object of an answer costs money, whatever was read before."""

    def bought(self, kind: PriceKind, ids: Collection[int], /) -> Collection[int]:
        """None."""
        return ()

    def record(self, purchase: Purchase, /) -> Amounts:
        """All of it."""
        return purchase.brought


class XGateway:
    """Typed reads of X under grants, safe for threads.

    credentials: asked at every call, so that one can join or be renewed while the process runs. ledger: which objects
    cost money, asked before a call and told after it. Every method takes the class of work it is for. All raise:
    InputError (nothing was sent); NotGranted, LimiterUnavailable (nothing was sent, try later); CredentialNotReady
    (try later); and what X answered: NoAnswer, ServerFault, Throttled, Paused and Permanent errors.
    """

    def __init__(
        self,
        client: XClient,
        limiter: CallLimiter,
        credentials: CredentialSource,
        *,
        ledger: CallLedger | None = None,
    ) -> None:
        self._client = client
        self._limiter = limiter
        self._credentials = credentials
        self._ledger = ledger or NoLedger()

    def asking_as(self, credential: Credential) -> XGateway:
        """A gateway that asks with one credential only, under the same limits and budgets."""
        return XGateway(self._client, self._limiter, FixedCredentials([credential]), ledger=self._ledger)

    def search_recent(
        self,
        work_class: WorkClass,
        *,
        query: str,
        since_id: int | None = None,
        until_id: int | None = None,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        next_token: str | None = None,
        max_results: int = 100,
        expand_authors: bool | None = True,
    ) -> Page:
        """One page of a search; see `calls.search_recent`."""
        call = calls.search_recent(
            query=query,
            since_id=since_id,
            until_id=until_id,
            start_time=start_time,
            end_time=end_time,
            next_token=next_token,
            max_results=max_results,
            expand_authors=expand_authors,
        )
        return self.read(work_class, call)

    def quote_tweets(
        self,
        work_class: WorkClass,
        *,
        post_id: int,
        pagination_token: str | None = None,
        max_results: int = 100,
        expand_authors: bool | None = True,
    ) -> Page:
        """One page of the quotes of a post, newest first. Raises NotFound when the post is gone."""
        call = calls.quote_tweets(
            post_id=post_id,
            pagination_token=pagination_token,
            max_results=max_results,
            expand_authors=expand_authors,
        )
        return self.read(work_class, call)

    def lookup_posts(self, work_class: WorkClass, *, post_ids: Sequence[int], expand_authors: bool = False) -> Page:
        """Up to 100 posts by id; `states` says what became of each. Those bought today reserve no money."""
        call = calls.lookup_posts(post_ids=post_ids, expand_authors=expand_authors)
        return self.read(work_class, call, asked={PriceKind.POST: post_ids})

    def users_by(self, work_class: WorkClass, *, usernames: Sequence[str]) -> UserLookup:
        """Up to 100 accounts by username, and why the others are missing."""
        return self.read(work_class, calls.users_by(usernames=usernames))

    def users(self, work_class: WorkClass, *, user_ids: Sequence[int]) -> UserLookup:
        """Up to 100 accounts by id, and why the others are missing. Those bought today reserve no money."""
        return self.read(work_class, calls.users(user_ids=user_ids), asked={PriceKind.USER: user_ids})

    def me(self, work_class: WorkClass) -> User:
        """The account that the credential speaks for: meaningful of a gateway that asks as one."""
        return self.read(work_class, calls.me()).users[0]

    def lookup_media(self, work_class: WorkClass, *, keys: Sequence[str]) -> Page:
        """Up to 100 media by key, in `media`."""
        return self.read(work_class, calls.lookup_media(keys=keys))

    def usage(self, work_class: WorkClass, *, days: int = 7) -> Usage:
        """What X itself counted for the project."""
        return self.read(work_class, calls.usage(days=days))

    def read(self, work_class: WorkClass, call: Call[T], *, asked: Mapping[PriceKind, Collection[int]] = _NOTHING) -> T:
        """Make any call of `calls` under a grant; under a second one again when only the dialect was wrong.

        asked: what the call names itself, so that what was bought today need not be reserved again.
        """
        bought = Amounts({kind: len(self._ledger.bought(kind, ids)) for kind, ids in asked.items()})
        answer = self._granted(work_class, call, bought)
        if answer.dialect_changed:
            answer = self._granted(work_class, call, bought)
        return answer.unwrap()

    def _granted(self, work_class: WorkClass, call: Call[T], bought: Amounts) -> Answer[T]:
        usable = {c.id: c for c in self._credentials.usable() if c.kind in call.endpoint.credentials}
        key = call.endpoint.key
        if not usable:
            raise self._credentials.missing(key, call.endpoint.credentials)
        grant = self._acquire(work_class, call, tuple(usable), bought)
        if isinstance(grant, Refusal) and grant.blocked_by in _BUDGETS_BY_SIZE and call.least is not None:
            call = call.least
            grant = self._acquire(work_class, call, tuple(usable), bought)
        if isinstance(grant, Refusal):
            metrics.X_REFUSALS.labels(key, grant.blocked_by).inc()
            raise NotGranted(key, wait_seconds=_wait_seconds(grant), blocked_by=grant.blocked_by)
        credential = usable[grant.credential_id]
        settlement = Settlement(answered=False)
        try:
            answer = self._client.perform(call, credential)
            refusal = answer.error if credential.is_renewable and isinstance(answer.error, Unauthorized) else None
            settlement = self._settlement(grant, call, answer, block_for(None if refusal else answer.error))
        finally:
            self._settle(grant, settlement)
        if refusal is not None:
            raise self._credentials.refused(credential, refusal)
        return answer

    def _acquire(
        self, work_class: WorkClass, call: Call[object], credential_ids: tuple[str, ...], bought: Amounts
    ) -> Grant | Refusal:
        most = call.most(self._client.dialect)
        return self._limiter.acquire(
            CallRequest(
                endpoint=call.endpoint.key,
                credential_ids=credential_ids,
                work_class=work_class,
                most=most - bought,
                is_paid=most.total() > 0,
            )
        )

    def _settlement(self, grant: Grant, call: Call[object], answer: Answer[object], block: Block | None) -> Settlement:
        if isinstance(answer.error, NotSent):
            return Settlement(answered=False, fault=True, sent=False)
        return Settlement(
            answered=answer.is_whole,
            status=answer.status,
            rate=answer.rate,
            billed=self._ledger.record(_purchase(grant, call.fee, answer)),
            block=block,
            fault=isinstance(answer.error, NoAnswer | ServerFault),
        )

    def _settle(self, grant: Grant, settlement: Settlement) -> None:
        try:
            self._limiter.settle(grant, settlement)
        except LimiterUnavailable as error:
            log.warning("grant not settled; it counts as spent", endpoint=grant.endpoint, reason=str(error))


def _wait_seconds(refusal: Refusal) -> float:
    """When to ask again."""
    return min(refusal.wait_seconds, BUDGET_LOOK_SECONDS) if refusal.blocked_by in BUDGETS else refusal.wait_seconds


def _purchase(grant: Grant, fee: Amounts, answer: Answer[object]) -> Purchase:
    """What the ledger is told of an answer."""
    failed = CallResult.FAILED if answer.is_whole else CallResult.UNANSWERED
    is_answered = answer.error is None
    date_seconds = answer.rate.date_seconds
    return Purchase(
        endpoint=grant.endpoint,
        credential_id=grant.credential_id,
        work_class=grant.work_class,
        result=CallResult.ANSWERED if is_answered else failed,
        object_ids=answer.object_ids,
        fee=fee if is_answered else Amounts(),
        at=None if date_seconds is None else from_epoch_seconds(date_seconds),
    )
