"""What is followed, without the other stores."""

from __future__ import annotations

import subprocess
import sys

from shared.services.following import Following
from shared.stores.bundle import Stores
from shared.stores.database import Db
from shared.stores.followed import Followed
from tests.shared.stores.conftest import NOW

LIST = "import sys, shared.stores.followed; print(*(name for name in sys.modules if name.startswith('shared.stores.')))"


def test_it_reads_what_the_stores_wrote(stores: Stores, mongo_db: Db) -> None:
    """A handle that was followed is there, and the stream that carries it."""
    Following(stores, query_max_length=512, search_interval_seconds=60).follow(["nasa"], since=NOW, now=NOW)

    followed = Followed.on(mongo_db)

    assert [document["_id"] for document in followed.handles.all()] == ["nasa"]
    assert [stream.members for stream in followed.streams.active()] == [("nasa",)]


def test_it_imports_no_other_store() -> None:
    """A list of handles waits for the modules of three stores, not for those of twenty."""
    done = subprocess.run([sys.executable, "-c", LIST], capture_output=True, text=True, check=True)

    names = {name.removeprefix("shared.stores.") for name in done.stdout.split()}
    assert names == {"database", "followed", "gaps", "handles", "indexes", "paging", "streams"}
