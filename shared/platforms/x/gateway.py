"""The only way handlers call X: its typed reads, each under a grant.

Owns what is X's own: which call a read is, and its dialect. Grant, ledger and settlement are the gateway's of all
platforms. It must not wait. Invariant: one read is one request, and a second one, under a second grant, only where X
does not speak the dialect of the first.

    read --> call in the dialect of now --> value, or the error of the tree
               |
               +-- X does not speak it --> the same call in the other one --> value, or the error of the tree
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar, Unpack

from shared.domain.coverage.counted import Counted
from shared.domain.errors import Forbidden
from shared.domain.models import Page, Usage, User, UserLookup, WorkClass
from shared.domain.money.prices import Amounts, PriceKind
from shared.platforms.call import GrantedCall
from shared.platforms.gateway import CallLedger, CallLimiter, CredentialSource, FixedCredentials, Gateway
from shared.platforms.x import calls
from shared.platforms.x.answer import Answer
from shared.platforms.x.auth import Credential, user_credential_id
from shared.platforms.x.blocks import block_for
from shared.platforms.x.call import Call
from shared.platforms.x.calls import SearchSpan
from shared.platforms.x.client import XClient
from shared.platforms.x.counts import CountSpan, counts
from shared.platforms.x.fields import Along
from shared.platforms.x.job_files import JobFiles
from shared.platforms.x.plan import NoMemory, PlanMemory
from shared.platforms.x.timelines import TimelineSpan, timeline

T = TypeVar("T")
_NOTHING: Mapping[PriceKind, Collection[int]] = MappingProxyType({})


class XGateway:
    """Typed reads of X under grants, safe for threads.

    credentials: asked at every call, so that one can join or be renewed while the process runs. ledger: which objects
    cost money, asked before a call and told after it. along: what else comes with posts. plan: what the plan of the app
    lacks. owner_id: the account that owns the app. Every method takes the class of work it is for. All raise:
    InputError (nothing was sent); NotGranted, LimiterUnavailable (nothing was sent, try later); CredentialNotReady (try
    later); and what X answered: NoAnswer, ServerFault, Throttled, Paused and Permanent errors.
    """

    def __init__(
        self,
        client: XClient,
        limiter: CallLimiter,
        credentials: CredentialSource[Credential],
        *,
        ledger: CallLedger | None = None,
        along: Collection[Along] = (),
        plan: PlanMemory | None = None,
        owner_id: int | None = None,
        alone: bool = False,
    ) -> None:
        self._client = client
        self._limiter = limiter
        self._credentials = credentials
        self._plan = plan or NoMemory()
        self._owner_id = owner_id
        self._ledger = ledger
        self._along = frozenset(along)
        self._gateway = Gateway(limiter, credentials, block_for, ledger=ledger, alone=alone)

    def asking_as(self, credential: Credential) -> XGateway:
        """A gateway that asks with one credential only, under the same limits and budgets."""
        return XGateway(
            self._client, self._limiter, FixedCredentials([credential]), ledger=self._ledger, along=self._along
        )

    def asking_from(self, credentials: CredentialSource[Credential]) -> XGateway:
        """A gateway that asks with the credentials of one source only, and speaks for them alone."""
        known = {"plan": self._plan, "owner_id": self._owner_id, "ledger": self._ledger, "along": self._along}
        return XGateway(self._client, self._limiter, credentials, alone=True, **known)  # type: ignore[arg-type]

    def date_seconds(self) -> float | None:
        """X's own time in epoch seconds, None where it does not tell. Takes no grant: nobody is asked as, and X counts
        and bills nothing. Raises NoAnswer."""
        return self._client.date_seconds()

    @property
    def files(self) -> JobFiles:
        """The files of compliance jobs, which need neither a credential nor a grant."""
        return self._client.files

    def search(
        self, work_class: WorkClass, *, query: str, of_archive: bool = False, **span: Unpack[SearchSpan]
    ) -> Page:
        """One page of a search; see `calls.search`. Raises Forbidden where the plan lacks the archive."""
        call = calls.search(query=query, of_archive=of_archive, along=self._along, **span)
        return self.planned(work_class, call) if of_archive else self.read(work_class, call)

    def quote_tweets(
        self,
        work_class: WorkClass,
        *,
        post_id: int,
        pagination_token: str | None = None,
        max_results: int = 100,
        expand_authors: bool | None = True,
    ) -> Page:
        """One page of the quotes of a post, newest first. Raises NotFound when the post is gone."""
        call = calls.quote_tweets(
            post_id=post_id,
            pagination_token=pagination_token,
            max_results=max_results,
            expand_authors=expand_authors,
            along=self._along,
        )
        return self.read(work_class, call)

    def counts(
        self, work_class: WorkClass, *, query: str, of_archive: bool = False, **span: Unpack[CountSpan]
    ) -> Counted:
        """How many posts match in each step of a span; see `counts.counts`. Each answer has its price."""
        return self.planned(work_class, counts(query=query, of_archive=of_archive, **span))

    def timeline(
        self, work_class: WorkClass, *, user_id: int, of_mentions: bool = False, **span: Unpack[TimelineSpan]
    ) -> Page:
        """One page of what an account posted, or of what names it. Raises NotFound when it is gone or not to be seen.

        It is asked for as the account itself where that owns the app and has connected: then it costs a fifth.
        """
        own = self.owner_credential(user_id)
        call = timeline(user_id=user_id, of_mentions=of_mentions, is_owned=own is not None, along=self._along, **span)
        return (self if own is None else self.asking_as(own)).read(work_class, call)

    def lookup_posts(
        self,
        work_class: WorkClass,
        *,
        post_ids: Sequence[int],
        expand_authors: bool = False,
        bought: Collection[int] | None = None,
    ) -> Page:
        """Up to 100 posts by id; `states` says what became of each. Those bought today reserve no money.

        bought: these, where the caller has just asked the ledger.
        """
        call = calls.lookup_posts(post_ids=post_ids, expand_authors=expand_authors, along=self._along)
        known = None if bought is None else Amounts({PriceKind.POST: len(bought)})
        return self.read(work_class, call, asked={PriceKind.POST: post_ids}, bought=known)

    def users_by(self, work_class: WorkClass, *, usernames: Sequence[str]) -> UserLookup:
        """Up to 100 accounts by username, and why the others are missing."""
        return self.read(work_class, calls.users_by(usernames=usernames))

    def users(self, work_class: WorkClass, *, user_ids: Sequence[int]) -> UserLookup:
        """Up to 100 accounts by id, and why the others are missing. Those bought today reserve no money."""
        return self.read(work_class, calls.users(user_ids=user_ids), asked={PriceKind.USER: user_ids})

    def me(self, work_class: WorkClass) -> User:
        """The account that the credential speaks for: meaningful of a gateway that asks as one."""
        return self.read(work_class, calls.me()).users[0]

    def lookup_media(self, work_class: WorkClass, *, keys: Sequence[str]) -> Page:
        """Up to 100 media by key, in `media`."""
        return self.read(work_class, calls.lookup_media(keys=keys))

    def usage(self, work_class: WorkClass, *, days: int = 7) -> Usage:
        """What X itself counted for the project."""
        return self.read(work_class, calls.usage(days=days))

    def read(
        self,
        work_class: WorkClass,
        call: Call[T],
        *,
        asked: Mapping[PriceKind, Collection[int]] = _NOTHING,
        bought: Amounts | None = None,
    ) -> T:
        """Make any call of `calls` under a grant; under a second one again when only the dialect was wrong.

        asked: what the call names itself, so that what was bought today (looked up, unless it is given) need not be
        reserved again.
        """
        bought = self._gateway.bought(asked) if bought is None else bought
        answer = self._gateway.call(work_class, self._granted(call), bought=bought)
        if answer.dialect_changed:
            answer = self._gateway.call(work_class, self._granted(call), bought=bought)
        return answer.unwrap()

    def planned(self, work_class: WorkClass, call: Call[T]) -> T:
        """Read what a plan may lack: X is not asked while it is known to lack it. Raises Forbidden then."""
        self._plan.check(call.endpoint.key)
        try:
            found = self.read(work_class, call)
        except Forbidden as error:
            self._plan.refused(error)
            raise
        self._plan.answered(call.endpoint.key)
        return found

    def owner_credential(self, user_id: int) -> Credential | None:
        """The credential of the account, where it owns the app and X may be asked as it now."""
        if user_id != self._owner_id:
            return None
        return next((one for one in self._credentials.usable() if one.id == user_credential_id(user_id)), None)

    def _granted(self, call: Call[T]) -> GrantedCall[Credential, Answer[T]]:
        """The call in the dialect that the next request speaks."""
        return GrantedCall(
            endpoint=call.endpoint.key,
            credential_kinds=call.credentials,
            most=call.most(self._client.dialect),
            fee=call.fee,
            send=lambda credential: self._client.perform(call, credential),
            least=None if call.least is None else self._granted(call.least),
        )
