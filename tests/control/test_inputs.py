"""What people type: any text gives a clean value, or one error that names it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from control import inputs
from control.lists import Word
from shared.domain.errors import InputError
from shared.domain.jobs import RefreshEngagement, ResolveHandles
from shared.domain.sources import Source, SourceKind
from shared.platforms.x.addresses import quoted

NOW = datetime(2026, 11, 1, tzinfo=UTC)
POST = 1460323737035677698
NAME = re.compile(r"[A-Za-z0-9_]{1,15}")

# Texts that are nearly right are more telling than noise.
nearly = st.one_of(
    st.text(),
    st.from_regex(r"@?[A-Za-z0-9_ ]{0,18}", fullmatch=True),
    st.from_regex(r"(https?://)?(www\.)?(x|twitter)\.com/[a-zA-Z0-9_/?#.]{0,25}", fullmatch=True),
    st.from_regex(r"\s?[0-9]{0,24}[./?]?.{0,3}", fullmatch=True),
    st.from_regex(r"[0-9]{0,400}\.?[0-9]{0,4} ?[smhdw]?", fullmatch=True),
)


def typed(texts: Iterable[str]) -> list[Word]:
    """Words as arguments of a command."""
    return [Word(text) for text in texts]


def handles(texts: Iterable[str]) -> list[str]:
    """The handles in arguments."""
    return inputs.handles(typed(texts))


def post_ids(texts: Iterable[str]) -> list[int]:
    """The post ids in arguments."""
    return inputs.post_ids(typed(texts), now=NOW)


def says_which(read: Callable[[list[str]], Any], texts: list[str]) -> Any:
    """The value; or, for an error, None after checking that it is one line which names a text that was given."""
    try:
        return read(texts)
    except InputError as error:
        message = str(error)
        assert len(message.splitlines()) == 1
        assert any(quoted(text) in message for text in texts)
        return None


@given(st.lists(nearly, min_size=1, max_size=5))
@example(["@alice", "ALICE", "https://x.com/alice"])
@example(["http://[", "a"])
def test_handles_are_clean_names_or_an_error(texts: list[str]) -> None:
    """What comes out can be looked up, each name once whatever its case, in the order given."""
    names = says_which(handles, texts)

    if names is not None:
        assert all(NAME.fullmatch(name) for name in names)
        assert len({name.lower() for name in names}) == len(names) >= 1
        ResolveHandles(usernames=tuple(names))


@given(st.lists(nearly, min_size=1, max_size=5))
@example([f"https://x.com/a/status/{POST}?s=20", f"{POST}"])
@example(["9" * 19])
def test_post_ids_are_ids_or_an_error(texts: list[str]) -> None:
    """What comes out can be asked for, each id once, in the order given."""
    ids = says_which(post_ids, texts)

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
    assert handles(texts) == names


def test_every_text_that_is_wrong_is_named() -> None:
    """One error for all of them, and nothing is done for the others."""
    with pytest.raises(InputError) as error:
        handles(["alice", "no spaces", "way_too_long_for_a_name", "bob"])

    assert str(error.value).startswith("2 of 4 words cannot be read: 'no spaces' is no handle")
    assert "; 'way_too_long_for_a_name' is no handle" in str(error.value)
    assert "alice" not in str(error.value)


def test_each_post_is_asked_for_once() -> None:
    """The number and the address of a post are the same one, in the place where it came first."""
    assert post_ids([f"x.com/a/status/{POST + 1}", f"{POST}", f"{POST + 1}"]) == [POST + 1, POST]


def test_a_command_without_a_word_says_what_is_missing() -> None:
    """An empty file is no request for nothing."""
    with pytest.raises(InputError, match="no post id was given"):
        post_ids([])
    with pytest.raises(InputError, match="no handle was given"):
        handles([])


def test_a_word_of_a_file_is_named_with_its_line() -> None:
    """The good words of the file are not in the message."""
    words = [Word("alice", "names.txt, line 1"), Word("no-name", "names.txt, line 9")]

    with pytest.raises(InputError, match=r"^names\.txt, line 9: 'no-name' is no handle.*; nothing was done$"):
        inputs.handles(words)


def test_more_ids_than_one_request_takes_are_refused() -> None:
    """The error says how many there are and how many may be."""
    with pytest.raises(InputError, match="10001 post ids are more than the 10000"):
        post_ids(str(POST + number) for number in range(10_001))


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


@pytest.mark.parametrize("text", ["7.1d", "169h", "1w", "", "h", "٣d"])
def test_what_is_no_span_is_refused(text: str) -> None:
    """The error names the text."""
    with pytest.raises(InputError, match=re.escape(repr(text))):
        inputs.since(text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-05-01T12:00", datetime(2026, 5, 1, 12, tzinfo=UTC)),
        ("2026-05-01T12:00+02:00", datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01", datetime(2026, 5, 1, tzinfo=UTC)),
        ("2h", NOW - timedelta(hours=2)),
    ],
)
def test_a_time_is_written_out_or_told_by_how_long_ago_it_was(text: str, at: datetime) -> None:
    """In UTC, where no zone is named."""
    assert inputs.moment(text, now=NOW) == at


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no time: write 2026-05-01T12:00 (UTC), or how long ago: 90s, 30m, 2h or 7d"),
        ("2026-13-01", "is no time"),
        ("٣d", "is no time"),
        ("999999d", "is longer than can be counted"),
        ("9999999999d", "is longer than can be counted"),
        ("0001-01-01T00:00+14:00", "is before the ids of X tell the time"),
        ("9999-12-31T23:59-14:00", "is to come"),
    ],
)
def test_what_is_no_time_is_refused(text: str, why: str) -> None:
    """The error names the text and says why, at both ends of the calendar too."""
    with pytest.raises(InputError, match=re.escape(f"{text!r} {why}")):
        inputs.moment(text, now=NOW)


@given(st.one_of(nearly, st.datetimes(timezones=st.timezones()).map(datetime.isoformat)))
def test_times_are_times_or_an_error(text: str) -> None:
    """Whatever is written, it is a time that can be, or one line that names it."""
    at = says_which(lambda texts: inputs.moment(texts[0], now=NOW), [text])

    assert at is None or datetime(2010, 11, 4, tzinfo=UTC) < at <= NOW


def test_a_word_is_a_source_or_an_account() -> None:
    """Ids and names of sources stay as they are; the rest is a username behind its mark, or names what is wrong."""
    team = Source(id="src-1", name="The team", kind=SourceKind.ACCOUNTS, accounts=("a",))

    words = typed(["SRC-1", "the team", "nasa", "https://x.com/NASA", "src-1"])

    assert inputs.followed(words, [team]) == ["SRC-1", "the team", "@nasa"]
    for wrong in ([Word("src-2")], []):
        with pytest.raises(InputError, match=r"src-2|no account or source was given"):
            inputs.followed(wrong, [team])
