"""A call of a platform under a grant: acquire, send, tell the ledger, settle. The same for every platform.

Owns the order of these. It knows no platform: a `GrantedCall` says what the call may buy and how it is sent, and a
function of the platform what an error blocks. It must not wait: without a grant it raises NotGranted with the wait.
Invariant: one grant, one request, one settlement, whatever becomes of the request; no grant, no request. A page that a
budget has no room for is asked for in its smallest size at once, so that the last of a budget, or a small one, buys
what it can.

    acquire --Refusal--> acquire the smallest page, if it was for a budget --Refusal--> NotGranted
       |                    |
       +--------------------+
       |
     Grant --> request --> answer --> settle(answered)    --> the answer
                  |
                  |-- anything raised --> settle(not answered: all that was reserved counts as spent) --> raised on
                  +-- NotSent --> settle(not sent: all that was reserved is given back; a fault all the same)

A settlement that fails loses no answer: the grant's lease runs out, and then the call counts as spent. A 401 to a
credential that can be renewed blocks nothing in the limiter: the source of the credentials says what it means.
The ledger is told of every request that left, before the limiter is: what it says costs money is what the limiter
keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Generic, Protocol

from shared.domain.errors import (
    CoveyError,
    CredentialNotReady,
    LimiterUnavailable,
    NoAnswer,
    NotGranted,
    NotSent,
    ServerFault,
    Unauthorized,
)
from shared.domain.models import CredentialKind, WorkClass
from shared.domain.money.prices import Amounts, PriceKind
from shared.domain.money.purchases import CallResult, Purchase
from shared.platforms.call import A, C, CallAnswer, GrantedCall
from shared.ratelimit.model import BUDGETS, Block, CallRequest, Grant, Refusal, Settlement, Window
from shared.runtime import metrics
from shared.runtime.clock import from_epoch_seconds
from shared.runtime.log import get_logger

log = get_logger(__name__)

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


class CredentialSource(Protocol[C]):
    """What the gateway needs of the credentials. Every method may raise StoreUnavailable."""

    def usable(self) -> Sequence[C]:
        """Those that the platform may be asked with now."""
        ...

    def missing(self, endpoint: str, kinds: Collection[CredentialKind], /) -> CoveyError:
        """Why none of these kinds is usable, as the error to raise."""
        ...

    def refused(self, credential: C, error: Unauthorized, /) -> CoveyError:
        """The platform answered 401 to a renewable credential: the error to raise."""
        ...


class FixedCredentials(Generic[C]):
    """A source that never changes, whose credentials nobody renews."""

    def __init__(self, credentials: Sequence[C]) -> None:
        self._credentials = tuple(credentials)

    def usable(self) -> Sequence[C]:
        """All of them."""
        return self._credentials

    def missing(self, endpoint: str, kinds: Collection[CredentialKind], /) -> CoveyError:
        """Only a person can add one."""
        return Unauthorized(endpoint, "no credential is configured that is taken here", reason="no-credential")

    def refused(self, credential: C, error: Unauthorized, /) -> CoveyError:
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


class Gateway(Generic[C]):
    """Calls of one platform under grants, safe for threads.

    credentials: asked at every call, so that one can join or be renewed while the process runs. blocks: what an error
    of the platform blocks beside the one call. ledger: which objects cost money, asked before a call and told after it.
    alone: the credentials are those of one source only, so that what they have no room for says nothing of others.
    """

    def __init__(
        self,
        limiter: CallLimiter,
        credentials: CredentialSource[C],
        blocks: Callable[[CoveyError | None], Block | None],
        *,
        ledger: CallLedger | None = None,
        alone: bool = False,
    ) -> None:
        self._limiter = limiter
        self._credentials = credentials
        self._alone = alone
        self._blocks = blocks
        self._ledger = ledger or NoLedger()

    def bought(self, ids: Mapping[PriceKind, Collection[int]]) -> Amounts:
        """How many of the objects were bought today, so that they need not be reserved. Raises LimiterUnavailable."""
        return Amounts({kind: len(self._ledger.bought(kind, ones)) for kind, ones in ids.items()})

    def call(self, work_class: WorkClass, call: GrantedCall[C, A], *, bought: Amounts) -> A:
        """Make one call; what the platform answered, be it an error. bought: what of it reserves nothing.

        Raises NotGranted, LimiterUnavailable (nothing was sent, try later), and what the credentials say of a missing
        or a refused one.
        """
        usable = {one.id: one for one in self._credentials.usable() if one.kind in call.credential_kinds}
        if not usable:
            raise self._credentials.missing(call.endpoint, call.credential_kinds)
        grant, call = self._granted(work_class, call, tuple(usable), bought)
        credential = usable[grant.credential_id]
        settlement = Settlement(answered=False)
        try:
            answer = call.send(credential)
            refusal = answer.error if credential.is_renewable and isinstance(answer.error, Unauthorized) else None
            settlement = self._settlement(grant, call, answer, self._blocks(None if refusal else answer.error))
        finally:
            self._settle(grant, settlement)
        if refusal is not None:
            raise self._credentials.refused(credential, refusal)
        return answer

    def _granted(
        self, work_class: WorkClass, call: GrantedCall[C, A], credential_ids: tuple[str, ...], bought: Amounts
    ) -> tuple[Grant, GrantedCall[C, A]]:
        """A grant, and the call that it is for: the one asked for, or its smallest page. Raises NotGranted."""
        answer = self._limiter.acquire(_request(work_class, call, credential_ids, bought))
        if isinstance(answer, Refusal) and answer.blocked_by in _BUDGETS_BY_SIZE and call.least is not None:
            call = call.least
            answer = self._limiter.acquire(_request(work_class, call, credential_ids, bought))
        if isinstance(answer, Refusal):
            metrics.X_REFUSALS.labels(call.endpoint, answer.blocked_by).inc()
            if self._alone and answer.blocked_by not in BUDGETS:
                detail = f"{', '.join(credential_ids)} has no room ({answer.blocked_by})"
                raise CredentialNotReady(call.endpoint, detail, wait_seconds=_wait_seconds(answer))
            raise NotGranted(
                call.endpoint,
                wait_seconds=_wait_seconds(answer),
                blocked_by=answer.blocked_by,
                stops_all=answer.blocked_by not in _BUDGETS_BY_SIZE,
            )
        return answer, call

    def _settlement(self, grant: Grant, call: GrantedCall[C, A], answer: CallAnswer, block: Block | None) -> Settlement:
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


def _request(
    work_class: WorkClass, call: GrantedCall[C, A], credential_ids: tuple[str, ...], bought: Amounts
) -> CallRequest:
    return CallRequest(
        endpoint=call.endpoint,
        credential_ids=credential_ids,
        work_class=work_class,
        most=call.most - bought,
        is_paid=call.most.total() > 0,
    )


def _wait_seconds(refusal: Refusal) -> float:
    """When to ask again."""
    return min(refusal.wait_seconds, BUDGET_LOOK_SECONDS) if refusal.blocked_by in BUDGETS else refusal.wait_seconds


def _purchase(grant: Grant, fee: Amounts, answer: CallAnswer) -> Purchase:
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
        fee=fee + answer.nameless if is_answered else Amounts(),
        at=None if date_seconds is None else from_epoch_seconds(date_seconds),
    )
