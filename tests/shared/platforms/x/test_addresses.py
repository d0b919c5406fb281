"""What people write for accounts and posts: any text gives a clean value, or an error that names it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.errors import InputError
from shared.domain.snowflake import created_at, first_id_at
from shared.platforms.x.addresses import post_id_of, quoted, username_of

NOW = datetime(2026, 11, 1, tzinfo=UTC)
NEWEST = first_id_at(NOW)
OLDEST = first_id_at(datetime(2010, 11, 5, tzinfo=UTC))
USERNAME = re.compile(r"[A-Za-z0-9_]{1,15}")

usernames = st.from_regex(re.compile(r"[A-Za-z0-9_]{1,15}", re.ASCII), fullmatch=True)
snowflakes = st.integers(OLDEST, NEWEST)
hosts = st.sampled_from(
    ["x.com", "twitter.com", "www.x.com", "m.twitter.com", "mobile.twitter.com", "X.com", "mobile.x.com"]
)
schemes = st.sampled_from(["https://", "http://", "HTTPS://", "//", ""])
quotes = st.sampled_from([("", ""), ('"', '"'), ("“", "”"), ("'", "'"), ("«", "»"), ("‚", "‘"), ("<", ">"), (" ", ",")])
# Texts that are nearly right are more telling than noise.
nearly = st.one_of(
    st.text(),
    st.from_regex(r"-?[0-9]{0,24}([.,/?#:eE+-][0-9a-z]{0,4}){0,3}", fullmatch=True),
    st.from_regex(
        r"(https?://)?([a-z]{1,6}\.)?(x|twitter|y)\.com/[a-z/]{0,12}(/status/)?[0-9]{0,20}[/?#a]?", fullmatch=True
    ),
)


@given(snowflakes, hosts, schemes, st.one_of(usernames, st.just("i/web"), st.just("i")), quotes)
def test_a_post_is_found_however_it_is_pasted(
    post_id: int, host: str, scheme: str, user: str, around: tuple[str, str]
) -> None:
    """The digits, and the address at every host, with every tail and in every kind of quotes, are the same id."""
    address = f"{scheme}{host}/{user}/status/{post_id}"

    for text in (str(post_id), address, f"{address}/photo/1", f"{address}?s=20&t=a", f"{address}#m", f"{address}/"):
        assert post_id_of(f"{around[0]}{text}{around[1]}", now=NOW) == post_id


@given(nearly)
@example("12/25/2020")
@example("1.46e18")
@example("9" * 5000)
def test_any_text_is_an_id_that_can_be_or_an_error_that_names_it(text: str) -> None:
    """What comes out is whole in the text, and of a time since November 2010 that has passed."""
    try:
        post_id = post_id_of(text, now=NOW)
    except InputError as error:
        message = str(error)
        assert quoted(text) in message
        assert len(message) < 250
        assert message.isprintable()
    else:
        assert re.search(rf"(?<!\d){post_id}(?!\d)", re.sub(r"(?<!\d)0+", "", text))
        assert datetime(2010, 11, 5, tzinfo=UTC) <= created_at(post_id) <= NOW + timedelta(hours=1)


@given(st.integers(1, OLDEST - 1))
def test_short_ids_need_the_word_for_them(post_id: int) -> None:
    """An id from before snowflakes is refused with what to say, and taken when that is said."""
    with pytest.raises(InputError, match="--old-ids"):
        post_id_of(str(post_id), now=NOW)

    assert post_id_of(f"https://twitter.com/jack/status/{post_id}", now=NOW, old_ids=True) == post_id


@given(st.integers(first_id_at(NOW + timedelta(hours=1)), 10**40))
def test_an_id_of_a_time_to_come_is_none(post_id: int) -> None:
    """With and without old ids; the message says when it would be made, or that it is too long."""
    for old_ids in (False, True):
        with pytest.raises(InputError, match=r"time to come|longer than ids are"):
            post_id_of(str(post_id), now=NOW, old_ids=old_ids)


@pytest.mark.parametrize(
    "text",
    [
        *("Name_1", "@Name_1", "  @Name_1 ", "https://x.com/Name_1", "http://twitter.com/Name_1/", "x.com/@Name_1"),
        *("https://www.x.com/Name_1/status/12?s=20", "HTTPS://X.COM/Name_1#top", "mobile.twitter.com/Name_1"),
        *("https://x.com/Name_1/with_replies", "https://x.com/Name_1/media", "“@Name_1”,", "\ufeffName_1", "＠Name_1"),
    ],
)
def test_handles_are_taken_as_people_paste_them(text: str) -> None:
    """A name, an @name and the address of a profile, of its tabs or of one of its posts are the same handle."""
    assert username_of(text) == "Name_1"


@given(nearly)
@example("https://x.com/home")
@example("http://[")
def test_any_text_is_a_username_or_an_error_that_names_it(text: str) -> None:
    """What comes out can be looked up."""
    try:
        assert USERNAME.fullmatch(username_of(text))
    except InputError as error:
        message = str(error)
        assert quoted(text) in message
        assert message.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        *("", "@", "@@a", "sixteen_letters_", "a b", "naïve", "a OR b", "https://evil.com/a", "ftp://x.com/a"),
        *("https://x.com/", "https://x.com.evil.com/a", "http://[", "nasa/media"),
    ],
)
def test_what_is_no_handle_is_named(text: str) -> None:
    """The message repeats the text, so that the user finds it in a list."""
    with pytest.raises(InputError, match=re.escape(repr(text))):
        username_of(text)


def test_a_text_is_named_briefly_and_without_a_login() -> None:
    """A long word is cut, and an address that a person pasted by mistake shows no password."""
    assert len(quoted("x" * 10_000)) < 70
    assert "hunter2" not in quoted("redis://:hunter2@host/0")
