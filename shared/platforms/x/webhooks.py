"""What X pushes over webhooks: its challenge, its signature, and what a body says.

Pure. X asks for the answer to a challenge when a webhook is made and every half hour, and signs every body with the
consumer secret (docs.x.com, "Securing webhooks": HMAC-SHA256, base64, `sha256=`). Bodies are those of the streams.
Invariant: signatures are compared in a time that does not depend on them; the secret is in no answer and no error.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

from pydantic import SecretStr

from shared.domain.errors import InputError
from shared.domain.live.events import Deleted, Event, Posted, Renamed
from shared.platforms.x.events import read_line

SIGNATURE_HEADER: Final = "x-twitter-webhooks-signature"
# What X sends as `crc_token`; a longer one is no challenge of X's.
MAX_TOKEN: Final = 512
_PREFIX: Final = "sha256="


def crc_answer(token: str, secret: SecretStr) -> dict[str, str]:
    """The answer to a challenge. Raises InputError for one that is empty, or longer than any of X's."""
    if not 1 <= len(token) <= MAX_TOKEN:
        raise InputError(f"crc_token has 1..{MAX_TOKEN} characters, not {len(token)}")
    return {"response_token": _signature(token.encode(), secret)}


def is_signed(body: bytes, signature: str | None, secret: SecretStr) -> bool:
    """Whether X signed the body."""
    return signature is not None and hmac.compare_digest(_signature(body, secret).encode(), signature.strip().encode())


def read_push(endpoint: str, body: bytes) -> Event:
    """What a body says: an event of the activity stream, or a post that matched a rule."""
    return read_line(endpoint, body)


def identity(event: Event, body: bytes) -> str:
    """By what an event is known again when X sends it once more: its own id, or that of the body."""
    uuid = event.uuid if isinstance(event, Posted | Deleted | Renamed) else None
    return str(uuid) if uuid is not None else hashlib.sha256(body).hexdigest()[:32]


def _signature(content: bytes, secret: SecretStr) -> str:
    digest = hmac.new(secret.get_secret_value().encode(), content, hashlib.sha256).digest()
    return _PREFIX + base64.b64encode(digest).decode()
