"""A POST with an Idempotency-Key is carried out once; asked again within a day it is answered as the first time.

    key --first--> carried out, answer stored      --same request again--> that answer, Idempotent-Replayed: true
        --another request with it--> 422           --while the first one runs--> 409

What was refused before anything was done (4xx) is not kept: the request may be mended and sent again with its key. Nor
is a 503: what was begun has ids that follow from the key (`Origin.run_id`), so it is not begun a second time. An answer
that holds a secret is kept nowhere.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from control.http.problems import Kind, Problem
from shared.domain.access import Actor
from shared.runtime.clock import Clock
from shared.stores.idempotency import IdempotencyStore, Stored

HEADER: Final = "idempotency-key"
REPLAYED: Final = "Idempotent-Replayed"
LONGEST: Final = 255
UNAVAILABLE: Final = 503
# Of an answer, what is said again with it.
KEPT_HEADERS: Final = ("content-type", "location", "retry-after", "link", "etag")
_KEY: Final = re.compile(r'"([\x20\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x5b\x5d-\x7e]{1,255})')


class Once:
    """Claims keys, and keeps answers."""

    def __init__(self, store: IdempotencyStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def begin(
        self, actor: Actor, method: str, path: str, query: str, header: str, body: bytes
    ) -> tuple[str, Stored | None]:
        """Take the key of a request; answers how it is called here, and the answer that it was given already.

        header: the key as a quoted string, or bare. Raises Problem for a key that is none, is used for another request,
        or whose first request still runs.
        """
        found = _KEY.fullmatch(header.strip())
        if found is None:
            detail = f'Idempotency-Key: a quoted string of 1 to {LONGEST} characters, such as "8e03978e-40d5"'
            raise Problem(Kind.MALFORMED, detail)
        key = f"{actor.tenant}|{method} {path}|{found[1] or found[2]}"
        digest = hashlib.sha256(query.encode() + b"\n" + body).hexdigest()
        stored = self._store.claim(key, digest=digest, now=self._clock.now())
        if stored is None:
            return key, None
        if stored.digest != digest:
            raise Problem(Kind.KEY_REUSED, "the first request with this key was another one; use a new key")
        if stored.status is None:
            detail = "the first request with this key is not done; ask again in a moment"
            raise Problem(Kind.IN_FLIGHT, detail, headers={"Retry-After": "2"}, retry_after=2)
        return key, stored

    def end(self, key: str, status: int, headers: dict[str, str], body: bytes) -> None:
        """Keep the answer where something was done, or may have been."""
        if 400 <= status < 500 or status == UNAVAILABLE:
            return self._store.forget(key)
        kept = {name: value for name, value in headers.items() if name in KEPT_HEADERS}
        return self._store.store(key, status=status, headers=kept, body=body)

    def abandon(self, key: str) -> None:
        """Nothing was answered: let the key be used again when its lease ends at the latest."""
        self._store.forget(key)
