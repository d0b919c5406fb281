"""URLs as they may be shown, and logins as they must be written: no part of a password gets out, whatever it holds."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.errors import InputError
from shared.domain.urls import check_url, safe_url

SCHEMES = ("redis", "mongodb", "https")
RESERVED = ":/?#[]@!$&'()*+,;= %<>\"\\^`{|}~ü€🐦"
# Parts that no message holds by chance, joined by what must be encoded.
PARTS = ("s3cret1", "s3cret2", "s3cret3")
passwords = st.tuples(st.sampled_from(RESERVED), st.sampled_from(RESERVED)).map(
    lambda two: PARTS[0] + two[0] + PARTS[1] + two[1] + PARTS[2]
)
logins = st.sampled_from(["", "covey"])
schemes = st.sampled_from(SCHEMES)


def shows_none(text: str) -> bool:
    """Whether no part of a password is in the text."""
    return "s3cret" not in text


@given(passwords, logins, schemes)
@example("s3cret1/s3cret2#s3cret3", "", "redis")
def test_a_password_is_taken_as_it_is_meant_or_refused_without_a_word_of_it(
    password: str, user: str, scheme: str
) -> None:
    """Percent-encoded it is always taken; as it is only where nothing can be misread, and then the host is the host."""
    url = f"{scheme}://{user}:{password}@host:6379/0"

    check_url("REDIS_URL", f"{scheme}://{user}:{quote(password, safe='')}@host:6379/0", schemes=SCHEMES)
    try:
        check_url("REDIS_URL", url, schemes=SCHEMES)
    except InputError as error:
        message = str(error)
        assert shows_none(message)
        assert "percent-encode" in message
        assert "REDIS_URL" in message
    else:
        assert (urlsplit(url).hostname, urlsplit(url).password) == ("host", password)


@given(st.text("ab:@/?#%21.-[]ü ", max_size=20), schemes)
@example("u:p@h/#", "redis")
@example(":s3cret1", "redis")
def test_what_is_taken_has_one_reading(rest: str, scheme: str) -> None:
    """Of any text: it has no fragment, at most one @, and a port that is a number."""
    url = f"{scheme}://{rest}"
    try:
        check_url("REDIS_URL", url, schemes=SCHEMES)
    except InputError:
        return

    assert "#" not in url
    assert url.count("@") <= 1
    ports = re.findall(r":([^:\]]*)$", re.split(r"[/?]", rest, maxsplit=1)[0].rpartition("@")[2])
    assert all(port.isdecimal() for port in ports)


@given(passwords, logins, st.sampled_from(["redis", "mongodb+srv", "sentinel", "http", "https"]))
@example("s3cret1/s3cret2@s3cret3", "covey", "http")
@example("s3cret1@s3cret2/s3cret3", "covey", "http")
def test_a_url_in_a_text_shows_no_password(password: str, user: str, scheme: str) -> None:
    """As it must be written for every scheme; as it must not be, for those of servers too, to the next space."""
    encoded = safe_url(f"cannot reach {scheme}://{user}:{quote(password, safe='')}@host/0: refused")

    assert encoded == f"cannot reach {scheme}://{f'{user}:' if user else ''}***@host/0: refused"
    if " " not in password and user:
        assert shows_none(safe_url(f"{scheme}://{user}:{password}@host/0"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("mongodb://covey:hunter2@a,b/db?authSource=admin", "mongodb://covey:***@a,b/db?authSource=admin"),
        ("sentinel://h/s?sentinel_password=hunter2", "sentinel://h/s?sentinel_password=***"),
        ("https://hunter2@sentry.example/1", "https://***@sentry.example/1"),
        ("http://covey:hunter2@proxy:3128", "http://covey:***@proxy:3128"),
        ("https://x.com/@alice", "https://x.com/@alice"),
        (
            "https://bucket.s3.example/a.jpg?X-Amz-Credential=hunter2&X-Amz-Signature=hunter2&X-Amz-Expires=60",
            "https://bucket.s3.example/a.jpg?X-Amz-Credential=***&X-Amz-Signature=***&X-Amz-Expires=60",
        ),
        ("s3://key:hunter2@bucket/media", "s3://key:***@bucket/media"),
        ("no URL, and a@b.example", "no URL, and a@b.example"),
    ],
)
def test_what_is_no_secret_stays(url: str, shown: str) -> None:
    """User, host, path and harmless options are what a person needs to find the fault."""
    assert safe_url(url) == shown


@pytest.mark.parametrize("url", ["", "host:6379", ":hunter2@host", "hunter2", "://hunter2@host", " redis://hunter2@h"])
def test_what_is_no_url_is_refused_without_a_word_of_it(url: str) -> None:
    """The setting and what it must begin with are named."""
    with pytest.raises(InputError, match=r"^REDIS_URL is no URL: it must begin with redis://") as caught:
        check_url("REDIS_URL", url, schemes=SCHEMES)

    assert "hunter2" not in str(caught.value)


def test_an_unknown_scheme_is_named() -> None:
    """With those that are known."""
    with pytest.raises(InputError, match="unknown scheme 'ftp': it must begin with redis://, mongodb://"):
        check_url("REDIS_URL", "ftp://hunter2@host", schemes=SCHEMES)
