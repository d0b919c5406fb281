"""Clients of X that were written by others, against the simulator: `make test-clients`; no part of `make test`."""
