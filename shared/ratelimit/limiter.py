"""The limiter: leave to call X, given once for all processes, from a mirror of what X itself counts.

It owns the layout of its keys in Redis and every decision about a call; it never calls X and never waits.

                         acquire: probe                 settle: headers
      unknown, or ended ---------------> being probed -----------------> open ---- its end passes ---> ended
              ^                               |
              +---- lease ends, no headers ---+

Each credential and endpoint has one hash: the limit, what was granted to each class, the least X said was left, the
end, and a lease for every call in flight. Invariant: in one window of X never more calls are granted than its limit,
whatever dies between acquire and settle.

Failures. A worker dies with a grant: the call stays counted, its lease ends by itself. Redis cannot be reached:
LimiterUnavailable, and no call. Redis forgets everything: each window starts unknown, so one probe tells where it
stands, and the budgets are filled from the ledger again. X's clock is off: ends are placed by X's own Date, and always
late, by up to 2 s: a call that lands before X turns its window may be one too many, one that lands after is not. A call
granted before the turn may be counted after it: a window that opens counts every call in flight as its own, until the
answer says otherwise.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import redis

from shared.clock import Clock, epoch_seconds
from shared.errors import CoveyError, InputError, LimiterUnavailable
from shared.ratelimit.classes import CLASSES, FLOOR_PERCENT, PACED_FROM, PACED_UNTIL, RELEASE_LEFT
from shared.ratelimit.model import CallRequest, Grant, LimiterState, Refusal, Settlement
from shared.ratelimit.money import MICRO, Budgets, Prices, Usage
from shared.ratelimit.scripts import Argument, Constant, Script
from shared.ratelimit.snapshot import Layout, read_state

_DAY_MS: Final = 86_400_000
PROBE_WAIT_MS: Final = 200  # between two looks at a window that another call is finding out: about one answer of X
RESET_GUARD_MS: Final = 1_000  # x-rate-limit-reset has a grain of 1 s, and nobody says which way it is rounded
UNDATED_GUARD_MS: Final = 5_000  # without a Date the reset is placed by our clock: allow for clocks that differ
LEARNED_INTERVAL_MS: Final = 1_100  # the one-per-second rule, plus what the network may take from a gap
KEEP_MS: Final = 2 * _DAY_MS  # longer than any window of X
KEEP_BUDGET_MS: Final = 40 * _DAY_MS  # longer than a month

_NOTHING: Final[Mapping[str, float]] = MappingProxyType({})
_CLASS_NUMBER: Final = {work_class: number for number, work_class in enumerate(CLASSES, start=1)}


class Limiter:
    """Leave to call X. Safe for threads; any number of processes share it through Redis.

    redis_client: passed in with short timeouts; its retries are not used. window_seconds: length of X's window, for
    floors and pace only (its end comes from X). lease_seconds: longer than the longest call; a probe whose holder died
    holds the others back that long. intervals_seconds: least time between two calls of an endpoint by one credential.
    budgets: of the project. credential_budgets: of each credential. usage: reads the ledger when Redis knows nothing.
    clock: for tests; else Redis TIME.
    """

    def __init__(
        self,
        redis_client: redis.Redis,
        *,
        window_seconds: float = 900.0,
        lease_seconds: float = 60.0,
        intervals_seconds: Mapping[str, float] = _NOTHING,
        prices: Prices | None = None,
        budgets: Budgets | None = None,
        credential_budgets: Budgets | None = None,
        usage: Callable[[], Usage] | None = None,
        prefix: str = "covey:limit",
        clock: Clock | None = None,
    ) -> None:
        if window_seconds <= 0 or lease_seconds <= 0:
            raise InputError(f"window_seconds={window_seconds}, lease_seconds={lease_seconds}: expected more than 0")
        self._redis = redis_client
        self._intervals_ms = {endpoint: round(seconds * 1000) for endpoint, seconds in intervals_seconds.items()}
        self._prices = prices or Prices()
        self._budgets = budgets or Budgets()
        self._credential_budgets = credential_budgets
        self._usage = usage
        self._clock = clock
        self._layout = Layout(prefix, window_ms=round(window_seconds * 1000))
        lease_ms = round(lease_seconds * 1000)
        shared = {"WINDOW_MS": self._layout.window_ms, "KEEP_MS": max(KEEP_MS, 2 * self._layout.window_ms)}
        per_credential: dict[str, Constant] = {"CREDENTIAL_BUDGETS": credential_budgets is not None}
        kept: dict[str, Constant] = {"KEEP_BUDGET_MS": KEEP_BUDGET_MS}
        self._acquire = Script(
            redis_client,
            "acquire",
            shared
            | per_credential
            | kept
            | {"LEASE_MS": lease_ms, "PROBE_WAIT_MS": min(PROBE_WAIT_MS, lease_ms), "SEEDED": usage is not None}
            | {f"FLOOR_{number}": FLOOR_PERCENT[work_class] for work_class, number in _CLASS_NUMBER.items()}
            | {"RELEASE": RELEASE_LEFT, "PACED": PACED_FROM, "PACED_BY": PACED_UNTIL}
            | _limits("PROJECT", self._budgets)
            | _limits("CREDENTIAL", credential_budgets or Budgets()),
        )
        self._settle = Script(
            redis_client,
            "settle",
            shared
            | per_credential
            | {"RESET_GUARD_MS": RESET_GUARD_MS, "UNDATED_GUARD_MS": UNDATED_GUARD_MS}
            | {"LEARNED_INTERVAL_MS": LEARNED_INTERVAL_MS},
        )
        self._seed = Script(redis_client, "seed", kept)
        self._keys_of: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}

    def acquire(self, request: CallRequest) -> Grant | Refusal:
        """Take a grant from every window and budget the call touches, or from none.

        Raises LimiterUnavailable: no call then either.
        """
        endpoint, work_class = request.endpoint, request.work_class
        grant_id = secrets.token_hex(8)  # not a counter: a forked process would count on from the same number
        cost = self._prices.cost_micro(endpoint, posts=request.posts, users=request.users)
        arguments = (
            self._now(),
            grant_id,
            _CLASS_NUMBER[work_class],
            request.posts,
            cost,
            "1" if cost or request.posts or request.users else "0",
            self._intervals_ms.get(endpoint, 0),
        )
        keys = self._keys(endpoint, request.credential_ids)
        reply = self._acquire(keys, arguments)
        if reply == "unseeded":
            self._fill_budgets()
            reply = self._acquire(keys, arguments)
        if isinstance(reply, int):
            chosen, is_probe = divmod(reply, 2)
            credential_id = request.credential_ids[chosen - 1]
            return Grant(
                grant_id, endpoint, credential_id, work_class, request.posts, request.users, is_probe=bool(is_probe)
            )
        wait_ms, _, blocked_by = reply.partition(" ")
        return Refusal(max(1, int(wait_ms)) / 1000, blocked_by)

    def settle(self, grant: Grant, settlement: Settlement) -> bool:
        """Tell what became of the call. False when the grant was no longer held: settled before, or its lease ended.

        Raises LimiterUnavailable; the grant then counts as spent when its lease ends, and nothing more need be done.
        """
        posts_change = cost_change = 0
        if settlement.answered:
            failed = settlement.status is not None and settlement.status >= 400
            posts_change = settlement.posts - grant.posts
            cost_change = self._prices.cost_micro(
                grant.endpoint, posts=settlement.posts, users=settlement.users, answered=not failed
            ) - self._prices.cost_micro(grant.endpoint, posts=grant.posts, users=grant.users)
        rate, block = settlement.rate, settlement.block
        reply = self._settle(
            self._layout.settle_keys(grant.endpoint, grant.credential_id),
            (
                self._now(),
                grant.id,
                _CLASS_NUMBER[grant.work_class],
                "1" if settlement.answered else "0",
                _text(rate.limit),
                _text(rate.remaining),
                _text(rate.reset_at_seconds),
                _text(rate.date_seconds),
                _text(rate.day_limit),
                _text(rate.day_remaining),
                _text(rate.day_reset_at_seconds),
                posts_change,
                cost_change,
                self._layout.member(grant.endpoint, grant.credential_id),
                block.scope.value if block else "",
                _text(block.until_seconds) if block else "",
                _text(block.for_seconds and round(block.for_seconds * 1000)) if block else "",
                block.reason if block else "",
            ),
        )
        return reply == 1

    def unblock(self, *, credential_id: str | None = None, endpoint: str | None = None) -> bool:
        """Lift the block of a credential for one endpoint, of a credential, or, with neither, of all paid calls.

        False when there was none. Raises InputError for an endpoint without a credential, LimiterUnavailable.
        """
        if endpoint is not None and credential_id is None:
            raise InputError(f"unblock {endpoint}: expected the credential_id too")
        try:
            key = self._layout.blocked_key(credential_id, endpoint)
            return bool(self._redis.hdel(key, "blocked_until", "blocked_by", "blocked_reason"))
        except (redis.RedisError, OSError) as error:
            raise LimiterUnavailable(f"{type(error).__name__}: {error}") from error

    def state(self) -> LimiterState:
        """Everything the limiter knows now. Raises LimiterUnavailable."""
        try:
            return read_state(
                self._redis,
                self._layout,
                self._budgets,
                self._credential_budgets,
                None if self._clock is None else round(epoch_seconds(self._clock.now()) * 1000),
            )
        except (redis.RedisError, OSError) as error:
            raise LimiterUnavailable(f"{type(error).__name__}: {error}") from error

    def _fill_budgets(self) -> None:
        assert self._usage is not None
        try:
            usage = self._usage()
        except CoveyError as error:
            raise LimiterUnavailable(f"the ledger cannot be read: {error}") from error
        micro = (round(usage.day_usd * MICRO), round(usage.month_usd * MICRO))
        self._seed((self._layout.project,), (*micro, usage.month_requests, usage.month_posts))

    def _keys(self, endpoint: str, credential_ids: tuple[str, ...]) -> tuple[str, ...]:
        keys = self._keys_of.get((endpoint, credential_ids))
        if keys is None:
            keys = self._layout.acquire_keys(endpoint, credential_ids)
            self._keys_of[(endpoint, credential_ids)] = keys
        return keys

    def _now(self) -> Argument:
        return "" if self._clock is None else round(epoch_seconds(self._clock.now()) * 1000)


def _limits(owner: str, budgets: Budgets) -> dict[str, Constant]:
    """A budget as constants of the script; -1 = no limit."""
    money = {"DAY_MONEY": budgets.day_usd, "MONTH_MONEY": budgets.month_usd}
    counts = {"MONTH_REQUESTS": budgets.month_requests, "MONTH_POSTS": budgets.month_posts}
    micro = {name: None if usd is None else round(usd * MICRO) for name, usd in money.items()}
    return {f"{owner}_{name}": -1 if value is None else value for name, value in (micro | counts).items()}


def _text(value: float | None) -> Argument:
    return "" if value is None else value
