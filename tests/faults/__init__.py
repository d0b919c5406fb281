"""Fault programs: real processes and servers, seeded damage, results counted in jobs. Importable at any scale."""
