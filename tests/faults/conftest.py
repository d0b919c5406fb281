"""Fixtures of the fault programs that are tests of single answers: the workers' world, and a faulty X."""

from tests.faults.faulty_x import living, quoted, running_x, services, x
from tests.workers.world import database, db, make_services

__all__ = ["database", "db", "living", "make_services", "quoted", "running_x", "services", "x"]
