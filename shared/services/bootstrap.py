"""The composition root: Settings -> Services. The only place where adapters are chosen and put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from dramatiq import Middleware

from shared.broker import CoveyBroker, build_broker
from shared.broker.sender import Sender
from shared.credentials.pool import CredentialPool
from shared.credentials.renewal import Renewal
from shared.credentials.vault import Vault
from shared.domain.engagement.next_reading import Chooser, RefreshPolicy
from shared.domain.errors import InputError
from shared.domain.jobs import ALL_QUEUES, gated_jobs
from shared.domain.money.budgets import Budgets
from shared.domain.money.prices import PriceKind, Prices
from shared.http.webhooks import WebhookSender
from shared.media.fetch import MediaFetcher
from shared.platforms.route import Route
from shared.platforms.transport import Timeouts
from shared.platforms.x.auth import Credential, bearer_credential
from shared.platforms.x.client import XClient
from shared.platforms.x.dialect import SharedDialectMemory
from shared.platforms.x.endpoints import SEARCH_ALL, check_keys, least_intervals_seconds
from shared.platforms.x.fields import Along
from shared.platforms.x.gateway import XGateway
from shared.platforms.x.oauth import TokenEndpoint
from shared.platforms.x.observer import count_call
from shared.ratelimit.limiter import Limiter
from shared.redis.connection import connect
from shared.redis.connection import reach as reach_redis
from shared.runtime.clock import Clock, SystemClock
from shared.runtime.settings import Settings
from shared.services.capabilities import RememberedPlan
from shared.services.following import Following
from shared.services.letters import DeadLetters
from shared.services.pausing import Pausing
from shared.services.sending import Sending
from shared.services.tally import Tally
from shared.services.truth import open_stores, reach_database
from shared.spending.choices import BudgetChoices
from shared.spending.ledger import Ledger
from shared.spending.shares import Shares
from shared.spending.treasury import Treasury
from shared.stores.bundle import Stores


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers, the scheduler and the commands work with."""

    settings: Settings
    clock: Clock
    stores: Stores
    broker: CoveyBroker
    sender: Sender
    following: Following
    dead_letters: DeadLetters
    limiter: Limiter
    ledger: Ledger
    shares: Shares
    treasury: Treasury
    budget_choices: BudgetChoices
    vault: Vault
    credentials: CredentialPool
    x: XGateway
    plan: RememberedPlan
    media: MediaFetcher
    webhook: WebhookSender | None
    sending: Sending
    tally: Tally

    @property
    def pausing(self) -> Pausing:
        """The queues that a person, or the settings, have paused."""
        return Pausing(self.stores.state, everything=not self.settings.collect)

    @property
    def has_archive(self) -> bool:
        """Whether X's archive may be asked: by the app itself, and as long as X has not said that the plan lacks it."""
        may_ask = any(one.kind in SEARCH_ALL.credentials for one in self.credentials.usable())
        return may_ask and self.plan.may_have(SEARCH_ALL.key)

    @property
    def refresh_policy(self) -> RefreshPolicy:
        """How engagement is followed, by the settings."""
        confirm = timedelta(seconds=self.settings.gone_confirm_seconds)
        by = Chooser(self.settings.refresh_by)
        return RefreshPolicy(self.settings.refresh_time_scale, confirm, by)


def build(settings: Settings, *, middleware: Sequence[Middleware]) -> Services:
    """Put the services of one process together. Raises InputError for settings that cannot work; connects lazily."""
    check_keys(settings.call_intervals_seconds, "COVEY_CALL_INTERVALS_SECONDS")
    stores = open_stores(settings)
    broker = build_broker(
        redis_url(settings),
        middleware=middleware,
        queues=ALL_QUEUES,
        heartbeat_timeout_ms=int(settings.heartbeat_timeout_seconds * 1000),
        unknown_job_ms=int(settings.unknown_job_seconds * 1000),
        gated=gated_jobs(),
    )
    prices = prices_of(settings)
    tally = Tally()
    ledger = Ledger(connect(redis_url(settings)), stores.ledger, prices=prices, clock=SystemClock(), told=tally.called)
    choices = BudgetChoices(stores.state)
    plan = RememberedPlan(stores.state, SystemClock())
    treasury = Treasury(stores.ledger, stores.runs, choices, ledger)
    limiter = Limiter(
        connect(redis_url(settings)),
        window_seconds=settings.rate_window_seconds,
        prices=prices,
        intervals_seconds={**least_intervals_seconds(), **settings.call_intervals_seconds},
        budgets=started_budgets(settings),
        credential_budgets=credential_budgets(settings),
        spent=treasury.spent,
    )
    vault = Vault(settings.credential_keys)
    route = route_to_x(settings)
    pool = CredentialPool(
        stores.credentials,
        vault,
        Renewal(stores.credentials, vault, TokenEndpoint(settings.x_base_url, route=route)),
        own=credentials(settings),
    )
    client = XClient(
        settings.x_base_url,
        timeouts=Timeouts(
            connect_seconds=settings.x_connect_timeout_seconds, read_seconds=settings.x_read_timeout_seconds
        ),
        dialect=settings.x_dialect,
        dialect_memory=SharedDialectMemory(stores.state),
        observer=count_call,
        route=route,
    )
    return Services(
        settings=settings,
        clock=SystemClock(),
        stores=stores,
        broker=broker,
        sender=Sender(broker),
        following=Following(
            stores,
            query_max_length=settings.x_query_max_length,
            search_interval_seconds=settings.search_interval_seconds,
        ),
        dead_letters=DeadLetters(broker, stores.dead_letters),
        limiter=limiter,
        ledger=ledger,
        shares=Shares(connect(redis_url(settings)), stores.shares, ledger),
        treasury=treasury,
        budget_choices=choices,
        vault=vault,
        credentials=pool,
        x=XGateway(
            client,
            limiter,
            pool,
            ledger=ledger,
            along=[Along(name) for name in settings.x_along],
            plan=plan,
            owner_id=settings.x_app_owner_id,
        ),
        plan=plan,
        media=MediaFetcher(
            settings.media_path,
            hosts=settings.media_hosts,
            max_bytes=settings.media_max_bytes,
            read_timeout_seconds=settings.media_timeout_seconds,
            min_free_bytes=settings.media_min_free_bytes,
        ),
        webhook=WebhookSender.to(settings.alert_webhook_url, settings.alert_webhook_secret),
        sending=Sending.of(settings),
        tally=tally,
    )


def reach(services: Services, *, redis: bool = True) -> None:
    """Make sure that the servers answer and take the login, within 5 s; Redis is not asked where it is not needed.

    Raises StoreUnavailable or BrokerUnavailable, and InputError for a wrong login: one line with host and user.
    """
    if redis:
        reach_redis(redis_url(services.settings))
    reach_database(services.settings, services.stores.db)


def prices_of(settings: Settings) -> Prices:
    """What X charges, by the settings."""
    return Prices(
        {
            PriceKind.POST: settings.price_post_usd,
            PriceKind.USER: settings.price_user_usd,
            PriceKind.COUNTS_REQUEST: settings.price_counts_usd,
            PriceKind.COUNTS_ALL_REQUEST: settings.price_counts_all_usd,
            PriceKind.OWNED_POST: settings.price_owned_post_usd,
            PriceKind.PROFILE_UPDATE: settings.price_profile_update_usd,
        }
    )


def started_budgets(settings: Settings) -> Budgets:
    """The budgets of the environment; what a person chose goes over them."""
    return Budgets(
        day_usd=settings.budget_day_usd,
        month_usd=settings.budget_month_usd,
        month_requests=settings.budget_month_requests,
        month_posts=settings.budget_month_posts,
        shares=settings.budget_shares,
    )


def credential_budgets(settings: Settings) -> Budgets | None:
    """The budgets that each credential has by itself; None where none is set: then nothing is counted by credential."""
    budgets = Budgets(
        day_usd=settings.credential_budget_day_usd,
        month_usd=settings.credential_budget_month_usd,
        month_requests=settings.credential_budget_month_requests,
        month_posts=settings.credential_budget_month_posts,
    )
    return None if budgets == Budgets() else budgets


def redis_url(settings: Settings) -> str:
    """The address of Redis. Raises InputError that says how to get one."""
    if not settings.redis_url:
        raise InputError("REDIS_URL is not set; set it, or let `covey up` or `covey demo` start servers of their own")
    return settings.redis_url


def route_to_x(settings: Settings) -> Route:
    """How X is reached. Raises InputError for a proxy that is none."""
    return Route(settings.x_ca_file, settings.x_proxy)


def credentials(settings: Settings) -> list[Credential]:
    """The credentials of the environment; none when no token is set."""
    return [bearer_credential(settings.x_bearer_token)] if settings.x_bearer_token else []


def may_ask_x(settings: Settings) -> bool:
    """Whether there is a credential, or keys to open stored ones with."""
    return settings.x_bearer_token is not None or settings.credential_keys is not None
