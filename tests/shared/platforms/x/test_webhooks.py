"""X's challenge and signature, against values that were made with openssl."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.domain.errors import InputError
from shared.domain.live.events import Deleted
from shared.platforms.x.webhooks import crc_answer, identity, is_signed, read_push

SECRET = SecretStr("consumer-secret")
# printf %s TEXT | openssl dgst -sha256 -hmac consumer-secret -binary | base64
OF_CHALLENGE = "sha256=2RUZDVKjSpEV/C/r9ivMsVZJ4DFPAawjJFQQzY+6ba4="
OF_BODY = "sha256=x0cx/Mw4t1kKfiTVF2iLPO5L49CYJAApxEHXV8LXy34="
BODY = b'{"data":{"event_type":"post.delete"}}'


def test_a_challenge_is_answered() -> None:
    """The answer is the signature of the token."""
    assert crc_answer("challenge", SECRET) == {"response_token": OF_CHALLENGE}


@pytest.mark.parametrize("token", ["", "x" * 513])
def test_a_challenge_that_is_none_is_not_signed(token: str) -> None:
    """Nothing, and more than X sends, are refused: nobody shall have texts of their own signed."""
    with pytest.raises(InputError, match="crc_token"):
        crc_answer(token, SECRET)


def test_a_signature_is_right_for_its_body_alone() -> None:
    """The right one passes; another body, another secret, another form and none do not."""
    assert is_signed(BODY, OF_BODY, SECRET)
    assert not is_signed(BODY + b" ", OF_BODY, SECRET)
    assert not is_signed(BODY, OF_BODY, SecretStr("other"))
    assert not is_signed(BODY, OF_BODY.removeprefix("sha256="), SECRET)
    assert not is_signed(BODY, None, SECRET)


@given(st.binary(max_size=50), st.text(max_size=60))
def test_no_made_up_signature_passes(body: bytes, signature: str) -> None:
    """Whatever stands in the header, it is only wrong."""
    assert not is_signed(body, signature, SECRET)


def test_an_event_is_known_by_its_id_and_a_post_by_its_body() -> None:
    """The same event in another form of JSON is the same; two bodies without an id are two."""
    about = {"event_uuid": "12", "event_type": "post.delete", "payload": {"id": "5", "author_id": "7"}}
    plain, spaced = json.dumps({"data": about}).encode(), json.dumps({"data": about}, indent=2).encode()

    assert read_push("webhook", spaced) == Deleted(5, 7, 12)
    assert identity(read_push("webhook", plain), plain) == identity(read_push("webhook", spaced), spaced) == "12"
    assert identity(read_push("webhook", b"{}"), b"{}") != identity(read_push("webhook", b"[]"), b"[]")
