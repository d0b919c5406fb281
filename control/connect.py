"""Letting Covey into an account on X: OAuth 2.0 with PKCE, from the address to the stored credential.

    code --exchange--> tokens --stored as user-unknown-...--> whose are they? --X says--> stored as user-ID
                                                                    |
                                                                    +--no answer--> they stay, and work, unnamed

Must not print. Invariant: a person is asked only when everything that is needed afterwards is there; tokens are stored
before anybody uses them; no secret is in what is answered or raised.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from pydantic import SecretStr

from control.callback import Callback
from shared.credentials.keeping import keep, name
from shared.credentials.secrets import Secret, UserTokens, is_unnamed
from shared.domain.errors import CoveyError, InputError, StoreUnavailable
from shared.domain.models import CredentialKind, WorkClass
from shared.platforms.x.auth import BearerAuth, Credential
from shared.platforms.x.endpoints import USERS_ME
from shared.platforms.x.oauth import OAuthClient, TokenEndpoint, authorize_url, challenge_of
from shared.runtime.settings import Settings
from shared.services.bootstrap import Services, route_to_x

# Under this id the limiter counts the one call that finds out whose token it is.
UNKNOWN_ACCOUNT = "user-unknown"


@dataclass(frozen=True, slots=True)
class Connected:
    """The stored credential. is_renewable False: it ends with its first token, in about two hours.

    unnamed_because: why X has not said yet whose it is; it is stored and used all the same.
    """

    id: str
    scopes: tuple[str, ...]
    is_renewable: bool
    unnamed_because: str | None = None


def connect(
    services: Services, *, scopes: Sequence[str], port: int, wait_seconds: float, show: Callable[[str], None]
) -> Connected:
    """Ask a person to let the app in, store what X issues, and then ask X whose it is.

    show: given the address to open. Raises InputError; what X answers to the exchange; StoreUnavailable, which says so
    where what X issued could not be stored.
    """
    require(services)
    verifier, state = new_verifier(), new_state()
    with Callback(port, state) as callback:
        show(address(services.settings, scopes, state=state, verifier=verifier, redirect_uri=callback.redirect_uri))
        code = callback.wait(wait_seconds)
    return finish(services, code, verifier=verifier, redirect_uri=callback.redirect_uri, scopes=scopes)


def require(services: Services) -> None:
    """Everything that is needed once a person has agreed. Raises InputError, StoreUnavailable, LimiterUnavailable."""
    client_of(services.settings)
    services.vault.require_keys()
    services.credentials.states()
    services.limiter.state()


def new_verifier() -> SecretStr:
    """Of PKCE: who exchanges the code must show it."""
    return SecretStr(secrets.token_urlsafe(64))


def new_state() -> str:
    """What a browser brings back unchanged."""
    return secrets.token_urlsafe(32)


def address(settings: Settings, scopes: Sequence[str], *, state: str, verifier: SecretStr, redirect_uri: str) -> str:
    """Where a person lets the app in. Raises InputError for settings that name no app or address."""
    return authorize_url(
        settings.x_authorize_url,
        client_id=client_of(settings).id,
        redirect_uri=redirect_uri,
        scopes=scopes,
        state=state,
        challenge=challenge_of(verifier),
    )


def finish(
    services: Services, code: SecretStr, *, verifier: SecretStr, redirect_uri: str, scopes: Sequence[str]
) -> Connected:
    """Exchange the code, store what X issues, and then ask X whose it is. Raises as `connect` does."""
    settings, client = services.settings, client_of(services.settings)
    endpoint = TokenEndpoint(settings.x_base_url, route=route_to_x(settings))
    issued = endpoint.exchange(client, code=code, verifier=verifier, redirect_uri=redirect_uri)
    tokens = UserTokens(None, client, issued.access, issued.refresh, provisional=secrets.token_hex(4))
    lifetime = None if issued.lifetime_seconds is None else timedelta(seconds=issued.lifetime_seconds)
    granted = issued.scopes or tuple(scopes)
    try:
        unnamed_id = keep(services.stores.credentials, services.vault, tokens, lifetime=lifetime, scopes=granted)
    except StoreUnavailable as error:
        lost = "X let Covey in, but its tokens could not be stored and are gone; connect the account again"
        raise StoreUnavailable(f"{lost}: {error}") from error
    done = Connected(unnamed_id, granted, issued.refresh is not None)
    try:
        return replace(done, id=name_account(services, unnamed_id))
    except CoveyError as error:
        return replace(done, unnamed_because=str(error))


def name_account(services: Services, credential_id: str) -> str:
    """Ask X whose an unnamed credential is, and store it under the id of that account, which is answered.

    Raises InputError, what X answers, StoreUnavailable, LimiterUnavailable: then it stays as it was.
    """
    stored = services.stores.credentials.get(credential_id)
    if stored is None or not is_unnamed(credential_id):
        raise InputError(f"{credential_id!r} is no stored credential without a name; see covey credentials list")
    tokens = services.vault.open(credential_id, stored.sealed)
    assert isinstance(tokens, UserTokens)
    user_id = account_of(services, tokens.access)
    services.limiter.unblock(credential_id=replace(tokens, user_id=user_id).credential().id)
    return name(services.stores.credentials, services.vault, credential_id, user_id)


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
