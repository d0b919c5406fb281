"""What a person does with mentions: find them, look at one, and say how far they are with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from control.trail import Origin, recorded
from shared.domain.errors import InputError
from shared.domain.mentions import MentionStatus, mention_id
from shared.domain.models import PostState
from shared.domain.sources import DEFAULT_TENANT, X
from shared.platforms.x.addresses import post_id_of
from shared.services.bootstrap import Services
from shared.stores.bundle import Stores
from shared.stores.database import Document
from shared.stores.mention_pages import MentionPages, Page, Wanted
from shared.stores.paging import Key
from shared.stores.shown import ShownStore

GREATEST_LIMIT: Final = 1_000
WORDS: Final = 10  # of a search
STATUS_SET: Final = "mention.status"  # in the audit trail
_INNER: Final = ("tenant_id", "told", "described_at", "unfed")  # what is Covey's own


def newest(
    stores: Stores, *, source: str | None = None, status: str | None = None, limit: int, tenant: str = DEFAULT_TENANT
) -> list[dict[str, Any]]:
    """The newest mentions of a tenant, each as `told`. Raises InputError for a source that there is not, a word
    that is no status, and a limit out of 1 to 1,000.
    """
    if not 1 <= limit <= GREATEST_LIMIT:
        raise InputError(f"--limit {limit}: 1 to {GREATEST_LIMIT}")
    chosen = None if status is None else status_of(status)
    found = MentionPages(stores.db).page(wanted(stores, tenant, source=source, status=chosen), start=None, limit=limit)
    return [told(one) for one in found.rows]


def wanted(
    stores: Stores,
    tenant: str,
    *,
    source: str | None = None,
    status: MentionStatus | None = None,
    language: str | None = None,
    author: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    text: str | None = None,
    state: PostState | None = None,
) -> Wanted:
    """What is wanted, as people name it. author: a handle; text: words, each of which is somewhere in it.

    Raises InputError for a source that the tenant has not, a span that ends before it begins, and too many words.
    """
    if source is not None:
        there = stores.sources.get(source)
        if there is None or there.tenant != tenant:
            raise InputError(f"there is no source {source!r}; covey sources list shows them")
    if since is not None and until is not None and since >= until:
        raise InputError(f"from {since.isoformat()} is not before to {until.isoformat()}")
    words = tuple((text or "").replace("\0", " ").split())
    if len(words) > WORDS:
        raise InputError(f"{len(words)} words: at most {WORDS}")
    return Wanted(
        tenant=tenant,
        source=source,
        status=status,
        language=language,
        author_id=None if author is None else author_id_of(stores, author),
        since=since,
        until=until,
        words=words,
        state=state,
    )


def author_id_of(stores: Stores, handle: str) -> str:
    """The id of the account that is called so: of one that is followed in any case, of others as X writes it. What
    nobody is called has an id that no account has.
    """
    name = handle.removeprefix("@")
    known = stores.handles.names([name]).get(name.lower())
    if known is not None and known.user_id is not None:
        return str(known.user_id)
    found = ShownStore(stores.db).user(username=name)
    return str(found["_id"]) if found else "-"


def page(stores: Stores, what: Wanted, *, start: Key | None, limit: int) -> Page:
    """The next mentions, the newest first; each row as `told`."""
    found = MentionPages(stores.db).page(what, start=start, limit=limit)
    return Page([told(one) for one in found.rows], found.after, found.searched_to)


def one(stores: Stores, tenant: str, key: str) -> dict[str, Any]:
    """A mention of a tenant. Raises InputError where it has none of that id."""
    found = stores.mentions.by_id([key]).get(key)
    if found is None or found["tenant_id"] != tenant:
        raise InputError(f"there is no mention {key!r}")
    return told(found)


def told(document: Document) -> dict[str, Any]:
    """A mention as it is answered: without what is only of use here."""
    base = {"id": document["_id"], "sources": []}
    return base | {name: value for name, value in document.items() if name not in ("_id", *_INNER)}


def set_status(services: Services, origin: Origin, given: str, status: str) -> dict[str, Any]:
    """Set the status of a mention, given by its id, or by the id or address of its post. Raises InputError."""
    chosen, tenant, now = status_of(status), origin.actor.tenant, services.clock.now()
    key = (
        given if given.count(":") == 2 and "/" not in given else mention_id(tenant, X, str(post_id_of(given, now=now)))
    )
    with recorded(services, origin, STATUS_SET, key) as entry:
        own = key.startswith(f"{tenant}:")
        before = services.stores.mentions.set_status(key, chosen, now=now) if own else None
        if before is None:
            raise InputError(f"there is no mention {given!r}")
        entry.before, entry.after = before["status"], chosen.value
    return {"id": key, "before": before["status"], "status": chosen.value}


def set_statuses(
    services: Services, origin: Origin, keys: Sequence[str], status: MentionStatus
) -> list[dict[str, Any]]:
    """Set the status of several mentions of a tenant, by their ids, on record in one entry.

    Answers each id with what it was (before) and is (status); both are None for one that there is not.
    """
    ids, prefix, store = list(dict.fromkeys(keys)), f"{origin.actor.tenant}:", services.stores.mentions
    there = store.by_id([key for key in ids if key.startswith(prefix)])
    before = {key: document["status"] for key, document in there.items()}
    with recorded(services, origin, STATUS_SET, f"{len(before)} mentions", before=before) as entry:
        store.set_statuses(before.keys(), status, now=services.clock.now())
        entry.after = status.value
    return [{"id": key, "before": before.get(key), "status": status.value if key in before else None} for key in ids]


def status_of(word: str) -> MentionStatus:
    """The status that a word names. Raises InputError."""
    try:
        return MentionStatus(word.lower())
    except ValueError:
        raise InputError(f"{word!r} is no status: {', '.join(MentionStatus)}") from None
