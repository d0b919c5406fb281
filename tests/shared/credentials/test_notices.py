"""What is told of the credentials, and how often."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

from shared.credentials.notices import Notices
from shared.credentials.standing import Standing, State
from shared.domain.models import CredentialKind
from shared.runtime import metrics
from tests.shared.credentials.test_standing import HOUR, NOW, stored

ROOT = Path(__file__).parents[3]
# A process of its own: its log is what a worker writes.
PROGRAM = """
from shared.runtime import log
from shared.credentials.notices import Notices
from shared.credentials.standing import Standing, State
from tests.shared.credentials.test_standing import stored
log.configure(level="debug", form="json", process="test")
notices = Notices(())
for state in (State.OK, State.PAUSED, State.PAUSED, State.RENEWING, State.PAUSED, State.OK, State.OK, State.PAUSED):
    notices.tell([(stored(), Standing(state, "because"))])
notices.tell([])
notices.tell([(stored(), Standing(State.PAUSED, "because"))])
"""


def test_the_metric_holds_the_last_reading() -> None:
    """By kind and state; a state that nobody is in any more is 0."""
    notices = Notices(())

    notices.tell([(stored(), Standing(State.OK)), (stored(id="user-2"), Standing(State.LOST, "used"))])
    notices.tell([(stored(), Standing(State.LOST, "used")), (stored(id="user-2"), Standing(State.LOST, "used"))])

    shown = {state: metrics.CREDENTIALS.labels("oauth2_user", state.value)._value.get() for state in State}
    assert shown == {state: 2 if state is State.LOST else 0 for state in State}
    assert metrics.CREDENTIALS.labels(CredentialKind.BEARER.value, "ok")._value.get() == 0


def test_a_change_is_logged_once() -> None:
    """Left out, back again, left out again, and once more after it was removed; a renewal is no news."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )

    events = [line.split('"event": "')[1].split('"')[0] for line in done.stderr.splitlines()]
    assert events == [
        "credential left out",
        "credential in use again",
        "credential left out",
        "credential left out",
    ]
    assert '"reason": "because"' in done.stderr
    assert '"state": "paused"' in done.stderr


def test_the_first_end_of_what_nothing_renews_is_told() -> None:
    """What renews itself, has ended or never ends does not count; without any the end is infinite."""
    ends = [NOW + 3 * HOUR, NOW + 2 * HOUR, None]
    found = [(stored(is_renewable=False, expires_at=end), Standing(State.OK)) for end in ends]
    ended = (stored(is_renewable=False, expires_at=NOW - HOUR), Standing(State.EXPIRED, "over"))

    Notices(()).tell([*found, ended, (stored(), Standing(State.OK))])

    def told(kind: CredentialKind) -> float:
        return float(metrics.CREDENTIAL_END_AT_SECONDS.labels(kind.value)._value.get())

    assert told(CredentialKind.OAUTH2_USER) == (NOW + 2 * HOUR).timestamp()
    assert told(CredentialKind.BEARER) == math.inf
