"""The one renewal of a rotating token: claim, call, store; and the verdict when it fails.

Owns what is decided about each answer of the token endpoint. It must not hand out a credential. Invariants: a refresh
token is sent only by the holder of the claim on its version, while the claim's lease lasts; new tokens are stored
before anybody can read them; tokens that could not be stored are kept and stored later, never dropped.

The call runs on a thread of its own: no job waits for it, nothing that ends a job interrupts it between X's answer and
the write, and the process does not end before it does.
"""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, replace
from datetime import timedelta

from shared.credentials.secrets import UserTokens
from shared.credentials.standing import CONNECT_AGAIN
from shared.credentials.vault import Vault
from shared.domain.errors import CoveyError, InputError, NoAnswer, ServerFault, StoreUnavailable, Throttled
from shared.platforms.x.blocks import LOOK_AGAIN_SECONDS
from shared.platforms.x.oauth import IssuedTokens, TokenEndpoint, TokenRefused
from shared.runtime import metrics
from shared.runtime.log import get_logger
from shared.stores.credentials import CredentialStore, NewTokens, Refresh, StoredCredential

# Twice the longest call: a process that was stopped for long between claim and call does not make it.
LEASE = timedelta(seconds=60)
# After a try without an answer: 5, 10, 20 ... seconds.
FIRST_WAIT_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 300.0

RESULTS = ("renewed", "failed", "paused", "lost", "unsaved")

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Claim:
    """Leave to send the refresh token of one version. began_at: monotonic."""

    stored: StoredCredential
    holder: str
    refresh: Refresh
    tokens: UserTokens
    began_at: float


class Renewal:
    """Renews tokens; safe for threads. lease: longer than the longest call of the endpoint. Raises InputError."""

    def __init__(
        self, store: CredentialStore, vault: Vault, endpoint: TokenEndpoint, *, lease: timedelta = LEASE
    ) -> None:
        if lease.total_seconds() <= endpoint.longest_call_seconds:
            raise InputError(f"a lease of {lease} is not longer than a call of {endpoint.longest_call_seconds:g} s")
        self._store = store
        self._vault = vault
        self._endpoint = endpoint
        self._lease = lease
        self._unsaved: dict[str, tuple[_Claim, NewTokens]] = {}
        self._lock = threading.Lock()

    def begin(self, stored: StoredCredential) -> bool:
        """Renew a credential that is due, on a thread; False when another process does or did.

        Raises InputError where no key opens it, StoreUnavailable.
        """
        tokens = self._vault.open(stored.id, stored.sealed)
        if not isinstance(tokens, UserTokens) or tokens.refresh is None:
            raise InputError(f"{stored.id}: there is no refresh token to renew it with")
        holder, began_at = secrets.token_hex(8), time.monotonic()
        refresh = self._store.claim_refresh(stored.id, stored.version, holder=holder, lease=self._lease)
        if refresh is None:
            return False
        claim = _Claim(stored, holder, refresh, tokens, began_at)
        threading.Thread(target=self._renew, args=(claim,), name=f"renew {stored.id}").start()
        return True

    def save_pending(self) -> None:
        """Store what could not be stored when X issued it. Raises nothing: what cannot be stored stays."""
        with self._lock:
            for claim, tokens in list(self._unsaved.values()):
                self._save(claim, tokens)

    def _renew(self, claim: _Claim) -> None:
        stored, tries = claim.stored, claim.refresh.tries
        if tries > 1:
            log.warning("renewal tried again with the same refresh token", credential=stored.id, tries=tries)
        try:
            self._settle(claim)
        except StoreUnavailable as error:
            log.warning("outcome of a renewal not written; its lease ends", credential=stored.id, reason=str(error))

    def _settle(self, claim: _Claim) -> None:
        """Make the call and write down what came of it. Raises StoreUnavailable."""
        tokens = claim.tokens
        assert tokens.refresh is not None
        held_seconds = time.monotonic() - claim.began_at
        if held_seconds + self._endpoint.longest_call_seconds >= self._lease.total_seconds():
            return self._failed(claim, "this process was stopped before the call", wait_seconds=0.0)
        try:
            issued = self._endpoint.refresh(tokens.client, tokens.refresh)
        except TokenRefused as error:
            return self._lost(claim, error)
        except (NoAnswer, ServerFault, Throttled) as error:
            return self._failed(claim, str(error), wait_seconds=_wait_seconds(claim.refresh.tries, error))
        except CoveyError as error:
            return self._paused(claim, error)
        return self._issued(claim, issued)

    def _issued(self, claim: _Claim, issued: IssuedTokens) -> None:
        stored, old = claim.stored, claim.tokens
        tokens = replace(old, access=issued.access, refresh=issued.refresh or old.refresh)
        lifetime = None if issued.lifetime_seconds is None else timedelta(seconds=issued.lifetime_seconds)
        scopes = issued.scopes or stored.scopes
        new = NewTokens(self._vault.seal(stored.id, tokens), is_renewable=True, lifetime=lifetime, scopes=scopes)
        with self._lock:
            self._unsaved[stored.id] = (claim, new)
            self._save(claim, new)

    def _save(self, claim: _Claim, tokens: NewTokens) -> None:
        stored = claim.stored
        try:
            is_stored = self._store.store_refreshed(stored.id, stored.version, tokens, since=claim.refresh.since)
        except StoreUnavailable as error:
            metrics.CREDENTIAL_RENEWALS.labels("unsaved").inc()
            log.error("renewed tokens not stored; this process keeps them", credential=stored.id, reason=str(error))
            return
        self._unsaved.pop(stored.id, None)
        if is_stored:
            metrics.CREDENTIAL_RENEWALS.labels("renewed").inc()
            log.info("credential renewed", credential=stored.id)
        else:
            log.warning("renewed tokens dropped: the credential was replaced or removed", credential=stored.id)

    def _failed(self, claim: _Claim, reason: str, *, wait_seconds: float) -> None:
        metrics.CREDENTIAL_RENEWALS.labels("failed").inc()
        log.warning("credential not renewed", credential=claim.stored.id, reason=reason, wait_seconds=wait_seconds)
        wait = timedelta(seconds=wait_seconds)
        self._store.refresh_failed(
            claim.stored.id, claim.stored.version, holder=claim.holder, wait=wait, reason=f"not renewed: {reason}"
        )

    def _paused(self, claim: _Claim, error: CoveyError) -> None:
        metrics.CREDENTIAL_RENEWALS.labels("paused").inc()
        log.error(
            "credential paused: X refuses to renew it for this app", credential=claim.stored.id, reason=str(error)
        )
        length = timedelta(seconds=LOOK_AGAIN_SECONDS)
        self._store.pause(claim.stored.id, claim.stored.version, length=length, reason=str(error))

    def _lost(self, claim: _Claim, error: TokenRefused) -> None:
        reason = str(error)
        if claim.refresh.tries > 1:
            reason = f"a renewal ended before its tokens were stored, and the refresh token is spent: {reason}"
        is_marked = self._store.mark_lost(claim.stored.id, claim.stored.version, holder=claim.holder, reason=reason)
        if is_marked:
            metrics.CREDENTIAL_RENEWALS.labels("lost").inc()
            log.error("credential lost", credential=claim.stored.id, reason=reason, what_to_do=CONNECT_AGAIN)


def _wait_seconds(tries: int, error: CoveyError) -> float:
    if isinstance(error, Throttled):
        return max(FIRST_WAIT_SECONDS, min(LOOK_AGAIN_SECONDS, error.wait_seconds))
    return float(min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(tries - 1, 10)))
