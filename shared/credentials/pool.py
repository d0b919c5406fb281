"""What this process knows of the credentials: which may be asked with, why the others may not.

The source of the gateway. Owns a reading of `X_credentials` that is a few seconds old at most, and begins a renewal
that is due. It must not wait for one. Invariant: once this process has read that a token was replaced, refused or is
being renewed, it never hands it out again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.credentials.notices import Notices
from shared.credentials.renewal import Renewal
from shared.credentials.standing import LOOK_SECONDS, Standing, State, is_refused_again, standing_of
from shared.credentials.vault import Vault
from shared.domain.errors import CoveyError, CredentialNotReady, InputError, StoreUnavailable, Unauthorized
from shared.domain.models import CredentialKind
from shared.platforms.x.auth import Credential
from shared.platforms.x.blocks import LOOK_AGAIN_SECONDS
from shared.stores.credentials import CredentialStore, StoredCredential

CACHE_SECONDS = 5.0
# A job whose token was replaced a moment ago looks again almost at once.
AT_ONCE_SECONDS = 0.05

# States that end by themselves, and soon.
_MOVING = frozenset({State.RENEWING, State.WAITING})


@dataclass(frozen=True, slots=True)
class CredentialState:
    """One credential, for people. is_stored False: it is the environment's. No secret is in it."""

    id: str
    kind: CredentialKind
    state: State
    reason: str | None = None
    expires_at: datetime | None = None
    wait_seconds: float | None = None
    scopes: tuple[str, ...] = ()
    is_stored: bool = True


@dataclass(frozen=True, slots=True)
class _Known:
    """A stored credential, opened; `credential` None and a reason where no key opens it."""

    stored: StoredCredential
    credential: Credential | None
    locked: str | None = None

    def standing(self, now: datetime) -> Standing:
        return Standing(State.LOCKED, self.locked) if self.credential is None else standing_of(self.stored, now)


@dataclass(frozen=True, slots=True)
class _Reading:
    """All stored credentials, as they were at `at` (monotonic)."""

    known: tuple[_Known, ...]
    at: float

    def standings(self) -> list[tuple[_Known, Standing]]:
        """Each with where it stands now. MongoDB's time at the reading, and what has passed here since."""
        passed = timedelta(seconds=time.monotonic() - self.at)
        return [(known, known.standing(known.stored.read_at + passed)) for known in self.known]


class CredentialPool:
    """The credentials of this process; safe for threads. own: those of the environment, which are not stored."""

    def __init__(
        self,
        store: CredentialStore,
        vault: Vault,
        renewal: Renewal,
        *,
        own: Sequence[Credential] = (),
        cache_seconds: float = CACHE_SECONDS,
    ) -> None:
        self._store = store
        self._vault = vault
        self._renewal = renewal
        self._own = tuple(own)
        self._cache_seconds = cache_seconds
        self._reading: _Reading | None = None
        self._unreadable: tuple[str, float] | None = None
        self._notices = Notices(own)
        self._lock = threading.RLock()

    def usable(self) -> Sequence[Credential]:
        """Those that X may be asked with now. Begins the renewal of those that are due. Raises StoreUnavailable."""
        found = self._look()
        return (*self._own, *(k.credential for k, standing in found if k.credential and standing.is_usable))

    def missing(self, endpoint: str, kinds: Collection[CredentialKind]) -> CoveyError:
        """Why there is no usable credential of these kinds: CredentialNotReady when one comes by itself, else
        Unauthorized. Raises StoreUnavailable."""
        fitting = [(known, standing) for known, standing in self._look() if known.stored.kind in kinds]
        waits = {known.stored.id: wait for known, standing in fitting if (wait := _wait(standing)) is not None}
        if waits:
            detail = f"{', '.join(waits)}: the token is being renewed"
            return CredentialNotReady(endpoint, detail, wait_seconds=max(AT_ONCE_SECONDS, min(waits.values())))
        reasons = [f"{known.stored.id} is {standing.state}: {standing.reason}" for known, standing in fitting]
        detail = "; ".join(reasons) or "no credential is configured that X takes here"
        return Unauthorized(endpoint, detail, reason="no-credential")

    def refused(self, credential: Credential, error: Unauthorized) -> CoveyError:
        """X answered 401 to a renewable credential: what its caller is to raise.

        The first one to tell has it renewed; a token that replaced a refused one and is refused too pauses its
        credential. Who comes with a token that was replaced meanwhile may ask again at once. Raises StoreUnavailable.
        """
        with self._lock:
            stored = self._store.get(credential.id)
            if stored is None:
                self._read()
                return error
            answer = self._judged(stored, credential.version, error)
            self._read()
            self._look()
        return answer

    def states(self) -> list[CredentialState]:
        """Every credential as it stands now, the environment's first: for people. Changes nothing, also not what this
        process knows. Raises StoreUnavailable."""
        own = [CredentialState(one.id, one.kind, State.OK, is_stored=False) for one in self._own]
        found = _Reading(self._opened(self._store.all()), time.monotonic()).standings()
        return own + [
            CredentialState(
                id=known.stored.id,
                kind=known.stored.kind,
                state=standing.state,
                reason=standing.reason,
                expires_at=known.stored.expires_at,
                wait_seconds=standing.wait_seconds,
                scopes=known.stored.scopes,
            )
            for known, standing in found
        ]

    def _judged(self, stored: StoredCredential, version: int, error: Unauthorized) -> CoveyError:
        """Write down what a 401 to that version means, and answer what its caller is to raise."""
        standing = standing_of(stored, stored.read_at)
        if standing.state in {State.LOST, State.PAUSED}:
            return error
        if stored.version != version:
            return CredentialNotReady(error.endpoint, f"{stored.id} was renewed", wait_seconds=AT_ONCE_SECONDS)
        if standing.is_usable and is_refused_again(stored, stored.read_at):
            self._store.pause(
                stored.id, version, length=timedelta(seconds=LOOK_AGAIN_SECONDS), reason="X refuses renewed tokens too"
            )
            return error
        if standing.is_usable:
            self._store.mark_refused(stored.id, version)
        return CredentialNotReady(
            error.endpoint,
            f"{stored.id}: the token is being renewed",
            wait_seconds=standing.wait_seconds or LOOK_SECONDS,
        )

    def _look(self) -> list[tuple[_Known, Standing]]:
        """The present standings; what is due is being renewed when this returns."""
        with self._lock:
            found = (self._reading or self._read()).standings()
            if self._is_old(found):
                found = self._read().standings()
            due = [known.stored for known, standing in found if standing.is_due]
            for stored in due:
                self._renewal.begin(stored)
            return self._read().standings() if due else found

    def _is_old(self, found: Sequence[tuple[_Known, Standing]]) -> bool:
        """Whether to read again: while a token is being replaced, twice as often as those who wait for it look."""
        assert self._reading is not None
        is_moving = any(standing.is_due or standing.state in _MOVING for _, standing in found)
        lifetime_seconds = min(self._cache_seconds, LOOK_SECONDS / 2) if is_moving else self._cache_seconds
        return time.monotonic() - self._reading.at >= lifetime_seconds

    def _read(self) -> _Reading:
        at = time.monotonic()
        if self._unreadable and at < self._unreadable[1]:
            # The threads that waited for this lock need not find out one by one.
            raise StoreUnavailable(self._unreadable[0])
        try:
            self._renewal.save_pending()
            stored = self._store.all()
        except StoreUnavailable as error:
            self._unreadable = (str(error), time.monotonic() + LOOK_SECONDS)
            raise
        self._reading = _Reading(self._opened(stored), at)
        self._notices.tell([(known.stored, standing) for known, standing in self._reading.standings()])
        return self._reading

    def _opened(self, stored: Sequence[StoredCredential]) -> tuple[_Known, ...]:
        """Each, opened; without those that the environment has too."""
        own = {credential.id for credential in self._own}
        return tuple(self._opened_one(one) for one in stored if one.id not in own)

    def _opened_one(self, stored: StoredCredential) -> _Known:
        try:
            credential = self._vault.open(stored.id, stored.sealed).credential(stored.version)
            if (credential.kind, credential.is_renewable) != (stored.kind, stored.is_renewable):
                raise InputError("what its document says in the clear is not what was encrypted")
            return _Known(stored, credential)
        except InputError as error:
            return _Known(stored, None, str(error))


def _wait(standing: Standing) -> float | None:
    """When to look for a credential that is not there, None for one that needs a person."""
    if standing.state is State.OK:
        return LOOK_SECONDS if standing.is_due else AT_ONCE_SECONDS  # it has come since the caller looked
    return standing.wait_seconds if standing.state in _MOVING else None
