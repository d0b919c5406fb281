"""No-op jobs on each queue system, for `bench.broker`: one module a system.

Each has `enqueue(url, count) -> None`, which sends from one thread, and `work(url, done) -> None`, which runs one
worker process with eight threads (rq: its in-process worker, which has none) and calls `done()` at every job.
"""
