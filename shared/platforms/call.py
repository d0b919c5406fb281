"""What a platform gives to the gateway: a call, who may make it, and what came of it.

Pure data and protocols; nothing here sends. Invariant: one GrantedCall is one request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from shared.domain.errors import CoveyError
from shared.domain.models import CredentialKind, RateHeaders
from shared.domain.money.prices import Amounts, PriceKind


class CallCredential(Protocol):
    """What the gateway needs of a credential. is_renewable: its token is replaced when the platform refuses it."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> CredentialKind: ...
    @property
    def is_renewable(self) -> bool: ...


class CallAnswer(Protocol):
    """What the gateway needs of an answer. is_whole: it can be believed, good or bad, so what it bills is known.
    nameless: what it brought that has a price and no id."""

    @property
    def status(self) -> int | None: ...
    @property
    def rate(self) -> RateHeaders: ...
    @property
    def error(self) -> CoveyError | None: ...
    @property
    def is_whole(self) -> bool: ...
    @property
    def object_ids(self) -> Mapping[PriceKind, frozenset[int]]: ...
    @property
    def nameless(self) -> Amounts: ...


C = TypeVar("C", bound=CallCredential)
A = TypeVar("A", bound=CallAnswer)
A_co = TypeVar("A_co", bound=CallAnswer, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedCall(Generic[C, A_co]):
    """One request that needs a grant.

    endpoint: names its window. credential_kinds: those that the platform takes. most: the most it may buy; fee: the
    part of that which is billed for the answer itself. send: makes the one request; what the platform did wrong is in
    the answer. least: the same page of the smallest size, None where there is none.
    """

    endpoint: str
    credential_kinds: frozenset[CredentialKind]
    most: Amounts
    fee: Amounts = field(default_factory=Amounts)
    send: Callable[[C], A_co]
    least: GrantedCall[C, A_co] | None = None
