"""Owns the people of the world: the accounts a user would track, and the crowd around them.

It must not know posts. Invariant: screen names are unique at any moment without regard to case and match
`^[A-Za-z0-9_]{1,15}$`; an id never changes its account; every name and state an account had is kept with its time.
"""

import re
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from typing import Literal

from simulator.snowflake import EPOCH_MS, first_id_at

YEAR_MS = 365 * 24 * 3_600_000
CROWD_PER_ACCOUNT = 12
# Posts show up to a hundred of their likers; there must be as many people.
SMALLEST_CROWD = 120

AccountState = Literal["public", "protected", "suspended"]
_USERNAME = re.compile(r"[A-Za-z0-9_]{1,15}\Z")


def _words(text: str) -> list[str]:
    return text.split()


_FIRST = _words(
    "Amber Arctic Bold Brisk Calm Cedar Civic Clear Coral Daily Delta Eager Early Fern Field Frank Green "
    "Harbor Hazel Iron Ivory Jade Keen Lake Lunar Maple Metro Misty North Ocean Open Pine Plain Quiet "
    "Rapid River Royal Sandy Silver Solar South Stone Swift Tidal Urban Vivid West Wild"
)
_SECOND = _words(
    "Atlas Badger Bell Bridge Cable Crane Desk Dispatch Falcon Finch Forum Fox Garden Gazette Hawk Heron "
    "Herald Journal Kite Lab Lantern Ledger Lens Lynx Mail Market News Notes Orbit Otter Owl Partridge "
    "Post Press Quail Radio Raven Report Robin Scout Signal Sparrow Star Studio Times Tribune Voice Watch "
    "Wren"
)
_PLACES = ("Lisbon", "Oslo", "Nairobi", "Osaka", "Lima", "Toronto", "Leeds", "Pune", "Accra", "Graz", "")


@dataclass(slots=True, eq=False)
class Account:
    """One account; times in ms since the Unix epoch, `popularity` around 1 for a tracked account."""

    id: int
    username: str
    name: str
    created_at_ms: int
    verified_type: str
    description: str
    location: str
    url: str | None
    followers: int
    following: int
    listed: int
    earlier_posts: int
    popularity: float
    tracked: bool
    handle: str = field(init=False)
    names: list[tuple[str, int]] = field(init=False)
    states: list[tuple[AccountState, int]] = field(init=False)
    posts_made: int = 0
    latest_post_id: int | None = None
    suspended_at_ms: int | None = None
    protected_at_ms: int | None = None

    def __post_init__(self) -> None:
        """Keep the screen name in lower case, as queries compare it, and begin its history."""
        self.handle = self.username.lower()
        self.names, self.states = [(self.username, self.created_at_ms)], [("public", self.created_at_ms)]

    def become(self, state: AccountState, now_ms: int) -> None:
        """Change its state, and note since when."""
        self.suspended_at_ms = now_ms if state == "suspended" else None
        self.protected_at_ms = now_ms if state == "protected" else None
        self.states.append((state, now_ms))

    @property
    def state(self) -> AccountState:
        """What it is now."""
        return self.states[-1][0]

    @property
    def hidden(self) -> bool:
        """Whether its posts are out of public sight."""
        return self.suspended_at_ms is not None or self.protected_at_ms is not None


class AccountBook:
    """All accounts, by id and by screen name, and a weighted draw of who acts next."""

    def __init__(self, rng: Random, tracked: int, start_ms: int) -> None:
        """Draw `tracked` accounts and their crowd; the same `rng` state gives the same people."""
        names: set[str] = set()
        crowd = max(SMALLEST_CROWD, CROWD_PER_ACCOUNT * min(tracked, 200))
        self.tracked = [_draw_account(rng, names, start_ms, True) for _ in range(tracked)]
        self.crowd = [_draw_account(rng, names, start_ms, False) for _ in range(crowd)]
        self.by_id = {account.id: account for account in (*self.tracked, *self.crowd)}
        self.by_handle = {account.handle: account for account in self.by_id.values()}
        # Rates over accounts are heavy-tailed: a few post most of what is posted.
        self._tracked_draw = _WeightedDraw(self.tracked, [rng.paretovariate(1.3) for _ in self.tracked])
        self._crowd_draw = _WeightedDraw(self.crowd, [rng.paretovariate(1.5) for _ in self.crowd])

    def pick_tracked(self, rng: Random) -> Account:
        """Return a tracked account, the busy ones more often."""
        return self._tracked_draw.pick(rng)

    def pick_crowd(self, rng: Random) -> Account:
        """Return an account of the crowd whose posts can be seen."""
        while True:
            account = self._crowd_draw.pick(rng)
            if not account.hidden:
                return account

    def find(self, name_or_id: str) -> Account | None:
        """Return the account of a screen name (any case) or of a numeric id, or None."""
        named = self.by_handle.get(name_or_id.lower())
        if named is None and name_or_id.isascii() and name_or_id.isdigit():
            return self.by_id.get(int(name_or_id))
        return named

    def rename(self, account: Account, username: str, now_ms: int) -> None:
        """Give an account another screen name; its old one is free from then on.

        Raises `ValueError` for a name of another form, or one that somebody else has.
        """
        if not _USERNAME.match(username):
            raise ValueError(f"username: {username!r} does not match ^[A-Za-z0-9_]{{1,15}}$")
        if self.by_handle.get(username.lower(), account) is not account:
            raise ValueError(f"username: {username!r} is taken")
        del self.by_handle[account.handle]
        account.username, account.handle = username, username.lower()
        account.names.append((username, now_ms))
        self.by_handle[account.handle] = account

    def free_name(self, rng: Random) -> str:
        """Draw a screen name that nobody has."""
        return _draw_username(rng, set(self.by_handle))


class _WeightedDraw:
    """Draws from a fixed list by weight, in O(log n)."""

    def __init__(self, items: Sequence[Account], weights: list[float]) -> None:
        self._items = items
        self._cumulative = list(accumulate(weights))

    def pick(self, rng: Random) -> Account:
        at = rng.random() * self._cumulative[-1]
        return self._items[min(bisect(self._cumulative, at), len(self._items) - 1)]


def _draw_account(rng: Random, names: set[str], start_ms: int, tracked: bool) -> Account:
    username = _draw_username(rng, names)
    popularity = min(40.0, 0.375 * rng.paretovariate(1.6)) * (1.0 if tracked else 0.04)
    created_at_ms = start_ms - rng.randrange(YEAR_MS // 2, 14 * YEAR_MS)
    followers = int(popularity * rng.lognormvariate(8, 0.8)) + 3
    verified = rng.random() < (0.45 if tracked else 0.08)
    return Account(
        id=_draw_user_id(rng, created_at_ms),
        username=username,
        name=username.replace("_", " ").strip() or username,
        created_at_ms=created_at_ms,
        verified_type=rng.choice(("blue", "blue", "business", "government")) if verified else "none",
        description=f"{rng.choice(_FIRST)} {rng.choice(_SECOND).lower()}, mostly about {rng.choice(_SECOND).lower()}s.",
        location=rng.choice(_PLACES),
        url=f"https://t.co/{username}" if rng.random() < 0.4 else None,
        followers=followers,
        following=rng.randrange(10, 3_000),
        listed=followers // 90,
        earlier_posts=rng.randrange(20, 60_000),
        popularity=popularity,
        tracked=tracked,
    )


def _draw_username(rng: Random, names: set[str]) -> str:
    while True:
        stem = rng.choice(_FIRST) + rng.choice(("", "_", "")) + rng.choice(_SECOND)
        name = stem[:15] if rng.random() < 0.4 else stem[:11] + str(rng.randrange(1, 9999))
        if name.lower() not in names:
            names.add(name.lower())
            return name


def _draw_user_id(rng: Random, created_at_ms: int) -> int:
    # Accounts older than 2016 carry short ids on X, later ones carry snowflakes.
    if created_at_ms < EPOCH_MS + 5 * YEAR_MS:
        return rng.randrange(1_000_000, 4_000_000_000)
    return first_id_at(created_at_ms) + rng.getrandbits(22)
