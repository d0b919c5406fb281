"""Ways to keep the snapshots of posts in MongoDB, which `bench.history` compares: one module each, and their world."""
