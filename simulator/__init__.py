"""An offline X API v2: a seeded world of accounts and posts behind the endpoints, limits and errors of X."""
