"""Words in files: every encoding, every end of line, lists and tables; nothing is lost on the way."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from control.lists import Word, words
from shared.domain.errors import InputError

names = st.lists(st.from_regex(re.compile(r"[A-Za-z0-9_]{1,15}", re.ASCII), fullmatch=True), max_size=20)
cells = st.characters(exclude_categories=["Cs", "Cc"])
ends = st.sampled_from(["\n", "\r\n", "\r"])
encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])


def encoded(text: str, encoding: str) -> bytes:
    """The text as an editor saves it: UTF-16 with a byte order mark."""
    return (("\ufeff" + text) if encoding.startswith("utf-16-") else text).encode(encoding)


def texts(found: list[Word]) -> list[str]:
    """The words without their places."""
    return [word.text for word in found]


@given(names, ends, encodings, st.sampled_from([", ", " ", ";", "{end}", "{end}{end}# a comment, of words{end}"]))
def test_a_list_gives_its_words(given: list[str], end: str, encoding: str, between: str) -> None:
    """Whatever separates them, ends the lines and encodes the text; comments and blank lines give none."""
    text = between.format(end=end).join(given) + end

    assert texts(words(encoded(text, encoding), "f")) == given


@given(
    st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs", "Cc"])), st.integers(1, 10**18))),
    ends,
    encodings,
)
@example([('line\nbreak, "quote" and\ttab', 1)], "\r\n", "utf-16-le")
def test_a_column_gives_its_cells(rows: list[tuple[str, int]], end: str, encoding: str) -> None:
    """By its title and by its number, beside cells with anything in them."""
    for delimiter in ",;\t":
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
        writer.writerow(["who", "ID"])
        writer.writerows(("-" + text.replace("\0", ""), number) for text, number in rows)
        data = encoded(out.getvalue(), encoding)

        for column in ("id", "2"):
            assert texts(words(data, "f", column)) == [str(number) for _, number in rows]


@given(st.binary(max_size=300), st.sampled_from([None, "id", "1"]))
def test_any_bytes_are_words_or_an_error(data: bytes, column: str | None) -> None:
    """Nothing else is raised, and places are of lines that there are."""
    try:
        found = words(data, "f", column)
    except InputError as error:
        message = str(error)
        assert message.startswith("f")
    else:
        assert all(re.fullmatch(r"f, line [1-9]\d*", word.place) for word in found)


def test_a_word_is_told_with_its_line() -> None:
    """Lines are counted as an editor counts them; in a table a row begins where its first cell does."""
    assert words(b"# two\r\n\r\none  two # three\r\n", "f") == [Word("one", "f, line 3"), Word("two", "f, line 3")]
    assert words(b'id,text\n1,"a\nb"\n\n2,c\n', "f", "id") == [Word("1", "f, line 2"), Word("2", "f, line 5")]


def test_a_number_takes_the_first_row_for_a_title_only_when_it_is_one() -> None:
    """A first row that is no known title is a word like every other, so that none is skipped unseen."""
    assert texts(words(b"id\n1\n", "f", "1")) == ["1"]
    assert texts(words(b"12x\n1\n", "f", "1")) == ["12x", "1"]


def test_a_cell_that_is_missing_is_a_word_without_text() -> None:
    """So that whoever reads it can say that nothing is there."""
    assert texts(words(b"text,id\na,1\nb\nc,\n", "f", "id")) == ["1", "", ""]


@pytest.mark.parametrize(
    ("data", "column", "told"),
    [
        (b"who,what\na,b\n", "id", "no columns 'id': its first row is who, what"),
        (b"id,id\n1,2\n", "id", "2 columns 'id'"),
        (b"who,what\na,b\n", "3", "no column 3: there are 2"),
        (b"who,what\na,b\n", "0", "no column 0"),
        ("123\n".encode("utf-16-le"), None, "UTF-16 without a byte order mark"),
    ],
)
def test_what_cannot_be_read_is_refused(data: bytes, column: str | None, told: str) -> None:
    """The error names the source and what there is instead."""
    with pytest.raises(InputError, match=re.escape(told)) as caught:
        words(data, "ids.csv", column)

    assert str(caught.value).startswith("ids.csv")
