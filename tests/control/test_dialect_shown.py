"""Which dialect X is asked in, in `covey status`."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from control import commands
from control.cli.looking import _dialect
from shared.platforms.x.dialect import Learned, SharedDialectMemory
from shared.platforms.x.fields import Dialect
from shared.services.bootstrap import Services
from tests.control.conftest import Invoke

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
UNTOLD = {"spoken": "old", "is_fixed": False, "looked_at": None, "reason": None}
TOLD = {"spoken": "new", "is_fixed": False, "looked_at": AT, "reason": "no such name"}
FIXED = {"spoken": "new", "is_fixed": True, "looked_at": None, "reason": None}


def test_the_status_has_what_was_learned(services: Services, invoke: Invoke) -> None:
    """Before any change only what is spoken; after one as of when and why, in the document and on the page."""
    before = commands.status(services)["dialect"]
    SharedDialectMemory(services.stores.state).set(Learned(Dialect.NEW, AT, "no such name"))

    assert before == UNTOLD
    assert commands.status(services)["dialect"] == TOLD
    assert "dialect of X new, as of 2026-11-22 08:00 UTC: no such name" in " ".join(invoke("status").output.split())


@pytest.mark.parametrize(
    ("document", "shown"),
    [(UNTOLD, "old"), (TOLD, "new, as of 2026-11-22 08:00 UTC: no such name"), (FIXED, "new, as COVEY_X_DIALECT says")],
)
def test_it_is_shown_in_one_line(document: dict[str, object], shown: str) -> None:
    """With what a person needs to know of it."""
    assert _dialect(document) == shown
