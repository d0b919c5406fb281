"""`covey endpoints`: where the feed of a tenant is sent.

Must not take an address as an argument, which other users of the machine could read: its path may be a password.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from control.cli.app import Json, app, err, out, print_json, services_here
from control.cli.rows import Rows
from shared.domain.access import tenant_named
from shared.domain.deliveries import MOST_EVENTS
from shared.domain.feed import EventType
from shared.domain.sources import DEFAULT_TENANT

endpoints = typer.Typer(
    no_args_is_help=True, help="Send the feed to webhooks: make endpoints, look at them, steer them."
)
app.add_typer(endpoints, name="endpoints")

Id = Annotated[str, typer.Argument(metavar="ID", help="As covey endpoints list shows it.")]
Tenant = Annotated[str, typer.Option(help="Whose endpoints.")]
When = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="A time in UTC.")]
_MOST = 100


@endpoints.command()
def create(
    types: Annotated[list[str] | None, typer.Option("--type", help=f"Only these: {', '.join(EventType)}.")] = None,
    max_events: Annotated[int, typer.Option(min=1, max=MOST_EVENTS, help="Of a message.")] = MOST_EVENTS,
    after: Annotated[str, typer.Option(help="The cursor to begin behind; now: what comes from now on.")] = "now",
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """Make an endpoint. Its address is asked for, or read from standard input; its secret is printed this once."""
    from control import endpoints as actions
    from control.trail import at_terminal

    services, origin = services_here(redis=False), at_terminal(tenant=tenant_named(tenant))
    made = actions.create(services, origin, url=_url(), types=types, max_events=max_events, after=after)
    _tell_secret(made.row, made.secret, as_json=as_json)


@endpoints.command(name="list")
def list_endpoints(tenant: Tenant = DEFAULT_TENANT, as_json: Json = False) -> None:
    """List the endpoints of a tenant, up to a hundred: where to, state, what waits. Never an address whole."""
    from control import endpoint_rows

    found = endpoint_rows.rows(services_here(redis=False), tenant_named(tenant), start=None, limit=_MOST)
    if as_json:
        return print_json(found)
    head = ("id", "host", "state", "waiting", "sent", "last error")
    rows = [(one["id"], one["host"], _state(one), str(one["backlog"]), str(one["sent"]), _error(one)) for one in found]
    out.print(Rows(head, rows, whole=("id",)) if rows else "No endpoints: covey endpoints create makes one.")
    return None


@endpoints.command()
def show(endpoint: Id, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False) -> None:
    """Show one: what waits, how the last day went, and the last tries."""
    from control import endpoint_rows

    services = services_here(redis=False)
    told = endpoint_rows.shown(services, tenant_named(tenant), endpoint)
    tries = endpoint_rows.deliveries(services, tenant, endpoint, start=None, limit=20)
    if as_json:
        return print_json({**told, "deliveries": tries})
    waits = f", since {told['oldest_waiting_at']:%Y-%m-%d %H:%M:%S} UTC" if told["oldest_waiting_at"] else ""
    lately = told["last_24h"]
    out.print(f"{told['host']}: {_state(told)}; {told['backlog']} events behind{waits}.", markup=False)
    out.print(f"Last 24 hours: {lately['delivered']} of {lately['tries']} tries delivered.", markup=False)
    rows = [
        (f"{one['at']:%m-%d %H:%M:%S}", one["outcome"], str(one["events"]), f"{one['ms']} ms", one["error"] or "-")
        for one in tries
    ]
    out.print(Rows(("at (UTC)", "outcome", "events", "took", "why"), rows) if rows else "Nothing was sent yet.")
    return None


@endpoints.command()
def enable(endpoint: Id, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False) -> None:
    """Send to it again from where it was."""
    _steer("enable", endpoint, tenant, as_json=as_json)


@endpoints.command()
def disable(endpoint: Id, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False) -> None:
    """Send it nothing until it is enabled; its place is kept for 14 days."""
    _steer("disable", endpoint, tenant, as_json=as_json)


@endpoints.command()
def remove(endpoint: Id, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False) -> None:
    """Forget it, and what opens it."""
    _steer("remove", endpoint, tenant, as_json=as_json)


@endpoints.command()
def ping(endpoint: Id, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False) -> None:
    """Have it sent a message that tells nothing; covey endpoints show says what came of it."""
    from control import endpoints as actions
    from control.trail import at_terminal

    told = actions.ping(services_here(), at_terminal(tenant=tenant_named(tenant)), endpoint)
    if as_json:
        return print_json(told)
    err.print(f"{told['message']} is on its way.", markup=False)
    return None


@endpoints.command()
def rotate(endpoint: Id, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False) -> None:
    """Give it a new secret, printed this once. For 24 hours the one before signs too."""
    from control import endpoints as actions
    from control.trail import at_terminal

    made = actions.rotate(services_here(redis=False), at_terminal(tenant=tenant_named(tenant)), endpoint)
    _tell_secret(made.row, made.secret, as_json=as_json)


@endpoints.command()
def replay(
    endpoint: Id,
    after: Annotated[str | None, typer.Option(help="What came behind this cursor.")] = None,
    since: When = None,
    through: Annotated[str | None, typer.Option(help="Up to this cursor; left out: up to where it is.")] = None,
    until: When = None,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """Tell it again what it was told. What is new waits until then."""
    from control import endpoints as actions
    from control.trail import at_terminal

    told = actions.replay(
        services_here(redis=False),
        at_terminal(tenant=tenant_named(tenant)),
        endpoint,
        after=after,
        since=_in_utc(since),
        through=through,
        until=_in_utc(until),
    )
    if as_json:
        return print_json(told)
    err.print(f"{told['host']} is told again from {told['cursor']} through {told['replaying_through']}.", markup=False)
    return None


def _steer(act: str, endpoint: str, tenant: str, *, as_json: bool) -> None:
    from control import endpoints as actions
    from control.trail import at_terminal

    does = {"enable": actions.enable, "disable": actions.disable, "remove": actions.remove}[act]
    told = does(services_here(redis=False), at_terminal(tenant=tenant_named(tenant)), endpoint)
    if as_json:
        return print_json(told)
    err.print(f"{told['host']}: {'forgotten' if act == 'remove' else _state(told)}.", markup=False)
    return None


def _url() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("address", hide_input=True, err=True))
    return sys.stdin.readline().strip()


def _tell_secret(row: dict[str, Any], secret: str, *, as_json: bool) -> None:
    if as_json:
        return print_json({**row, "secret": secret})
    err.print(f"Endpoint {row['id']} ({row['host']}). Here is its secret, this once:", markup=False)
    sys.stdout.write(secret + "\n")
    return None


def _state(row: dict[str, Any]) -> str:
    return f"{row['state']} ({row['why']})" if row["why"] else str(row["state"])


def _error(row: dict[str, Any]) -> str:
    return str(row["last_error"]["error"]) if row["last_error"] else "-"


def _in_utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
