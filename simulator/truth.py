"""Owns `/_sim/...`: what really happened, for tests and demos to compare a collector against.

It must not be used by a collector. Invariant: it reads the world without limits, pages, delays or the
seven-day window, and includes what was deleted, hidden or superseded.

| path | answer |
|---|---|
| `GET /_sim/health` | `{status, now, posts, seed, started_at, search_lag_seconds, window_seconds}` |
| `GET /_sim/accounts[?all=1]` | `{accounts: [account]}`: those worth tracking, or everybody |
| `GET /_sim/accounts/NAME-OR-ID` | one account |
| `GET /_sim/posts?query=&since=&until=` | `{count, now, posts: [record]}`, newest first |
| `GET /_sim/posts/ID` | `{...record, text, metrics, quotes: [ids], chain: [ids], media_keys, ...}`, see below |
| `GET /_sim/quotes/ID` | `{count, posts: [record]}`: every quote there ever was |
| `GET /_sim/media[?post_ids=1,2]`, `POST` with `{"post_ids": [...]}` | `{count, media: [...]}` |
| `GET /_sim/metrics?post_ids=1,2`, `POST` as above | `{now, metrics: {id: counts}}`, as they are now |
| `GET /_sim/calls` | `{endpoints: {name: {status: count}}, total}` |

An account is `{id, username, tracked, verified, protected, suspended, post_count, names, states}`; `names` is
`[{username, since}]` and `states` `[{state, since}]` (public, protected, suspended), the oldest first.
A record is `{id, author_id, username, created_at, searchable_at, late_seconds, deleted_at, hidden_at, superseded_at,
unsearchable_at, state, place_id, poll_id}`; times are ISO 8601, null when it did not happen; `late_seconds` is the part
of `searchable_at` that other posts do not have. `since` is inclusive and `until` exclusive, ISO 8601 or ms since the
epoch; `query` may lack a standalone operator.
The page of a post also has `voters` of the poll so far and `withheld_in`, a list of countries.
A post was findable by a search exactly in [`searchable_at`, `unsearchable_at`), less the times in which its author was
not public; `hidden_at` is of an absence that lasts.
"""

import json
from collections.abc import Iterable
from urllib.parse import parse_qsl

from simulator.accounts import Account
from simulator.api import Api
from simulator.calls import Answer, JsonObject, json_answer
from simulator.clock import iso_ms, parse_iso_ms
from simulator.media import Media, file_digest
from simulator.post import Post
from simulator.query import QueryError, parse
from simulator.search import ever_matching
from simulator.snowflake import MAX_ID, first_id_at


class Truth:
    """Reads one simulator from behind."""

    def __init__(self, api: Api) -> None:
        """Look at `api`."""
        self._api = api

    def answer(self, method: str, path: str, query_string: str, body: bytes, base_url: str) -> Answer:
        """Answer one request to `/_sim/...`; 400 with one sentence for values that cannot be read."""
        self._api.world.advance(self._api.clock())
        query = dict(parse_qsl(query_string, keep_blank_values=True))
        try:
            found = self._route(method, path.removeprefix("/_sim/"), query, body, base_url)
        except (ValueError, QueryError) as error:
            return json_answer(400, {"error": str(error)})
        return json_answer(404, {"error": f"nothing at {path}"}) if found is None else json_answer(200, found)

    def _route(self, method: str, path: str, query: dict[str, str], body: bytes, base_url: str) -> JsonObject | None:
        name, _, rest = path.partition("/")
        if name == "media" and not rest:
            return self._media(_wanted_posts(method, query, body), self._api.config.media_base_url or base_url)
        if name == "metrics" and not rest:
            return self._metrics(_wanted_posts(method, query, body) or [])
        if method not in {"GET", "HEAD"}:
            return None
        if name == "accounts" and rest:
            account = self._api.world.accounts.find(rest)
            return None if account is None else _account(account)
        if rest:
            readers = {"posts": self._post, "quotes": self._quotes}
            return readers[name](_number(rest)) if name in readers else None
        if name == "posts":
            return self._posts(query)
        whole = {"health": self._health, "calls": self._calls}
        return self._accounts("all" in query) if name == "accounts" else whole[name]() if name in whole else None

    def _health(self) -> JsonObject:
        world, config = self._api.world, self._api.config
        return {
            "status": "ok",
            "now": iso_ms(world.now_ms),
            "started_at": iso_ms(world.start_ms),
            "history_from": iso_ms(world.history_start_ms),
            "posts": len(world.index.posts),
            "forgotten_before_id": str(world.forgotten_before_id),
            "seed": config.seed,
            "search_lag_seconds": config.search_lag_seconds,
            "window_seconds": config.window_seconds,
        }

    def _calls(self) -> JsonObject:
        endpoints = self._api.log.by_endpoint()
        return {"endpoints": endpoints, "total": sum(sum(counts.values()) for counts in endpoints.values())}

    def _accounts(self, everyone: bool) -> JsonObject:
        book = self._api.world.accounts
        accounts = [_account(account) for account in (book.by_id.values() if everyone else book.tracked)]
        return {"count": len(accounts), "accounts": accounts}

    def _posts(self, query: dict[str, str]) -> JsonObject:
        world = self._api.world
        above_id = first_id_at(_instant_ms(query["since"])) - 1 if query.get("since") else 0
        below_id = first_id_at(_instant_ms(query["until"])) if query.get("until") else MAX_ID
        found: Iterable[Post] = reversed(world.index.posts)
        if query.get("query"):
            found = ever_matching(world, parse(query["query"]), above_id, below_id)
        posts = [self._record(post) for post in found if above_id < post.id < below_id]
        return {"count": len(posts), "now": iso_ms(world.now_ms), "posts": posts}

    def _post(self, post_id: int) -> JsonObject | None:
        post = self._api.world.index.by_id.get(post_id)
        if post is None:
            return None
        quotes = [str(quote.id) for quote in self._api.world.index.under(f"quote:{post_id}") if quote.live]
        return {
            **self._record(post),
            "text": post.text,
            "metrics": post.metrics_at(self._api.world.now_ms),
            "quotes": quotes,
            "chain": [str(version_id) for version_id in post.chain],
            "media_keys": [media.key for media in post.media],
            "voters": post.voters_at(self._api.world.now_ms),
            "withheld_in": list(post.withheld_in),
        }

    def _metrics(self, post_ids: list[int]) -> JsonObject:
        world = self._api.world
        found = ((post_id, world.index.by_id.get(post_id)) for post_id in post_ids)
        metrics = {str(post_id): post.metrics_at(world.now_ms) for post_id, post in found if post is not None}
        return {"now": iso_ms(world.now_ms), "metrics": metrics}

    def _quotes(self, post_id: int) -> JsonObject:
        posts = [self._record(post) for post in reversed(self._api.world.index.under(f"quote:{post_id}"))]
        return {"count": len(posts), "posts": posts}

    def _media(self, post_ids: list[int] | None, base_url: str) -> JsonObject:
        world = self._api.world
        if post_ids is None:
            keys = list(world.media)
        else:
            posts = (world.index.by_id.get(post_id) for post_id in post_ids)
            keys = list(dict.fromkeys(media.key for post in posts if post is not None for media in post.media))
        items = [self._media_item(world.media[key], base_url.rstrip("/")) for key in keys]
        return {"count": len(items), "media": items}

    def _media_item(self, media: Media, base_url: str) -> JsonObject:
        best = media.best
        digest, size = file_digest(media, best.path)
        return {
            "media_key": media.key,
            "type": media.kind,
            "url": base_url + best.path,
            "content_type": best.content_type,
            "sha256": digest,
            "size": size,
            "post_ids": [str(post.id) for post in self._api.world.media_posts[media.key]],
        }

    def _record(self, post: Post) -> JsonObject:
        return {
            "id": str(post.id),
            "author_id": str(post.author.id),
            "username": post.author.username,
            "created_at": iso_ms(post.created_at_ms),
            "searchable_at": iso_ms(post.created_at_ms + self._api.config.search_lag_ms + post.late_ms),
            "late_seconds": post.late_ms / 1000,
            "deleted_at": _iso_or_none(post.deleted_at_ms),
            "hidden_at": _iso_or_none(post.hidden_at_ms),
            "superseded_at": _iso_or_none(post.superseded_at_ms),
            "unsearchable_at": _iso_or_none(post.unsearchable_at_ms),
            "state": post.state,
            "place_id": None if post.place is None else post.place.id,
            "poll_id": None if post.poll is None else str(post.poll.id),
        }


def _account(account: Account) -> JsonObject:
    return {
        "id": str(account.id),
        "username": account.username,
        "tracked": account.tracked,
        "verified": account.verified_type != "none",
        "protected": account.protected_at_ms is not None,
        "suspended": account.suspended_at_ms is not None,
        "post_count": account.posts_made,
        "names": [{"username": name, "since": iso_ms(at_ms)} for name, at_ms in account.names],
        "states": [{"state": state, "since": iso_ms(at_ms)} for state, at_ms in account.states],
    }


def _iso_or_none(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso_ms(at_ms)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"not an id: {text!r}")
    return int(text)


def _instant_ms(text: str) -> int:
    return int(text) if text.isdigit() else parse_iso_ms(text)


def _wanted_posts(method: str, query: dict[str, str], body: bytes) -> list[int] | None:
    if method == "POST":
        sent = json.loads(body or b"{}")
        listed = sent.get("post_ids") if isinstance(sent, dict) else None
        if not isinstance(listed, list):
            raise ValueError('the body must be {"post_ids": [...]}')
        return [_number(str(item)) for item in listed]
    return [_number(text) for text in query["post_ids"].split(",")] if query.get("post_ids") else None
