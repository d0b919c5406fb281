"""Storing secrets, giving them the name of their account, and moving all of them to a new key.

Must not read a secret from a person or show one. Invariant: what is stored can be opened with the present keys.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol

from shared.credentials.renewal import LEASE
from shared.credentials.secrets import Secret, UserTokens, checked_tokens
from shared.credentials.vault import Vault
from shared.domain.errors import InputError
from shared.stores.credentials import CredentialStore, NewTokens


class Sealed(Protocol):
    """Something with a ciphertext that was made for its id."""

    @property
    def id(self) -> str: ...

    @property
    def sealed(self) -> str: ...


class Seals(Protocol):
    """A store of ciphertexts."""

    def all(self) -> Sequence[Sealed]:
        """Every one."""
        ...

    def reseal(self, owner_id: str, before: str, after: str, /) -> bool:
        """Replace one, unless it was replaced meanwhile; answers whether it did."""
        ...


@dataclass
class Rotation:
    """What became of each stored credential, by id; `failed` has the reason."""

    resealed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def keep(
    store: CredentialStore,
    vault: Vault,
    secret: Secret,
    *,
    lifetime: timedelta | None = None,
    scopes: tuple[str, ...] = (),
) -> str:
    """Store a secret, in place of what its credential had; answers the credential's id.

    lifetime: of an access token, None where nobody knows. Raises InputError without keys, and for a secret that cannot
    be one; StoreUnavailable.
    """
    if isinstance(secret, UserTokens):
        checked_tokens(secret)
    credential = secret.credential()
    sealed = vault.seal(credential.id, secret)
    tokens = NewTokens(sealed, is_renewable=credential.is_renewable, lifetime=lifetime, scopes=scopes)
    store.put(credential.id, credential.kind, tokens)
    return credential.id


def name(store: CredentialStore, vault: Vault, credential_id: str, user_id: int) -> str:
    """Store unnamed tokens under the id of their account in place of their own; answers that id.

    They are claimed first as for a renewal, so that nobody replaces them meanwhile. Newer tokens of the account are
    left in peace, and the unnamed ones forgotten. A process that dies in between leaves both; repeating it ends that.
    Raises InputError where the credential is not there, not unnamed, or being renewed; StoreUnavailable.
    """
    before = store.get(credential_id)
    tokens = None if before is None else vault.open(credential_id, before.sealed)
    if before is None or not isinstance(tokens, UserTokens) or tokens.user_id is not None:
        raise InputError(f"{credential_id}: there is no stored credential of that id whose account is not known")
    if store.claim_refresh(credential_id, before.version, holder=secrets.token_hex(8), lease=LEASE) is None:
        raise InputError(f"{credential_id}: its token is being renewed; repeat this in a minute")
    named = replace(tokens, user_id=user_id, provisional="")
    account, stored = store.get(named.credential().id), store.get(credential_id)
    assert stored is not None
    if account is None or account.lost_at is not None or account.issued_at <= stored.issued_at:
        lifetime = None if stored.expires_at is None else stored.expires_at - stored.read_at
        keep(store, vault, named, lifetime=lifetime, scopes=stored.scopes)
    store.remove(credential_id)
    return named.credential().id


def rotate(store: Seals, vault: Vault) -> Rotation:
    """Encrypt every stored secret with the first key. Repeating it does no harm, and neither does a renewal meanwhile.

    Raises InputError without keys, StoreUnavailable.
    """
    vault.require_keys()
    done = Rotation()
    for stored in store.all():
        try:
            sealed = vault.reseal(stored.id, stored.sealed)
        except InputError as error:
            done.failed[stored.id] = str(error)
            continue
        if sealed is None:
            done.unchanged.append(stored.id)
        elif store.reseal(stored.id, stored.sealed, sealed):
            done.resealed.append(stored.id)
        else:
            done.failed[stored.id] = f"{stored.id}: it was replaced or removed meanwhile; run this again"
    return done
