"""Everything that knows X: endpoints, credentials, dialects, queries, answers and errors.

Handlers call `gateway.XGateway` and nothing below it. Vendor exceptions stay inside this package.
"""
