"""Owns what each project asks the streams for: subscriptions to events, and rules for posts.

It must not send anything. Invariant: no project has more than X lets it have, and none has the same thing twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from simulator.query import Node
from simulator.snowflake import Mint

# Of self-serve plans.
MAX_SUBSCRIPTIONS, MAX_RULES, MAX_RULE_LENGTH = 1_500, 1_000, 1_024
_OF_PROFILES = ("bio", "profile_picture", "banner_picture", "screenname", "geo", "url", "verified_badge", "handle")
PUBLIC_EVENTS = ("post.create", "post.delete", *(f"profile.update.{part}" for part in _OF_PROFILES))
# Of users who let the app in only.
CONSENTED_EVENTS = ("post.mention.create", "post.reply.create", "post.quote.create", "post.repost.create")


class Full(Exception):
    """The project has as many as X lets it have."""


class Duplicate(Exception):
    """The project has it already, as `id`."""

    def __init__(self, one: int) -> None:
        super().__init__(str(one))
        self.id = one


@dataclass(frozen=True)
class Subscription:
    """Events of one type by one user."""

    id: int
    event_type: str
    user_id: int
    tag: str | None
    created_ms: int


@dataclass(frozen=True)
class Rule:
    """Posts that match a query."""

    id: int
    value: str
    tag: str | None
    node: Node


class Books:
    """What all projects ask for."""

    def __init__(self) -> None:
        self._mint = Mint()
        self._subscriptions: dict[str, dict[int, Subscription]] = {}
        self._rules: dict[str, dict[int, Rule]] = {}

    def subscriptions(self, project: str) -> dict[int, Subscription]:
        """Those of a project, by id, the oldest first."""
        return self._subscriptions.setdefault(project, {})

    def rules(self, project: str) -> dict[int, Rule]:
        """Those of a project, by id, the oldest first."""
        return self._rules.setdefault(project, {})

    def subscribe(self, project: str, event_type: str, user_id: int, tag: str | None, now_ms: int) -> Subscription:
        """Add a subscription; raise `Duplicate` or `Full`."""
        mine = self.subscriptions(project)
        for one in mine.values():
            if (one.event_type, one.user_id) == (event_type, user_id):
                raise Duplicate(one.id)
        if len(mine) >= MAX_SUBSCRIPTIONS:
            raise Full
        made = Subscription(self._mint.next(now_ms), event_type, user_id, tag, now_ms)
        mine[made.id] = made
        return made

    def add_rule(self, project: str, value: str, tag: str | None, node: Node, now_ms: int, *, dry: bool) -> Rule:
        """Add a rule, or only try it when `dry`; raise `Duplicate` or `Full`."""
        mine = self.rules(project)
        for one in mine.values():
            if one.value == value:
                raise Duplicate(one.id)
        if len(mine) >= MAX_RULES:
            raise Full
        made = Rule(self._mint.next(now_ms), value, tag, node)
        if not dry:
            mine[made.id] = made
        return made

    def counts(self) -> dict[str, dict[str, int]]:
        """How many each project has: `{project: {subscriptions, rules}}`."""
        names: Iterable[str] = sorted({*self._subscriptions, *self._rules})
        return {
            name: {"subscriptions": len(self.subscriptions(name)), "rules": len(self.rules(name))} for name in names
        }
