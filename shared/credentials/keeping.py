"""Storing secrets, and moving all of them to a new key.

Must not read a secret from a person or show one. Invariant: what is stored can be opened with the present keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from shared.credentials.secrets import Secret, UserTokens, checked_tokens
from shared.credentials.vault import Vault
from shared.errors import InputError
from shared.stores.credentials import CredentialStore, NewTokens


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


def rotate(store: CredentialStore, vault: Vault) -> Rotation:
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
