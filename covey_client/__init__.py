"""A client of Covey's API: typed, sync and async, with paging, retries and idempotency keys.

    from covey_client import Covey

    with Covey("http://127.0.0.1:8000", token="cvy_...") as covey:
        for mention in covey.mentions.iter_list_mentions(source="floods"):
            ...

`api` and `models` are made from docs/openapi.json (`python -m tests.covey_client.generate`), and a test holds them in
step. What fails raises `ApiError` with the problem as RFC 9457 has it.
"""

from covey_client.client import AsyncCovey, Covey
from covey_client.errors import ApiError, CannotReach

__all__ = ["ApiError", "AsyncCovey", "CannotReach", "Covey"]
