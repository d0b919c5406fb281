"""The ledger: every call that was made, what X bills for it, and the sums.

    answer of X --record--> Redis: ids bought today, sums of the day --copy--> MongoDB `ledger`
                             (one script: both or neither)            (every 2 s, any process, as often as it likes)

Promise. The money in the ledger is what X billed for the objects that this system has seen, each once a UTC day by
X's clock, to the micro-dollar: with any number of processes and threads, in any order, however often an answer is told.
- A process dies between X's answer and `record`: the job runs again, and the same objects are new then; X bills them
  once, and so do we. Objects that do not come again are missing here; the limiter holds their reservation as spent.
- Redis is away: what could not be told is kept, up to 1,000 calls a process, and told with the next call.
- Redis loses everything: the sums since the last copy are gone (2 s where a scheduler runs), and what is read again
  that day counts as bought again: too much, not too little. Redis with `appendfsync everysec` loses a second by itself.
- The counts of calls may be too high by a call whose record was answered into a broken connection.

Must not refuse a call: the limiter does. Invariant: nothing is counted as read again that was not bought that day.
"""

from __future__ import annotations

import secrets
import struct
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol

import redis

from shared.domain.errors import LimiterUnavailable, RedisRefused
from shared.domain.models import WorkClass
from shared.domain.money.budgets import MICRO, Prices
from shared.domain.money.purchases import COUNTS, DEFAULT_TENANT, HOURS, Billed, Outcome, Purchase, Row, RowKey, Sums
from shared.redis.scripts import Connections, RedisAway, Script, load, reaching
from shared.runtime.clock import Clock
from shared.runtime.log import get_logger
from shared.spending.bought import Bought, BoughtKeys

log = get_logger(__name__)

KEEP_BOUGHT: Final = timedelta(days=2)
KEEP_SUMS: Final = timedelta(days=7)
COPIED_DAYS: Final = 3  # today and two before: what an outage of MongoDB kept back
MAX_UNTOLD: Final = 1_000
# So close before midnight an id counts as not bought: the answer may be billed to the day after.
MIDNIGHT_GUARD: Final = timedelta(seconds=60)
_pack_call = struct.Struct("<9d").pack
_ROW: Final = struct.Struct(f"<{len(COUNTS) + HOURS}d")
_EPOCH: Final = b"epoch"


class Rows(Protocol):
    """Where the sums are kept for good."""

    def keep(self, rows: Collection[Row]) -> None:
        """Store rows, each in the place of an older copy of itself. Raises StoreUnavailable."""
        ...


class Ledger:
    """Records calls and knows what was bought. Safe for threads; all processes share it through Redis.

    redis_client: one of `shared.redis.connection`. clock: this machine's, corrected by X's Date as answers come.
    """

    def __init__(
        self,
        redis_client: redis.Redis,
        rows: Rows,
        *,
        prices: Prices,
        clock: Clock,
        tenant: str = DEFAULT_TENANT,
        prefix: str = "covey:ledger",
    ) -> None:
        self._redis = redis_client
        self._rows = rows
        self._prices = prices
        self._clock = clock
        self._tenant = tenant
        self._prefix = prefix
        connections = Connections(redis_client)
        self._record = Script(connections, load("shared.spending", "record"))
        self._bought = Bought(connections)
        self._ahead = timedelta(0)
        self._untold: deque[Purchase] = deque(maxlen=MAX_UNTOLD)
        self._copied: dict[tuple[date, str, bytes], bytes] = {}
        self._copying = threading.Lock()

    @property
    def prices(self) -> Prices:
        """What X charges."""
        return self._prices

    def now(self) -> datetime:
        """X's time, as far as its answers have told it."""
        return self._clock.now() + self._ahead

    def bought_posts(self, post_ids: Collection[int]) -> set[int]:
        """Those of the posts that cost nothing to read again now. Raises LimiterUnavailable."""
        return self._known(post_ids, lambda keys, ids: keys.posts(ids))

    def bought_users(self, user_ids: Collection[int]) -> set[int]:
        """Those of the accounts that cost nothing to read again now. Raises LimiterUnavailable."""
        return self._known(user_ids, lambda keys, ids: keys.users(ids))

    def record(self, purchase: Purchase) -> Billed:
        """Write down one call; answers how many of its objects cost money.

        Where Redis cannot be reached all of them do, and the call is told again later.
        """
        if purchase.at is not None:
            self._ahead = purchase.at - self._clock.now()
        waiting = [purchase, *self._take_untold()]
        try:
            while len(waiting) > 1:
                self._tell(waiting[-1])
                waiting.pop()
            return self._tell(purchase)
        except (RedisAway, RedisRefused) as error:
            self._untold.extend(waiting)
            log.warning("calls not recorded yet", calls=len(self._untold), reason=str(error))
            return Billed(len(purchase.post_ids), len(purchase.user_ids))

    def copy(self) -> int:
        """Copy the sums that have changed to MongoDB; answers how many rows. Repeating it changes nothing.

        Raises LimiterUnavailable, StoreUnavailable.
        """
        with self._copying:
            found = {(row.key.day, row.epoch, field): (row, state) for row, field, state in self._sums()}
            changed = {name: one for name, one in found.items() if self._copied.get(name) != one[1]}
            if changed:
                self._rows.keep([row for row, _ in changed.values()])
            self._copied = {name: state for name, (_, state) in found.items()}
            return len(changed)

    def _take_untold(self) -> list[Purchase]:
        """What could not be told yet, for this thread alone to tell: another one may be taking in the same moment."""
        taken: list[Purchase] = []
        with suppress(IndexError):
            while True:
                taken.append(self._untold.popleft())
        return taken

    def _known(self, ids: Collection[int], keys_of: Callable[[BoughtKeys, list[int]], list[str]]) -> set[int]:
        wanted = list(dict.fromkeys(ids))
        now = self.now()
        if not wanted or (now + MIDNIGHT_GUARD).date() != now.date():
            return set()
        try:
            return self._bought.among(keys_of(self._keys(now.date()), wanted), wanted)
        except RedisAway as error:
            raise LimiterUnavailable(str(error)) from error

    def _tell(self, purchase: Purchase) -> Billed:
        at = purchase.at or self.now()
        keys = self._keys(at.date())
        posts, users = list(purchase.post_ids), list(purchase.user_ids)
        is_answered = purchase.outcome is Outcome.ANSWERED
        numbers = _pack_call(
            purchase.outcome is Outcome.FAILED,
            purchase.outcome is Outcome.UNANSWERED,
            at.hour,
            len(posts),
            round(self._prices.post_usd * MICRO),
            round(self._prices.user_usd * MICRO),
            self._prices.cost_micro(purchase.endpoint, posts=0, users=0, is_failure=not is_answered),
            KEEP_BOUGHT.total_seconds(),
            KEEP_SUMS.total_seconds(),
        )
        field = "\t".join((purchase.endpoint, purchase.credential_id, self._tenant, purchase.work_class.value))
        new_posts, new_users = self._record(
            [keys.sums, *keys.posts(posts), *keys.users(users)],
            [field, numbers, secrets.token_hex(6), *posts, *users],
        )
        return Billed(new_posts, new_users)

    def _sums(self) -> Iterator[tuple[Row, bytes, bytes]]:
        """The rows of the last days, each with its field and its state in Redis."""
        today = self.now().date()
        days = [today - timedelta(days=back) for back in range(COPIED_DAYS)]
        try:
            pipeline = self._redis.pipeline(transaction=False)
            for day in days:
                pipeline.execute_command("HGETALL", self._keys(day).sums, NEVER_DECODE=True)  # type: ignore[no-untyped-call]
            replies = reaching(self._redis, pipeline.execute)
        except RedisAway as error:
            raise LimiterUnavailable(str(error)) from error
        for day, reply in zip(days, replies, strict=True):
            fields = _fields(reply)
            epoch = fields.pop(_EPOCH, b"").decode()
            for field, state in fields.items():
                yield Row(_row_key(day, field), epoch, _sums_of(state)), field, state

    def _keys(self, day: date) -> BoughtKeys:
        return BoughtKeys(self._prefix, day)


def _row_key(day: date, field: bytes) -> RowKey:
    endpoint, credential_id, tenant, work_class = field.decode().split("\t")
    return RowKey(
        day=day, endpoint=endpoint, credential_id=credential_id, tenant=tenant, work_class=WorkClass(work_class)
    )


def _sums_of(state: bytes) -> Sums:
    numbers = [int(number) for number in _ROW.unpack(state)]
    counts = dict(zip(COUNTS, numbers, strict=False))
    return Sums(**counts, hours=tuple(numbers[len(COUNTS) :]))


def _fields(reply: Any) -> dict[bytes, bytes]:
    """A HGETALL reply, which the protocol version makes a list or a map."""
    return dict(reply) if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2], strict=True))
