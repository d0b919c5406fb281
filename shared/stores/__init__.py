"""MongoDB: one module a collection. pymongo stays inside.

Each store creates its own indexes (`ensure_indexes`), turns documents into the pure types of `shared`, and writes a
page in a handful of bulk operations. Every driver error leaves as StoreUnavailable.
Ids of X are stored as decimal strings, as X sends them, so that none can overflow; code compares them as integers.
"""
