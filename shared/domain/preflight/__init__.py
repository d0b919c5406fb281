"""May a process start here, and will it keep its promises? Facts in, findings out.

finding   what was found: a check, a level, a sentence, and what to do
redis     Redis: reachable, version, eviction, cluster, replica, persistence, rights
mongo     MongoDB: reachable, version, topology, indexes
machine   this machine: Python, open files, folders and their room
clocks    how far clocks are apart
timing    settings that contradict one another
access    who X may be asked as

Pure: adapters read the facts (`shared/redis/probe.py`, `shared/stores/probe.py`, `shared/runtime/machine.py`), and
`shared/services/preflight.py` puts them together. Invariant: every check ends in exactly one finding, or was not made.
"""
