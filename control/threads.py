"""The conversation around a post, from what is stored, and listening to it. Prints nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from control import sources
from shared.domain.errors import InputError
from shared.domain.sources import Source, SourceKind
from shared.domain.threads import Branch, Reply, tree
from shared.services.bootstrap import Services
from shared.stores.bundle import Stores
from shared.stores.database import Document


def conversation_of(stores: Stores, post_id: int) -> int:
    """The conversation that a post belongs to: its own id where it begins one. Raises InputError for an unknown one."""
    document = stores.posts.get(post_id)
    if document is None:
        raise InputError(f"post {post_id} is not stored: covey trace {post_id} tells why")
    return int(document.get("conversation_id") or post_id)


def thread(stores: Stores, post_id: int, *, tenant: str | None = None) -> list[Branch]:
    """The stored posts of the conversation around a post, of a tenant or of all, as a tree. Raises InputError where it
    is not stored.
    """
    conversation = conversation_of(stores, post_id)
    documents = stores.posts.of_conversation(conversation)
    if tenant is not None:
        own = stores.mentions.among(tenant, [one["_id"] for one in documents])
        documents = [one for one in documents if one["_id"] in own]
    names = stores.users.names([int(one["author_id"]) for one in documents if one.get("author_id")])
    replies = Counter(_parent(document) for document in documents)
    return tree([_reply(document, names, conversation, replies) for document in documents])


def listen(services: Services, post_id: int, *, look_back_seconds: int) -> str:
    """Follow the conversation from so long ago on; answers the id of its source, also where there was one."""
    conversation = conversation_of(services.stores, post_id)
    source = Source(
        id=f"thread-{conversation}",
        name=f"conversation {conversation}",
        kind=SourceKind.CONVERSATION,
        conversation_id=conversation,
        look_back_seconds=look_back_seconds,
    )
    there = services.stores.sources.get(source.id)
    if there is None or there.removed_at is not None:
        sources.add(services, source)
    return source.id


def row(branch: Branch) -> dict[str, Any]:
    """A branch as a plain document; what is not stored has its id and depth alone."""
    known = branch.reply
    base = {"id": str(branch.id), "depth": branch.depth, "is_stored": known is not None}
    if known is None:
        return base
    told = {"author": known.author, "text": known.text, "created_at": known.created_at, "likes": known.likes}
    return base | told | {"replies": known.replies, "replies_missing": known.replies_missing}


def _parent(document: Document) -> int | None:
    """The post that it says it replies to."""
    replied = [one["id"] for one in document.get("referenced_tweets", ()) if one["type"] == "replied_to"]
    return int(replied[0]) if replied else None


def _reply(document: Document, names: dict[int, str], conversation: int, replies: Mapping[int | None, int]) -> Reply:
    author_id = int(document["author_id"]) if document.get("author_id") else 0
    id_, parent, counts = int(document["_id"]), _parent(document), document.get("public_metrics") or {}
    return Reply(
        id=id_,
        parent_id=parent if parent is not None or id_ == conversation else conversation,
        author=names.get(author_id, str(author_id or "?")),
        text=document.get("text") or "",
        created_at=document["created_at"],
        likes=counts.get("like_count"),
        replies=counts.get("reply_count"),
        replies_stored=replies.get(id_, 0),
    )
