"""Why a server cannot be reached, and what to check, in words of our own.

Owns the reading of the system's errors inside those of Redis's and MongoDB's drivers. Must not connect. Invariant: the
answer holds no word of a driver, so nothing that was configured can get out with it.
"""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator

# MongoDB's driver keeps no more of the system's error than its text.
_NUMBER = re.compile(r"\[Errno (-?\d+)\]")


def why_away(error: BaseException) -> str:
    """What keeps the server of a failed connection away, and what to check; part of a sentence."""
    found = list(_chain(error))
    numbers = {int(number) for one in found for number in _NUMBER.findall(str(one))}
    # Faults of name resolution have negative numbers (getaddrinfo(3)).
    if any(isinstance(one, socket.gaierror) for one in found) or any(number < 0 for number in numbers):
        return "its name cannot be resolved; check the host name and DNS"
    if any(isinstance(one, ConnectionRefusedError) for one in found) or errno.ECONNREFUSED in numbers:
        return "the connection is refused; check host and port, and that the server runs"
    if any(isinstance(one, ssl.SSLError) for one in found):
        return "TLS failed; check the certificate and the TLS options"
    if any(isinstance(one, FileNotFoundError) for one in found):
        return "there is no such socket; check the path, and that the server runs"
    return "it gives no answer that can be used; check host, port and firewall"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what it was raised from or during."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
