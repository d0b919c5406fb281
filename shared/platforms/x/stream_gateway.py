"""The streams of X under grants: to connect, and to pay for what comes.

A connect is a call like any other: under a grant, settled with the headers of the answer, its refusals told apart by
`error_map`. What comes afterwards is paid for when it is there, under a grant of its own: X bills an event whether
there is room or not, so what the limiter refuses is written down all the same, and whoever listens stops listening.
Invariant: no budget is passed by more than what one piece of a stream brought.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from shared.domain.errors import CoveyError, LimiterUnavailable, NotGranted
from shared.domain.models import RateHeaders, WorkClass
from shared.domain.money.prices import Amounts, PriceKind
from shared.domain.money.purchases import CallResult, Purchase
from shared.platforms.call import GrantedCall
from shared.platforms.gateway import CallLedger, CallLimiter, CredentialSource, FixedCredentials, Gateway
from shared.platforms.route import Route
from shared.platforms.x.answer import Answer, CallRecord
from shared.platforms.x.auth import Credential
from shared.platforms.x.blocks import block_for
from shared.platforms.x.endpoints import Endpoint
from shared.platforms.x.error_map import error_for
from shared.platforms.x.headers import rate_headers
from shared.platforms.x.streaming import Connection
from shared.runtime.clock import Clock, epoch_seconds


class StreamGateway:
    """Connects, and pays. Safe for threads; a connection belongs to one of them.

    observer: told of every connect. silence_seconds: so long a stream may send nothing; X: a blank line every 20 s.
    """

    def __init__(
        self,
        base_url: str,
        route: Route,
        limiter: CallLimiter,
        credentials: CredentialSource[Credential],
        *,
        ledger: CallLedger,
        observer: Callable[[CallRecord], None],
        clock: Clock,
        silence_seconds: float,
    ) -> None:
        self._base_url, self._route = base_url.rstrip("/"), route
        self._limiter, self._credentials, self._ledger = limiter, credentials, ledger
        self._observer, self._clock = observer, clock
        self._silence_seconds = silence_seconds

    def connect(
        self, work_class: WorkClass, endpoint: Endpoint, parameters: Mapping[str, str], *, most: Amounts
    ) -> Connection:
        """Connect. most: what there must be room for, because it may come at once.

        Raises as every call does: NotGranted, LimiterUnavailable, and what X answered.
        """
        call: GrantedCall[Credential, Answer[Connection]] = GrantedCall(
            endpoint=endpoint.key,
            credential_kinds=endpoint.credentials,
            most=most,
            send=lambda credential: self._connected(endpoint, parameters, credential),
        )
        return self._gateway(self._credentials).call(work_class, call, bought=Amounts()).unwrap()

    def pay(
        self,
        work_class: WorkClass,
        endpoint: str,
        credential: Credential,
        *,
        post_ids: Collection[int],
        updates: int = 0,
    ) -> bool:
        """Book the posts and profile updates that came by an endpoint; whether there was room for them.

        They are booked in any case. What was bought today costs nothing, and is not bought again today.
        """
        fee = Amounts({PriceKind.PROFILE_UPDATE: updates} if updates else {})
        came = Came(f"{endpoint}/events", frozenset(post_ids), fee)
        gateway = self._gateway(FixedCredentials([credential]))
        if self._booked(gateway, work_class, came, credential):
            return True
        # One at a time, so that the limiter knows of all that it has room for, and then of none.
        rest = [one for one in came.single() if not self._booked(gateway, work_class, one, credential)]
        for one in rest:
            self._ledger.record(one.purchase(work_class, credential.id))
        return False

    def _booked(self, gateway: Gateway[Credential], work_class: WorkClass, came: Came, credential: Credential) -> bool:
        """Whether there was room; what there was none for is not booked."""
        try:
            again = gateway.bought({PriceKind.POST: came.post_ids})
            gateway.call(work_class, _granted(came, credential), bought=again)
        except (NotGranted, LimiterUnavailable):
            return False
        return True

    def has_room(self, work_class: WorkClass, endpoint: Endpoint) -> bool:
        """Whether the budgets have room for one more post."""
        nothing = Came(f"{endpoint.key}/events")
        call: GrantedCall[Credential, Came] = GrantedCall(
            endpoint=nothing.endpoint,
            credential_kinds=endpoint.credentials,
            most=Amounts({PriceKind.POST: 1}),
            send=lambda credential: nothing,
        )
        try:
            self._gateway(self._credentials).call(work_class, call, bought=Amounts())
        except (NotGranted, LimiterUnavailable):
            return False
        return True

    def _gateway(self, credentials: CredentialSource[Credential]) -> Gateway[Credential]:
        return Gateway(self._limiter, credentials, block_for, ledger=self._ledger)

    def _connected(
        self, endpoint: Endpoint, parameters: Mapping[str, str], credential: Credential
    ) -> Answer[Connection]:
        started = time.monotonic()
        connection = Connection(endpoint.key, credential, self._silence_seconds)
        status, rate, error = None, RateHeaders(), None
        try:
            status, headers = connection.open(self._route, self._base_url + endpoint.path, parameters)
            rate = rate_headers(headers, epoch_seconds(self._clock.now()))
            if status != 200:
                error = error_for(endpoint.key, status, rate, connection.refusal())
        except CoveyError as caught:
            error = caught
        if error is not None:
            connection.close()
        answer = Answer(
            endpoint=endpoint.key,
            credential_id=credential.id,
            seconds=time.monotonic() - started,
            status=status,
            rate=rate,
            value=None if error else connection,
            error=error,
        )
        self._observer(answer.record)
        return answer


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a stream, as the answer of a call that was made when it was connected to."""

    endpoint: str
    post_ids: frozenset[int] = frozenset()
    fee: Amounts = field(default_factory=Amounts)
    error: CoveyError | None = None
    status: int | None = 200
    is_whole: bool = True

    @property
    def rate(self) -> RateHeaders:
        """Nothing: it has no headers."""
        return RateHeaders()

    @property
    def object_ids(self) -> Mapping[PriceKind, frozenset[int]]:
        """The posts."""
        return {PriceKind.POST: self.post_ids}

    @property
    def nameless(self) -> Amounts:
        """Nothing: all that came has an id, or is the fee."""
        return Amounts()

    def single(self) -> list[Came]:
        """The same, each object by itself."""
        updates = self.fee[PriceKind.PROFILE_UPDATE]
        return [
            *(Came(self.endpoint, frozenset({one})) for one in sorted(self.post_ids)),
            *(Came(self.endpoint, fee=Amounts({PriceKind.PROFILE_UPDATE: 1})) for _ in range(updates)),
        ]

    def purchase(self, work_class: WorkClass, credential_id: str) -> Purchase:
        """The same as the ledger is told of it, where the limiter had no room."""
        return Purchase(
            endpoint=self.endpoint,
            credential_id=credential_id,
            work_class=work_class,
            result=CallResult.ANSWERED,
            object_ids=self.object_ids,
            fee=self.fee,
        )


def _granted(came: Came, credential: Credential) -> GrantedCall[Credential, Came]:
    return GrantedCall(
        endpoint=came.endpoint,
        credential_kinds=frozenset({credential.kind}),
        most=Amounts({PriceKind.POST: len(came.post_ids)}) + came.fee,
        fee=came.fee,
        send=lambda credential: came,
    )
