"""The only maker of messages, on a real queue."""

from __future__ import annotations

import json
from datetime import date

import pytest
import redis

from shared.broker import CoveyBroker, build_broker
from shared.broker.sender import Sender, to_message
from shared.domain.errors import BrokerUnavailable
from shared.domain.jobs import (
    ALL_JOBS,
    ALL_QUEUES,
    AuditSource,
    Canary,
    CheckUsage,
    ComplianceRound,
    CountFollowed,
    DeliverFeed,
    DownloadMedia,
    FindRevivals,
    Job,
    LookAtAccounts,
    LookUpAuthors,
    PingEndpoint,
    PlacePosts,
    PurgeGone,
    PurgeOld,
    QuotePage,
    RankPosts,
    RefreshEngagement,
    RemoveMedia,
    Reselect,
    SearchPage,
    SendAlert,
    ThinSeries,
)
from shared.runtime.embedded import free_port
from shared.runtime.log import job_context


@pytest.fixture
def broker(redis_url: str, redis_client: redis.Redis) -> CoveyBroker:
    """A broker with all queues, on an empty Redis."""
    return build_broker(redis_url, middleware=[], queues=ALL_QUEUES)


def ready(broker: CoveyBroker) -> dict[str, int]:
    """How many messages wait in each queue that has some."""
    return {queue: stats.ready for queue, stats in broker.introspection.queue_stats().items() if stats.ready}


def test_a_job_goes_to_its_first_queue_under_its_name() -> None:
    """The message names the actor and holds the payload, and nothing else, as its one argument."""
    message = to_message(SearchPage(sweep_id="w", page=3))

    assert (message.queue_name, message.actor_name) == ("search", "search_page")
    assert message.args == ({"version": 1, "sweep_id": "w", "page": 3},)
    assert message.kwargs == {}
    assert json.loads(message.encode())["args"] == [{"version": 1, "sweep_id": "w", "page": 3}]


def test_a_field_that_says_nothing_is_left_out() -> None:
    """A worker of a version that does not know the field takes the job all the same."""
    without = to_message(RefreshEngagement(claim_id="c", post_ids=("1",)))
    having = to_message(RefreshEngagement(claim_id="c", post_ids=("1",), run_id="r"))

    assert "run_id" not in without.args[0]
    assert having.args[0]["run_id"] == "r"


def test_every_queue_of_a_job_can_be_chosen_and_no_other() -> None:
    """A history goes to the backfill queue; a page of quotes does not."""
    assert to_message(SearchPage(sweep_id="w", page=0), queue="backfill").queue_name == "backfill"
    with pytest.raises(ValueError, match="quote_page does not go to the queue 'backfill', only to quotes"):
        to_message(QuotePage(sweep_id="w", page=0), queue="backfill")


@pytest.mark.parametrize("job_type", ALL_JOBS, ids=lambda job: job.name)
def test_messages_carry_no_options_but_the_thread_of_events(job_type: type[Job]) -> None:
    """What is not payload is a correlation id: there is no place for a secret."""
    payloads: dict[str, Job] = {
        "search_page": SearchPage(sweep_id="w", page=0),
        "quote_page": QuotePage(sweep_id="w", page=0),
        "refresh_engagement": RefreshEngagement(claim_id="c", post_ids=("1",)),
        "download_media": DownloadMedia(media_key="3_1"),
        "canary": Canary(queue="search", sent_at_ms=1),
        "look_up_authors": LookUpAuthors(claim_id="c", user_ids=("1",)),
        "look_at_accounts": LookAtAccounts(claim_id="c", user_ids=("1",)),
        "check_usage": CheckUsage(),
        "purge_gone": PurgeGone(),
        "purge_old": PurgeOld(),
        "thin_series": ThinSeries(),
        "find_revivals": FindRevivals(day=date(2026, 11, 20)),
        "rank_posts": RankPosts(day=date(2026, 11, 20), part=3),
        "place_posts": PlacePosts(day=date(2026, 11, 20), part=3),
        "reselect": Reselect(),
        "count_followed": CountFollowed(),
        "audit_source": AuditSource(audit_id="2026-11-20:nasa"),
        "compliance_round": ComplianceRound(round_id="r"),
        "remove_media": RemoveMedia(media=("3_1",)),
        "send_alert": SendAlert(post_id="1", day="2026-11-20"),
        "deliver_feed": DeliverFeed(endpoint_id="e"),
        "ping_endpoint": PingEndpoint(endpoint_id="e", ping_id="p"),
    }
    job = payloads.get(job_type.name) or job_type.model_validate({"usernames": ["nasa"]})

    assert set(to_message(job).options) == {"correlation_id"}


def test_what_a_job_leads_to_keeps_its_correlation_id() -> None:
    """Sent inside a job's context a message carries that job's id; outside, each has one of its own."""
    job = DownloadMedia(media_key="3_1")

    with job_context(correlation_id="one"):
        assert to_message(job).options["correlation_id"] == "one"

    assert to_message(job).options["correlation_id"] != to_message(job).options["correlation_id"]


def test_the_same_work_is_outstanding_once(broker: CoveyBroker) -> None:
    """Sending again answers False and places nothing; another page or another job is other work."""
    sender = Sender(broker)

    assert sender.send(SearchPage(sweep_id="w", page=0))
    assert not sender.send(SearchPage(sweep_id="w", page=0))
    assert not sender.send(SearchPage(sweep_id="w", page=0), queue="backfill")
    assert sender.send(SearchPage(sweep_id="w", page=1))
    assert sender.send(QuotePage(sweep_id="w", page=0))

    assert ready(broker) == {"search": 2, "quotes": 1}


def test_many_are_sent_and_those_outstanding_are_not_counted(broker: CoveyBroker) -> None:
    """The answer is how many were placed now."""
    sender = Sender(broker)
    sender.send(DownloadMedia(media_key="3_1"))

    assert sender.send_all(DownloadMedia(media_key=f"3_{number}") for number in range(5)) == 4
    assert sender.send_all([]) == 0

    assert ready(broker) == {"media": 5}


def test_a_canary_goes_to_every_queue_at_once(broker: CoveyBroker) -> None:
    """One sign of life for each queue is outstanding."""
    sender = Sender(broker)

    for queue in ALL_QUEUES:
        assert sender.send(Canary(queue=queue, sent_at_ms=1), queue=queue)

    assert ready(broker) == dict.fromkeys(ALL_QUEUES, 1)


def test_a_queue_that_is_away_is_a_passing_fault() -> None:
    """The error of the tree, from the one of the broker, without the password of the address."""
    broker = build_broker(f"redis://:hunter2pw@127.0.0.1:{free_port()}/0", middleware=[], queues=ALL_QUEUES)

    with pytest.raises(BrokerUnavailable) as caught:
        Sender(broker).send(DownloadMedia(media_key="3_1"))

    assert caught.value.__cause__ is not None
    assert "hunter2pw" not in str(caught.value)
