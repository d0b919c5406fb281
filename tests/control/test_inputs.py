"""What people type: any text gives a clean value, or one error that names it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from control import inputs
from shared.domain.errors import InputError
from shared.domain.jobs import RefreshEngagement, ResolveHandles

NAME = re.compile(r"[A-Za-z0-9_]{1,15}")

# Texts that are nearly right are more telling than noise.
nearly = st.one_of(
    st.text(),
    st.from_regex(r"@?[A-Za-z0-9_ ]{0,18}", fullmatch=True),
    st.from_regex(r"(https?://)?(www\.)?(x|twitter)\.com/[a-zA-Z0-9_/?#.]{0,25}", fullmatch=True),
    st.from_regex(r"\s?[0-9]{0,24}[./?]?.{0,3}", fullmatch=True),
    st.from_regex(r"[0-9]{0,400}\.?[0-9]{0,4} ?[smhdw]?", fullmatch=True),
)


def says_which(read: Callable[[list[str]], Any], texts: list[str]) -> Any:
    """The value; or, for an error, None after checking that it is one line which names a text that was given."""
    try:
        return read(texts)
    except InputError as error:
        message = str(error)
        assert len(message.splitlines()) == 1
        assert any(repr(text) in message for text in texts)
        return None


@given(st.lists(nearly, min_size=1, max_size=5))
@example(["@alice", "ALICE", "https://x.com/alice"])
@example(["http://[", "a"])
def test_handles_are_clean_names_or_an_error(texts: list[str]) -> None:
    """What comes out can be looked up, each name once whatever its case, in the order given."""
    names = says_which(inputs.handles, texts)

    if names is not None:
        assert all(NAME.fullmatch(name) for name in names)
        assert len({name.lower() for name in names}) == len(names) >= 1
        ResolveHandles(usernames=tuple(names))


@given(st.lists(nearly, min_size=1, max_size=5))
@example(["https://x.com/a/status/1?s=20", "1", "1/photo/1"])
@example(["9" * 19])
def test_post_ids_are_ids_or_an_error(texts: list[str]) -> None:
    """What comes out can be asked for, each id once, in the order given."""
    ids = says_which(inputs.post_ids, texts)

    if ids is not None:
        assert len(set(ids)) == len(ids) >= 1
        RefreshEngagement(claim_id="c", post_ids=tuple(map(str, ids)))


@given(nearly)
@example("9" * 400 + "d")
@example("999999999999d")
@example("-5m")
@example("nand")
def test_spans_are_within_what_x_searches_or_an_error(text: str) -> None:
    """What comes out is between nothing and seven days."""
    span = says_which(lambda texts: inputs.since(texts[0]), [text])

    if span is not None:
        assert timedelta(0) <= span <= timedelta(days=7)


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        (["alice", "@Bob", "https://x.com/carol", "twitter.com/dave/status/5"], ["alice", "Bob", "carol", "dave"]),
        (["Alice", "@alice", "ALICE"], ["Alice"]),
    ],
)
def test_handles_in_every_form_people_write_them(texts: list[str], names: list[str]) -> None:
    """Names, @names and addresses give the names; the first spelling of a name is kept."""
    assert inputs.handles(texts) == names


def test_every_text_that_is_wrong_is_named() -> None:
    """One error for all of them, and nothing is done for the others."""
    with pytest.raises(InputError) as error:
        inputs.handles(["alice", "no spaces", "way_too_long_for_a_name", "bob"])

    assert "'no spaces', 'way_too_long_for_a_name'" in str(error.value)
    assert "alice" not in str(error.value)


@pytest.mark.parametrize(
    "text", ["https://x.com/alice/status/123", "https://twitter.com/i/status/123?s=20", "123", " 123 ", "123/photo/1"]
)
def test_post_ids_in_every_form_people_write_them(text: str) -> None:
    """Numbers and addresses of posts give the id."""
    assert inputs.post_ids([text]) == [123]


@pytest.mark.parametrize("text", ["", "12a", "1" * 20, "https://evil.example/alice/status/5", "-5", "1.5", "１２"])
def test_what_is_no_post_id_is_refused(text: str) -> None:
    """The error names the text."""
    with pytest.raises(InputError, match=re.escape(repr(text))):
        inputs.post_ids([text])


def test_more_ids_than_one_request_takes_are_refused() -> None:
    """The error says how many there are and how many may be."""
    with pytest.raises(InputError, match="10001 post ids are more than the 10000"):
        inputs.post_ids(map(str, range(1, 10_002)))


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("1.5h", timedelta(hours=1.5)),
        ("7d", timedelta(7)),
    ],
)
def test_spans_in_every_unit(text: str, span: timedelta) -> None:
    """Seconds, minutes, hours and days are understood."""
    assert inputs.since(text) == span


@pytest.mark.parametrize("text", ["7.1d", "169h", "1w", "", "h"])
def test_what_is_no_span_is_refused(text: str) -> None:
    """The error names the text."""
    with pytest.raises(InputError, match=re.escape(repr(text))):
        inputs.since(text)
