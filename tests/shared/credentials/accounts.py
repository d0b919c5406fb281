"""Accounts of the simulator that let an app in, and pools and gateways that ask with their tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import redis
import requests
from pydantic import SecretStr

from shared.credentials.pool import CredentialPool
from shared.credentials.renewal import Renewal
from shared.credentials.secrets import UserTokens
from shared.credentials.standing import State
from shared.credentials.vault import Vault, new_key
from shared.domain.models import CredentialKind
from shared.http.adapter import BoundedAdapter
from shared.platforms.transport import Timeouts
from shared.platforms.x.answer import CallRecord
from shared.platforms.x.client import XClient
from shared.platforms.x.gateway import XGateway
from shared.platforms.x.oauth import OAuthClient, TokenEndpoint, authorize_url, challenge_of
from shared.platforms.x.scopes import DEFAULT_SCOPES
from shared.ratelimit.limiter import Limiter
from shared.stores.credentials import CredentialStore, NewTokens
from shared.stores.database import Db
from tests.workers.world import Simulator, eventually

REDIRECT = "http://127.0.0.1:8711/callback"
VERIFIER = SecretStr("v" * 64)
KEY = SecretStr(new_key())
HOURS = timedelta(hours=2)
# Generous: a call that is given up on a busy machine may have used the token.
TIMEOUTS = Timeouts(connect_seconds=5, read_seconds=5, total_seconds=5, max_body_bytes=10_000)
LEASE = timedelta(seconds=60)


class Account:
    """An account that has let an app of its own in, with what X knows of that session."""

    def __init__(self, simulator: Simulator, *, confidential: bool = False) -> None:
        self.simulator = simulator
        name = f"sim-{'' if confidential else 'public-'}{uuid4().hex}"
        self.client = OAuthClient(name, SecretStr(f"{name}-secret") if confidential else None)
        page = authorize_url(
            f"{simulator.url}/i/oauth2/authorize",
            client_id=name,
            redirect_uri=REDIRECT,
            scopes=DEFAULT_SCOPES,
            state="s",
            challenge=challenge_of(VERIFIER),
        )
        answer = requests.get(page + "&auto=1", allow_redirects=False, timeout=5)
        code = SecretStr(dict(parse_qsl(urlsplit(answer.headers["Location"]).query))["code"])
        issued = TokenEndpoint(simulator.url).exchange(self.client, code=code, verifier=VERIFIER, redirect_uri=REDIRECT)
        self.tokens = UserTokens(int(self.session["user_id"]), self.client, issued.access, issued.refresh)
        self.id = f"user-{self.tokens.user_id}"

    @property
    def session(self) -> dict[str, Any]:
        """The session as X sees it: `refreshes`, `ended`."""
        sessions = self.simulator.truth("sessions")["sessions"]
        return next(session for session in sessions if session["client_id"] == self.client.id)

    def stored(
        self, store: CredentialStore, *, lifetime: timedelta | None = HOURS, access: SecretStr | None = None
    ) -> None:
        """Store its tokens; a negative life has ended. access: in place of the one that X issued."""
        tokens = UserTokens(self.tokens.user_id, self.client, access or self.tokens.access, self.tokens.refresh)
        sealed = Vault(KEY).seal(self.id, tokens)
        store.put(self.id, CredentialKind.OAUTH2_USER, NewTokens(sealed, is_renewable=True, lifetime=lifetime))


def make_pool(
    db: Db,
    url: str,
    *,
    store: CredentialStore | None = None,
    adapter: BoundedAdapter | None = None,
    lease: timedelta = LEASE,
    **options: Any,
) -> CredentialPool:
    """The pool of one process."""
    store, vault = store or CredentialStore(db), Vault(KEY)
    endpoint = TokenEndpoint(url, timeouts=TIMEOUTS, adapter=adapter)
    return CredentialPool(store, vault, Renewal(store, vault, endpoint, lease=lease), **options)


def make_gateway(redis_url: str, url: str, pool: CredentialPool, seen: list[CallRecord] | None = None) -> XGateway:
    """A gateway that asks with the pool's credentials; every call is added to `seen`."""
    client = XClient(url, observer=None if seen is None else seen.append)
    return XGateway(client, Limiter(redis.Redis.from_url(redis_url)), pool)


def may_try_now(db: Db) -> None:
    """Let the wait after a failure, or the lease of a claim, be over."""
    db["X_credentials"].update_one({}, [{"$set": {"refresh.until": "$$NOW"}}])


def state_of(pool: CredentialPool, credential_id: str) -> State:
    """Where a credential stands in MongoDB now."""
    return next(state.state for state in pool.states() if state.id == credential_id)


def wait_for(pool: CredentialPool, credential_id: str, state: State) -> str | None:
    """Use the pool until a credential has come to that state; answers its reason."""

    def look() -> bool:
        pool.usable()
        return state_of(pool, credential_id) is state and (state is not State.OK or is_usable(pool, credential_id))

    eventually(look)
    return next(found.reason for found in pool.states() if found.id == credential_id)


def is_usable(pool: CredentialPool, credential_id: str) -> bool:
    """Whether the pool hands it out."""
    return credential_id in {credential.id for credential in pool.usable()}
