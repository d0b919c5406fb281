"""The words of docs/webhooks.md do what they say."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr

from shared.domain.deliveries import WAITS
from shared.http.messages import MessageSender
from tests.ops.artifacts import ROOT
from tests.shared.http.receiver import SECRET, receiving

TEXT = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")


def test_the_check_of_the_document_takes_what_is_sent_and_nothing_else() -> None:
    """Run as it stands there: on a message that came over HTTP, on a changed one, an old one and another secret's."""
    found: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.+?)```", TEXT, re.S)[0], found)  # the document is ours
    is_genuine: Callable[..., bool] = found["is_genuine"]
    now = datetime.now(UTC)
    with receiving() as receiver:
        sender = MessageSender(public_only=False)
        for at in (now, now - timedelta(minutes=6)):
            sender.send(SecretStr(receiver.url), [SecretStr(SECRET)], '{"a":1}', message_id="msg_1", at=at)
    fresh, old = receiver.taken
    assert is_genuine(SECRET, fresh.headers, fresh.body)
    assert not is_genuine(SECRET, old.headers, old.body)
    assert not is_genuine(SECRET, fresh.headers, fresh.body + b" ")
    assert not is_genuine("whsec_" + "QUFB" * 8, fresh.headers, fresh.body)


def test_the_waits_are_those_of_the_code() -> None:
    """Each wait of the table is in the text, in order."""
    *others, last = (said(one) for one in WAITS)
    told = f"{', '.join(others)} and {last}"
    assert told in " ".join(TEXT.split()), told


def said(wait: timedelta) -> str:
    """A wait in words."""
    seconds = round(wait.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 3600 else f"{seconds // 3600} h"
