"""What a page takes, step by step: in all, of the processor here, and in mongod."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain

import bson

from shared.domain.attribution import Audience
from shared.domain.mentions import mentions_of
from shared.domain.models import Page, RateHeaders
from shared.platforms.x.body import json_value
from shared.platforms.x.parser import parse_page
from shared.stores import media, posts, users
from shared.stores.beginnings import beginnings
from shared.stores.bundle import Stores
from shared.stores.database import Db, Document

ALONE = ("JSON", "objects", "whom it concerns", "documents", "BSON")
Rows = Mapping[str, list[Document]]


@dataclass
class Times:
    """One run: the pages that each had, and the seconds that they took: in all, of the processor here and in mongod."""

    pages: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    here: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    served: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def of(self, name: str, db: Db | None = None) -> Iterator[None]:
        """Time the block, which has to do with one page; with `db` also what its server does."""
        at_server, here, began = served_seconds(db), time.process_time(), time.perf_counter()
        yield
        self.seconds[name] += time.perf_counter() - began
        self.here[name] += time.process_time() - here
        self.served[name] += served_seconds(db) - at_server
        self.pages[name] += 1

    def rate(self, name: str) -> float:
        """Pages a second."""
        return self.pages[name] / self.seconds[name]


def served_seconds(db: Db | None) -> float:
    """What a server has taken of the processor so far."""
    used = {} if db is None else db.command("serverStatus")["extra_info"]
    return float(used.get("user_time_us", 0) + used.get("system_time_us", 0)) / 1e6


def alone(stores: Stores, body: bytes, page: Page, audience: Audience, rows: Rows, times: Times) -> None:
    """The steps of a page that ask nobody, each by itself."""
    with times.of("JSON"):
        value = json_value("search/recent", body)
    with times.of("objects"):
        parse_page("search/recent", value, RateHeaders())
    with times.of("whom it concerns"):
        concerns = audience.concerns(page)
    with times.of("documents"):
        now = page.posts[0].created_at
        for user in page.users:
            users.to_document(user)
        for item in page.media:
            media.to_document(item)
        for post in (*page.posts, *page.included_posts):
            posts.to_document(post)
        beginnings(page.posts, now=now, at=now, known={})
        found = mentions_of(page, concerns, tenants=audience.tenants, known={}, authors={})
        stores.mentions.ready(found, now=now, at=now, known={})
    with times.of("BSON"):
        for row in chain.from_iterable(rows.values()):
            bson.encode(row)


def costs(times: Times, names: Iterable[str]) -> dict[str, float]:
    """Milliseconds a page of each: in all, of the processor here and in mongod."""
    return {
        f"{name}: ms a page, {part}": 1000 * of[name] / times.pages[name]
        for name in names
        for part, of in (
            ("in all", times.seconds),
            ("processor here", times.here),
            ("processor in mongod", times.served),
        )
    }


def bounds(times: Times, *, covey: str, raw: str) -> dict[str, float]:
    """What bounds Covey: milliseconds a page beside the bulk, and shares in per cent."""
    here, seconds = times.here, times.seconds
    figures = costs(times, (covey, raw))
    shares = {name: 100 * here[name] / here[covey] for name in ALONE}
    rest = {"drivers, HTTP, Redis, threads": 100 - sum(shares.values())}
    figures |= {f"covey: % of processor here, {name}": share for name, share in (shares | rest).items()}
    figures["covey: % of time, reading"] = 100 * seconds["reading"] / seconds[covey]
    figures["covey: % of time, waiting alone"] = 100 * max(0.0, 1 - here[covey] / seconds[covey])
    return figures
