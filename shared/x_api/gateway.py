"""The only way handlers call X: grant, call, settlement.

Owns the order of these three and what a refusal by X blocks. It must not wait: without a grant it raises NotGranted
with the wait. Invariant: one grant, one HTTP request, one settlement, whatever becomes of the request; no grant, no
request. A call whose dialect X does not speak is repeated once, under a second grant.

    acquire --Refusal--> NotGranted
       |
     Grant --> request --> Answer --> settle(answered)    --> value, or the error of the tree
                  |
                  +-- anything raised --> settle(not answered: all that was reserved counts as spent) --> raised on

A settlement that fails loses no answer: the grant's lease runs out, and then the call counts as spent. A 401 to a
credential that can be renewed blocks nothing in the limiter: the source of the credentials says what it means.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from shared import metrics
from shared.errors import CoveyError, LimiterUnavailable, NotGranted, Unauthorized
from shared.log import get_logger
from shared.models import Page, Usage, UserLookup, WorkClass
from shared.ratelimit.model import Block, CallRequest, Grant, Refusal, Settlement
from shared.x_api import calls
from shared.x_api.answer import Answer
from shared.x_api.auth import Credential
from shared.x_api.blocks import block_for
from shared.x_api.calls import Call
from shared.x_api.client import XClient
from shared.x_api.endpoints import CredentialKind

T = TypeVar("T")
log = get_logger(__name__)

# (ids of posts, ids of accounts) that an answer returned -> how many of each X bills for.
Bill = Callable[[frozenset[int], frozenset[int]], tuple[int, int]]


class CallLimiter(Protocol):
    """What the gateway needs of the limiter."""

    def acquire(self, request: CallRequest, /) -> Grant | Refusal:
        """Leave to make one call, or the wait. Raises LimiterUnavailable."""
        ...

    def settle(self, grant: Grant, settlement: Settlement, /) -> None:
        """Say what became of a granted call. Raises LimiterUnavailable."""
        ...


class CredentialSource(Protocol):
    """What the gateway needs of the credentials. Every method may raise StoreUnavailable."""

    def usable(self) -> Sequence[Credential]:
        """Those that X may be asked with now."""
        ...

    def missing(self, endpoint: str, kinds: Collection[CredentialKind], /) -> CoveyError:
        """Why none of these kinds is usable, as the error to raise."""
        ...

    def refused(self, credential: Credential, error: Unauthorized, /) -> CoveyError:
        """X answered 401 to a renewable credential: the error to raise."""
        ...


class FixedCredentials:
    """A source that never changes, whose credentials nobody renews."""

    def __init__(self, credentials: Sequence[Credential]) -> None:
        self._credentials = tuple(credentials)

    def usable(self) -> Sequence[Credential]:
        """All of them."""
        return self._credentials

    def missing(self, endpoint: str, kinds: Collection[CredentialKind], /) -> CoveyError:
        """Only a person can add one."""
        return Unauthorized(endpoint, "no credential is configured that X takes here", reason="no-credential")

    def refused(self, credential: Credential, error: Unauthorized, /) -> CoveyError:
        """The refusal stands."""
        return error


def bill_everything(post_ids: frozenset[int], user_ids: frozenset[int]) -> tuple[int, int]:
    """Every distinct object of an answer is billed: true unless some were read earlier in the same UTC day."""
    return len(post_ids), len(user_ids)


class XGateway:
    """Typed reads of X under grants, safe for threads.

    credentials: asked at every call, so that one can join or be renewed while the process runs. bill: how many of the
    objects of an answer cost money. Every method takes the class of work it is for. All raise: InputError
    (nothing was sent); NotGranted, LimiterUnavailable (nothing was sent, try later); CredentialNotReady (try later);
    and what X answered: NoAnswer, ServerFault, Throttled, Paused and Permanent errors.
    """

    def __init__(
        self,
        client: XClient,
        limiter: CallLimiter,
        credentials: CredentialSource,
        *,
        bill: Bill = bill_everything,
    ) -> None:
        self._client = client
        self._limiter = limiter
        self._credentials = credentials
        self._bill = bill

    def search_recent(
        self,
        work_class: WorkClass,
        *,
        query: str,
        since_id: int | None = None,
        until_id: int | None = None,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        next_token: str | None = None,
        max_results: int = 100,
        expand_authors: bool = True,
    ) -> Page:
        """One page of a search; see `calls.search_recent`."""
        call = calls.search_recent(
            query=query,
            since_id=since_id,
            until_id=until_id,
            start_time=start_time,
            end_time=end_time,
            next_token=next_token,
            max_results=max_results,
            expand_authors=expand_authors,
        )
        return self.read(work_class, call)

    def quote_tweets(
        self,
        work_class: WorkClass,
        *,
        post_id: int,
        pagination_token: str | None = None,
        max_results: int = 100,
        expand_authors: bool = True,
    ) -> Page:
        """One page of the quotes of a post, newest first. Raises NotFound when the post is gone."""
        call = calls.quote_tweets(
            post_id=post_id,
            pagination_token=pagination_token,
            max_results=max_results,
            expand_authors=expand_authors,
        )
        return self.read(work_class, call)

    def lookup_posts(self, work_class: WorkClass, *, post_ids: Sequence[int], expand_authors: bool = False) -> Page:
        """Up to 100 posts by id; `states` says what became of each."""
        return self.read(work_class, calls.lookup_posts(post_ids=post_ids, expand_authors=expand_authors))

    def users_by(self, work_class: WorkClass, *, usernames: Sequence[str]) -> UserLookup:
        """Up to 100 accounts by username, and why the others are missing."""
        return self.read(work_class, calls.users_by(usernames=usernames))

    def users(self, work_class: WorkClass, *, user_ids: Sequence[int]) -> UserLookup:
        """Up to 100 accounts by id, and why the others are missing."""
        return self.read(work_class, calls.users(user_ids=user_ids))

    def lookup_media(self, work_class: WorkClass, *, keys: Sequence[str]) -> Page:
        """Up to 100 media by key, in `media`."""
        return self.read(work_class, calls.lookup_media(keys=keys))

    def usage(self, work_class: WorkClass, *, days: int = 7) -> Usage:
        """What X itself counted for the project."""
        return self.read(work_class, calls.usage(days=days))

    def read(self, work_class: WorkClass, call: Call[T]) -> T:
        """Make any call of `calls` under a grant; under a second one again when only the dialect was wrong."""
        answer = self._granted(work_class, call)
        if answer.dialect_changed:
            answer = self._granted(work_class, call)
        return answer.unwrap()

    def _granted(self, work_class: WorkClass, call: Call[T]) -> Answer[T]:
        usable = {c.id: c for c in self._credentials.usable() if c.kind in call.endpoint.credentials}
        key = call.endpoint.key
        if not usable:
            raise self._credentials.missing(key, call.endpoint.credentials)
        posts = call.posts(self._client.dialect)
        grant = self._limiter.acquire(CallRequest(key, tuple(usable), work_class, posts=posts, users=call.users))
        if isinstance(grant, Refusal):
            metrics.X_REFUSALS.labels(key, grant.blocked_by).inc()
            raise NotGranted(key, wait_seconds=grant.wait_seconds, blocked_by=grant.blocked_by)
        credential = usable[grant.credential_id]
        settlement = Settlement(answered=False)
        try:
            answer = self._client.perform(call, credential)
            refusal = answer.error if credential.is_renewable and isinstance(answer.error, Unauthorized) else None
            settlement = self._settlement(answer, block_for(None if refusal else answer.error))
        finally:
            self._settle(grant, settlement)
        if refusal is not None:
            raise self._credentials.refused(credential, refusal)
        return answer

    def _settlement(self, answer: Answer[object], block: Block | None) -> Settlement:
        posts, users = self._bill(answer.post_ids, answer.user_ids)
        return Settlement(
            answered=answer.is_whole,
            status=answer.status,
            rate=answer.rate,
            posts=posts,
            users=users,
            block=block,
        )

    def _settle(self, grant: Grant, settlement: Settlement) -> None:
        try:
            self._limiter.settle(grant, settlement)
        except LimiterUnavailable as error:
            log.warning("grant not settled; it counts as spent", endpoint=grant.endpoint, reason=str(error))
