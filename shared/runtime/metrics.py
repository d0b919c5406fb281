"""Every metric Covey exports, once, with its meaning.

Names are `covey_*` in base units; labels come from closed sets (actors, queues, endpoints, outcomes), never an
account or a post, and none is called `job` or `instance`, which Prometheus sets itself. Processes set them; nothing
reads them back. A test holds dashboards and rules to this list.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram, Info

_JOB_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_WAIT_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)

BUILD = Info("covey_build", "Version of this process.")

# --- jobs: from the workers
JOBS = Counter("covey_jobs", "Jobs that ended, by outcome: done, retry, deferred, paused, dead.", ["actor", "outcome"])
JOB_SECONDS = Histogram("covey_job_seconds", "Time a handler took.", ["actor"], buckets=_JOB_SECONDS)
JOB_WAIT_SECONDS = Histogram(
    "covey_job_wait_seconds", "From when a job was due to when it started.", ["queue"], buckets=_WAIT_SECONDS
)
JOBS_LEFT = Counter("covey_jobs_left", "Times a job was left for a newer worker: unknown_actor, newer_job.", ["reason"])
JOBS_STUCK = Counter("covey_jobs_stuck", "Jobs that did not end in their time, so that their process left.", ["actor"])
JOBS_RUNNING = Gauge("covey_jobs_running", "Jobs being worked on in this process.", ["actor"])
WORKER_THREADS = Gauge("covey_worker_threads", "Threads of this worker process.")
CANARY_SECONDS = Gauge("covey_canary_seconds", "Time the last canary of a queue took to be worked on.", ["queue"])

# --- X
X_CALLS = Counter("covey_x_calls", "Calls made to X, by answer: ok, or the class of the error.", ["endpoint", "answer"])
X_CALL_SECONDS = Histogram("covey_x_call_seconds", "Time X took to answer.", ["endpoint"], buckets=_JOB_SECONDS)
X_OBJECTS = Counter("covey_x_objects", "Objects X returned: post, user.", ["endpoint", "kind"])
X_REFUSALS = Counter("covey_x_refusals", "Calls the limiter refused, by what blocked them.", ["endpoint", "blocked_by"])
OBJECTS_SET_ASIDE = Counter(
    "covey_objects_set_aside",
    "Objects of X's answers that could not be read or stored: post, user, media, .., by reason.",
    ["kind", "reason"],
)
ACCOUNT_CHANGES = Counter(
    "covey_account_changes", "Followed accounts that X says are otherwise now, by state since.", ["state"]
)
X_DIALECT_CHANGES = Counter(
    "covey_x_dialect_changes", "Changes of the dialect that X is asked in, by the one since: old, new.", ["dialect"]
)
X_BLOCKED = Gauge(
    "covey_x_blocked", "Blocks of X that stand, by how far they reach; no endpoint = all.", ["scope", "endpoint"]
)
X_WINDOW_LIMIT = Gauge("covey_x_window_limit", "Calls X allows in the present window.", ["endpoint"])
X_WINDOW_REMAINING = Gauge("covey_x_window_remaining", "Calls left in the present window.", ["endpoint"])
CREDENTIALS = Gauge(
    "covey_credentials",
    "Credentials of X this process knows, by state: ok, renewing, waiting, paused, expired, lost, locked.",
    ["kind", "state"],
)
CREDENTIAL_END_AT_SECONDS = Gauge(
    "covey_credential_end_timestamp_seconds",
    "When the first credential that nothing renews ends, in seconds since the epoch; +Inf: none does.",
    ["kind"],
)
CERTIFICATE_END_AT_SECONDS = Gauge(
    "covey_certificate_end_timestamp_seconds",
    "When a certificate ends, in seconds since the epoch: the first of a file, the one X shows; +Inf: none is there.",
    ["file"],
)
CREDENTIAL_RENEWALS = Counter(
    "covey_credential_renewals", "Renewals of tokens, by result: renewed, failed, paused, lost, unsaved.", ["result"]
)

# --- money: from every scheduler, whether it leads or not
SPENT_USD = Gauge("covey_spent_usd", "Spent in the present UTC day or month.", ["period", "work_class"])
BUDGET_USED_RATIO = Gauge(
    "covey_budget_used_ratio", "How full a budget is: 1 = spent; 0 where there is no limit.", ["budget"]
)
SHARE_USED_RATIO = Gauge(
    "covey_share_used_ratio",
    "How much of its share of the day's money a source has spent, of those that have one: 1 = it rests.",
    ["source"],
)
FORECAST_USD = Gauge("covey_forecast_usd", "Spent when the day or month ends, if things go on as they did.", ["period"])
OBJECTS_TODAY = Gauge(
    "covey_objects_today",
    "What X returned this UTC day, by kind (post, user, ..) and price: paid, free.",
    ["kind", "price"],
)
ACCOUNTS = Gauge(
    "covey_accounts", "Followed accounts by state; renamed and name_reused: names that were followed.", ["state"]
)
AUTHORS_WANTED = Gauge("covey_authors_wanted", "Authors of posts that are still to be looked up.")
USAGE_DIFFERENCE_RATIO = Gauge(
    "covey_usage_difference_ratio", "How far X's count of the last whole day is from the ledger's: 0 = equal."
)

# --- live events: from the listener that holds a route's lease
LIVE_CONNECTED = Gauge("covey_live_connected", "1 while a route is heard: activity, filtered.", ["route"])
LIVE_BROKEN_SECONDS = Gauge(
    "covey_live_broken_seconds", "For how long a route with something to hear has not been heard; 0: it is.", ["route"]
)
LIVE_STANDING = Gauge("covey_live_standing", "Subscriptions or rules that stand at X.", ["route"])
LIVE_UNFIT = Gauge("covey_live_unfit", "Subscriptions or rules that are wanted, and that X has no room for.", ["route"])
LIVE_EVENTS = Counter(
    "covey_live_events",
    "Events by kind: post, post_delete, handle, told, other, odd; route: activity, filtered, webhook.",
    ["route", "kind"],
)
LIVE_BREAKS = Counter(
    "covey_live_breaks", "Connections that broke or were refused: network, http, throttled, money.", ["route", "how"]
)
LIVE_LAG_SECONDS = Histogram(
    "covey_live_lag_seconds", "From when a post was made to when it was stored.", ["route"], buckets=_WAIT_SECONDS
)

# --- what was collected
POSTS_STORED = Counter("covey_posts_stored", "Posts stored for the first time, by where they came from.", ["source"])
SNAPSHOTS = Counter("covey_snapshots", "Engagement snapshots written.")
REFRESHED = Counter("covey_refreshed_posts", "Posts asked for again, by what X said of them.", ["state"])
POST_ALERTS = Counter("covey_post_alerts", "Posts that were told of, once a day, by why: fast, unusual.", ["why"])
WEBHOOKS = Counter(
    "covey_webhooks", "Webhooks by outcome: delivered, retry, refused, dropped, disabled, postponed.", ["outcome"]
)
MEDIA_FILES = Counter("covey_media_files", "Media files handled, by result: ok, retry, failed.", ["result"])
MEDIA_BYTES = Counter("covey_media_bytes", "Bytes of media stored.")
SWEEPS = Counter("covey_sweeps", "Sweeps that ended, by kind and status: complete, abandoned.", ["kind", "status"])
GAPS = Counter("covey_gaps", "Gaps that were noted: spans that were not read, by reason.", ["reason"])
REREADS = Counter("covey_rereads", "Posts that X showed again, by price: bought, or free that day.", ["price"])
REREADS_SAVED_USD = Counter("covey_rereads_saved_usd", "What posts that were read again for free would have cost.")
POSTS_LATE = Counter(
    "covey_posts_late", "New posts where all was read before, by what found them: margin, reread.", ["found_by"]
)

# --- state: from every scheduler, whether it leads or not; take the greatest
LEADER = Gauge("covey_scheduler_leader", "1 in the scheduler that leads.")
TICK_SECONDS = Histogram("covey_scheduler_tick_seconds", "Time of one round of the scheduler.", buckets=_JOB_SECONDS)
CLAIMS = Counter("covey_scheduler_claims", "Schedules claimed, by kind.", ["kind"])
SCHEDULE_LAG_SECONDS = Gauge("covey_schedule_lag_seconds", "Age of the most overdue schedule.", ["kind"])
QUEUE_JOBS = Gauge(
    "covey_queue_jobs", "Jobs in a queue, by state: ready, delayed, in_flight, dead.", ["queue", "state"]
)
QUEUE_OLDEST_SECONDS = Gauge("covey_queue_oldest_seconds", "Age of the oldest job that is ready.", ["queue"])
STATE_READ_AT_SECONDS = Gauge(
    "covey_state_read_timestamp_seconds",
    "When this part of the state was last read whole, in seconds since the epoch; the gauges below are as old.",
    ["part"],
)
PROCESSES = Gauge(
    "covey_processes",
    "Processes of the flock, by state: there, gone (without a word), missing (gone, and not replaced).",
    ["kind", "state"],
)
QUEUE_THREADS = Gauge("covey_queue_threads", "Threads of all workers that serve a queue.", ["queue"])
QUEUE_PAUSED = Gauge("covey_queue_paused", "1 where a person has paused the queue, else 0.", ["queue"])
PROCESSES_WAITING = Gauge("covey_processes_waiting", "Processes that cannot do their work, such as for want of room.")
DEAD_LETTERS = Counter("covey_dead_letters", "Jobs that were buried, by reason.", ["reason"])
DEAD_LETTERS_WAITING = Gauge("covey_dead_letters_waiting", "Dead letters neither replayed nor purged.")
DOCUMENTS = Gauge("covey_documents", "Documents in MongoDB, by collection.", ["collection"])
STREAMS = Gauge("covey_streams", "Active streams.")
GAPS_NOT_FILLED = Gauge("covey_gaps_not_filled", "Gaps that are not filled, by state: open, resting, final.", ["state"])
GAPS_SECONDS = Gauge(
    "covey_gaps_seconds", "Time in gaps that are not filled, by state: open, resting, final.", ["state"]
)
UNVERIFIED_SECONDS = Gauge(
    "covey_unverified_seconds", "Time of streams that should have been read a second time by now, and was not."
)
SILENT_SOURCES = Gauge(
    "covey_silent_sources", "Accounts and sources that posted nothing for longer than their rhythm explains."
)
AUDIT_SOURCES = Gauge(
    "covey_audit_sources", "Sources whose posts were compared with X's count in the last nightly audit."
)
AUDIT_MISSING_RATIO = Gauge(
    "covey_audit_missing_ratio",
    "Part of what X counts that is not stored and in no gap, of the source that misses most: 0 = nothing is missing.",
)
AUDIT_MISSING_POSTS = Gauge(
    "covey_audit_missing_posts", "Posts that X counts and that are neither stored nor in a gap, of all sources audited."
)
MARGIN_SECONDS = Gauge("covey_margin_seconds", "How far behind what is covered sweeps begin, for posts that come late.")
COVERAGE_LAG_SECONDS = Gauge("covey_coverage_lag_seconds", "How far behind now the least covered stream is.")
PLAN_GROUP_TESTS = Gauge(
    "covey_plan_group_tests",
    "Group tests of the planner's last plan: requests, and posts found that may grow again.",
    ["state"],
)
PLAN_POSTS = Gauge(
    "covey_plan_posts", "Posts of the planner's last plan: to choose from, bought, late for want of money.", ["state"]
)
FOLLOWED_POSTS = Gauge("covey_followed_posts", "Posts with a next reading of their engagement, by tier.", ["tier"])
REFRESHES_OVERDUE = Gauge(
    "covey_refreshes_overdue", "Posts that are late by more than the interval of their tier.", ["tier"]
)
REFRESH_LAG_SECONDS = Gauge("covey_refresh_lag_seconds", "How late the latest post of a tier is.", ["tier"])
STALE_RATIO = Gauge(
    "covey_stale_ratio", "Part of a tier whose last reading is older than the interval of the tier.", ["tier"]
)
FOLLOWED_AT_SECONDS = Gauge(
    "covey_followed_timestamp_seconds", "When posts were last counted by tier, in seconds since the epoch."
)
REFRESHES_DUE = Gauge("covey_refreshes_due", "Posts whose engagement is due to be read, up to a million.")
SERVER_UP = Gauge("covey_server_up", "1 where a server answers the scheduler, else 0: redis, mongo.", ["server"])
REDIS_MEMORY_BYTES = Gauge("covey_redis_memory_bytes", "Memory that the data of Redis take.")
REDIS_EVICTED_KEYS = Gauge("covey_redis_evicted_keys", "Keys that Redis has thrown away since it started.")
REDIS_EVICTABLE = Gauge("covey_redis_evictable", "1 where Redis may throw keys away when it is full, else 0.")
REDIS_MEMORY_USED_RATIO = Gauge("covey_redis_memory_used_ratio", "How full Redis is: 1 = full; 0 without a limit.")
MONGO_DISK_USED_RATIO = Gauge("covey_mongo_disk_used_ratio", "How full the disk of MongoDB is: 1 = full.")
INDEXES_MISSING = Gauge("covey_indexes_missing", "Indexes of MongoDB that are not there yet.")
PURGES_OVERDUE = Gauge(
    "covey_purges_overdue",
    "What was to be gone here within 24 hours and is not, by kind: posts, accounts, files, erasures (1000: or more).",
    ["of"],
)
MEDIA_PENDING = Gauge("covey_media_pending", "Media files not yet stored.")

# --- disks: from each process that stores files
DISK_FREE_BYTES = Gauge("covey_disk_free_bytes", "Room left on the disk of a folder: media.", ["folder"])
DISK_BYTES = Gauge("covey_disk_bytes", "Size of the disk of a folder: media.", ["folder"])

# --- control
CONTROL_REQUESTS = Counter(
    "covey_control_requests", "Requests of the API, by route, method and status.", ["route", "method", "status"]
)
CONTROL_SECONDS = Histogram(
    "covey_control_seconds", "Time until a request was answered.", ["route", "method"], buckets=_JOB_SECONDS
)

# --- feed: from the scheduler that leads
FEED_EVENTS = Counter("covey_feed_events", "Events entered into the feeds, by type.", ["type"])
FEED_WAITING_SECONDS = Gauge(
    "covey_feed_waiting_seconds", "For how long what happened has waited to be entered into its feed; 0: nothing waits."
)

# --- webhooks of the feed: deliveries from the workers, the rest from every scheduler
DELIVERIES = Counter(
    "covey_deliveries",
    "Messages sent to webhook endpoints, by outcome: delivered, retry, given_up, gone, failed.",
    ["outcome"],
)
ENDPOINTS = Gauge("covey_endpoints", "Webhook endpoints, by state: active, disabled.", ["state"])
ENDPOINTS_BEHIND = Gauge(
    "covey_endpoints_behind_events",
    "Events that active webhook endpoints are behind the feed, of all and of the worst.",
    ["of"],
)
ENDPOINTS_WAITING_SECONDS = Gauge(
    "covey_endpoints_waiting_seconds",
    "For how long the event that waits longest for its webhook has waited at most; 0: none waits.",
)
