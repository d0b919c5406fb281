"""The ledger: every call that was made, what X bills for it, and the sums.

    answer of X --record--> Redis: ids bought today, sums of the day --copy--> MongoDB `ledger`
                             (one script: both or neither)            (every 2 s, any process, as often as it likes)

Promise. The money in the ledger is what X billed for the objects that this system has seen, each once a UTC day by
X's clock, to the micro-dollar: with any number of processes and threads, in any order, however often an answer is told.
- A process dies between X's answer and `record`: the job runs again, and the same objects are new then; X bills them
  once, and so do we. Objects that do not come again are missing here; the limiter holds their reservation as spent.
- Redis is away: what could not be told is kept, up to 1,000 calls a process, and told with the next call.
- Another Redis answers, after a failover or a start anew, and may have missed the last of what was told: each process
  tells its calls of the last minute again, at its next look or call; a call that is known is not counted twice. Where
  the right to INFO is missing nobody can see that.
- Redis loses everything: the sums since the last copy are gone (2 s where a scheduler runs), and what is read again
  that day counts as bought again: too much, not too little.

Must not refuse a call: the limiter does. Invariant: nothing is counted as read again that was not bought that day.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import redis

from shared.domain.errors import LimiterUnavailable, RedisRefused
from shared.domain.money.prices import Amounts, PriceKind, Prices
from shared.domain.money.purchases import (
    DEFAULT_TENANT,
    CallResult,
    PaidCall,
    Purchase,
    Row,
    RowKey,
    hour_name,
    reread_name,
)
from shared.redis.scripts import Connections, RedisAway, Script, load, reaching
from shared.runtime.clock import Clock
from shared.runtime.log import get_logger
from shared.spending.attribution import charged, tell
from shared.spending.bought import Bought, BoughtKeys
from shared.spending.lately import LedgerCall, ToldLately
from shared.spending.rows import PREFIX, Rows, day_key, field_of, rows_of, shares_key

log = get_logger(__name__)

KEEP_BOUGHT: Final = timedelta(days=2)
KEEP_ROWS: Final = timedelta(days=7)
COPIED_DAYS: Final = 3  # today and two before: what an outage of MongoDB kept back
MAX_UNTOLD: Final = 1_000
KEEP_CALLS: Final = timedelta(minutes=10)  # so long Redis knows a call by its id
# So close before midnight an id counts as not bought: the answer may be billed to the day after.
MIDNIGHT_GUARD: Final = timedelta(seconds=60)


class Ledger:
    """Records calls and knows what was bought. Safe for threads; all processes share it through Redis.

    redis_client: one of `shared.redis.connection`. clock: this machine's, corrected by X's Date. told: of every call.
    """

    def __init__(
        self,
        redis_client: redis.Redis,
        rows: Rows,
        *,
        prices: Prices,
        clock: Clock,
        tenant: str = DEFAULT_TENANT,
        prefix: str = PREFIX,
        told: Callable[[PaidCall], None] = lambda _: None,
    ) -> None:
        self._redis = redis_client
        self._rows = rows
        self._prices = prices
        self._clock = clock
        self._tenant = tenant
        self._prefix = prefix
        self._told_call = told
        self._connections = Connections(redis_client, tells_server=True)
        self._record = Script(self._connections, load("shared.spending", "record"))
        self._bought = Bought(self._connections)
        self._ahead = timedelta(0)
        self._untold: deque[LedgerCall] = deque(maxlen=MAX_UNTOLD)
        self._told_lately = ToldLately()
        self._told_to = b""
        self._copied: dict[tuple[RowKey, str], bytes] = {}
        self._copying = threading.Lock()

    @property
    def prices(self) -> Prices:
        """What X charges."""
        return self._prices

    def now(self) -> datetime:
        """X's time, as far as its answers have told it."""
        return self._clock.now() + self._ahead

    def bought(self, kind: PriceKind, ids: Collection[int]) -> set[int]:
        """Those of the objects that cost nothing to read again now. Raises LimiterUnavailable."""
        wanted = list(dict.fromkeys(ids))
        now = self.now()
        if not wanted or (now + MIDNIGHT_GUARD).date() != now.date():
            return set()
        try:
            self._tell_another_server()
            return self._bought.among(BoughtKeys(self._prefix, now.date()).sets(kind, wanted), wanted)
        except RedisAway as error:
            raise LimiterUnavailable(str(error)) from error

    def record(self, purchase: Purchase) -> Amounts:
        """Write down one call, and tell who gathers them; answers what of it costs money.

        Where Redis cannot be reached all of it does, and the call is told again later.
        """
        billed = self._recorded(replace(purchase, share_of=purchase.share_of or charged()))
        call = PaidCall(purchase.work_class, purchase.at or self.now(), billed, self._prices.cost_micro(billed))
        tell(call)
        self._told_call(call)
        return billed

    def _recorded(self, purchase: Purchase) -> Amounts:
        if purchase.at is not None:
            self._ahead = purchase.at - self._clock.now()
        call = LedgerCall(secrets.token_hex(8), purchase)
        waiting = [call, *self._take_untold()]
        try:
            while len(waiting) > 1:
                self._tell(waiting[-1])
                waiting.pop()
            billed = self._tell(call)
        except (RedisAway, RedisRefused) as error:
            self._untold.extend(waiting)
            log.warning("calls not recorded yet", calls=len(self._untold), reason=str(error), like="")
            return purchase.brought
        with suppress(RedisAway, RedisRefused):  # they are told again at the next call
            self._tell_another_server()
        return billed

    def copy(self) -> int:
        """Copy the sums that have changed to MongoDB; answers how many rows. Repeating it changes nothing.

        Raises LimiterUnavailable, StoreUnavailable.
        """
        with self._copying:
            found = {(row.key, row.epoch): (row, text) for row, text in self._rows_here()}
            changed = {name: one for name, one in found.items() if self._copied.get(name) != one[1]}
            if changed:
                self._rows.keep([row for row, _ in changed.values()])
            self._copied = {name: text for name, (_, text) in found.items()}
            return len(changed)

    def _take_untold(self) -> list[LedgerCall]:
        """What could not be told yet, for this thread alone to tell: another one may be taking in the same moment."""
        taken: list[LedgerCall] = []
        with suppress(IndexError):
            while True:
                taken.append(self._untold.popleft())
        return taken

    def _tell_another_server(self) -> None:
        """Tell the calls of the last minute again where another server answers than the one that was told."""
        server = self._connections.server_run_id
        if server == self._told_to:
            return
        if self._told_to and server:
            again = [self._arguments(call) for call in self._told_lately.calls()]
            self._record.many(again)
            log.warning("another Redis answers; calls told again", calls=len(again))
        self._told_to = server

    def _tell(self, call: LedgerCall) -> Amounts:
        new = self._record(*self._arguments(call))
        self._told_lately.keep(call)
        purchase = call.purchase
        return purchase.fee + Amounts(dict(zip(purchase.object_ids, new, strict=True)))

    def _arguments(self, call: LedgerCall) -> tuple[list[str], list[str | int]]:
        """Keys and arguments of record.lua."""
        purchase = call.purchase
        at = purchase.at or self.now()
        keys = BoughtKeys(self._prefix, at.date())
        objects = {kind: list(ids) for kind, ids in purchase.object_ids.items()}
        names = [
            day_key(self._prefix, at.date()),
            f"{self._prefix}:calls",
            shares_key(self._prefix, at.date()),
            *(key for kind, ids in objects.items() for key in keys.sets(kind, ids)),
        ]
        told = json.dumps(self._told(purchase, at) | {"call": call.id})
        field = field_of(purchase, self._tenant)
        return names, [field, told, purchase.share_of or "", *(one for ids in objects.values() for one in ids)]

    def _told(self, purchase: Purchase, at: datetime) -> dict[str, Any]:
        """What record.lua is told, apart from the ids."""
        counts = {
            "calls": 1,
            "failed": int(purchase.result is CallResult.FAILED),
            "unanswered": int(purchase.result is CallResult.UNANSWERED),
        }
        fee = {kind.plural: count for kind, count in purchase.fee.items()}
        return {
            "counts": counts | fee,
            "hour": hour_name(at.hour),
            "cost": self._prices.cost_micro(purchase.fee),
            "objects": [
                {"name": kind.plural, "again": reread_name(kind), "ids": len(ids), "price": self._prices.micro[kind]}
                for kind, ids in purchase.object_ids.items()
            ],
            "keep_ids": int(KEEP_BOUGHT.total_seconds()),
            "keep_rows": int(KEEP_ROWS.total_seconds()),
            "keep_calls": int(KEEP_CALLS.total_seconds()),
            "epoch": secrets.token_hex(6),
        }

    def _rows_here(self) -> Iterator[tuple[Row, bytes]]:
        """The rows of the last days, each with its text in Redis."""
        today = self.now().date()
        hashes = [(today - timedelta(days=back), is_old) for back in range(COPIED_DAYS) for is_old in (False, True)]
        try:
            pipeline = self._redis.pipeline(transaction=False)
            for day, is_old in hashes:
                key = day_key(self._prefix, day, is_old=is_old)
                pipeline.execute_command("HGETALL", key, NEVER_DECODE=True)  # type: ignore[no-untyped-call]
            replies = reaching(self._redis, pipeline.execute)
        except RedisAway as error:
            raise LimiterUnavailable(str(error)) from error
        for (day, is_old), reply in zip(hashes, replies, strict=True):
            yield from rows_of(day, _fields(reply), is_old=is_old)


def _fields(reply: Any) -> dict[bytes, bytes]:
    """A HGETALL reply, which the protocol version makes a list or a map."""
    return dict(reply) if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2], strict=True))
