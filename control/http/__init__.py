"""Covey over HTTP: each route calls a function of `control/`, and knows nothing else.

app          the application: routes, middleware, what becomes of errors
access       who asks, and whether they may; one dependency a route
problems     errors as RFC 9457 says them
paging       opaque cursors
idempotency  a request with a key is carried out once
common_answer  what is the same for all who ask, made once
etags        what a client has is not sent again
qstash       who asks for one route by a signature instead of a token
own_limit    how many requests a token may make
origin       who acts, for the audit trail
shapes       what is answered, as types
routes/      one module a subject
"""
