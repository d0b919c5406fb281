"""Letting Covey into an account on X: OAuth 2.0 with PKCE, from the address to the stored credential.

Must not print. Invariant: a person is asked only when everything that is needed afterwards is there; no secret is in
what is answered or raised.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr

from control.callback import Callback
from shared.bootstrap import Services
from shared.credentials.keeping import keep
from shared.credentials.secrets import Secret, UserTokens
from shared.errors import InputError
from shared.models import WorkClass
from shared.settings import Settings
from shared.x_api.auth import BearerAuth, Credential
from shared.x_api.endpoints import USERS_ME, CredentialKind
from shared.x_api.oauth import OAuthClient, TokenEndpoint, authorize_url, challenge_of

# A port of its own: X sends browsers only to addresses that were written down with the app.
DEFAULT_PORT = 8711
# Under this id the limiter counts the one call that finds out whose token it is.
UNKNOWN_ACCOUNT = "user-unknown"


@dataclass(frozen=True, slots=True)
class Connected:
    """The stored credential. is_renewable False: it ends with its first token, in about two hours."""

    id: str
    scopes: tuple[str, ...]
    is_renewable: bool


def connect(
    services: Services, *, scopes: Sequence[str], port: int, wait_seconds: float, show: Callable[[str], None]
) -> Connected:
    """Ask a person to let the app in, and store what X issues.

    show: given the address to open. Raises InputError, and what X answers.
    """
    settings = services.settings
    client = client_of(settings)
    services.vault.require_keys()
    services.credentials.states()
    services.limiter.state()
    verifier, state = SecretStr(secrets.token_urlsafe(64)), secrets.token_urlsafe(32)
    with Callback(port, state) as callback:
        show(
            authorize_url(
                settings.x_authorize_url,
                client_id=client.id,
                redirect_uri=callback.redirect_uri,
                scopes=scopes,
                state=state,
                challenge=challenge_of(verifier),
            )
        )
        code = callback.wait(wait_seconds)
    endpoint = TokenEndpoint(settings.x_base_url)
    issued = endpoint.exchange(client, code=code, verifier=verifier, redirect_uri=callback.redirect_uri)
    tokens = UserTokens(account_of(services, issued.access), client, issued.access, issued.refresh)
    lifetime = None if issued.lifetime_seconds is None else timedelta(seconds=issued.lifetime_seconds)
    granted = issued.scopes or tuple(scopes)
    return Connected(store(services, tokens, lifetime=lifetime, scopes=granted), granted, issued.refresh is not None)


def client_of(settings: Settings) -> OAuthClient:
    """The app of the settings. Raises InputError where there is none."""
    if not settings.x_client_id:
        raise InputError(
            "COVEY_X_CLIENT_ID is not set: the OAuth 2.0 client id of your app, from X's developer console; "
            "a confidential client needs COVEY_X_CLIENT_SECRET too"
        )
    return OAuthClient(settings.x_client_id, settings.x_client_secret)


def account_of(services: Services, access: SecretStr) -> int:
    """The id of the account that an access token speaks for. Raises what X answers."""
    credential = Credential(UNKNOWN_ACCOUNT, CredentialKind.OAUTH2_USER, BearerAuth(access))
    # What X refused to an account before says nothing of this one.
    services.limiter.unblock(credential_id=UNKNOWN_ACCOUNT)
    services.limiter.unblock(credential_id=UNKNOWN_ACCOUNT, endpoint=USERS_ME.key)
    return services.x.asking_as(credential).me(WorkClass.INTERACTIVE).id


def store(
    services: Services, secret: Secret, *, lifetime: timedelta | None = None, scopes: tuple[str, ...] = ()
) -> str:
    """Store a secret, encrypted; answers the id. A block that X's refusal of an older token left is lifted first.

    Raises InputError, StoreUnavailable, LimiterUnavailable: then nothing was stored.
    """
    services.limiter.unblock(credential_id=secret.credential().id)
    return keep(services.stores.credentials, services.vault, secret, lifetime=lifetime, scopes=scopes)
