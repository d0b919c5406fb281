"""What is sent and answered.

Made from docs/openapi.json by `python -m tests.covey_client.generate`; not to be edited.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class AccountRow(TypedDict):
    """An account that sources of the tenant ask for. active: followed now. state: as X has it. gaps: spans that
    are missing. problem: what a person should know."""

    active: bool
    covered_through: str | None
    gaps: int
    problem: str | None
    since: str
    sources: list[str]
    state: str
    state_since: str | None
    user_id: str | None
    username: str


class AccountsWish(TypedDict):
    """Names, @names or addresses of profiles; since: from how long ago on, "2h", "7d" or seconds."""

    since: NotRequired[str | int]
    usernames: list[str]


class Applied(TypedDict):
    """What was changed. run_ids: of what was begun."""

    changes: list[ChangeRow]
    run_ids: list[str]


class Around(TypedDict):
    """Quotes of it and replies to it."""

    quotes: Referring
    replies: Referring


class Audit(TypedDict):
    """X's count of a day beside what is stored. unexplained: neither stored, gone nor in a gap."""

    at: str
    counted: int
    gone: int
    missing: int
    stored: int
    unexplained: int


class Author(TypedDict):
    """handle: null where it is not known, or no longer. acts: likes, replies and reposts when last read."""

    acts: int
    author_id: str
    handle: str | None
    mentions: int


class Authors(TypedDict):
    """Who has most mentions, the first first. is_cut: there are more authors than these."""

    authors: list[Author]
    is_cut: bool
    since: str
    until: str


class BackfillPrice(TypedDict):
    """What would be read, about. left: of each budget in dollars, null: no limit. Nothing was done."""

    dry_run: NotRequired[bool]
    estimated_usd: float
    fits: bool
    gaps: int
    left: dict[str, float | None]
    posts_about: int
    seconds: float


BackfillWish = dict[str, Any]


class BatchRun(TypedDict):
    """refused: posts that are not the tenant's."""

    cost: RunCost
    created_at: str
    created_by: RunActor | None
    done: int
    ended_at: str | None
    first: list[str]
    fresh: int
    id: str
    kind: str
    problem: str | None
    refused: list[Refused]
    results_url: str
    started_at: str | None
    state: ControlRunRowsState
    total: int
    waiting_for: WaitsFor | None


class BatchWish(TypedDict):
    """Which posts, each once."""

    force: NotRequired[bool]
    ids: list[str]


Became = Literal["waiting", "finishing", "connected", "refused", "failed", "expired"]


class Block(TypedDict):
    """What X refused. endpoint, credential: null where it reaches all. until: null where a person must act."""

    credential: str | None
    endpoint: str | None
    next_try_at: str
    reason: str
    scope: str
    until: str | None


class Branch(TypedDict):
    """A post of a conversation, with its depth below the first one. One that is not there has id and depth alone."""

    author: NotRequired[str | None]
    created_at: NotRequired[str | None]
    depth: int
    id: str
    is_stored: bool
    likes: NotRequired[int | None]
    replies: NotRequired[int | None]
    replies_missing: NotRequired[int | None]
    text: NotRequired[str | None]


class Budget(TypedDict):
    """limit: null is none. used: with the calls in flight. Dollars or a number, as the budget's name says. level:
    open, warning, background_stopped or spent. set_by: none, environment or person."""

    level: str
    limit: float | None
    resets_in_seconds: float
    set_by: str
    stops: str
    used: float
    used_ratio: float


class Budgets(TypedDict):
    """The budgets as they are now, and those that are too small for a class of work."""

    budgets: dict[str, Budget]
    shares: dict[str, float]
    too_small: list[TooSmall]


By = Literal["day", "class", "credential", "tenant"]


class Cancelled(TypedDict):
    """cancelled: ids of jobs, dead letters now. running: of those that end by themselves. run: that was
    cancelled."""

    cancelled: list[str]
    run: str | None
    running: list[str]


class Change(TypedDict):
    """How far people are with a mention."""

    status: MentionStatus


class ChangePrice(TypedDict):
    """The same with what it costs about. Below 0 is saved. basis: where the number of posts comes from."""

    act: str
    basis: str
    day_usd: float
    fields: list[str]
    lost_accounts: list[str]
    month_usd: float
    new_accounts: list[str]
    once_usd: float
    source: str


class ChangeRow(TypedDict):
    """What becomes of a source: add, change, remove or same; and the fields in which it differs."""

    act: str
    fields: list[str]
    lost_accounts: list[str]
    new_accounts: list[str]
    source: str


class Changes(TypedDict):
    """How far people are with several mentions."""

    ids: list[str]
    status: MentionStatus


class Check(TypedDict):
    """ok: null where nobody here can tell."""

    check: str
    detail: str
    ok: bool | None


class Chosen(TypedDict):
    """Letters to be replayed: those that all of it fits. ids: or their first characters. before: died before
    then. expected: how many whoever asks has seen (`?dry_run=true` tells); with another number nothing is
    done."""

    before: NotRequired[str | None]
    expected: NotRequired[int | None]
    ids: NotRequired[list[str]]
    job: NotRequired[str | None]
    reason: NotRequired[str | None]


class ChosenToForget(TypedDict):
    """replayed: only those that were replayed, or only the others. The rest as for a replay."""

    before: NotRequired[str | None]
    expected: NotRequired[int | None]
    ids: NotRequired[list[str]]
    job: NotRequired[str | None]
    reason: NotRequired[str | None]
    replayed: NotRequired[bool | None]


class Connection(TypedDict):
    """How it stands. credential: its id, once it is stored. reason: why it was refused or failed, or why X has
    not said whose it is. is_renewable: false ends with its first token, in about two hours."""

    begun_at: str
    credential: str | None
    ended_at: str | None
    expires_at: str
    id: str
    is_renewable: bool | None
    reason: str | None
    state: Became


class Counts(TypedDict):
    """As X told them last; null: it has not."""

    bookmark_count: int | None
    impression_count: int | None
    like_count: int | None
    quote_count: int | None
    reply_count: int | None
    repost_count: int | None


class Course(TypedDict):
    """What a period will have cost. limit_reached_at: when its budget is spent; null: not in it."""

    limit_reached_at: str | None
    usd: float


class CoverageRow(TypedDict):
    """An account or a source of words. covered_ratio: of the window since it is followed, up to where it is
    covered; verified_ratio: read twice. lag_seconds: from there to now. is_silent: it should have posted by
    now. gaps: all."""

    audit: Audit | None
    covered_ratio: float | None
    covered_through: str | None
    expected_every_seconds: float | None
    from_at: str
    gaps: list[GapRow]
    is_silent: bool
    lag_seconds: float | None
    last_post_at: str | None
    member: str
    subject: str
    to_at: str
    unaccounted_seconds: float
    verified_ratio: float | None


class CreatedToken(TypedDict):
    """token: its text, said this once."""

    created_at: str
    created_by: str
    expires_at: str | None
    id: str
    last_used_at: str | None
    name: str
    prefix: str
    revoked_at: str | None
    scopes: list[Scope]
    state: str
    tenant: str
    token: str


CredentialKind = Literal["bearer", "oauth2_user", "oauth1_user"]


class CredentialRow(TypedDict):
    """As whom X is asked; never a secret. is_stored: false is X_BEARER_TOKEN. wait_seconds: until it is used
    again."""

    expires_at: str | None
    id: str
    is_stored: bool
    kind: CredentialKind
    reason: str | None
    scopes: list[str]
    state: SharedCredentialsStandingState
    wait_seconds: float | None


class Credentials(TypedDict):
    """All of them. blocks_unknown: why it is not known which of them X refused; null: it is."""

    blocks_unknown: str | None
    data: list[CredentialRow]


class DayWindow(TypedDict):
    """With the cap of 24 hours; null where X names none."""

    blocked: str | None
    credential: str
    day_limit: int | None
    day_remaining: int | None
    endpoint: str
    in_flight: int
    limit: int | None
    remaining: int | None
    reset_in_seconds: float | None


class Delivery(TypedDict):
    """A try. message: its webhook-id. first, through: numbers of the feed, null for a ping."""

    at: str
    error: str | None
    events: int
    first: int | None
    id: str
    message: str
    ms: int
    outcome: Outcome
    status: int | None
    through: int | None
    tries: int


class Depth(TypedDict):
    """How many jobs of a queue are due, wait for a later time, run, and died and are not stored yet."""

    dead: int
    delayed: int
    in_flight: int
    ready: int


class Dialect(TypedDict):
    """How X is spoken to: by the setting, or as was learned at `looked_at`."""

    is_fixed: bool
    looked_at: str | None
    reason: str | None
    spoken: str


class Due(TypedDict):
    """A post that is to be read again. velocity: acts of people an hour. usd: what reading it costs."""

    acts: int
    created_at: str
    id: str
    next_reading_at: str | None
    overdue_seconds: float
    read_at: str | None
    state: str
    tier: str
    usd: float
    velocity: float


class DueList(TypedDict):
    """The most urgent first."""

    data: list[Due]


class EndpointChanges(TypedDict):
    """What is to be otherwise; what is left out stays. types: null: all but those of which there are very many."""

    max_events: NotRequired[int | None]
    types: NotRequired[list[EventType] | None]
    url: NotRequired[str | None]


class EndpointDetails(TypedDict):
    """oldest_waiting_at: when the next event that it is told came into the feed; null: none waits."""

    backlog: int
    created_at: str
    created_by: str
    cursor: str
    events: int
    given_up: int
    host: str
    id: str
    last_24h: Lately
    last_error: LastError | None
    max_events: int
    missed: int
    next_try_at: str | None
    oldest_waiting_at: str | None
    previous_secret_until: str | None
    replaying_through: str | None
    retried: int
    sent: int
    state: SharedDomainDeliveriesState
    state_since: str
    types: list[EventType]
    why: Why | None


class EndpointRow(TypedDict):
    """An endpoint. backlog: events of the feed that it was not told yet, of whatever type. missed: events that
    were kept no longer when it was their turn. why: of a disabled one."""

    backlog: int
    created_at: str
    created_by: str
    cursor: str
    events: int
    given_up: int
    host: str
    id: str
    last_error: LastError | None
    max_events: int
    missed: int
    next_try_at: str | None
    previous_secret_until: str | None
    replaying_through: str | None
    retried: int
    sent: int
    state: SharedDomainDeliveriesState
    state_since: str
    types: list[EventType]
    why: Why | None


class EndpointWithSecret(TypedDict):
    """An endpoint, and its secret, which is said this once."""

    backlog: int
    created_at: str
    created_by: str
    cursor: str
    events: int
    given_up: int
    host: str
    id: str
    last_error: LastError | None
    max_events: int
    missed: int
    next_try_at: str | None
    previous_secret_until: str | None
    replaying_through: str | None
    retried: int
    secret: str
    sent: int
    state: SharedDomainDeliveriesState
    state_since: str
    types: list[EventType]
    why: Why | None


class Entry(TypedDict):
    """One change. outcome: begun, done, refused or failed."""

    action: str
    actor: EntryActor
    after: Any
    at: str
    before: Any
    id: str
    ip: str | None
    note: str | None
    outcome: str
    request_id: str | None
    target: str
    tenant: str
    token_prefix: str | None


class EntryActor(TypedDict):
    """Who acted."""

    id: str
    kind: str
    name: str


EventType = Literal["post.created", "post.gone", "post.edited", "coverage.gap"]


class FacetValue(TypedDict):
    """One value, and how many have it. capped: at least so many. null: what has none."""

    capped: bool
    count: int
    value: str | None


class Facets(TypedDict):
    """The most frequent values of what fits. searched_to: they are of what is newer than this; null: of all."""

    author: list[FacetValue]
    language: list[FacetValue]
    searched_to: str | None
    source: list[FacetValue]
    status: list[FacetValue]


class Fault(TypedDict):
    """One thing that is wrong. pointer: where in the request, as a JSON pointer or the name of a parameter."""

    detail: str
    pointer: str


class FeedEvent(TypedDict):
    """One event. id: the same each time it is told. cursor: where to go on after it. data: by its type."""

    cursor: str
    data: dict[str, Any]
    id: str
    timestamp: str
    type: EventType


class FeedPage(TypedDict):
    """Events in order. next_cursor: where to go on. has_more: whether more is there by now."""

    data: list[FeedEvent]
    has_more: bool
    next_cursor: str


class File(TypedDict):
    """A photo, video or gif. status: of its file, which lies at stored_path below the media folder; its SHA-256."""

    alt_text: str | None
    attempts: int | None
    byte_size: int | None
    checksum: str | None
    duration_ms: int | None
    error: str | None
    height: int | None
    id: str
    preview_image_url: str | None
    status: str | None
    stored_at: str | None
    stored_path: str | None
    type: str | None
    url: str | None
    variants: list[Variant] | None
    width: int | None


class FollowPrice(TypedDict):
    """What following would cost about: once, the first day, a later day, the first month. Nothing was done."""

    already: list[str]
    dry_run: NotRequired[bool]
    first_day_usd: float
    fits: bool
    later_day_usd: float
    left: dict[str, float | None]
    month_usd: float
    once_usd: float
    would_add: list[str]


class Forecast(TypedDict):
    """whole_days_known: the days before today that it is made from."""

    day: Course
    month: Course
    one_off: OneOff
    whole_days_known: int


class GapRow(TypedDict):
    """A span that was not read. state: open, or final: no route of the plan reaches it. route: by which search it
    can be filled; usd_about: for about so much. try_at: not before then. members: accounts, or a source as
    +id."""

    attempts: int
    from_at: str
    id: str
    members: list[str]
    posts_about: int
    reason: str
    route: str | None
    seconds: float
    state: str
    to_at: str
    try_at: str
    usd_about: float


class Group(TypedDict):
    """Letters of one job and one reason."""

    count: int
    first: str
    job: str | None
    last: str
    reason: str


class Groups(TypedDict):
    """The most frequent first. counted: letters that were looked through. has_more: there are others beside."""

    counted: int
    groups: list[Group]
    has_more: bool


class Growth(TypedDict):
    """Acts that are expected from now on."""

    in_a_day_more: float
    until_midnight: float


class Guess(TypedDict):
    """Acts of people (likes, reposts, replies, quotes, bookmarks) that a post probably has at a time, and between
    which bounds. model: what it was learned from."""

    acts: float
    at: NotRequired[str | None]
    high: float
    low: float
    model: str


class Health(TypedDict):
    """status: ok."""

    status: str


class Hit(TypedDict):
    """A post that was found. mention_id, sources, status: of what it is to the tenant."""

    author: str | None
    author_id: str | None
    counts: Counts
    created_at: str
    id: str
    language: str | None
    mention_id: str
    sources: list[str]
    state: str
    status: MentionStatus
    text: str


class Hits(TypedDict):
    """A page. searched_to: it ended because so far back was looked, with fewer rows than asked for; go on with
    next_cursor. null: everything down to its last row was looked at."""

    data: list[Hit]
    facets: Facets | None
    next_cursor: str | None
    searched_to: str | None


class JobRow(TypedDict):
    """A job that runs or waits. state: ready, delayed, gated or running. reason: why it waits. waits_seconds:
    until it is due. for_seconds: running for, or due since. run: what led to it."""

    attempts: int
    due_at: str
    for_seconds: float
    id: str
    job: str | None
    queue: str
    reason: str | None
    run: str | None
    state: str
    subject: str
    waits_seconds: float
    worker: str | None


class Jobs(TypedDict):
    """Jobs that fit. has_more: there are others; ask for more, or for fewer by queue, state and subject."""

    data: list[JobRow]
    has_more: bool


class LastError(TypedDict):
    """What was not taken last. status: null where there was no answer."""

    at: str
    error: str
    status: int | None
    tries: int


class Lately(TypedDict):
    """Tries of the last 24 hours, of the newest 10,000."""

    delivered: int
    tries: int


class Letter(TypedDict):
    """A job that was given up. args: as the job has them. payload: the text of a message that is no job."""

    args: list[Any] | None
    attempts: int | None
    correlation_id: str | None
    deferrals: int | None
    died_at: str
    enqueued_at: str | None
    id: str
    job: str | None
    payload: str | None
    queue: str
    reason: str
    replayed: bool
    replayed_at: str | None
    traceback: str | None


class LimitsInput(TypedDict):
    """Most dollars of a UTC day and of a calendar month, and most posts of a month. null: no limit. Left out: as
    is."""

    day_usd: NotRequired[float | None]
    month_posts: NotRequired[int | None]
    month_usd: NotRequired[float | None]


class LimitsOutput(TypedDict):
    """What X lets be asked at `at`."""

    at: str
    blocked: list[Block]
    windows: list[DayWindow]


class Line(TypedDict):
    """A language or a source; null: mentions without one."""

    days: list[ControlHttpRoutesAnalyticsDay]
    mentions: int
    value: str | None


class LogLine(TypedDict):
    """An entry of a log. service: the process that wrote it. correlation_id: the run or slot that led to it."""

    at: str
    correlation_id: str | None
    level: str
    service: str
    text: str


class Logs(TypedDict):
    """The newest entries that fit, the newest first. searched_bytes_a_file: no more of each log was looked at."""

    data: list[LogLine]
    searched_bytes_a_file: int


class Mention(TypedDict):
    """A post in the normalized form; null: the platform does not tell it, or the post is gone and this was
    purged."""

    author_followers: int | None
    author_handle: str | None
    author_id: str | None
    author_name: str | None
    author_verified: bool | None
    comments_count: int | None
    content: str | None
    created_at: str
    external_id: str
    id: str
    language: str | None
    likes_count: int | None
    location: str | None
    media_type: str | None
    media_urls: list[str]
    platform: str
    published_at: str
    shares_count: int | None
    source_id: str | None
    sources: list[str]
    status: MentionStatus
    updated_at: str
    url: str | None


class MentionPage(TypedDict):
    """A page. searched_to: it ended because so far back was looked, with fewer rows than asked for; go on with
    next_cursor. null: everything down to its last row was looked at."""

    data: list[Mention]
    next_cursor: str | None
    searched_to: str | None


MentionStatus = Literal["new", "seen", "handled", "muted"]


class Money(TypedDict):
    """How it stands. credential_budgets: by credential. shares: the part of each budget that a class may spend.
    plan: null where the tiers decide which posts are read again, or there is no plan yet. usage: null before
    the first comparison."""

    at: str
    budgets: dict[str, Budget]
    credential_budgets: dict[str, dict[str, Budget]]
    forecast: Forecast
    plan: Plan | None
    shares: dict[str, float]
    spent: Periods
    too_small: list[TooSmall]
    usage: Usage | None
    wanted: dict[str, Wanted]


class NewBudgets(TypedDict):
    """What is set; the rest stays. shares: above 0, up to 1."""

    limits: NotRequired[LimitsInput]
    shares: NotRequired[dict[str, float]]


class NewConnection(TypedDict):
    """scopes: what the app asks to be let do."""

    scopes: NotRequired[list[str]]


class NewEndpoint(TypedDict):
    """Where to send to. types: null: all but those of which there are very many. after: a cursor, or `now`."""

    after: NotRequired[str]
    max_events: NotRequired[int]
    types: NotRequired[list[EventType] | None]
    url: str


class NewSource(TypedDict):
    """A source with its id: short, of a-z, 0-9 and -."""

    accounts: NotRequired[list[str] | None]
    alert_velocity: NotRequired[int | None]
    conversation: NotRequired[str | None]
    credential: NotRequired[str | None]
    id: str
    interval: NotRequired[str | int | None]
    live: NotRequired[bool | None]
    look_back: NotRequired[str | int | None]
    name: NotRequired[str | None]
    paused: NotRequired[bool | None]
    priority: NotRequired[int | None]
    quota_share: NotRequired[float | None]
    quotes_of: NotRequired[QuotesOfForm | None]
    refresh: NotRequired[str | RefreshForm | None]
    retention_days: NotRequired[int | None]
    terms: NotRequired[TermsForm | None]


class NewToken(TypedDict):
    """What a token is to be. tenant: yours where it is left out. expires_days: null is never."""

    expires_days: NotRequired[float | None]
    name: str
    scopes: list[Scope]
    tenant: NotRequired[str | None]


class OneOff(TypedDict):
    """Work that ends, of today: what it cost so far, and about what is left of it."""

    left_usd: float
    spent_usd: float


Outcome = Literal["delivered", "retry", "given_up", "gone", "failed"]


class PagedAccountRow(TypedDict):
    """PagedAccountRow."""

    data: list[AccountRow]
    next_cursor: str | None


class PagedCoverageRow(TypedDict):
    """PagedCoverageRow."""

    data: list[CoverageRow]
    next_cursor: str | None


class PagedDelivery(TypedDict):
    """PagedDelivery."""

    data: list[Delivery]
    next_cursor: str | None


class PagedEndpointRow(TypedDict):
    """PagedEndpointRow."""

    data: list[EndpointRow]
    next_cursor: str | None


class PagedEntry(TypedDict):
    """PagedEntry."""

    data: list[Entry]
    next_cursor: str | None


class PagedGapRow(TypedDict):
    """PagedGapRow."""

    data: list[GapRow]
    next_cursor: str | None


class PagedLetter(TypedDict):
    """PagedLetter."""

    data: list[Letter]
    next_cursor: str | None


class PagedPostRow(TypedDict):
    """PagedPostRow."""

    data: list[PostRow]
    next_cursor: str | None


class PagedRunResult(TypedDict):
    """PagedRunResult."""

    data: list[RunResult]
    next_cursor: str | None


class PagedRun(TypedDict):
    """PagedRun."""

    data: list[Run]
    next_cursor: str | None


class PagedScheduleRow(TypedDict):
    """PagedScheduleRow."""

    data: list[ScheduleRow]
    next_cursor: str | None


class PagedSourceRow(TypedDict):
    """PagedSourceRow."""

    data: list[SourceRow]
    next_cursor: str | None


class Periods(TypedDict):
    """This UTC day, and this calendar month."""

    day: Spent
    month: Spent


class Ping(TypedDict):
    """message: the id under which the log of deliveries says what came of it."""

    endpoint: str
    message: str


class Place(TypedDict):
    """Its place in the order of the day: number, of how many, of which so many are bought."""

    buys: float
    number: int
    of: int


class Plan(TypedDict):
    """Which posts today's money buys. last_dollar: what the last one of it catches. a_tenth_more: what more
    would. held: the part of what unread posts would be short of that the bought ones cover. late: posts that
    are not read within span_days."""

    a_tenth_more: Worth
    buys: Worth
    day: str
    followed: int
    guarded: int
    held: float
    last_dollar: Worth
    late: int
    model: str
    span_days: float
    stage: str
    to_choose_from: int


class Platform(TypedDict):
    """What can be listened to. status: ready or waiting. capabilities: by endpoint; null where nobody knows."""

    capabilities: dict[str, bool | None]
    id: str
    name: str
    status: str
    waiting_for: WaitsFor | None


class Post(TypedDict):
    """A post with its series, the oldest reading first. estimate: of its engagement by now, beside the counts as
    they were read. is_curve_cut: there are more readings than these."""

    around: Around
    author: str | None
    author_id: str | None
    counts: Counts
    created_at: str | None
    curve: list[Reading]
    estimate: Guess | None
    first_seen_at: str | None
    found_by: str | None
    id: str
    is_curve_cut: bool
    media: list[File]
    next: Preview
    state: Standing
    text: str


class PostRow(TypedDict):
    """A post in a list. language: X's word for it. state: alive, withheld, deleted, suspended or protected."""

    author: str | None
    author_id: str | None
    counts: Counts
    created_at: str
    id: str
    language: str | None
    state: str
    text: str


class Preview(TypedDict):
    """When and why a post is read next. usd: what that reading costs. refresh_usd: what it costs to read it now.
    by: what decides, the tiers or the planner. What is not known, and all of a post that is not followed, is
    null."""

    acts: NotRequired[int | None]
    by: NotRequired[str | None]
    estimate: NotRequired[Guess | None]
    grows: NotRequired[Growth | None]
    id: str
    is_followed: bool
    model: NotRequired[str | None]
    next_reading_at: NotRequired[str | None]
    place: NotRequired[Place | None]
    read_at: NotRequired[str | None]
    refresh_usd: float
    state: NotRequired[str | None]
    tier: NotRequired[str | None]
    usd: NotRequired[float | None]
    velocity: NotRequired[float | None]
    why: str


class Problem(TypedDict):
    """RFC 9457. More members are there where they say something."""

    detail: str
    errors: NotRequired[list[Fault] | None]
    instance: str
    request_id: str
    retry_after: NotRequired[int | None]
    status: int
    title: str
    type: str


class Purged(TypedDict):
    """fit: letters that were chosen. purged: of them those that are gone."""

    fit: int
    purged: NotRequired[int]


class QueueRow(TypedDict):
    """ended_a_minute: jobs within the last minute. threads: that serve it. paused_since: null by the setting."""

    dead: int
    delayed: int
    ended_a_minute: int
    in_flight: int
    oldest_ready_seconds: float
    paused: bool
    paused_since: str | None
    queue: str
    ready: int
    threads: int


QueuedState = Literal["ready", "delayed", "gated", "running"]


class QuotesOfForm(TypedDict):
    """Whose quotes: of one post, or of all posts of an account."""

    account: NotRequired[str | None]
    post: NotRequired[str | None]


class Reading(TypedDict):
    """One reading. through: until when later readings said the same. *_delta: since the reading before; null
    where one of the two does not tell. velocity: acts of people an hour. fallen: counts that were less than
    before."""

    at: str
    bookmark_count: int | None
    bookmark_count_delta: int | None
    fallen: list[str] | None
    impression_count: int | None
    impression_count_delta: int | None
    like_count: int | None
    like_count_delta: int | None
    quote_count: int | None
    quote_count_delta: int | None
    reply_count: int | None
    reply_count_delta: int | None
    repost_count: int | None
    repost_count_delta: int | None
    through: str | None
    tier: str | None
    velocity: float | None


class Reads(TypedDict):
    """What reading again led to on a UTC day. A post that concerns several sources counts for each. source: null
    is all of the installation, each post once. ids_a_call: null: no call yet. free: of posts that were paid
    for that day."""

    bought: int
    calls: int
    day: str
    free: int
    ids: int
    ids_a_call: float | None
    read: int
    saved_usd: float
    source: str | None
    usd: float


class Reason(TypedDict):
    """Why it is not healthy. level: warning or error. todo: what a person does about it."""

    check: str
    level: str
    message: str
    todo: str


class Referring(TypedDict):
    """Posts of the tenant that refer to it. counted: X's own count. missing: null where it is not known.
    is_capped: there are more than were counted."""

    counted: int | None
    is_capped: bool
    missing: int | None
    stored: int


class RefreshForm(TypedDict):
    """Of which posts the engagement is read again. authors: `followed` or `all`."""

    authors: NotRequired[str | None]
    min_engagement: NotRequired[int | None]


class RefreshPrice(TypedDict):
    """What refreshing posts would take. fresh: those that would be told as they are stored. bought_today: those
    that cost nothing any more today. left: of each budget in dollars, null: no limit. fits: whether that is
    enough."""

    bought_today: int
    calls: int
    dry_run: NotRequired[bool]
    estimated_usd: float
    fits: bool
    fresh: int
    left: dict[str, float | None]
    posts: int
    refused: NotRequired[list[Refused]]


class RefreshWish(TypedDict):
    """force: also what X told a moment ago, which is told as it is stored otherwise."""

    force: NotRequired[bool]


class Refused(TypedDict):
    """A post that is not refreshed, and why."""

    id: str
    reason: str


class Replay(TypedDict):
    """What to tell again: after a cursor or since a time; through a cursor or until a time, both left out: all."""

    after: NotRequired[str | None]
    since: NotRequired[str | None]
    through: NotRequired[str | None]
    until: NotRequired[str | None]


class Replayed(TypedDict):
    """fit: letters that were chosen. replayed: jobs that are in the queue because of it; the rest needed it not
    (outstanding), cannot be (unreadable), or are in the hands of another replay (busy)."""

    busy: NotRequired[int]
    fit: int
    outstanding: NotRequired[int]
    replayed: NotRequired[int]
    unreadable: NotRequired[int]


class Run(TypedDict):
    """Work that somebody asked for. total, done: its subjects, and those that are settled. fresh: those that are
    told as they were stored, because X had told them a moment before. first: the first subjects. problem: why
    some, or all, came to nothing."""

    cost: RunCost
    created_at: str
    created_by: RunActor | None
    done: int
    ended_at: str | None
    first: list[str]
    fresh: int
    id: str
    kind: str
    problem: str | None
    results_url: str
    started_at: str | None
    state: ControlRunRowsState
    total: int
    waiting_for: WaitsFor | None


class RunActor(TypedDict):
    """Who began it."""

    id: str
    kind: str
    name: str


class RunCost(TypedDict):
    """estimated_usd: null where nobody could tell. spent_usd: what X billed for it until now; null where that is
    not told apart from what is read anyway."""

    estimated_usd: float | None
    spent_usd: float | None


class RunResult(TypedDict):
    """What came of one subject. state: X's word on a post; waiting, dead or cancelled without it; null for what
    is no post. before, after: its counts. counts_at: when X told them. is_stored: told as it was stored. usd:
    what it cost."""

    after: NotRequired[dict[str, int] | None]
    age_seconds: NotRequired[float | None]
    before: NotRequired[dict[str, int] | None]
    counts_at: NotRequired[str | None]
    dead_letter: NotRequired[str | None]
    delta: NotRequired[dict[str, int] | None]
    id: str
    is_stored: NotRequired[bool]
    state: str | None
    usd: NotRequired[float]


class RunningRow(TypedDict):
    """A job that a thread runs."""

    id: str
    job: str
    queue: str
    seconds: float
    subject: str


class ScheduleRow(TypedDict):
    """What recurs. late_seconds: 0 before it is due."""

    id: str
    interval_seconds: float
    kind: str
    late_seconds: float
    next_due_at: str
    subject: str


class SchedulerStanding(TypedDict):
    """leads: somebody plans what is read. searches: of the tenant; late_seconds: of the one that is due the
    longest."""

    beat_at: str | None
    late_seconds: float
    leads: bool
    next_due_at: str | None
    searches: int
    standing_by: int


Scope = Literal[
    "read", "track:write", "runs:write", "exports", "stream", "operate", "dead:write", "budget:write", "admin"
]


class SearchWindow(TypedDict):
    """A window of X for searches; null where X has not told it."""

    limit: int | None
    remaining: int | None
    reset_in_seconds: float | None


class Share(TypedDict):
    """A source. share, acts_share: its part (0..1) of the sum of all sources here."""

    acts: int
    acts_share: float
    mentions: int
    share: float
    source: str


class Shares(TypedDict):
    """The source with most mentions first. A mention that concerns several counts for each."""

    since: str
    sources: list[Share]
    until: str


class SourceChanged(TypedDict):
    """A source as it is now. run_id: of what was begun for accounts that nobody followed; see /v1/runs."""

    accounts: NotRequired[list[str]]
    alert_velocity: NotRequired[int | None]
    conversation: NotRequired[str | None]
    covered_through: str | None
    created_at: str | None
    credential: NotRequired[str | None]
    id: str
    interval: NotRequired[str | None]
    kind: SourceKind
    live: NotRequired[bool]
    look_back: NotRequired[str | None]
    members: int
    members_of_share: NotRequired[int | None]
    members_without_search: int
    name: str
    paused: bool
    platform: NotRequired[str]
    priority: NotRequired[int]
    quota_share: NotRequired[float | None]
    quotes_of: NotRequired[QuotesOfForm | None]
    refresh: NotRequired[str | RefreshForm | None]
    retention_days: NotRequired[int | None]
    run_id: str | None
    searches: int
    share_left_usd: NotRequired[float | None]
    share_note: NotRequired[str | None]
    share_rests_until: NotRequired[str | None]
    share_spent_usd: NotRequired[float | None]
    share_usd: NotRequired[float | None]
    terms: NotRequired[TermsForm | None]
    updated_at: str | None


class SourceForm(TypedDict):
    """What a source listens to, by one of accounts, terms, conversation and quotes_of, and how. Spans: "5m" or
    seconds. What is left out stays; null takes a value away."""

    accounts: NotRequired[list[str] | None]
    alert_velocity: NotRequired[int | None]
    conversation: NotRequired[str | None]
    credential: NotRequired[str | None]
    interval: NotRequired[str | int | None]
    live: NotRequired[bool | None]
    look_back: NotRequired[str | int | None]
    name: NotRequired[str | None]
    paused: NotRequired[bool | None]
    priority: NotRequired[int | None]
    quota_share: NotRequired[float | None]
    quotes_of: NotRequired[QuotesOfForm | None]
    refresh: NotRequired[str | RefreshForm | None]
    retention_days: NotRequired[int | None]
    terms: NotRequired[TermsForm | None]


SourceKind = Literal["accounts", "terms", "conversation", "quotes"]


class SourceRow(TypedDict):
    """A source, and where it stands. interval, look_back: as people write them. members: how many things are
    asked for; searches: by how many queries of X. covered_through: up to when all of it is accounted for.
    share_*: of the day's money, in dollars."""

    accounts: NotRequired[list[str]]
    alert_velocity: NotRequired[int | None]
    conversation: NotRequired[str | None]
    covered_through: str | None
    created_at: str | None
    credential: NotRequired[str | None]
    id: str
    interval: NotRequired[str | None]
    kind: SourceKind
    live: NotRequired[bool]
    look_back: NotRequired[str | None]
    members: int
    members_of_share: NotRequired[int | None]
    members_without_search: int
    name: str
    paused: bool
    platform: NotRequired[str]
    priority: NotRequired[int]
    quota_share: NotRequired[float | None]
    quotes_of: NotRequired[QuotesOfForm | None]
    refresh: NotRequired[str | RefreshForm | None]
    retention_days: NotRequired[int | None]
    searches: int
    share_left_usd: NotRequired[float | None]
    share_note: NotRequired[str | None]
    share_rests_until: NotRequired[str | None]
    share_spent_usd: NotRequired[float | None]
    share_usd: NotRequired[float | None]
    terms: NotRequired[TermsForm | None]
    updated_at: str | None


class SourceTest(TypedDict):
    """Whether X can be asked for a source now."""

    can_be_asked: bool
    checks: list[Check]


class SourcesPrice(TypedDict):
    """What changes would cost about, once, a day and a month. left: of each budget. Nothing was done."""

    changes: list[ChangePrice]
    day_usd: float
    dry_run: NotRequired[bool]
    fits: bool
    left: dict[str, float | None]
    month_usd: float
    once_usd: float


class Spend(TypedDict):
    """What the days from `first` through `last` cost, in all and by what was asked for. tenant: null: all of
    them."""

    first: str
    last: str
    rows: list[SpendRow]
    tenant: str | None
    total: SpendRow


class SpendRow(TypedDict):
    """key: a day, class of work, credential or tenant. bought: what cost money, by kind. reread: what came again."""

    bought: dict[str, int]
    calls: int
    calls_failed: int
    calls_unanswered: int
    key: str
    reread: dict[str, int]
    usd: float


class Spent(TypedDict):
    """What was bought in a period, and by which class of work. Other kinds that have a price are members too, and
    what came again for nothing (`*_for_free`)."""

    calls: int
    calls_failed: int
    calls_unanswered: int
    posts: int
    usd: float
    usd_by_class: dict[str, float]
    users: int


class Standing(TypedDict):
    """What became of it, as of when. by, said: how that was learned, and X's words. reports: times that X called
    it gone, not believed yet. purge_at, purged_at: when what was written goes, and when it went."""

    at: str | None
    by: NotRequired[str | None]
    purge_at: NotRequired[str | None]
    purged_at: NotRequired[str | None]
    reports: NotRequired[int | None]
    said: NotRequired[str | None]
    state: str


class Started(TypedDict):
    """url: where a person logs in as the account and agrees, until expires_at. redirect_uri: where X sends the
    browser then; it must be a callback URL of the app."""

    expires_at: str
    id: str
    redirect_uri: str
    url: str


class Statistics(TypedDict):
    """The days from `first` through `last`, and all of them together. tenant: null: the installation."""

    days: list[ControlHttpRoutesStatisticsDay]
    first: str
    last: str
    tenant: str | None
    total: Total


class Stats(TypedDict):
    """followed, reads_in_all: of the whole installation; null without the scope operate. is_cut: there is more."""

    followed: ControlHttpRoutesEngagementFollowed | None
    is_cut: bool
    reads: list[Reads]
    reads_in_all: list[Reads] | None


class Status(TypedDict):
    """verdict: healthy, degraded or stopped, for the reasons. posts, users, snapshots, media: as MongoDB counts
    them. covered_seconds_ago: how long ago the search that is furthest behind looked. set_aside_today: what
    could not be stored within a day, by reason. refreshes_due: posts whose counts are due. at: when all this
    was counted."""

    accounts: dict[str, int]
    at: str
    blocked: list[Block]
    budgets: dict[str, Budget]
    covered_seconds_ago: float
    dialect: Dialect
    gaps: int
    handles: int
    handles_without_search: int
    media: dict[str, int]
    posts: int
    queues: dict[str, Depth]
    reasons: list[Reason]
    refreshes_due: int
    set_aside_today: dict[str, int]
    snapshots: int
    streams: int
    tiers: dict[str, int]
    users: int
    verdict: str
    windows: list[Window]


class Stored(TypedDict):
    """Ids of posts that were stored."""

    ids: list[str]


class SyncPrice(TypedDict):
    """What reading now would take, about. left: of each budget in dollars, null: no limit."""

    dry_run: NotRequired[bool]
    estimated_usd: float
    fits: bool
    left: dict[str, float | None]
    posts_about: int
    streams: int


class SyncStanding(TypedDict):
    """How a source is read. running_since: it is being read now. run: of a request to read it at once.
    last_sync_at: when a reading last ended, within a fortnight."""

    covered_through: str | None
    last_sync_at: str | None
    next_due_at: str | None
    paused: bool
    run: str | None
    running_since: str | None
    source: str
    totals: SyncTotals
    waiting_for: WaitsFor | None
    windows: list[SearchWindow]


class SyncTotals(TypedDict):
    """posts: stored for the source; is_capped: there are more. searches: by how many queries it is read."""

    is_capped: bool
    posts: int
    searches: int


class TermsForm(TypedDict):
    """Any of keywords, phrases, hashtags and mentions, none of the excluded, in one of the languages."""

    exclude: NotRequired[list[str]]
    hashtags: NotRequired[list[str]]
    keywords: NotRequired[list[str]]
    languages: NotRequired[list[str]]
    mentions: NotRequired[list[str]]
    phrases: NotRequired[list[str]]


class Thread(TypedDict):
    """A conversation in the order in which a person reads it. is_cut: it is longer than was asked for."""

    data: list[Branch]
    is_cut: bool


class Tier(TypedDict):
    """The posts of a tier; null: of all. lag_seconds: how long the oldest one that is due waits. stale_ratio: the
    part of it whose last reading is older than the interval of its tier."""

    due: int
    followed: int
    lag_seconds: float
    overdue: int
    stale_ratio: float
    tier: str | None


class TokenRow(TypedDict):
    """A token as it may be shown. prefix: its first characters. state: active, expired or revoked."""

    created_at: str
    created_by: str
    expires_at: str | None
    id: str
    last_used_at: str | None
    name: str
    prefix: str
    revoked_at: str | None
    scopes: list[Scope]
    state: str
    tenant: str


class TooSmall(TypedDict):
    """A budget of which a class may spend `part`, less than the `least` that one call of it takes."""

    budget: str
    least: float
    part: float
    work_class: WorkClass


class Total(TypedDict):
    """Each figure over the days of which it is known. days_searched: of how many what searches did is known."""

    added: int | None
    calls: int
    days_searched: int
    duration_seconds: float | None
    errors: int
    processed: int | None
    searches: int | None
    updated: int
    usd: float


class Unblock(TypedDict):
    """What a person has mended: a credential, it at one endpoint, or (paid) all paid calls."""

    credential: NotRequired[str | None]
    endpoint: NotRequired[str | None]
    paid: NotRequired[bool]


class Unblocked(TypedDict):
    """What is no longer blocked, and what still is."""

    credential: str | None
    endpoint: str | None
    paid: bool
    still_blocked: int


class UpdateWish(TypedDict):
    """How many posts, at most. force: also those that are not due yet, and what X told a moment ago."""

    force: NotRequired[bool]
    limit: NotRequired[int]


class Usage(TypedDict):
    """The posts of a day as X counted them, and as the ledger did."""

    day: str
    difference_ratio: float
    ledger_posts: int
    x_posts: int


class Variant(TypedDict):
    """One encoding of a video. bit_rate: in bit/s."""

    bit_rate: int | None
    content_type: str
    url: str


class Volume(TypedDict):
    """mentions, days: of all, each once. series: by what was asked for; a mention counts for each of its sources.
    is_cut: there are more values than these."""

    by: Literal["language", "source"] | None
    days: list[ControlHttpRoutesAnalyticsDay]
    is_cut: bool
    mentions: int
    series: list[Line]
    since: str
    until: str


WaitsFor = Literal["budget", "window", "credential"]


class Wanted(TypedDict):
    """What a class of work would like to spend until midnight UTC, and how that is known."""

    basis: str
    usd: float


class Who(TypedDict):
    """The bearer of the token that was shown."""

    kind: str
    name: str
    prefix: str | None
    scopes: list[Scope]
    tenant: str


Why = Literal["gone", "given_up", "asked"]


class Window(TypedDict):
    """The 15-minute window of a credential and endpoint; null where X has not told it, or where it ran out.
    blocked: the scope of the block that stands."""

    blocked: str | None
    credential: str
    endpoint: str
    in_flight: int
    limit: int | None
    remaining: int | None
    reset_in_seconds: float | None


WorkClass = Literal["interactive", "search", "quotes", "engagement", "backfill"]


class WorkerRow(TypedDict):
    """A process. state: there, or gone without a word. leads: of schedulers, the one that plans."""

    beat_at: str
    busy: int
    host: str
    id: str
    kind: str
    leads: bool
    pid: int
    queues: list[str]
    running: list[RunningRow]
    started_at: str
    state: str
    threads: int
    version: str
    waits_for: str | None


class Worth(TypedDict):
    """What some money buys. acts: the growth that it catches, in likes, reposts, replies and quotes."""

    acts: float
    posts: int
    usd: float


class ControlHttpRoutesAnalyticsDay(TypedDict):
    """A UTC day; of the first and the last what lies in the span."""

    day: str
    mentions: int


class ControlHttpRoutesEngagementFollowed(TypedDict):
    """Posts by tier, as counted at a time. unpaid: readings until midnight (UTC) that cost money."""

    age_seconds: float
    counted_at: str
    tiers: list[Tier]
    unpaid: int


class ControlHttpRoutesMentionsChanged(TypedDict):
    """What became of one: before and status are null where there is no such mention."""

    before: MentionStatus | None
    id: str
    status: MentionStatus | None


class ControlHttpRoutesStatisticsDay(TypedDict):
    """A UTC day."""

    added: int | None
    calls: int
    day: str
    duration_seconds: float | None
    errors: int
    processed: int | None
    searches: int | None
    updated: int
    usd: float


class ControlHttpShapesOperateChanged(TypedDict):
    """changed: the queues that were not so before. paused: those that are paused now."""

    changed: list[str]
    paused: list[str]


class ControlHttpShapesSourcesFollowed(TypedDict):
    """added: followed for the tenant from now on; already: were before. read_back: whose earlier posts are read
    now. unknown, suspended, protected: what X said of names. run_id: of what was begun; null: nothing was."""

    added: list[str]
    already: list[str]
    protected: list[str]
    read_back: list[str]
    run_id: str | None
    suspended: list[str]
    unknown: list[str]


ControlRunRowsState = Literal["queued", "waiting", "running", "succeeded", "partial", "failed", "cancelled"]

SharedCredentialsStandingState = Literal["ok", "renewing", "waiting", "paused", "expired", "lost", "locked"]

SharedDomainDeliveriesState = Literal["active", "disabled"]
