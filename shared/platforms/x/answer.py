"""What became of one request: the value or the error, and the facts that are true of both.

Pure data. An answer always carries the headers of the limits, also when it is an error: the limiter settles with them.
Invariant: exactly one of `value` and `error` is set; nothing here holds a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from shared.domain.errors import CoveyError, NoAnswer
from shared.domain.models import Page, RateHeaders, UserLookup
from shared.domain.money.prices import PriceKind

T_co = TypeVar("T_co", covariant=True)


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
    """One answer. `dialect_changed`: X does not speak the dialect of the request; the next one will differ."""

    endpoint: str
    credential_id: str
    seconds: float
    status: int | None = None
    rate: RateHeaders = field(default_factory=RateHeaders)
    value: T_co | None = None
    error: CoveyError | None = None
    dialect_changed: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether X gave an answer that can be believed, good or bad: then what it billed is known."""
        return not isinstance(self.error, NoAnswer)

    @property
    def post_ids(self) -> frozenset[int]:
        """Ids of the posts returned."""
        page = self.value
        return (
            frozenset(post.id for post in page.posts + page.included_posts) if isinstance(page, Page) else frozenset()
        )

    @property
    def user_ids(self) -> frozenset[int]:
        """Ids of the accounts returned."""
        found = self.value.users if isinstance(self.value, Page | UserLookup) else ()
        return frozenset(user.id for user in found)

    @property
    def object_ids(self) -> Mapping[PriceKind, frozenset[int]]:
        """Ids of all that was returned and has a price."""
        return {PriceKind.POST: self.post_ids, PriceKind.USER: self.user_ids}

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
