"""The platforms that Covey reads, a package each, and what is the same for all of them.

gateway    a call under a grant: acquire, send, tell the ledger, settle
call       what a platform gives to the gateway
transport  HTTP: one request out, one whole answer in
"""
