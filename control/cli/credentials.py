"""`covey credentials`: who X may be asked as.

Must not print a secret or take one as an argument, which other users of the machine could read. Invariant: secrets come
from a prompt without echo, or line by line from standard input.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from control.cli.app import Json, app, err, out, print_json, services_here
from control.cli.rows import Rows
from shared.domain.errors import InputError

if TYPE_CHECKING:
    from pydantic import SecretStr

    from shared.credentials.secrets import Secret
    from shared.services.bootstrap import Services

credentials = typer.Typer(no_args_is_help=True, help="List, add and remove the credentials that X is asked with.")
app.add_typer(credentials, name="credentials")


class Kind(StrEnum):
    """What is added, as a person writes it."""

    BEARER = "bearer"
    OAUTH1 = "oauth1"
    OAUTH2 = "oauth2"


PARTS = {
    Kind.BEARER: ("bearer token",),
    Kind.OAUTH1: ("consumer key", "consumer secret", "access token", "access token secret"),
    Kind.OAUTH2: ("access token", "refresh token (may be empty)"),
}


@credentials.command(name="list")
def list_credentials(as_json: Json = False) -> None:
    """List the credentials: id, kind, state, why one is left out. Never a secret."""
    from control.credentials import listed
    from shared.credentials.standing import State

    found, unknown = listed(services_here(redis=False))
    if unknown is not None:
        err.print(f"covey: {unknown}", style="yellow", markup=False, soft_wrap=True)
    if as_json:
        return print_json([asdict(one) for one in found])
    rows: list[tuple[str, ...]] = []
    for one in found:
        ends = f"{one.expires_at:%Y-%m-%d %H:%M:%S}" if one.expires_at else "-"
        origin = "MongoDB" if one.is_stored else "X_BEARER_TOKEN"
        waits = one.state is not State.OK and one.wait_seconds is not None
        remark = (one.reason or "") + (f" (again in {one.wait_seconds:.0f} s)" if waits else "")
        rows.append((one.id, one.kind.value, one.state.value, ends, origin, remark))
    table = Rows(("id", "kind", "state", "token ends", "from", "remarks"), rows, whole=("id",))
    out.print(table if found else "No credentials: set X_BEARER_TOKEN, or see covey connect and covey credentials add.")
    return None


@credentials.command()
def add(
    kind: Annotated[Kind, typer.Option(help="bearer: the app; oauth1: an account's keys; oauth2: its tokens.")],
    user_id: Annotated[
        int | None, typer.Option(min=1, help="Whose keys or tokens; left out: as the token says, or as X says.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Store a credential, encrypted. The secrets are asked for one by one, without echo.

    Where standard input is no terminal they are read from it, one a line: the bearer token; or consumer key, consumer
    secret, access token and its secret; or access token and refresh token. To let an account in anew use covey connect.
    """
    from control import connect

    services = services_here()
    services.vault.require_keys()
    secret = _secret(services, kind, _ask(PARTS[kind]), user_id)
    credential_id = connect.store(services, secret)
    if as_json:
        return print_json({"id": credential_id, "kind": secret.kind.value})
    out.print(f"Stored {credential_id}.", highlight=False)
    return None


@credentials.command()
def name(
    credential_id: Annotated[str, typer.Argument(metavar="ID", help="As covey credentials list shows it.")],
    as_json: Json = False,
) -> None:
    """Ask X whose a credential is that covey connect could only store as user-unknown-..., and name it so."""
    from control import connect

    named_id = connect.name_account(services_here(), credential_id)
    if as_json:
        return print_json({"id": named_id, "was": credential_id})
    out.print(f"{credential_id} is {named_id} now.", highlight=False)
    return None


@credentials.command()
def remove(
    credential_id: Annotated[str, typer.Argument(metavar="ID", help="As covey credentials list shows it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Forget a stored credential. At X it stays valid until it is taken back there."""
    services = services_here(redis=False)
    known = {one.id: one for one in services.credentials.states()}
    if credential_id not in known:
        raise InputError(f"no credential {credential_id!r}; there are {', '.join(known) or 'none'}")
    if not known[credential_id].is_stored:
        raise InputError(f"{credential_id} is the token of X_BEARER_TOKEN; unset that instead")
    if needed := [one.id for one in services.stores.sources.all() if one.credential == credential_id]:
        raise InputError(
            f"{credential_id} is the only one that X is asked with for {', '.join(needed)}; give these another first: "
            "covey sources edit ID --credential ID, or none"
        )
    if not yes and not typer.confirm(f"Forget {credential_id}?", err=True):
        err.print("Nothing was forgotten.")
        raise typer.Exit(1)
    services.stores.credentials.remove(credential_id)
    if as_json:
        return print_json({"removed": credential_id})
    out.print(f"Forgot {credential_id}. Workers stop asking with it within seconds.", highlight=False)
    return None


@credentials.command(name="rotate-keys")
def rotate_keys(as_json: Json = False) -> None:
    """Encrypt everything stored with the first key of COVEY_CREDENTIAL_KEYS.

    Put a new key in front (new,old) for every process first; drop the old one when this has ended with status 0.
    """
    from control.endpoints import rotate_keys as rotate

    done = rotate(services_here(redis=False))
    if as_json:
        print_json(asdict(done))
    else:
        out.print(f"Encrypted anew: {len(done.resealed)}. By the first key already: {len(done.unchanged)}.")
        for reason in done.failed.values():
            err.print(f"covey: {reason}", style="red", markup=False, highlight=False, soft_wrap=True)
    if done.failed:
        raise typer.Exit(1)


@credentials.command(name="new-key")
def new_key() -> None:
    """Print a fresh key for COVEY_CREDENTIAL_KEYS. Keep it: without it what is stored cannot be opened."""
    from shared.credentials.vault import new_key as make_key

    sys.stdout.write(make_key() + "\n")


def _ask(names: Sequence[str]) -> list[SecretStr]:
    """The secrets of those names, from a prompt or from standard input. Raises InputError."""
    from pydantic import SecretStr

    if sys.stdin.isatty():
        return [
            SecretStr(typer.prompt(name, hide_input=True, default="", show_default=False, err=True)) for name in names
        ]
    lines = [SecretStr(line.strip()) for line in sys.stdin.read().splitlines()]
    if len(lines) < len(names):
        lines += [SecretStr("")] * (len(names) - len(lines))
    if len(lines) > len(names) and any(line.get_secret_value() for line in lines[len(names) :]):
        raise InputError(f"{len(lines)} lines on standard input, expected {len(names)}: {', '.join(names)}")
    return lines[: len(names)]


def _secret(services: Services, kind: Kind, given: Sequence[SecretStr], user_id: int | None) -> Secret:
    """What was given, as the secret that it is. Raises InputError; for an OAuth 2.0 token also what X answers."""
    from control import connect
    from shared.credentials.secrets import BearerToken, SigningKeys, UserTokens

    if kind is Kind.BEARER:
        return BearerToken(given[0])
    if kind is Kind.OAUTH1:
        owner = user_id or _owner(given[2])
        if owner is None:
            raise InputError("the access token does not begin with the id of its account; give it with --user-id")
        return SigningKeys(owner, *given)
    client = connect.client_of(services.settings)
    access, refresh = given
    user_id = user_id or connect.account_of(services, access)
    return UserTokens(user_id, client, access, refresh if refresh.get_secret_value() else None)


def _owner(token: SecretStr) -> int | None:
    """The account of an OAuth 1.0a token, which begins with its id. Raises nothing: its frame holds the token."""
    number, dash, _ = token.get_secret_value().partition("-")
    return int(number) if dash and number.isascii() and number.isdigit() else None
