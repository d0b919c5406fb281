"""A schedule of QStash asks for what is due, by its signature."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from shared.domain.errors import InputError
from shared.runtime.settings import Settings
from shared.services.bootstrap import Services
from tests.control.http.conftest import Api, problem

CURRENT, NEXT = "sig_current_0123456789abcdef01234567", "sig_next_0123456789abcdef0123456789"
PUBLIC = "https://covey.example"
PATH = "/v1/engagement/update"
BODY = b'{"limit": 5}'


@pytest.fixture
def open_api(make_services: Callable[..., Services], serve: Callable[..., Api]) -> Api:
    """The API that QStash may ask."""
    keys = {"qstash_current_signing_key": CURRENT, "qstash_next_signing_key": NEXT}
    return serve(make_services("http://127.0.0.1:9", public_url=f"{PUBLIC}/", **keys))


def signature(key: str = CURRENT, *, body: bytes = BODY, lasts: float = 300, **changed: Any) -> str:
    """As QStash signs; the hash is padded, as in its example."""
    now = time.time()
    claims = {
        "iss": "Upstash",
        "sub": f"{PUBLIC}{PATH}",
        "exp": now + lasts,
        "nbf": now,
        "iat": now,
        "jti": f"jwt_{time.monotonic_ns()}",
        "body": base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode(),
    }
    return jwt.encode({**claims, **changed}, key, algorithm="HS256")


def ask(api: Api, signed: str, *, path: str = PATH, message: str = "msg_1", body: bytes = BODY) -> Any:
    """Ask as QStash does."""
    headers = {"Upstash-Signature": signed, "Upstash-Message-Id": message, "Content-Type": "application/json"}
    return api.ask("POST", path, token=None, headers=headers, data=body)


def test_what_qstash_signed_is_carried_out(open_api: Api) -> None:
    """By the present key and by the next; who asked is on the record. A message that comes again is the same run."""
    first = ask(open_api, signature())
    assert first.status_code == 202
    assert first.json()["created_by"] == {"kind": "qstash", "id": "qstash", "name": "QStash"}
    again = ask(open_api, signature(NEXT))
    assert again.json()["id"] == first.json()["id"]
    other = ask(open_api, signature(), message="msg_2")
    assert other.json()["id"] != first.json()["id"]
    dry = ask(open_api, signature(sub=f"{PUBLIC}{PATH}?dry_run=true"), path=f"{PATH}?dry_run=true")
    assert (dry.status_code, dry.json()["posts"]) == (200, 0)
    (entry, *_) = open_api.get("/v1/audit?action=engagement.update").json()["data"]
    assert entry["actor"]["kind"] == "qstash"


def test_a_signature_that_does_not_hold_opens_nothing(open_api: Api) -> None:
    """Another key, address, issuer or body; too late, too early, without a claim, or unsigned."""
    late, soon = time.time() - 6, time.time() + 30
    wrong = [
        signature("sig_of_somebody_else_0123456789abcdef"),
        signature(sub=f"{PUBLIC}/v1/other"),
        signature(sub=PATH),
        signature(iss="Other"),
        signature(body=b'{"limit": 6}'),
        signature(exp=late),
        signature(nbf=soon),
        signature(jti=None),
        "none.of.these",
        jwt.encode({"iss": "Upstash"}, "", algorithm="none"),
    ]
    for one in wrong:
        problem(ask(open_api, one), 401, "unauthenticated")
    assert open_api.get("/v1/runs").json()["data"] == []
    assert ask(open_api, signature(exp=time.time() - 3)).status_code == 202


def test_a_signature_counts_once(open_api: Api) -> None:
    """Whoever overheard it cannot use it again."""
    signed = signature()
    assert ask(open_api, signed).status_code == 202
    problem(ask(open_api, signed, message="msg_2"), 401, "unauthenticated")


def test_nothing_else_may_be_asked_for_so(open_api: Api) -> None:
    """A signature for another route is as good as none."""
    for path in ("/v1/tweets/1/refresh", "/v1/tokens"):
        problem(ask(open_api, signature(sub=f"{PUBLIC}{path}"), path=path), 401, "unauthenticated")


def test_it_is_closed_unless_keys_and_address_are_set(api: Api, make_services: Any, serve: Any) -> None:
    """Without keys a signature is nothing; keys without the address that was called are refused at the start."""
    problem(ask(api, signature()), 401, "unauthenticated")
    half = serve(make_services("http://127.0.0.1:9", qstash_current_signing_key=CURRENT), admin=api.admin)
    problem(ask(half, signature()), 401, "unauthenticated")
    with pytest.raises(InputError, match="COVEY_PUBLIC_URL is not set"):
        Settings.load(qstash_next_signing_key=NEXT).require_public_url()
