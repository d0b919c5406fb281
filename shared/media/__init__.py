"""Media files: fetched safely from the hosts that are allowed, checked by their first bytes, stored by their content.

Costs no call to the X API. Never follows a redirect, never sends a credential, never holds a file in memory.
"""
