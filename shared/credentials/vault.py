"""Encryption at rest: a secret and the id of its credential, as one ciphertext.

Owns the keys. It must not store or log anything. Invariant: a ciphertext opens only under the id that it was made for,
so one that was moved to another document, cut or changed does not open at all; no error shows a key or a secret.

Keys are Fernet keys (AES-128-CBC with HMAC-SHA256, from `cryptography`). The first one encrypts, all of them decrypt:

    COVEY_CREDENTIAL_KEYS=new,old   in every process, then `covey credentials rotate-keys`, then drop the old one
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from shared.credentials.secrets import Secret, from_fields
from shared.domain.errors import InputError
from shared.domain.models import CredentialKind

KEYS_SETTING = "COVEY_CREDENTIAL_KEYS"
# 32 bytes in URL-safe base64. Fernet itself would take two keys without a comma between them as the first one.
_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")
_TEXTS = "texts"
T = TypeVar("T")


class Vault:
    """Seals and opens secrets with the keys of the setting, which may be missing until one is needed.

    Raises InputError, which says which key it is, for a setting that is not a list of Fernet keys.
    """

    def __init__(self, keys: SecretStr | None) -> None:
        fernets = _fernets(keys) if keys else []
        for place, fernet in enumerate(fernets, 1):
            if fernet is None:
                reason = "it is not 32 bytes of URL-safe base64; make one with `covey credentials new-key`"
                raise InputError(f"{KEYS_SETTING}: key {place} cannot be used: {reason}")
        usable = [fernet for fernet in fernets if fernet is not None]
        self._fernet = MultiFernet(usable) if usable else None
        self._first = usable[0] if usable else None

    def require_keys(self) -> MultiFernet:
        """The keys. Raises InputError that says how to get one where there is none."""
        if self._fernet is None:
            raise InputError(
                f"{KEYS_SETTING} is not set: stored credentials are encrypted with it. Make a key with "
                "`covey credentials new-key` and set it for every process"
            )
        return self._fernet

    def seal(self, credential_id: str, secret: Secret) -> str:
        """The secret as a ciphertext of that credential, by the first key. Raises InputError without keys."""
        keys = self.require_keys()  # before the frame holds the secret
        content = {"id": credential_id, "kind": secret.kind.value, "secret": secret.fields()}
        return keys.encrypt(json.dumps(content).encode()).decode()

    def open(self, credential_id: str, sealed: str) -> Secret:
        """The secret of a ciphertext. Raises InputError where no key opens it, or it is another credential's."""
        return self._read(credential_id, sealed, _secret)

    def seal_texts(self, owner: str, texts: Mapping[str, SecretStr]) -> str:
        """Secrets that X knows nothing of, by name, as a ciphertext of their owner. Raises InputError without keys."""
        keys = self.require_keys()
        content = {"id": owner, "kind": _TEXTS, "secret": {name: one.get_secret_value() for name, one in texts.items()}}
        return keys.encrypt(json.dumps(content).encode()).decode()

    def open_texts(self, owner: str, sealed: str) -> dict[str, SecretStr]:
        """The inverse. Raises InputError as `open` does."""
        return self._read(owner, sealed, _texts)

    def reseal(self, credential_id: str, sealed: str) -> str | None:
        """The same secret by the first key; None where it is so already. Raises InputError as `open` does."""
        self._read(credential_id, sealed, lambda content: _texts(content) if _is_texts(content) else _secret(content))
        assert self._first is not None
        try:
            self._first.decrypt(sealed)
        except InvalidToken:
            return self.require_keys().rotate(sealed).decode()
        return None

    def _read(self, owner: str, sealed: str, form: Callable[[Mapping[str, Any]], T]) -> T:
        opened = _opened(self.require_keys(), sealed, form)
        if opened is None:
            raise InputError(f"{owner}: no key of {KEYS_SETTING} opens it, or it was changed")
        found, secret = opened
        if found != owner:
            raise InputError(f"{owner}: its ciphertext was made for another credential")
        return secret

    def __repr__(self) -> str:
        """The class only."""
        return "Vault(**)"


def new_key() -> str:
    """A fresh key for the setting."""
    return Fernet.generate_key().decode()


def _fernets(keys: SecretStr) -> list[Fernet | None]:
    """The keys of the setting in their order, None for what is no key. Raises nothing: its frame holds the keys."""
    texts = [text.strip() for text in keys.get_secret_value().split(",")]
    return [_fernet(text) for text in texts if text]


def _fernet(text: str) -> Fernet | None:
    return Fernet(text) if _KEY.fullmatch(text) else None


def _opened(keys: MultiFernet, sealed: str, form: Callable[[Mapping[str, Any]], T]) -> tuple[object, T] | None:
    """Owner and secret of a ciphertext, None where it does not open. Raises nothing: its frame holds the secret."""
    try:
        content = json.loads(keys.decrypt(sealed))
        return content["id"], form(content)
    except (InvalidToken, ValueError, KeyError, TypeError, AttributeError):
        return None


def _secret(content: Mapping[str, Any]) -> Secret:
    return from_fields(CredentialKind(content["kind"]), content["secret"])


def _is_texts(content: Mapping[str, Any]) -> bool:
    return bool(content["kind"] == _TEXTS)


def _texts(content: Mapping[str, Any]) -> dict[str, SecretStr]:
    if not _is_texts(content):
        raise ValueError
    return {name: SecretStr(text) for name, text in content["secret"].items()}
