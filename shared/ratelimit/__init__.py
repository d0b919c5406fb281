"""The limiter: a mirror of what X counts, shared by all processes. `limiter.Limiter` is its only door."""
