"""The error tree: drawn as it is, one sentence an error, its data as attributes."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, datetime

import pytest

from shared.domain import errors
from shared.domain.errors import CoveyError

CLASSES = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, CoveyError)]
BRANCHES = (errors.InputError, errors.PassingFault, errors.NotNow, errors.Paused, errors.Permanent)


def test_the_drawing_at_the_top_is_the_tree() -> None:
    """Every class stands in the module's drawing, one level below its parent."""
    drawn: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"^    ([│├└─ ]*)([A-Z][A-Za-z]+)(\s|$)", line):
            drawn.append((len(match[1]) // 4, match[2]))

    parents = {}
    for index, (depth, name) in enumerate(drawn):
        above = [other for level, other in drawn[:index] if level == depth - 1]
        parents[name] = above[-1] if above else "Exception"

    assert parents == {cls.__name__: cls.__bases__[0].__name__ for cls in CLASSES}


@pytest.mark.parametrize("cls", [cls for cls in CLASSES if cls is not CoveyError])
def test_every_error_is_of_one_branch_and_says_what_it_is(cls: type[CoveyError]) -> None:
    """A caller that knows the five branches knows what to do with every error."""
    assert sum(issubclass(cls, branch) for branch in BRANCHES) == 1
    assert cls.__doc__
    assert cls.__doc__.rstrip().endswith((".", "instead."))


def test_messages_name_the_endpoint_and_what_happened() -> None:
    """A line of the log tells where and what without the traceback."""
    until = datetime(2024, 5, 1, tzinfo=UTC)

    assert str(errors.NoAnswer("search", "cut")) == "search: no usable answer from X: cut"
    assert str(errors.ServerFault("search", 503)) == "search: X answered 503"
    assert (
        str(errors.NotGranted("search", wait_seconds=2, blocked_by="window")) == "search: window is used up for 2.0 s"
    )
    assert str(errors.UnmappedStatus("search", 418)) == "search: X answered 418, which is not mapped"
    assert str(errors.InvalidRequest("search", [])) == "search: X refused the request: no reason given"
    throttled = errors.UsageCapExceeded("search", "cap", period="Monthly", wait_seconds=900.0, until=until)
    assert (throttled.period, throttled.wait_seconds, throttled.until) == ("Monthly", 900.0, until)
    stale = errors.StaleSinceId("search", ["old"], oldest_since_id=7)
    assert (stale.oldest_since_id, stale.messages) == (7, ("old",))
    assert errors.UnknownParameter("search", ["what"], parameters=["post.fields"]).parameters == ("post.fields",)
