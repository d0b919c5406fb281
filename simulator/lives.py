"""Owns what becomes of accounts: new names, names taken over, suspension, protection and return.

It must not make posts. Invariant: the posts of an account are out of sight exactly while it is suspended or
protected. What comes by chance is drawn apart from the posts, so that asking for it leaves them as they were.

    public --suspend--> suspended --restore--> public        rename: at any time; the old name is free at once
       '----protect---> protected --restore------^           and may be taken by another account, with another id
"""

from random import Random
from typing import Literal

from simulator.accounts import Account, AccountBook
from simulator.agenda import Agenda
from simulator.config import HOUR_MS, Config
from simulator.endings import hide_posts, show_posts
from simulator.engagement import MINUTE_MS
from simulator.happenings import Happening, Happenings
from simulator.index import PostIndex

Change = Literal["rename", "suspend", "protect", "restore"]

DAY_MS = 24 * HOUR_MS
RETURN_SHARE, REUSE_SHARE = 0.6, 0.5
RETURN_MS, REUSE_MS = 6 * HOUR_MS, 2 * HOUR_MS


class Lives:
    """The changes of one world's accounts; times in ms."""

    def __init__(
        self,
        config: Config,
        book: AccountBook,
        index: PostIndex,
        agenda: Agenda,
        happenings: Happenings,
        start_ms: int,
    ) -> None:
        """Set the changes of every world, and the first that comes by chance where `account_changes` asks for them."""
        self._book, self._index, self._agenda, self._tempo = book, index, agenda, config.tempo
        self._happenings = happenings
        self._rng = Random(f"{config.seed}/{start_ms}/lives")
        changes_a_day = config.account_changes * config.accounts
        self._mean_ms = DAY_MS / changes_a_day if changes_a_day else None
        self._schedule(start_ms)

    def change(self, account: Account, change: Change, username: str = "") -> None:
        """Let one thing happen to an account now; raise `ValueError` for a `username` that cannot be taken."""
        now_ms = self._agenda.now_ms
        if change == "rename":
            before = account.username
            self._book.rename(account, username, now_ms)
            self._happenings.tell(Happening("rename", now_ms, account, before=before))
        elif change == "restore":
            account.become("public", now_ms)
            show_posts(self._index, account)
        else:
            account.become("suspended" if change == "suspend" else "protected", now_ms)
            hide_posts(self._index, account, now_ms)

    def plan(self, account: Account, change: Change, username: str, at_ms: int) -> None:
        """Let something happen to an account later; a name that somebody has by then is not taken."""
        self._agenda.at(at_ms, lambda: self._try(account, change, username))

    def _try(self, account: Account, change: Change, username: str) -> None:
        if self._book.by_handle.get(username.lower(), account) is account:
            self.change(account, change, username)

    def _schedule(self, start_ms: int) -> None:
        """One account is protected from the first day, one suspended in the past, two go while we watch."""
        shy, banned, banned_live, shy_live = self._book.crowd[:4]
        self.change(shy, "protect")
        half_ms = (start_ms + self._agenda.now_ms) // 2
        self.plan(banned, "suspend", "", half_ms)
        self.plan(banned_live, "suspend", "", start_ms + 10 * MINUTE_MS)
        self.plan(shy_live, "protect", "", start_ms + 20 * MINUTE_MS)
        self._plan_chance(start_ms)

    # -- by chance

    def _plan_chance(self, after_ms: int) -> None:
        if self._mean_ms is not None:
            self._agenda.at(after_ms + self._delay_ms(self._mean_ms), self._happen)

    def _happen(self) -> None:
        self._plan_chance(self._agenda.now_ms)
        account = self._rng.choice(self._book.tracked)
        if account.hidden:
            return
        change: Change = self._rng.choice(("rename", "rename", "suspend", "protect"))
        if change == "rename":
            self._rename(account)
            return
        self.change(account, change)
        if self._rng.random() < RETURN_SHARE:
            self.plan(account, "restore", "", self._soon(RETURN_MS))

    def _rename(self, account: Account) -> None:
        old = account.username
        self.change(account, "rename", self._book.free_name(self._rng))
        if self._rng.random() < REUSE_SHARE:
            # Not of those whose end is set already.
            stranger = self._rng.choice(self._book.crowd[4:])
            self.plan(stranger, "rename", old, self._soon(REUSE_MS))

    def _soon(self, mean_ms: float) -> int:
        return self._agenda.now_ms + self._delay_ms(mean_ms / self._tempo)

    def _delay_ms(self, mean_ms: float) -> int:
        return int(self._rng.expovariate(1 / mean_ms)) + 1_000
