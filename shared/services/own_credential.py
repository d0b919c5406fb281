"""X for a source that has a credential of its own: asked with that one, whatever becomes of it."""

from __future__ import annotations

from shared.credentials.only import Only
from shared.platforms.x.gateway import XGateway
from shared.services.bootstrap import Services


def x_as(services: Services, credential_id: str | None) -> XGateway:
    """X, asked with this credential only; None: with whichever has the most room."""
    if credential_id is None:
        return services.x
    return services.x.asking_from(Only(services.credentials, credential_id))
