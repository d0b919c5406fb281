"""Owns the bill: what each project bought, what it read again for free, and what it has left.

It must not refuse or change an answer. Invariant: within one day a project pays for the same post or user
once; only answers that X completed are charged; `micro_usd` of every line is its objects times their prices.

Prices are those of X's pay-per-use plan: $0.005 a post, $0.001 one of the app's owner in their own timeline, $0.010 a
user, $0.005 a counts request, $0.010 one of the archive, $0.005 a profile update that a stream tells. A post is paid
once a day, whichever price came first. That included objects are billed is not documented by X; `Plan.bill_includes`
decides.
Memory: the ids bought by each project today, and one line for each (project, day, endpoint, token).
"""

import zlib
from collections import Counter
from dataclasses import asdict, dataclass, field, fields

from simulator.calls import DEFAULT_PROJECT, Call, Credential, JsonObject, Returned
from simulator.days import DAY_SECONDS, Calendar
from simulator.spend_caps import SpendCap

MICRO = 1_000_000
# Posts a month on the pay-per-use plan.
MONTH_POSTS = 3_000_000


@dataclass(frozen=True)
class Plan:
    """What X sells and for how much; `credits_usd`, `day_posts` and `spend_cap_usd` None mean no end."""

    post_usd: float = 0.005
    user_usd: float = 0.010
    counts_usd: float = 0.005
    counts_all_usd: float = 0.010
    owned_post_usd: float = 0.001
    profile_update_usd: float = 0.005
    bill_includes: bool = True
    credits_usd: float | None = None
    month_posts: int = MONTH_POSTS
    day_posts: int | None = None
    day_seconds: float = DAY_SECONDS
    spend_cap_usd: float | None = None
    spend_cap_seconds: float = 60.0

    def __post_init__(self) -> None:
        """Raise `ValueError`, naming the value, when one is out of its range."""
        prices = ("post_usd", "owned_post_usd", "user_usd", "counts_usd", "counts_all_usd", "profile_update_usd")
        for name in (*prices, "credits_usd", "month_posts", "day_posts", "spend_cap_usd"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"{name} must not be negative: {value}")
        if not self.spend_cap_seconds > 0:
            raise ValueError(f"spend_cap_seconds must be above 0: {self.spend_cap_seconds}")
        if not 1 <= self.day_seconds <= DAY_SECONDS:
            raise ValueError(f"day_seconds is out of range: {self.day_seconds}")


@dataclass
class Line:
    """One line of a bill; `posts_bought` are all, `owned_posts_bought` those of them at the price of owners."""

    calls: int = 0
    posts_bought: int = 0
    posts_reread: int = 0
    users_bought: int = 0
    users_reread: int = 0
    counts_requests: int = 0
    counts_all_requests: int = 0
    owned_posts_bought: int = 0
    profile_updates: int = 0
    micro_usd: int = 0

    def add(self, other: "Line") -> None:
        """Add another line to this one."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def as_json(self) -> dict[str, int]:
        """Return the counts by name."""
        return {name: getattr(self, name) for name in _COUNTS}


_COUNTS = tuple(found.name for found in fields(Line))


@dataclass
class _Project:
    """What one project owns today; `left_micro` None means no end."""

    left_micro: int | None
    cap: SpendCap
    day: int = -1
    posts: set[int] = field(default_factory=set)
    users: set[int] = field(default_factory=set)
    posts_by_day: Counter[int] = field(default_factory=Counter)
    posts_by_month: Counter[int] = field(default_factory=Counter)


class Ledger:
    """The books of all projects; `owner_id` is the account that owns every app, None for nobody."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.calendar = plan, Calendar(plan.day_seconds)
        self.owner_id: int | None = None
        prices = (plan.post_usd, plan.owned_post_usd, plan.user_usd, plan.counts_usd, plan.counts_all_usd)
        self._prices_micro = tuple(round(usd * MICRO) for usd in (*prices, plan.profile_update_usd))
        self._projects: dict[str, _Project] = {}
        self._lines: dict[tuple[str, int, str, str], Line] = {}

    # -- writing

    def charge(self, call: Call, returned: Returned, *, calls: int = 1) -> Line:
        """Write down one answer that X completed, with the objects that it returned; return what was bought.

        `calls` 0: it is more of an answer that was written down already.
        """
        project, day = self._project(call.credential.project), self.calendar.day(call.at_ms)
        if day != project.day:
            project.day, project.posts, project.users = day, set(), set()
        posts, users = set(returned.posts), set(returned.users)
        if not self.plan.bill_includes:
            posts.difference_update(returned.included_posts)
            users.difference_update(returned.included_users)
        new_posts, new_users = len(posts - project.posts), len(users - project.users)
        new_owned = len((posts & returned.owned_posts) - project.posts)
        project.posts |= posts
        project.users |= users
        project.posts_by_day[day] += new_posts
        project.posts_by_month[self.calendar.month(day)] += new_posts
        counts = returned.counts_requests, returned.counts_all_requests, returned.profile_updates
        sold = (new_posts - new_owned, new_owned, new_users, *counts)
        micro = sum(count * price for count, price in zip(sold, self._prices_micro, strict=True))
        if project.left_micro is not None:
            project.left_micro -= micro
        project.cap.add(micro, call.at_ms)
        line = self._lines.setdefault((call.credential.project, day, call.endpoint, call.credential.label), Line())
        bought = Line(
            calls=calls,
            posts_bought=new_posts,
            posts_reread=len(posts) - new_posts,
            users_bought=new_users,
            users_reread=len(users) - new_users,
            counts_requests=returned.counts_requests,
            counts_all_requests=returned.counts_all_requests,
            owned_posts_bought=new_owned,
            profile_updates=returned.profile_updates,
            micro_usd=micro,
        )
        line.add(bought)
        return bought

    def top_up(self, project: str, usd: float) -> int:
        """Add credits to a project that has an end of them; return what it has now, in micro-dollars."""
        owner = self._project(project)
        owner.left_micro = (owner.left_micro or 0) + round(usd * MICRO)
        return owner.left_micro

    def set_cap(self, project: str, usd: float | None, reset_seconds: float, now_ms: int) -> None:
        """Give a project another spend cap over what it spent since the last reset; None for no end."""
        self._project(project).cap.change(None if usd is None else round(usd * MICRO), reset_seconds, now_ms)

    # -- reading

    def capped_until_ms(self, credential: Credential, at_ms: int) -> int | None:
        """Return when the spend cap ends that stands for a project, or None."""
        return self._project(credential.project).cap.standing_until_ms(at_ms)

    def depleted(self, credential: Credential) -> bool:
        """Whether the project has no credits left. The call that used up the last was still answered."""
        left = self._project(credential.project).left_micro
        return left is not None and left <= 0

    def capped_period(self, credential: Credential, at_ms: int) -> str | None:
        """Return `Monthly` or `Daily` when the posts of that period are used up, or None."""
        project, day = self._project(credential.project), self.calendar.day(at_ms)
        if project.posts_by_month[self.calendar.month(day)] >= self.plan.month_posts:
            return "Monthly"
        if self.plan.day_posts is not None and project.posts_by_day[day] >= self.plan.day_posts:
            return "Daily"
        return None

    def posts_on(self, project: str, day: int) -> int:
        """Return how many posts a project bought on a day."""
        return self._project(project).posts_by_day[day]

    def posts_in_month(self, project: str, day: int) -> int:
        """Return how many posts a project bought in the month of a day."""
        return self._project(project).posts_by_month[self.calendar.month(day)]

    def bill(self) -> JsonObject:
        """Return the whole bill: the total, and the same lines by project, day, endpoint and token."""
        total = Line()
        groups: tuple[dict[str, Line], ...] = ({}, {}, {}, {})
        for (project, day, endpoint, token), line in self._lines.items():
            total.add(line)
            for group, name in zip(groups, (project, self.calendar.label(day), endpoint, token), strict=True):
                group.setdefault(name, Line()).add(line)
        names = ("by_project", "by_day", "by_endpoint", "by_token")
        tables = {
            name: {key: line.as_json() for key, line in sorted(group.items())}
            for name, group in zip(names, groups, strict=True)
        }
        left = {name: project.left_micro for name, project in sorted(self._projects.items())}
        caps = {name: asdict(project.cap) for name, project in sorted(self._projects.items())}
        return {**total.as_json(), "credits_left_micro_usd": left, "spend_caps": caps, **tables}

    def _project(self, name: str) -> _Project:
        found = self._projects.get(name)
        if found is None:
            plan = self.plan
            left = None if plan.credits_usd is None else round(plan.credits_usd * MICRO)
            cap = None if plan.spend_cap_usd is None else round(plan.spend_cap_usd * MICRO)
            found = self._projects[name] = _Project(left, SpendCap(cap, plan.spend_cap_seconds))
        return found


def project_id(project: str) -> str:
    """Return the id that X would show for a project: 19 digits, made of its name."""
    return str(10**18 + 1 + (zlib.crc32(project.encode()) if project != DEFAULT_PROJECT else 0))
