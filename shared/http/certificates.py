"""When the certificates of a file end.

Only authorities count, which are all that a file of trusted ones is read for.
"""

from __future__ import annotations

import math
import ssl
from pathlib import Path
from typing import cast

from shared.domain.errors import InputError


def first_end(file: Path | None) -> float:
    """When the first certificate of a PEM file ends, in seconds since the epoch; infinity for no file.

    Raises InputError for a file that cannot be read as certificates.
    """
    if file is None:
        return math.inf
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=file)
    except (OSError, ssl.SSLError) as error:
        raise InputError(f"{file} holds no certificates: {error}") from error
    ends = (ssl.cert_time_to_seconds(cast("str", one["notAfter"])) for one in context.get_ca_certs())
    return min(ends, default=math.inf)
