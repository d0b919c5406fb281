"""`covey connect`."""

from __future__ import annotations

import webbrowser
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from control.cli.app import Json, app, err, out, print_json, services_here
from shared.platforms.x.scopes import DEFAULT_SCOPES

if TYPE_CHECKING:
    from control.connect import Connected

# A port of its own: X sends browsers only to addresses that were written down with the app.
DEFAULT_PORT = 8711


@app.command()
def connect(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1 to which X sends the browser back; 0: a free one.")
    ] = DEFAULT_PORT,
    scope: Annotated[
        list[str] | None, typer.Option(help=f"What to ask for; repeatable. Default: {', '.join(DEFAULT_SCOPES)}.")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the address in a browser.")] = True,
    wait: Annotated[float, typer.Option(min=1, max=3600, help="Seconds to wait for the person.")] = 300.0,
    as_json: Json = False,
) -> None:
    """Let Covey into an account on X (OAuth 2.0): its limits come on top of the app's.

    Needs COVEY_X_CLIENT_ID and COVEY_CREDENTIAL_KEYS. In X's developer console the app must have the callback URL
    http://127.0.0.1:PORT/callback. The tokens are stored encrypted, renewed in time, and never shown. They are stored
    before anything else: where X then does not say whose they are, the command ends with status 1 and they stay.
    """

    from control import connect as connecting

    def show(url: str) -> None:
        err.print("Open this address, log in as the account, and agree:", highlight=False)
        err.print(url, markup=False, highlight=False, soft_wrap=True)
        if browser and _is_graphical():
            webbrowser.open(url)

    done = connecting.connect(
        services_here(), scopes=tuple(scope or DEFAULT_SCOPES), port=port, wait_seconds=wait, show=show
    )
    if as_json:
        print_json(asdict(done))
    else:
        _tell(done)
    if done.unnamed_because is not None:
        raise typer.Exit(1)


def _tell(done: Connected) -> None:
    out.print(f"Connected {done.id} with {' '.join(done.scopes)}", markup=False, highlight=False, soft_wrap=True)
    if not done.is_renewable:
        err.print("Without the scope offline.access it cannot be renewed and ends in about two hours.")
    if done.unnamed_because is not None:
        what = f"It is stored and used, but X has not said whose it is: {done.unnamed_because}"
        hint = f"Ask again with: covey credentials name {done.id}"
        err.print(f"{what}\n{hint}", style="yellow", markup=False, highlight=False, soft_wrap=True)


def _is_graphical() -> bool:
    """Whether there is a browser that does not take over this terminal."""
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return False
    return isinstance(found, webbrowser.BackgroundBrowser) or not isinstance(found, webbrowser.GenericBrowser)
