"""One credential of the pool as the only one: for sources that X is asked for with their own.

What is wrong with it is told of it alone, and nobody else's stands in for it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from shared.credentials.pool import CredentialPool
from shared.credentials.standing import LOOK_SECONDS, State
from shared.domain.errors import CoveyError, CredentialNotReady, Unauthorized
from shared.domain.models import CredentialKind
from shared.platforms.x.auth import Credential


class Only:
    """The source of a gateway that asks with one credential, by its id."""

    def __init__(self, pool: CredentialPool, credential_id: str) -> None:
        self._pool = pool
        self._id = credential_id

    def usable(self) -> Sequence[Credential]:
        """It, if X may be asked with it now. Raises StoreUnavailable."""
        return tuple(one for one in self._pool.usable() if one.id == self._id)

    def missing(self, endpoint: str, kinds: Collection[CredentialKind]) -> CoveyError:
        """Why it is not usable, or not here: CredentialNotReady when that ends by itself, else Unauthorized."""
        state = next((one for one in self._pool.states() if one.id == self._id), None)
        if state is None:
            return Unauthorized(endpoint, f"credential {self._id} is no longer there", reason="no-credential")
        if state.kind not in kinds:
            detail = f"{self._id} is of kind {state.kind.value}, which X does not take here"
            return Unauthorized(endpoint, detail, reason="no-credential")
        wait_seconds = LOOK_SECONDS if state.state is State.OK else state.wait_seconds
        detail = f"{self._id} is {state.state.value}: {state.reason}"
        if wait_seconds is not None:
            return CredentialNotReady(endpoint, detail, wait_seconds=max(LOOK_SECONDS, wait_seconds))
        return Unauthorized(endpoint, detail, reason="no-credential")

    def refused(self, credential: Credential, error: Unauthorized) -> CoveyError:
        """As the pool says. Raises StoreUnavailable."""
        return self._pool.refused(credential, error)
