"""Fixtures for the tests of the whole."""

from tests.workers.world import database, db, make_services

__all__ = ["database", "db", "make_services"]
