"""What findings add up to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.preflight.finding import ENDS_A_START, Check, Finding, Level, error, exit_status, ok, warning

FINDINGS = st.lists(st.builds(Finding, st.sampled_from(Check), st.sampled_from(Level), st.just("found")))


@pytest.mark.parametrize(
    ("findings", "usual", "strict"),
    [
        ([], 0, 0),
        ([ok(Check.PYTHON, "well")], 0, 0),
        ([ok(Check.PYTHON, "well"), warning(Check.OPEN_FILES, "few", "more")], 0, 1),
        ([warning(Check.OPEN_FILES, "few", "more"), error(Check.MEDIA_FOLDER, "full", "room")], 2, 2),
    ],
)
def test_the_status_tells_scripts_how_bad_it_is(findings: list[Finding], usual: int, strict: int) -> None:
    """An error is always 2; a warning is 1 for who asks to be strict."""
    assert exit_status(findings, strict=False) == usual
    assert exit_status(findings, strict=True) == strict


@given(FINDINGS)
def test_being_strict_never_lowers_the_status(findings: list[Finding]) -> None:
    """Strictness may only turn 0 into 1."""
    usual, strict = exit_status(findings, strict=False), exit_status(findings, strict=True)

    assert strict in (usual, usual or 1)


@given(FINDINGS)
def test_only_errors_of_the_dangerous_checks_end_a_start(findings: list[Finding]) -> None:
    """A warning never does, nor an error that a process can live with."""
    for finding in findings:
        assert finding.ends_a_start == (finding.level is Level.ERROR and finding.check in ENDS_A_START)


def test_a_finding_is_one_line() -> None:
    """What is wrong, and what to do where there is something."""
    assert str(error(Check.REDIS_ROLE, "a replica", "use the master")) == "a replica; use the master"
    assert str(ok(Check.PYTHON, "Python 3.11")) == "Python 3.11"
