"""Search over what is stored for a tenant: posts by source, account, words, language, time and state. Reads only.

There is no index of words: MongoDB's own made storing a mention four times as dear (36 us of mongod's processor became
148), and what it finds is not in the order of time. A page reads on through the rows of the filter that leads, newest
first, and says how far it looked: `shared/stores/mention_pages.py`.
"""

from __future__ import annotations

from typing import Any, Final

from control import posts
from shared.stores.bundle import Stores
from shared.stores.mention_pages import FACETS, MentionPages, Page, Wanted
from shared.stores.paging import Key

CAP: Final = 1_000  # nobody needs to know of more than that, and counting all takes as long as there are
MOST: Final = 20  # values of a facet


def search(stores: Stores, what: Wanted, *, start: Key | None, limit: int) -> Page:
    """The next posts that fit, the newest first: rows as of `posts.rows`, each with its mention."""
    found = MentionPages(stores.db).page(what, start=start, limit=limit)
    documents = stores.posts.by_id([one["external_id"] for one in found.rows])
    mentions = [one for one in found.rows if one["external_id"] in documents]
    rows = posts.rows(stores, [documents[one["external_id"]] for one in mentions])
    with_mention = [
        {**row, "mention_id": one["_id"], "sources": one.get("sources", []), "status": one["status"]}
        for row, one in zip(rows, mentions, strict=True)
    ]
    return Page(with_mention, found.after, found.searched_to)


def facets(stores: Stores, what: Wanted) -> dict[str, Any]:
    """How many of the newest posts that fit have each language, source, author and status: the most frequent values.

    A count stops at `CAP`. searched_to: how far back was looked, where that was not all.
    """
    found = MentionPages(stores.db).counted(what, FACETS, most=MOST)
    told = {
        facet: [{"value": value, "count": min(n, CAP), "capped": n >= CAP} for value, n in counts]
        for facet, counts in found.counts.items()
    }
    return {**told, "searched_to": found.searched_to}
