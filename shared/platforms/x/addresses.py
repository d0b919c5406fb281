"""What people write for an account or a post of X, made a username or an id. Pure.

Owns which addresses are profiles, which are posts and which are other pages, and which numbers can be ids. Must not
look anything up. Invariant: a tail is heeded behind an address only, so no part of another number is taken for an id.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from shared.domain.errors import InputError
from shared.domain.snowflake import created_at, first_id_at
from shared.domain.urls import safe_url

# What spreadsheets, chats and lists leave around a word: quotes, brackets, commas, marks that nobody sees.
AROUND: Final = " \t\r\n\v\f\u00a0\ufeff\u200b\u200c\u200d\u200e\u200f\u2060,;'\"`´„“”‟‚‘’‛«»‹›()[]<>"
_SHOWN_CHARACTERS: Final = 60

_USERNAME = re.compile(r"[A-Za-z0-9_]{1,15}")
_HOSTS = frozenset(prefix + host for host in ("x.com", "twitter.com") for prefix in ("", "www.", "mobile.", "m."))
# First parts of paths on x.com that are pages, not accounts.
_PAGE_NAMES: Final = """
    about account bookmarks communities compose connect_people download explore follower_requests hashtag help home i
    intent jobs keyboard_shortcuts lists login logout mentions messages moments notifications oauth privacy search
    search-advanced search-home sessions settings share signin signup status statuses topics tos trends tweet
    verified-choose who_to_follow widgets
"""
_PAGES = frozenset(_PAGE_NAMES.split())

_POST_ADDRESS = re.compile(
    r"(?:(?:(?:https?:)?//)?(?:www\.|mobile\.|m\.)?(?:x|twitter)\.com/(?:#!/)?(?:i/web/|\w{1,15}/)"
    r"|(?:\.\./|/)?(?:\w{1,15}/)?)status(?:es)?/(\d+)(?:[/?#].*)?",
    re.ASCII | re.IGNORECASE,
)
_ROUNDED = re.compile(r"\d+(?:[.,]\d+)?[eE][+-]?\d+")
_FRACTION = re.compile(r"\d+[.,]\d+")
# Ids were counted up until 4 November 2010; what was made since the next day is a snowflake.
_SNOWFLAKES_FROM: Final = first_id_at(datetime(2010, 11, 5, tzinfo=UTC))
_MOST_DIGITS: Final = 30
# X's clock and this machine's may differ; an id of a later time is none.
_CLOCKS_DIFFER: Final = timedelta(hours=1)


def username_of(text: str) -> str:
    """The username in `name`, `@name` or the address of a profile, in the case it was given.

    Raises InputError that names the text and says why it is none.
    """
    name = text.strip(AROUND)
    if "/" in name:
        name = _name_in_address(text, name)
    name = name.removeprefix("@").removeprefix("＠")
    if not _USERNAME.fullmatch(name):
        raise InputError(f"{quoted(text)} is no handle: 1 to 15 letters, digits or _ are, with or without @")
    return name


def post_id_of(text: str, *, now: datetime, old_ids: bool = False) -> int:
    """The id in a number or in the address of a post; `old_ids`: also one from before November 2010, which is short.

    Raises InputError that names the text and says why it is none.
    """
    word = text.strip(AROUND)
    if word.isascii() and word.isdigit():
        return _possible(text, word, now, old_ids=old_ids)
    if address := _POST_ADDRESS.fullmatch(word):
        return _possible(text, address[1], now, old_ids=old_ids)
    raise InputError(f"{quoted(text)} is no post id: {_why_no_id(word)}")


def quoted(text: str) -> str:
    """A text as an error names it: in quotes, not longer than can be read, and without a login."""
    shown = repr(safe_url(text))
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}…'"


def _possible(text: str, digits: str, now: datetime, *, old_ids: bool) -> int:
    """The id, if X can have given it by now."""
    post_id = int(digits) if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS
    if post_id == 0:
        raise InputError(f"{quoted(text)} is no post id: ids begin at 1")
    if post_id >= first_id_at(now + _CLOCKS_DIFFER):
        raise InputError(f"{quoted(text)} is no post id: {_when(post_id)}")
    if post_id < _SNOWFLAKES_FROM and not old_ids:
        raise InputError(
            f"{quoted(text)} is no post id: it is too short for one; only posts from before November 2010 have "
            "such ids, and --old-ids takes them"
        )
    return post_id


def _when(post_id: int) -> str:
    try:
        return f"it would be of {created_at(post_id):%Y-%m-%d}, a time to come"
    except OverflowError:
        return "it is longer than ids are"


def _why_no_id(word: str) -> str:
    if _ROUNDED.fullmatch(word):
        return "a spreadsheet rounded it, and its last digits are lost; export the column as text"
    if _FRACTION.fullmatch(word):
        return "a program took it for a fraction and may have rounded it; export the column as text"
    if word.startswith(("-", "−")) and word[1:].isdigit():
        return "ids are never negative"
    if not word:
        return "nothing is there"
    return "write its digits, or the address of a post on x.com"


def _name_in_address(text: str, address: str) -> str:
    no_profile = f"{quoted(text)} is no handle: it is not the address of a profile on x.com"
    try:
        parts = urlsplit(address if "://" in address else f"https://{address.lstrip('/')}")
    except ValueError:
        raise InputError(no_profile) from None
    name = parts.path.strip("/").split("/")[0]
    if parts.scheme not in {"http", "https"} or parts.netloc.lower() not in _HOSTS:
        raise InputError(no_profile)
    if not name or name.lower() in _PAGES:
        page = f"x.com/{name}"
        raise InputError(f"{quoted(text)} is no handle: {page} is a page of X, not a profile; write the name or @name")
    return name
