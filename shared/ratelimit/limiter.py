"""The limiter: leave to call X, given once for all processes, from a mirror of what X itself counts.

It owns the layout of its keys in Redis and every decision about a call; it never calls X and never waits.

                         acquire: probe                 settle: headers
      unknown, or ended ---------------> being probed -----------------> open ---- its end passes ---> ended
              ^                               |
              +---- lease ends, no headers ---+

Each credential and endpoint has one hash: the limit, what was granted to each class, the least X said was left, the
end, and a lease for every call in flight. Invariant: in one window of X never more calls are granted than its limit,
whatever dies between acquire and settle.

                      5 faults in a row                  its time ends, a call is granted
      closed ------------------------------> open ------------------------------> looking
        ^                                     ^   a fault: for twice as long        |  |
        |                                     +-------------------------------------+  |
        +---- X answers, be it with a 4xx --------------------------------------------+

Each endpoint has a breaker for the faults of X: a 5xx, or no usable answer. Open, it refuses every call of the
endpoint, with any credential; looking, all but one. That one's lease ends as any other, and then the next call looks.

Failures. A worker dies with a grant: the call stays counted, its lease ends by itself. Redis cannot be reached:
LimiterUnavailable, and no call. Redis forgets everything: each window starts unknown, so one probe tells where it
stands, and the budgets are filled from the ledger again. Another server answers, after a failover or a start anew: it
may have missed the last grants, so each window is unknown too. X's clock is off: ends are placed by X's own Date, and
always late, by up to 2 s: a call that lands before X turns its window may be one too many, one that lands after is not.
A call granted before the turn may be counted after it: a window that opens counts every call in flight as its own,
until the answer says otherwise.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

import redis

from shared.domain.errors import CoveyError, InputError, LimiterUnavailable
from shared.domain.money.budgets import Budgets, ChosenBudgets, Spent
from shared.domain.money.prices import Prices, posts_of
from shared.ratelimit.budget_fields import pack_chosen, pack_spent
from shared.ratelimit.keys import Keys
from shared.ratelimit.layout import CONSTANTS
from shared.ratelimit.model import Block, CallRequest, Grant, LimiterState, Refusal, Settlement
from shared.ratelimit.rules import CLASS_NUMBER, script_constants
from shared.ratelimit.snapshot import read_state
from shared.redis.scripts import Connections, RedisAway, Script, load, reaching
from shared.runtime.clock import Clock, epoch_seconds

LEASE_SECONDS: Final = 60.0
_NOTHING: Final[Mapping[str, float]] = MappingProxyType({})
_pack_request = struct.Struct("<7d").pack
_pack_settlement = struct.Struct("<13d").pack


class Limiter:
    """Leave to call X. Safe for threads and forks; any number of processes share it through Redis.

    redis_client: one of `shared.redis.connection`, with short timeouts and no retries. window_seconds: length of X's
    window, for floors and pace only (its end comes from X). lease_seconds: longer than the longest call; a probe whose
    holder died holds the others back that long. intervals_seconds: least time between two calls of an endpoint by one
    credential. budgets: of the project. credential_budgets: of each credential. spent: reads the ledger when Redis
    knows nothing. clock: for tests; else Redis TIME. All processes must be given the same.
    """

    def __init__(
        self,
        redis_client: redis.Redis,
        *,
        window_seconds: float = 900.0,
        lease_seconds: float = LEASE_SECONDS,
        intervals_seconds: Mapping[str, float] = _NOTHING,
        prices: Prices | None = None,
        budgets: Budgets | None = None,
        credential_budgets: Budgets | None = None,
        spent: Callable[[], Spent] | None = None,
        prefix: str = "covey:limit",
        clock: Clock | None = None,
    ) -> None:
        if window_seconds <= 0 or lease_seconds <= 0:
            raise InputError(f"window_seconds={window_seconds}, lease_seconds={lease_seconds}: expected more than 0")
        self._redis = redis_client
        self._keys = Keys(prefix)
        self._intervals_ms = {endpoint: seconds * 1000 for endpoint, seconds in intervals_seconds.items()}
        self._prices = prices or Prices()
        self._budgets = budgets or Budgets()
        self._credential_budgets = credential_budgets
        self._spent = spent
        self._clock = clock
        constants = script_constants(
            window_ms=round(window_seconds * 1000),
            lease_ms=round(lease_seconds * 1000),
            budgets=self._budgets,
            credential_budgets=credential_budgets,
            needs_seed=spent is not None,
        )
        connections = Connections(redis_client, tells_server=True)
        names = ("acquire", "settle", "seed", "unblock", "choose_budgets")
        texts = {name: load("shared.ratelimit", name, {**CONSTANTS, **constants}) for name in names}
        self._scripts = {name: Script(connections, text) for name, text in texts.items()}
        self._acquire_keys: dict[tuple[str, tuple[str, ...]], tuple[tuple[str, ...], bytes]] = {}

    def acquire(self, request: CallRequest) -> Grant | Refusal:
        """Take a grant from every window and budget the call touches, or from none.

        Raises LimiterUnavailable: no call then either.
        """
        endpoint, credential_ids, most = request.endpoint, request.credential_ids, request.most
        numbers = _pack_request(
            self._now_ms(),
            CLASS_NUMBER[request.work_class],
            posts_of(most),
            self._prices.cost_micro(most),
            request.is_paid or any(most.values()),
            self._intervals_ms.get(endpoint, 0),
            self._budgets.shares.get(request.work_class, 1),
        )
        names = self._acquire_keys.get((endpoint, credential_ids))
        if names is None:
            names = self._keys.of_acquire(endpoint, credential_ids), self._keys.breaker_field(endpoint).encode()
            self._acquire_keys[(endpoint, credential_ids)] = names
        keys, breaker = names
        grant_id = secrets.token_hex(8)  # not a counter: forked processes would count on from the same number
        arguments = (grant_id.encode(), numbers, breaker)
        reply = self._run("acquire", keys, arguments)
        if reply == "unseeded":
            self._fill_budgets(credential_ids)
            reply = self._run("acquire", keys, arguments)
            if reply == "unseeded":
                raise LimiterUnavailable("Redis forgot its budgets while they were filled")
        if isinstance(reply, int):
            number, is_probe = divmod(reply, 2)
            credential_id = credential_ids[number - 1]
            return Grant(grant_id, endpoint, credential_id, request.work_class, most, is_probe == 1)
        wait_ms, _, blocked_by = reply.partition(" ")
        return Refusal(int(wait_ms) / 1000, blocked_by)

    def settle(self, grant: Grant, settlement: Settlement) -> None:
        """Tell what became of the call. A grant that was settled before, or whose lease has ended, gets nothing back.

        Raises LimiterUnavailable; the grant then counts as spent, and nothing more need be done.
        """
        posts_change, cost_change = self._changes(grant, settlement)
        rate = settlement.rate
        numbers = _pack_settlement(
            self._now_ms(),
            CLASS_NUMBER[grant.work_class],
            settlement.answered,
            _or_missing(rate.limit),
            _or_missing(rate.remaining),
            _or_missing(rate.reset_at_seconds),
            _or_missing(rate.date_seconds),
            _or_missing(rate.day_limit),
            _or_missing(rate.day_remaining),
            _or_missing(rate.day_reset_at_seconds),
            posts_change,
            cost_change,
            settlement.fault,
        )
        member = self._keys.member(grant.endpoint, grant.credential_id).encode()
        breaker = self._keys.breaker_field(grant.endpoint).encode()
        self._run(
            "settle",
            self._keys.of_settle(grant.endpoint, grant.credential_id),
            (grant.id.encode(), numbers, member, *_block_arguments(settlement.block), breaker),
        )

    def unblock(self, *, credential_id: str | None = None, endpoint: str | None = None) -> bool:
        """Lift the block of a credential for one endpoint, of a credential, or, with neither, of all paid calls.

        False when there was none. Raises InputError for an endpoint without a credential, LimiterUnavailable.
        """
        if endpoint is not None and credential_id is None:
            raise InputError(f"unblock {endpoint}: expected the credential_id too")
        kind = b"budget" if endpoint is None else b"window"
        return self._run("unblock", (self._keys.of_block(credential_id, endpoint),), (kind,)) == 1

    def choose_budgets(self, chosen: ChosenBudgets) -> bool:
        """Let what a person chose hold in every process from the next call on; answers whether that changed anything.

        Raises InputError for a budget that is none, LimiterUnavailable.
        """
        chosen.over(self._budgets)
        return self._run("choose_budgets", (self._keys.project,), (pack_chosen(chosen),)) == 1

    def state(self) -> LimiterState:
        """Everything the limiter knows now. Raises LimiterUnavailable."""
        now_ms = None if self._clock is None else int(self._now_ms())
        read = partial(read_state, self._redis, self._keys, self._budgets, self._credential_budgets, now_ms)
        try:
            return reaching(self._redis, read)
        except RedisAway as error:
            raise LimiterUnavailable(str(error)) from error

    def _run(self, name: str, keys: tuple[str, ...], arguments: tuple[bytes, ...]) -> int | str:
        """Run a script. Raises LimiterUnavailable, RedisRefused."""
        try:
            reply = self._scripts[name](keys, arguments)
        except RedisAway as error:
            raise LimiterUnavailable(str(error)) from error
        return reply.decode() if isinstance(reply, bytes) else int(reply)

    def _changes(self, grant: Grant, settlement: Settlement) -> tuple[int, int]:
        """Posts and micro-dollars billed minus reserved. Sent, and no answer: all that was reserved counts as spent."""
        if settlement.sent and not settlement.answered:
            return 0, 0
        billed, reserved = settlement.billed, grant.reserved
        cost_change = self._prices.cost_micro(billed) - self._prices.cost_micro(reserved)
        return posts_of(billed) - posts_of(reserved), cost_change

    def _fill_budgets(self, credential_ids: tuple[str, ...]) -> None:
        assert self._spent is not None
        try:
            spent = self._spent()
        except CoveyError as error:
            raise LimiterUnavailable(f"the ledger cannot be read: {error}") from error
        self.choose_budgets(spent.chosen)
        owners = [(self._keys.project, spent.project)]
        if self._credential_budgets is not None:
            owners += [(self._keys.credential(one), spent.credentials.get(one, {})) for one in credential_ids]
        self._run("seed", tuple(key for key, _ in owners), tuple(pack_spent(totals) for _, totals in owners))

    def _now_ms(self) -> float:
        """-1: the script asks Redis."""
        return -1 if self._clock is None else round(epoch_seconds(self._clock.now()) * 1000)


def _or_missing(header: float | None) -> float:
    return -1 if header is None else header


def _block_arguments(block: Block | None) -> tuple[bytes, bytes, bytes, bytes]:
    """Scope, end in seconds of X's clock, length in ms, reason; empty where there is none."""
    if block is None:
        return b"", b"", b"", b""
    ends = b"" if block.until_seconds is None else repr(float(block.until_seconds)).encode()
    length = b"" if block.for_seconds is None else b"%d" % round(block.for_seconds * 1000)
    return block.scope.encode(), ends, length, block.reason.encode()
