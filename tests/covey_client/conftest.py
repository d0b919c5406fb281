"""The API on a real socket, for its client."""

from __future__ import annotations

from tests.control.http.conftest import api, serve
from tests.workers.world import database, db, make_services, services, simulated, simulator, x

__all__ = ["api", "database", "db", "make_services", "serve", "services", "simulated", "simulator", "x"]
