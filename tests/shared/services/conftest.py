"""Services on real servers."""

from __future__ import annotations

from tests.workers.world import database, db, make_services, services, x

__all__ = ["database", "db", "make_services", "services", "x"]
