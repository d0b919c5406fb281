"""Covey: the gateway with its limiter, one for each process as in a worker; without a grant it waits as it is told.

It is not told X's limit: the headers tell it. Work is interactive, the class that nothing is held back from.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from pydantic import SecretStr

from bench.quota_clients import PAGE, QUERY, Load
from shared.domain.errors import NotNow
from shared.domain.models import WorkClass
from shared.platforms.gateway import FixedCredentials
from shared.platforms.x.auth import bearer_credential
from shared.platforms.x.client import XClient
from shared.platforms.x.gateway import XGateway
from shared.ratelimit.limiter import Limiter
from shared.redis.connection import connect


@functools.cache
def gateway(load: Load) -> XGateway:
    """The gateway of this process."""
    limiter = Limiter(connect(load.redis_url), window_seconds=load.window_seconds)
    credentials = FixedCredentials([bearer_credential(SecretStr(load.token))])
    return XGateway(XClient(load.x_url, dialect="new"), limiter, credentials)


def caller(load: Load) -> Callable[[], float]:
    """Calls with a grant."""
    x = gateway(load)

    def call() -> float:
        try:
            x.search(WorkClass.INTERACTIVE, query=QUERY, max_results=PAGE)
        except NotNow as error:
            return error.wait_seconds
        return 0.0

    return call
