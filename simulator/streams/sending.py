"""Owns what the streams send of what happens, and what X bills for it.

It must not look back: what happened while nobody was connected is never sent. Invariant: a post is sent once by a
connection, with all rules that it matches; what is billed is what was handed over.

| event | who gets it | price |
|---|---|---|
| a post that matches rules | `search/stream` | a post |
| `post.create` | `activity/stream`, by author | a post |
| `post.delete` | `activity/stream`, by author | nothing |
| `profile.update.handle` | `activity/stream`, by user | a profile update |

Of those who are out of sight only deletions and new names are told.
"""

from simulator.calls import JsonObject, Returned, json_bytes
from simulator.clock import Clock
from simulator.dialect import OLD
from simulator.happenings import Happening
from simulator.journal import Journal
from simulator.match import matches
from simulator.money import Ledger
from simulator.params import Fields
from simulator.post import Post
from simulator.render import Renderer
from simulator.snowflake import Mint
from simulator.streams.books import Books
from simulator.streams.connections import Connection, Connections, Piece
from simulator.world import World

LINE_END = b"\r\n"
_NONE: frozenset[str] = frozenset()
_IN_EVENTS = Fields(
    post=OLD.post_fields,
    user=_NONE,
    media=frozenset(
        ["alt_text", "duration_ms", "height", "media_key", "preview_image_url", "type", "url", "variants", "width"]
    ),
    poll=_NONE,
    place=_NONE,
    usage=_NONE,
    expansions=frozenset({"attachments.media_keys"}),
)


class Streams:
    """The streams of one simulator. `refused_until_ms`: until then nobody is let in."""

    def __init__(self, world: World, ledger: Ledger, journal: Journal, clock: Clock, keep_alive_seconds: float) -> None:
        """Listen to `world` from now on."""
        self.books, self.connections = Books(), Connections()
        self.refused_until_ms = 0
        self._world, self._ledger, self._journal, self._clock = world, ledger, journal, clock
        self._keep_alive_ms = round(keep_alive_seconds * 1000)
        self._mint = Mint()
        world.happenings.hear(self._happened)

    def take(self, connection: Connection) -> bytes:
        """Return what is to be sent now, a blank line after a long silence, and bill it."""
        now_ms = self._clock()
        self._world.advance(now_ms)
        if connection.silent:
            return b""
        lines = []
        while connection.waiting:
            piece = connection.waiting.popleft()
            self._bill(connection, piece)
            lines.append(piece.line + LINE_END)
            connection.sent += 1
        if not lines and now_ms - connection.last_sent_ms >= self._keep_alive_ms:
            lines.append(LINE_END)
        if lines:
            connection.last_sent_ms = now_ms
        return b"".join(lines)

    def order(self, connections: list[Connection], act: str, now_ms: int, *, text: str, by_reset: bool) -> None:
        """Do what a test wants to the connections: `disconnect`, `silence`, or send a `line`."""
        for one in connections:
            if act == "silence":
                one.silent = True
            elif act == "line":
                one.waiting.append(Piece(text.encode()))
            else:
                if not by_reset:
                    one.waiting.append(Piece(json_bytes({"errors": [_disconnect(one)]})))
                one.end(now_ms, "operational_disconnect", by_reset=by_reset)

    def _bill(self, connection: Connection, piece: Piece) -> None:
        if piece.returned != Returned():
            bought = self._ledger.charge(connection.call, piece.returned, calls=0)
            self._journal.more(connection.number, bought)

    def _happened(self, happening: Happening) -> None:
        for connection in self.connections.living():
            if connection.stream == "search/stream":
                piece = self._matched(connection, happening)
            else:
                piece = self._event(connection, happening)
            if piece is not None:
                connection.waiting.append(piece)

    def _matched(self, connection: Connection, happening: Happening) -> Piece | None:
        """The post, where it matches a rule of whoever is connected."""
        post = happening.post
        if happening.kind != "post" or post is None or post.author.hidden:
            return None
        now_ms, rules = happening.at_ms, self.books.rules(connection.project).values()
        found = [rule for rule in rules if matches(rule.node, post, lambda one: one.metrics_at(now_ms))]
        if not found or connection.fields is None:
            return None
        renderer = Renderer(self._world, connection.dialect, connection.fields, connection.call.base_url)
        body = renderer.posts_body([post])
        named = [{"id": str(rule.id), **({"tag": rule.tag} if rule.tag else {})} for rule in found]
        line = {**body, "data": body["data"][0], "matching_rules": named}
        return Piece(json_bytes(line), renderer.returned(posts=[post]))

    def _event(self, connection: Connection, happening: Happening) -> Piece | None:
        """The event, where whoever is connected subscribed to it."""
        kinds = {"post": "post.create", "delete": "post.delete", "rename": "profile.update.handle"}
        event_type, account = kinds[happening.kind], happening.account
        subscribed = next(
            (
                one
                for one in self.books.subscriptions(connection.project).values()
                if (one.event_type, one.user_id) == (event_type, account.id)
            ),
            None,
        )
        if subscribed is None or (happening.kind == "post" and account.hidden):
            return None
        payload, includes, returned = self._payload(connection, happening)
        event: JsonObject = {
            "event_uuid": str(self._mint.next(happening.at_ms)),
            "filter": {"user_id": str(account.id)},
            "event_type": event_type,
            **({"tag": subscribed.tag} if subscribed.tag else {}),
            "payload": payload,
            **({"includes": includes} if includes else {}),
        }
        return Piece(json_bytes({"data": event}), returned)

    def _payload(self, connection: Connection, happening: Happening) -> tuple[JsonObject, JsonObject, Returned]:
        post, account = happening.post, happening.account
        if post is None:
            return {"before": happening.before, "after": account.username}, {}, Returned(profile_updates=1)
        if happening.kind == "delete":
            return {"id": str(post.id), "author_id": str(account.id)}, {}, Returned()
        return (*self._told(connection, post), Returned(posts=(post.id,)))

    def _told(self, connection: Connection, post: Post) -> tuple[JsonObject, JsonObject]:
        """A post as events tell it: of the old dialect, with every number twice."""
        renderer = Renderer(self._world, OLD, _IN_EVENTS, connection.call.base_url)
        body = renderer.posts_body([post])
        return _doubled(body["data"][0]), body.get("includes", {})


def _disconnect(connection: Connection) -> JsonObject:
    """X's word before it ends a connection."""
    return {
        "title": "operational-disconnect",
        "disconnect_type": "UpstreamOperationalDisconnect",
        "detail": "This stream has been disconnected upstream for operational reasons.",
        "type": connection.dialect.problem_base + "operational-disconnect",
    }


def _doubled(value: JsonObject) -> JsonObject:
    """An object in which every number has its text beside it."""
    found: JsonObject = {}
    for name, one in value.items():
        found[name] = _deeper(one)
        if isinstance(one, int) and not isinstance(one, bool):
            found[f"{name}_str"] = str(one)
    return found


def _deeper(value: object) -> object:
    if isinstance(value, dict):
        return _doubled(value)
    return [_deeper(one) for one in value] if isinstance(value, list) else value
