"""How X is reached from here: whom to trust, and through which proxy.

Owns the settings COVEY_X_CA_FILE and COVEY_X_PROXY, and the words about them in an error. It opens no connection.
Invariant: nothing of a proxy's address is ever shown, because it may hold a password.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from shared.domain.errors import InputError
from shared.http.adapter import BoundedAdapter

_REFUSED_BY_PROXY = re.compile(r"Tunnel connection failed: (\d{3})")


@dataclass(frozen=True, slots=True)
class Route:
    """The way to X. ca_file: authorities to trust instead of the public ones, in PEM. proxy: an http or https address.

    Raises InputError for an address that is none.
    """

    ca_file: Path | None = None
    proxy: SecretStr | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.proxy is not None and not _is_proxy(self.proxy.get_secret_value()):
            raise InputError(
                "COVEY_X_PROXY: not the address of a proxy, such as http://proxy.example:3128; "
                "percent-encode what is special in its user and password"
            )

    @property
    def proxies(self) -> dict[str, str]:
        """The proxy in the form that `requests` takes, password included."""
        return {} if self.proxy is None else dict.fromkeys(("http", "https"), self.proxy.get_secret_value())

    def adapter(self, *, pool_size: int) -> BoundedAdapter:
        """A pool of connections that trusts whom this says. Raises InputError where the file cannot serve."""
        try:
            return BoundedAdapter(pool_size=pool_size, ca_file=self.ca_file)
        except OSError as error:
            reason = "it holds no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
            raise InputError(f"COVEY_X_CA_FILE: {self.ca_file}: {reason}") from error

    def why_unreached(self, causes: Iterable[BaseException]) -> str:
        """What kept a request from being sent, and which setting may help. causes: what came first is last."""
        found = list(causes)
        if isinstance(found[0], ValueError):
            return f"the request cannot be written ({type(found[0]).__name__})"
        for cause in found:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return f"X's certificate is not trusted here ({cause.verify_message}): {self._about_trust()}"
            if refusal := _REFUSED_BY_PROXY.search(str(cause)):
                return f"the proxy of COVEY_X_PROXY answered {refusal[1]}, so X was not asked"
        return f"no connection came about ({type(found[-1]).__name__}): {self._about_proxy()}"

    def _about_trust(self) -> str:
        if self.ca_file is not None:
            return f"see COVEY_X_CA_FILE, which is {self.ca_file}"
        return "set COVEY_X_CA_FILE if an authority of your own signs it; REQUESTS_CA_BUNDLE is not read"

    def _about_proxy(self) -> str:
        if self.proxy is not None:
            return "see COVEY_X_PROXY"
        return "set COVEY_X_PROXY if X is behind a proxy here; HTTPS_PROXY is not read"


def _is_proxy(address: str) -> bool:
    try:
        parts = urlsplit(address)
        is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    is_plain = address.isascii() and address.isprintable() and " " not in address
    return is_whole and is_plain and parts.path in {"", "/"} and not (parts.query or parts.fragment)
