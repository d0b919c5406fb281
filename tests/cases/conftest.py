"""The fixtures of the workers' tests, for the cases that need a whole worker."""

from tests.cases.failover import pair
from tests.workers.world import database, db, make_services, services, simulated, simulator, x

__all__ = ["database", "db", "make_services", "pair", "services", "simulated", "simulator", "x"]
