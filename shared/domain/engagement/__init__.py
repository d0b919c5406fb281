"""How the engagement of posts is followed: tiers, velocity, snapshots, and whose quotes to read. Pure.

No clock, no store, no network: times and counts go in, decisions come out.
"""
