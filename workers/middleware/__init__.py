"""What surrounds every job in a worker: the context of its log lines, and its metrics."""
