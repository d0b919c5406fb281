"""Owns looking users up by name or id, and the two timelines of a user: posts and mentions.

It must not page by itself. Invariant: every user asked for is either in `data` or in `errors`.
"""

import zlib
from dataclasses import replace
from itertools import islice

from simulator.accounts import Account
from simulator.calls import Answer, JsonObject, json_answer
from simulator.endpoints.context import Context
from simulator.endpoints.pages import newest_page
from simulator.endpoints.posts import visible
from simulator.endpoints.ranges import LISTS, search_page
from simulator.index import newest_first
from simulator.params import check_id
from simulator.problems import Invalid, InvalidRequest, protected_user_error, user_error

# X shows no more than this many of a user's newest posts.
TIMELINE_DEPTH = 3_200
MENTIONS_DEPTH = 800


def users_by_usernames(context: Context) -> Answer:
    """`GET /2/users/by?usernames=`."""
    names = context.params.many("usernames")
    return _users(context, "usernames", {name: context.world.accounts.by_handle.get(name.lower()) for name in names})


def user_me(context: Context) -> Answer:
    """`GET /2/users/me`: the user that a user's token stands for."""
    account = _who_asks(context)
    return _one_user(context, "id", str(account.id), account)


def _who_asks(context: Context) -> Account:
    """Return the user that a user's token stands for."""
    credential, book = context.call.credential, context.world.accounts
    # A made-up token names nobody, so it stands for always the same one of the accounts.
    anybody = book.tracked[zlib.crc32(credential.token.encode()) % len(book.tracked)]
    return book.by_id.get(credential.user_id or 0, anybody)


def _owns(context: Context, account: Account) -> bool:
    """Whether the user who asks is this account and owns the app."""
    is_user = context.call.credential.kind == "user"
    return is_user and context.ledger.owner_id == account.id and _who_asks(context) is account


def users_by_ids(context: Context) -> Answer:
    """`GET /2/users?ids=`."""
    ids = context.params.many("ids")
    return _users(context, "ids", {text: context.world.accounts.by_id.get(int(text)) for text in ids})


def user_by_username(context: Context) -> Answer:
    """`GET /2/users/by/username/:username`."""
    name = context.call.path_values["username"]
    return _one_user(context, "username", name, context.world.accounts.by_handle.get(name.lower()))


def user_by_id(context: Context) -> Answer:
    """`GET /2/users/:id`."""
    user_id = context.path_id
    return _one_user(context, "id", str(user_id), context.world.accounts.by_id.get(user_id))


def user_posts(context: Context) -> Answer:
    """`GET /2/users/:id/tweets`: the newest 3,200."""
    return _timeline(context, "from:", TIMELINE_DEPTH, context.params.choices("exclude", ("replies", "retweets")))


def user_mentions(context: Context) -> Answer:
    """`GET /2/users/:id/mentions`: the newest 800."""
    return _timeline(context, "@", MENTIONS_DEPTH, frozenset())


def _timeline(context: Context, prefix: str, depth: int, excluded: frozenset[str]) -> Answer:
    size = context.params.integer("max_results", 5, 100, 10)
    page = search_page(context, size, LISTS)
    user_id = check_id("id", context.call.path_values["id"])
    account = context.world.accounts.by_id.get(user_id)
    if account is None or account.suspended_at_ms is not None:
        return json_answer(200, {"errors": [user_error(context.dialect, "id", str(user_id), account)]})
    if account.protected_at_ms is not None:
        return json_answer(200, {"errors": [protected_user_error(context.dialect, "id", account)]})
    reachable = context.world.index.under(f"{prefix}{account.id}")[-depth:]
    found = newest_first([reachable], page.cursor.above_id, page.cursor.below_id)
    answer = newest_page(context, page, islice(visible(found, excluded), size + 1), [])
    if not _owns(context, account):
        return answer
    own = frozenset(answer.returned.posts) - frozenset(answer.returned.included_posts)
    return replace(answer, returned=replace(answer.returned, owned_posts=own))


def _users(context: Context, parameter: str, asked: dict[str, Account | None]) -> Answer:
    found: list[Account] = []
    errors: list[JsonObject] = []
    for text, account in asked.items():
        if account is not None and account.suspended_at_ms is None:
            found.append(account)
        else:
            errors.append(user_error(context.dialect, parameter, text, account))
    found = list(dict.fromkeys(found))
    body = context.renderer.users_body(found, errors)
    return json_answer(200, body, context.renderer.returned(users=found))


def _one_user(context: Context, parameter: str, text: str, account: Account | None) -> Answer:
    if parameter == "username" and not (text.replace("_", "a").isalnum() and text.isascii() and len(text) <= 15):
        message = f"The `username` query parameter value [{text}] does not match ^[A-Za-z0-9_]{{1,15}}$"
        raise InvalidRequest(Invalid(message, {"username": [text]}))
    if account is None or account.suspended_at_ms is not None:
        return json_answer(200, {"errors": [user_error(context.dialect, parameter, text, account)]})
    body = context.renderer.users_body([account])
    return json_answer(200, {**body, "data": body["data"][0]}, context.renderer.returned(users=[account]))
