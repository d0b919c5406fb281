"""Fixtures for the tests of the commands."""

from tests.workers.world import database, db, make_services, services, simulated, simulator, x

__all__ = ["database", "db", "make_services", "services", "simulated", "simulator", "x"]
