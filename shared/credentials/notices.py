"""What is told of the credentials: the metric at every reading, a log line when one is left out or comes back.

Invariant: a state is logged once by a process, however often it is read; no secret is in reach.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import count

from shared.credentials.standing import Standing, State
from shared.domain.models import CredentialKind
from shared.platforms.x.auth import Credential
from shared.runtime import metrics
from shared.runtime.log import get_logger
from shared.stores.credentials import StoredCredential

# Nothing to tell a person.
_PASSING = frozenset({State.OK, State.RENEWING})

log = get_logger(__name__)


class Notices:
    """Remembers what it has told. Not safe for threads: the pool calls it under its lock."""

    def __init__(self, own: Sequence[Credential]) -> None:
        self._own = Counter((credential.kind, State.OK) for credential in own)
        self._told: dict[str, State] = {}
        self._changes = count()

    def tell(self, found: Sequence[tuple[StoredCredential, Standing]]) -> None:
        """Set the metric, and log what has changed since the last time."""
        counts = self._own + Counter((stored.kind, standing.state) for stored, standing in found)
        for kind in CredentialKind:
            for state in State:
                metrics.CREDENTIALS.labels(kind.value, state.value).set(counts[kind, state])
        _tell_ends(found)
        for stored, standing in found:
            self._log(stored.id, standing)
        self._told = {stored.id: self._told[stored.id] for stored, _ in found if stored.id in self._told}

    def _log(self, credential_id: str, standing: Standing) -> None:
        before = self._told.get(credential_id)
        if standing.state is State.OK and before is not None:
            log.info("credential in use again", credential=credential_id)
            del self._told[credential_id]
        elif standing.state not in _PASSING and standing.state is not before:
            told = {"credential": credential_id, "state": standing.state, "reason": standing.reason}
            log.warning(
                "credential left out", **told, like=next(self._changes)
            )  # a change, however soon after the last
            self._told[credential_id] = standing.state


def _tell_ends(found: Sequence[tuple[StoredCredential, Standing]]) -> None:
    """Of what is in use and nothing renews: what has ended already is another alert's."""
    for kind in CredentialKind:
        ends = [
            stored.expires_at.timestamp()
            for stored, standing in found
            if stored.kind is kind and not stored.is_renewable and stored.expires_at and standing.state is State.OK
        ]
        metrics.CREDENTIAL_END_AT_SECONDS.labels(kind.value).set(min(ends, default=math.inf))
