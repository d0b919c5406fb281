"""The scheduler: decides what is due and sends for it. Does no work itself and never calls X.

loop       claims due slots, one round a tick
catch_up   after an outage, which of the late slots are claimed now
planner    what a claimed slot leads to: sweeps, refreshes, downloads
reconciler what was left behind: stalled sweeps, lost jobs, an emptied Redis, streams that can be joined
treasurer  the ledger copied, the budgets watched, who has no money
leader     a lease that saves work; correctness is the claim in MongoDB
exporter   the state of the whole system as metrics
"""

from shared.runtime.garbage import look_seldom_at_imports

look_seldom_at_imports()  # here, as what the program imports comes after this
