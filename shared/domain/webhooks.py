"""Where webhooks may be sent, and the secret that signs them, by the Standard Webhooks convention. Pure.

Invariant: neither an address, whose path may be a password, nor a secret is in what is raised here.
"""

from __future__ import annotations

import base64
import binascii
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from shared.domain.addresses import is_public
from shared.domain.errors import InputError

SECRET_PREFIX: Final = "whsec_"  # noqa: S105  # what every secret begins with
# Standard Webhooks, "Signature scheme": between 24 and 64 random bytes.
LEAST_BYTES, MOST_BYTES = 24, 64


def check_webhook_url(url: str) -> None:
    """Raises InputError for an address that is none, has a login, or is not over https; this machine may be http."""
    parts = _parts(url)
    if parts is None or parts.scheme not in ("https", "http") or not parts.hostname:
        raise InputError("is no address: it must begin with https:// and a host")
    if "@" in parts.netloc:
        raise InputError("has a login, which is not sent: webhooks are signed instead")
    if parts.scheme != "https" and not _is_this_machine(parts.hostname):
        raise InputError("must begin with https://; http:// is for this machine only, such as http://127.0.0.1:8000")


def check_webhook_secret(secret: str) -> None:
    """Raises InputError for what is not `whsec_` and 24 to 64 bytes in base64."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(SECRET_PREFIX) or not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise InputError(f"is not {SECRET_PREFIX} and {LEAST_BYTES} to {MOST_BYTES} bytes in base64")


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for one that is none
    except ValueError:
        return None
    return parts if url.isascii() and url.isprintable() and " " not in url else None


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def host_of_endpoint(url: str, *, may_be_private: bool) -> str:
    """The host of an address that a tenant named. Raises InputError, which does not show the address."""
    try:
        check_webhook_url(url)
    except InputError as error:
        raise InputError(f"url {error}") from None
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not may_be_private and (parts.scheme != "https" or _is_private(host)):
        raise InputError("url: https:// and a host on the open internet; COVEY_WEBHOOK_PRIVATE allows others")
    return host


def _is_private(host: str) -> bool:
    """Whether it is written as an address that is not public; what a name leads to is looked at when it is sent to."""
    try:
        return not is_public(host)
    except ValueError:
        return host == "localhost"
