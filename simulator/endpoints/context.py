"""Owns what a handler is given: the call, its checked parameters and the world they are about.

It must not hold anything longer than one call. Invariant: `world` has been advanced to `call.at_ms`.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from simulator.calls import Answer, Call, JsonObject, json_answer
from simulator.compliance import ComplianceJobs
from simulator.config import Config
from simulator.dialect import Dialect
from simulator.money import Ledger
from simulator.params import Params, check_id
from simulator.post import Post
from simulator.problems import Invalid, InvalidRequest
from simulator.render import Renderer
from simulator.streams.sending import Streams
from simulator.world import World

T = TypeVar("T")
# A token of the next page of a list has at least so many characters.
TOKEN_LENGTH = 16


@dataclass
class Context:
    """One call on its way to an answer."""

    world: World
    config: Config
    call: Call
    params: Params
    ledger: Ledger
    compliance: ComplianceJobs
    streams: Streams

    @property
    def dialect(self) -> Dialect:
        """The dialect to answer in."""
        return self.params.dialect

    @cached_property
    def renderer(self) -> Renderer:
        """The renderer of this answer, with the fields that were asked for."""
        return Renderer(self.world, self.dialect, self.params.fields(), self.call.base_url)

    @property
    def path_id(self) -> int:
        """The id in the path."""
        return check_id("id", self.call.path_values["id"])

    def visible_post(self, post_id: int) -> Post | None:
        """Return a post that anyone may read, or None."""
        post = self.world.index.by_id.get(post_id)
        return post if post is not None and post.live else None

    def posts_answer(
        self, posts: list[Post], errors: list[JsonObject], meta: JsonObject | None = None, here: str = ""
    ) -> Answer:
        """Return the answer of a list of posts; `meta` and `here` (its own token) only where there are pages."""
        body = self.renderer.posts_body(posts, errors)
        if meta is not None:
            body["meta"] = meta
        return json_answer(200, body, self.renderer.returned(posts=posts), here)

    def order(self, known: set[str]) -> JsonObject:
        """Return the JSON object in the body, which has no names but the known ones."""
        try:
            found = json.loads(self.call.body or b"null")
        except ValueError as error:
            raise InvalidRequest(Invalid("The body is not JSON")) from error
        if not isinstance(found, dict) or set(found) - known:
            raise InvalidRequest(Invalid(f"$: must be an object with no more than {sorted(known)}"))
        return found

    def list_page(self, found: list[T], default: int, most: int = 1000) -> tuple[list[T], JsonObject]:
        """Return a page of a list, and its `meta`; a token is where it begins, with zeros before it."""
        size = self.params.integer("max_results", 1, most, default)
        start = check_id("pagination_token", self.params.text("pagination_token") or "0")
        end = start + size
        more = {"next_token": str(end).zfill(TOKEN_LENGTH)} if end < len(found) else {}
        shown = found[start:end]
        return shown, {"result_count": len(shown), **more}
