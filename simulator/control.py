"""Owns the part of `/_sim/...` that is about limits, money, faults and the lives of accounts: counts and orders.

It must not be used by a collector. Invariant: an order takes effect between two calls, never within one; no
answer shows a token that may be real.

| path | answer |
|---|---|
| `GET /_sim/bill` | the whole bill in micro-dollars, with `by_project`, `by_day`, `by_endpoint`, `by_token` |
| `GET /_sim/bill/calls[?after=&outcome=&endpoint=&token=&project=]` | the bill by call, see `journal.py` |
| `GET /_sim/windows[?endpoint=]` | every window, past ones too: limit, granted, strangers, refused, share |
| `GET /_sim/sessions` | every grant of OAuth 2.0: client, user, scopes, refreshes, how it ended |
| `POST /_sim/spend {token, endpoint, calls}` | a stranger spends the same token; `{spent, limit, remaining, reset}` |
| `POST /_sim/limits {endpoint, limit[, token, lasting]}` | a limit changes in the middle of a window |
| `POST /_sim/credits {usd[, project]}` | credits are bought |
| `POST /_sim/spend-cap {usd[, reset_in_seconds, project]}` | what a project may spend before 403; null: no end |
| `POST /_sim/accounts {account, change[, username, in_seconds]}` | rename, suspend, protect or restore an account |
| `POST /_sim/app-owner {account}` | an account owns every app, and reads its own timelines for less; null: nobody |
| `POST /_sim/clock {seconds}` | so much time passes at once; `{now}` |
| `GET /_sim/streams` | how much each project asks the streams for, and every connection: `{projects, connections}` |
| `POST /_sim/streams {act[, stream, by_reset, fail_seconds, text]}` | disconnect, silence, or a line of your own |
| `POST /_sim/posts {delete}` | the author deletes a post, by its id |
| `POST /_sim/quotes {post[, count, late_seconds]}` | strangers quote a post now, to be found so much later; `{ids}` |
| `POST /_sim/reposts {post[, count]}` | strangers repost a post now; `{count}`: how many did |
| `GET /_sim/faults` | what each rule of the fault script did: `{seed, rules: [{name, kind, calls, fired, unfit}]}` |
| `GET /_sim/faults/fired` | each deed of each rule: `{rules: [{name, kind, deeds: [{call, at, endpoint, ids}]}]}` |
| `POST /_sim/faults {seed, rules}` | another fault script is in force, `{}` for none; see `faults/script.py` |
"""

from collections.abc import Callable
from itertools import islice
from urllib.parse import parse_qsl

from simulator.api import Api
from simulator.calls import Answer, JsonObject, json_answer
from simulator.clock import iso_ms
from simulator.faults.script import read_script
from simulator.limits import Track, Window
from simulator.orders import (
    AccountOrder,
    ClockOrder,
    CreditOrder,
    LimitOrder,
    OwnerOrder,
    PostOrder,
    QuoteOrder,
    RepostOrder,
    SpendCapOrder,
    SpendOrder,
    StreamOrder,
    read_order,
)


class Control:
    """Reads and changes what one simulator counts."""

    def __init__(self, api: Api) -> None:
        """Act on `api`."""
        self._api = api
        self._readers: dict[str, Callable[[dict[str, str]], JsonObject]] = {
            "bill": lambda _: self._api.ledger.bill(),
            "bill/calls": self._bill_by_call,
            "windows": self._windows,
            "sessions": self._sessions,
            "streams": self._streams,
            "faults": lambda _: self._api.faults.report(),
            "faults/fired": lambda _: self._api.faults.fired(),
        }
        self._orders: dict[str, Callable[[bytes], JsonObject]] = {
            "spend": self._spend,
            "limits": self._limit,
            "credits": self._credit,
            "faults": self._script,
            "accounts": self._account,
            "spend-cap": self._spend_cap,
            "app-owner": self._owner,
            "clock": self._go_ahead,
            "streams": self._live,
            "posts": self._delete,
            "quotes": self._quote,
            "reposts": self._repost,
        }

    def answer(self, method: str, path: str, query_string: str, body: bytes) -> Answer | None:
        """Answer one request; None when the path is none of this part's, 400 with one sentence for a bad order."""
        name = path.removeprefix("/_sim/")
        try:
            if method == "POST" and name in self._orders:
                return json_answer(200, self._orders[name](body))
            if method in {"GET", "HEAD"} and name in self._readers:
                return json_answer(200, self._readers[name](dict(parse_qsl(query_string))))
        except ValueError as error:
            return json_answer(400, {"error": str(error)})
        return None

    # -- reading

    def _bill_by_call(self, query: dict[str, str]) -> JsonObject:
        after = query.pop("after", "0")
        unknown = sorted(set(query) - {"outcome", "endpoint", "token", "project"})
        if not after.isdecimal() or unknown:
            raise ValueError(f"after: {after!r} is no number" if not unknown else f"{unknown[0]}: no such part")
        return self._api.journal.report(int(after), **query)

    def _windows(self, query: dict[str, str]) -> JsonObject:
        now_ms = self._api.clock()
        found = [
            _window(track, window, now_ms)
            for track in self._api.limits.tracks()
            if query.get("endpoint") in {None, track.endpoint}
            for window in (*track.past, track.window)
        ]
        found.sort(key=lambda window: window["opened_at"])
        return {"window_seconds": self._api.config.window_seconds, "count": len(found), "windows": found}

    def _sessions(self, _: dict[str, str]) -> JsonObject:
        found = [
            {
                "client_id": session.grant.client_id,
                "user_id": str(session.grant.user_id),
                "scopes": sorted(session.grant.scopes),
                "opened_at": iso_ms(session.opened_ms),
                "access_expires_at": iso_ms(session.access_expires_ms),
                "refreshes": session.refreshes,
                "ended": session.ended,
            }
            for session in self._api.sessions.sessions
        ]
        return {"count": len(found), "sessions": found}

    # -- orders

    def _spend(self, body: bytes) -> JsonObject:
        order = read_order(SpendOrder, body)
        credential = self._api.credential_of_token(order.token)
        spent, window = self._api.limits.spend(credential, order.endpoint, order.calls, self._api.clock())
        return {"spent": spent, "limit": window.limit, "remaining": window.remaining, "reset": window.reset_seconds}

    def _limit(self, body: bytes) -> JsonObject:
        order = read_order(LimitOrder, body)
        credential = None if order.token is None else self._api.credential_of_token(order.token)
        self._api.limits.cut(order.endpoint, order.limit, credential, self._api.clock(), lasting=order.lasting)
        return {"endpoint": order.endpoint, "limit": order.limit, "lasting": order.lasting}

    def _credit(self, body: bytes) -> JsonObject:
        order = read_order(CreditOrder, body)
        return {"project": order.project, "left_micro_usd": self._api.ledger.top_up(order.project, order.usd)}

    def _spend_cap(self, body: bytes) -> JsonObject:
        order, now_ms = read_order(SpendCapOrder, body), self._api.clock()
        self._api.ledger.set_cap(order.project, order.usd, order.reset_in_seconds, now_ms)
        caps: JsonObject = self._api.ledger.bill()["spend_caps"]
        return {"project": order.project, **caps[order.project]}

    def _go_ahead(self, body: bytes) -> JsonObject:
        self._api.clock.go_ahead(read_order(ClockOrder, body).seconds)
        self._api.world.advance(self._api.clock())
        return {"now": iso_ms(self._api.clock())}

    def _account(self, body: bytes) -> JsonObject:
        order, world, now_ms = read_order(AccountOrder, body), self._api.world, self._api.clock()
        world.advance(now_ms)
        account = world.accounts.find(order.account)
        if account is None:
            raise ValueError(f"account: there is none {order.account!r}")
        at_ms = now_ms + round(order.in_seconds * 1000)
        if at_ms > now_ms:
            world.lives.plan(account, order.change, order.username, at_ms)
        else:
            world.lives.change(account, order.change, order.username)
        return {"id": str(account.id), "change": order.change, "at": iso_ms(at_ms)}

    def _streams(self, _: dict[str, str]) -> JsonObject:
        streams = self._api.streams
        shown = [
            {
                "id": one.id,
                "stream": one.stream,
                "opened_at": iso_ms(one.opened_ms),
                "sent": one.sent,
                "ended_at": None if one.ended_ms is None else iso_ms(one.ended_ms),
                "reason": one.reason,
            }
            for one in streams.connections.all()
        ]
        return {"projects": streams.books.counts(), "connections": shown}

    def _live(self, body: bytes) -> JsonObject:
        order, streams, now_ms = read_order(StreamOrder, body), self._api.streams, self._api.clock()
        found = streams.connections.living(order.stream)
        streams.order(found, order.act, now_ms, text=order.text, by_reset=order.by_reset)
        if order.act == "disconnect":
            streams.refused_until_ms = now_ms + round(order.fail_seconds * 1000)
        return {"act": order.act, "connections": len(found)}

    def _delete(self, body: bytes) -> JsonObject:
        order, world = read_order(PostOrder, body), self._api.world
        world.advance(self._api.clock())
        found = world.index.by_id.get(int(order.delete))
        if found is None:
            raise ValueError(f"delete: there is no post {order.delete}")
        world.delete(found)
        return {"deleted": order.delete, "at": iso_ms(world.now_ms)}

    def _quote(self, body: bytes) -> JsonObject:
        order, world = read_order(QuoteOrder, body), self._api.world
        world.advance(self._api.clock())
        target = world.index.by_id.get(int(order.post))
        if target is None or not target.current:
            raise ValueError(f"post: there is none {order.post!r} that can be quoted")
        made = [world.quote(target, round(order.late_seconds * 1000)) for _ in range(order.count)]
        return {"ids": [str(post.id) for post in made]}

    def _repost(self, body: bytes) -> JsonObject:
        order, world = read_order(RepostOrder, body), self._api.world
        world.advance(self._api.clock())
        target = world.index.by_id.get(int(order.post))
        if target is None or not target.current or target.retweet_of:
            raise ValueError(f"post: there is none {order.post!r} that can be reposted")
        strangers = (one for one in world.accounts.crowd if not one.hidden)
        return {"count": sum(islice((1 for one in strangers if world.repost(one, target)), order.count))}

    def _owner(self, body: bytes) -> JsonObject:
        order = read_order(OwnerOrder, body)
        self._api.own(order.account)
        owner_id = self._api.ledger.owner_id
        return {"id": None if owner_id is None else str(owner_id)}

    def _script(self, body: bytes) -> JsonObject:
        self._api.faults.load(read_script(body))
        return self._api.faults.report()


def _window(track: Track, window: Window, now_ms: int) -> JsonObject:
    return {
        "token": track.credential.label,
        "endpoint": track.endpoint,
        "opened_at": iso_ms(window.opened_ms),
        "reset_at": iso_ms(window.reset_seconds * 1000),
        "past": now_ms >= window.reset_seconds * 1000,
        "limit": window.limit,
        "granted": window.granted,
        "strangers": window.strangers,
        "refused": window.refused,
        "refused_by_second": window.refused_by_second,
        "refused_by_day": window.refused_by_day,
        "share": round((window.granted + window.strangers) / window.limit, 4),
    }
