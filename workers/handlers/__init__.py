"""The work itself, one module a family of jobs.

A handler takes `(services, job)`, is idempotent, raises an error of the tree when it cannot finish, and never imports
Dramatiq, sleeps or reads the environment.
"""
