"""What became of one request: the value or the error, and the facts that are true of both.

Pure data. An answer always carries the headers of the limits, also when it is an error: the limiter settles with them.
Invariant: exactly one of `value` and `error` is set; nothing here holds a secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from shared.domain.errors import CoveyError, NoAnswer
from shared.domain.models import Page, RateHeaders, UserLookup
from shared.domain.money.prices import Amounts, PriceKind
from shared.domain.set_aside import Kind, Reason, SetAside
from shared.platforms.x.body import identifier

T_co = TypeVar("T_co", covariant=True)
_PRICED = {Kind.POST: PriceKind.POST, Kind.USER: PriceKind.USER}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One request, for metrics and logs. `outcome` is "ok" or the class of the error; `posts` and `users` are the
    distinct objects returned, included ones too; `status` is None where X sent none."""

    endpoint: str
    credential_id: str
    outcome: str
    status: int | None
    seconds: float
    posts: int
    users: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[T_co]):
    """One answer. `dialect_changed`: X does not speak the dialect of the request; the next one will differ.

    `post_price`: what the posts asked for were bought as.
    """

    endpoint: str
    credential_id: str
    seconds: float
    status: int | None = None
    rate: RateHeaders = field(default_factory=RateHeaders)
    value: T_co | None = None
    error: CoveyError | None = None
    dialect_changed: bool = False
    post_price: PriceKind = PriceKind.POST

    @property
    def is_whole(self) -> bool:
        """Whether X gave an answer that can be believed, good or bad: then what it billed is known."""
        return not isinstance(self.error, NoAnswer)

    @property
    def post_ids(self) -> frozenset[int]:
        """Ids of the posts returned, also of those that could not be read."""
        page = self.value
        found = [post.id for post in page.posts + page.included_posts] if isinstance(page, Page) else []
        return frozenset([*found, *self._set_aside_ids(Kind.POST)])

    @property
    def user_ids(self) -> frozenset[int]:
        """Ids of the accounts returned, also of those that could not be read."""
        found = self.value.users if isinstance(self.value, Page | UserLookup) else ()
        return frozenset([*(user.id for user in found), *self._set_aside_ids(Kind.USER)])

    @property
    def object_ids(self) -> Mapping[PriceKind, frozenset[int]]:
        """Ids of all that was returned and has a price."""
        if self.post_price is PriceKind.POST or not isinstance(self.value, Page):
            return {PriceKind.POST: self.post_ids, PriceKind.USER: self.user_ids}
        own = frozenset(post.id for post in self.value.posts)
        return {self.post_price: own, PriceKind.POST: self.post_ids - own, PriceKind.USER: self.user_ids}

    @property
    def nameless(self) -> Amounts:
        """What was returned and has a price, but no id that can be read: objects all the same, for X to bill."""
        objects = [one for one in self._set_aside if one.reason is not Reason.NOT_AN_OBJECT and one.kind in _PRICED]
        return Amounts(_PRICED[one.kind] for one in objects if identifier(one.object_id) is None)

    def _set_aside_ids(self, kind: Kind) -> Iterator[int]:
        ids = (identifier(one.object_id) for one in self._set_aside if one.kind is kind)
        return (one for one in ids if one is not None)

    @property
    def _set_aside(self) -> tuple[SetAside, ...]:
        return self.value.set_aside if isinstance(self.value, Page | UserLookup) else ()

    @property
    def record(self) -> CallRecord:
        """The facts of the call, without what it returned."""
        return CallRecord(
            endpoint=self.endpoint,
            credential_id=self.credential_id,
            outcome="ok" if self.error is None else type(self.error).__name__,
            status=self.status,
            seconds=self.seconds,
            posts=len(self.post_ids),
            users=len(self.user_ids),
        )

    def unwrap(self) -> T_co:
        """The value. Raises the error instead where there is one."""
        if self.error is not None:
            raise self.error
        assert self.value is not None
        return self.value
