"""`covey tokens`: what programs and people show to the API. The text of a token is printed once."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from control.cli.app import Json, app, err, out, print_json, services_here
from control.cli.rows import Rows
from shared.domain.access import MEANINGS, scopes_of, tenant_named
from shared.domain.sources import DEFAULT_TENANT

tokens = typer.Typer(no_args_is_help=True, help="Make, list and take back the tokens that the API is asked with.")
app.add_typer(tokens, name="tokens")

_SCOPES = "What it lets its bearer do; may be given several times: " + "; ".join(
    f"{scope}: {meaning}" for scope, meaning in MEANINGS.items()
)


@tokens.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for, such as ci or grafana.")],
    scope: Annotated[list[str], typer.Option(help=_SCOPES)] = ["read"],  # noqa: B006  # Typer copies it
    tenant: Annotated[str, typer.Option(help="Whose data it opens.")] = DEFAULT_TENANT,
    days: Annotated[float, typer.Option(min=0, help="Until it expires; 0: never.")] = 90.0,
    as_json: Json = False,
) -> None:
    """Make a token. It is printed once, on standard output, and kept nowhere: what is kept is its SHA-256."""
    from control import tokens as actions
    from control.trail import at_terminal

    chosen = scopes_of(scope)
    services = services_here(redis=False)
    made = actions.create(
        services, at_terminal(tenant=tenant_named(tenant)), name=name, tenant=tenant, scopes=chosen, days=days or None
    )
    told = actions.row(made.token, made.token.created_at)
    if as_json:
        return print_json({**told, "token": made.text})
    until = f"until {told['expires_at']:%Y-%m-%d %H:%M} UTC" if told["expires_at"] else "for good"
    scopes = ", ".join(told["scopes"])
    said = f"Token {told['id']} of {told['tenant']} may {scopes}, {until}. Here it is, this once:"
    err.print(said, markup=False, soft_wrap=True)
    sys.stdout.write(made.text + "\n")
    return None


@tokens.command(name="list")
def list_tokens(
    tenant: Annotated[str | None, typer.Option(help="Only of this tenant.")] = None, as_json: Json = False
) -> None:
    """List the tokens: id, first characters, tenant, scopes, state, last use. Never one itself."""
    from control import tokens as actions

    chosen = None if tenant is None else tenant_named(tenant)
    found = actions.rows(services_here(redis=False), tenant=chosen)
    if as_json:
        return print_json(found)
    out.print(Rows(_HEAD, [_line(one) for one in found], whole=("id",)) if found else _NONE)
    return None


@tokens.command()
def revoke(
    token: Annotated[str, typer.Argument(help="Its id, or its first characters as listed.")], as_json: Json = False
) -> None:
    """Let a token open nothing from now on."""
    from control import tokens as actions
    from control.trail import at_terminal

    told = actions.revoke(services_here(redis=False), at_terminal(), token)
    if as_json:
        return print_json(told)
    err.print(f"Token {told['id']} ({told['name']}) opens nothing any more.", markup=False, soft_wrap=True)
    return None


_HEAD = ("id", "begins with", "name", "tenant", "scopes", "state", "last used", "expires")
_NONE = "No tokens: covey tokens create NAME makes one."


def _line(one: dict[str, Any]) -> tuple[str, ...]:
    used, ends = (f"{one[at]:%Y-%m-%d %H:%M}" if one[at] else "never" for at in ("last_used_at", "expires_at"))
    scopes = ", ".join(one["scopes"])
    return (one["id"], one["prefix"], one["name"], one["tenant"], scopes, one["state"], used, ends)
