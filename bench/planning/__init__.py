"""A world of posts with known laws, the money rule, the peers and the measures, for `bench.planner`."""
