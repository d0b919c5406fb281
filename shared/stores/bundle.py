"""All stores of one database, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from shared.stores import (
    accounts,
    audits,
    authors,
    claims,
    compliance,
    connections,
    dead_letters,
    deliveries,
    endpoints,
    engagement,
    erasures,
    fates,
    feed,
    gaps,
    group_tests,
    handles,
    idempotency,
    intervals,
    ledger,
    live,
    media,
    mentions,
    plans,
    posts,
    processes,
    quotes,
    reactions,
    reads,
    removals,
    runs,
    schedules,
    set_aside,
    shares,
    sources,
    streams,
    surges,
    sweeps,
    tokens,
    trail,
    users,
    usual,
)
from shared.stores.accounts import AccountStore
from shared.stores.ages import AgeStore
from shared.stores.audits import AuditStore
from shared.stores.authors import AuthorStore
from shared.stores.compliance import ComplianceStore
from shared.stores.connections import ConnectionStore
from shared.stores.credentials import CredentialStore
from shared.stores.database import Db
from shared.stores.dead_letters import DeadLetterStore
from shared.stores.deliveries import DeliveryStore
from shared.stores.endpoints import EndpointStore
from shared.stores.engagement import EngagementStore
from shared.stores.erasures import ErasureStore
from shared.stores.fates import FateStore
from shared.stores.feed import FeedStore
from shared.stores.gaps import GapStore
from shared.stores.group_tests import GroupTestStore
from shared.stores.handles import HandleStore
from shared.stores.idempotency import IdempotencyStore
from shared.stores.indexes import Indexes
from shared.stores.intervals import IntervalStore
from shared.stores.known import KnownStore
from shared.stores.ledger import LedgerStore
from shared.stores.live import LiveStore
from shared.stores.media import MediaStore
from shared.stores.mentions import MentionStore
from shared.stores.plan_posts import PlanPostStore
from shared.stores.plans import PlanStore
from shared.stores.posts import PostStore
from shared.stores.processes import ProcessStore
from shared.stores.quotes import QuoteStore
from shared.stores.reactions import ReactionStore
from shared.stores.reads import ReadStore
from shared.stores.removals import RemovalStore
from shared.stores.rhythms import RhythmStore
from shared.stores.runs import RunStore
from shared.stores.schedules import ScheduleStore
from shared.stores.selection import SelectionStore
from shared.stores.series import SeriesStore
from shared.stores.set_aside import SetAsideStore
from shared.stores.shares import ShareStore
from shared.stores.sources import SourceStore
from shared.stores.standing import StandingStore
from shared.stores.state import StateStore
from shared.stores.streams import StreamStore
from shared.stores.surges import SurgeStore
from shared.stores.sweeps import SweepStore
from shared.stores.tokens import TokenStore
from shared.stores.trail import TrailStore
from shared.stores.users import UserStore
from shared.stores.usual import UsualStore

COLLECTIONS = (
    *(accounts, audits, authors, claims, compliance, connections, dead_letters, deliveries, endpoints, engagement),
    *(erasures, fates, feed, gaps),
    *(group_tests, handles, idempotency, intervals, ledger, live, media, mentions, plans, posts, processes),
    *(quotes, reactions, reads, removals, runs, schedules, set_aside, shares, sources, streams, surges, sweeps),
    *(tokens, trail, users, usual),
)
INDEXES = tuple(index for collection in COLLECTIONS for index in collection.INDEXES)


@dataclass(frozen=True, slots=True)
class Stores:
    """One store a collection."""

    db: Db
    handles: HandleStore
    accounts: AccountStore
    posts: PostStore
    fates: FateStore
    ages: AgeStore
    erasures: ErasureStore
    compliance: ComplianceStore
    users: UserStore
    media: MediaStore
    mentions: MentionStore
    known: KnownStore
    sources: SourceStore
    streams: StreamStore
    sweeps: SweepStore
    audits: AuditStore
    rhythms: RhythmStore
    intervals: IntervalStore
    gaps: GapStore
    engagement: EngagementStore
    series: SeriesStore
    plans: PlanStore
    plan_posts: PlanPostStore
    group_tests: GroupTestStore
    selection: SelectionStore
    quotes: QuoteStore
    reactions: ReactionStore
    reads: ReadStore
    schedules: ScheduleStore
    removals: RemovalStore
    runs: RunStore
    state: StateStore
    standing: StandingStore
    dead_letters: DeadLetterStore
    credentials: CredentialStore
    authors: AuthorStore
    ledger: LedgerStore
    shares: ShareStore
    set_aside: SetAsideStore
    processes: ProcessStore
    live: LiveStore
    surges: SurgeStore
    usual: UsualStore
    tokens: TokenStore
    trail: TrailStore
    idempotency: IdempotencyStore
    connections: ConnectionStore
    feed: FeedStore
    endpoints: EndpointStore
    deliveries: DeliveryStore

    @classmethod
    def on(cls, db: Db) -> Stores:
        """All stores on one database."""
        posts, users, media, mentions = PostStore(db), UserStore(db), MediaStore(db), MentionStore(db)
        return cls(
            db=db,
            handles=HandleStore(db),
            accounts=AccountStore(db),
            posts=posts,
            fates=FateStore(db),
            ages=AgeStore(db),
            erasures=ErasureStore(db),
            compliance=ComplianceStore(db),
            users=users,
            media=media,
            mentions=mentions,
            known=KnownStore(
                db,
                posts=posts.described.looked_at,
                users=users.described.looked_at,
                media=media.described.looked_at,
                mentions=mentions.described.looked_at,
            ),
            sources=SourceStore(db),
            streams=StreamStore(db),
            sweeps=SweepStore(db),
            audits=AuditStore(db),
            rhythms=RhythmStore(db),
            intervals=IntervalStore(db),
            gaps=GapStore(db),
            engagement=EngagementStore(db),
            series=SeriesStore(db),
            plans=PlanStore(db),
            plan_posts=PlanPostStore(db),
            group_tests=GroupTestStore(db),
            selection=SelectionStore(db),
            quotes=QuoteStore(db),
            reactions=ReactionStore(db),
            reads=ReadStore(db),
            schedules=ScheduleStore(db),
            removals=RemovalStore(db),
            runs=RunStore(db),
            state=StateStore(db),
            standing=StandingStore(db),
            dead_letters=DeadLetterStore(db),
            credentials=CredentialStore(db),
            authors=AuthorStore(db),
            ledger=LedgerStore(db),
            shares=ShareStore(db),
            set_aside=SetAsideStore(db),
            processes=ProcessStore(db),
            live=LiveStore(db),
            surges=SurgeStore(db),
            usual=UsualStore(db),
            tokens=TokenStore(db),
            trail=TrailStore(db),
            idempotency=IdempotencyStore(db),
            connections=ConnectionStore(db),
            feed=FeedStore(db),
            endpoints=EndpointStore(db),
            deliveries=DeliveryStore(db),
        )

    @property
    def indexes(self) -> Indexes:
        """The indexes of all collections."""
        return Indexes(self.db, INDEXES)

    def ensure_indexes(self) -> None:
        """Create what indexes are missing, now: for a database that is new."""
        for index in self.indexes.missing():
            self.indexes.create(index)
