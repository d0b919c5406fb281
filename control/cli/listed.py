"""The commands that there are, and the application that imports the module of the one that is asked for.

A new command is a row in `COMMANDS` and its module, which adds itself to `app` when it is imported. Invariant: nothing
here imports a vendor but Typer, so that help and completion are there at once; the modules of the commands import what
only their work needs where that work is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group


@dataclass(frozen=True, slots=True)
class Row:
    """One command or group: the module in `control.cli` that adds it, and its line in `covey --help`."""

    module: str
    help: str


# In the order in which a person comes to need them. A test holds the lines together with the docstrings.
COMMANDS: Final = {
    "demo": Row("running", "Run everything against a simulated X on real servers, and prove that nothing was missed."),
    "up": Row("running", "Run everything on this machine against the real API, until Ctrl-C."),
    "once": Row("processes", "Do what is due now, and end: for cron and for functions (see covey once --help)."),
    "track": Row("following", "Follow accounts: what they post, who mentions them, replies to them and quotes them."),
    "untrack": Row("following", "Follow accounts no longer."),
    "handles": Row("following", "List the accounts that are or were followed, and how far each is covered."),
    "sources": Row("sources", "List, add and change what is listened to."),
    "coverage": Row("covering", "Show what was read of accounts and sources, what is missing and what it costs."),
    "backfill": Row("covering", "Read what accounts and sources had in a span of time, where it was not read."),
    "mentions": Row("mentions", "List the newest posts that concern the sources, and say how far you are with them."),
    "analyse": Row("analysing", "Count what is stored: mentions by day, top authors, share of voice."),
    "refresh": Row("refreshing", "Read the counts of posts again now, ahead of everything else."),
    "status": Row("looking", "Show how everything stands: the verdict and why, coverage, queues, limits."),
    "stats": Row(
        "stats", "Show how engagement is followed: posts by tier, readings by day, source or run, their cost."
    ),
    "doctor": Row("doctor", "Look at the servers, this machine, the settings and the credentials, and say what to do."),
    "budget": Row("runs", "Show and set what may be spent."),
    "dead": Row("dead", "List, show, replay and purge the jobs that were given up."),
    "unblock": Row("blocking", "Lift a block of X when what X refused for is mended, instead of waiting."),
    "queues": Row("working", "Show each queue: what is ready, waits and runs, how old the oldest is."),
    "jobs": Row("working", "List jobs that run or wait: what each is about, for how long, and why it waits."),
    "workers": Row("working", "List the processes of the flock: where each runs, what its threads do."),
    "pause": Row("working", "Begin nothing of these queues until they are resumed."),
    "resume": Row("working", "Go on with queues that were paused."),
    "cancel": Row("working", "Cancel a job that waits, or an ad-hoc run."),
    "trace": Row("tracing", "Tell where a post or an account is in the pipeline, and why it is not stored."),
    "explain": Row("explaining", "Explain which way X is asked for a source or an account, and what other ways cost."),
    "thread": Row("threading", "Show the conversation around a post as a tree, and listen to it if wished."),
    "show": Row("showing", "Show a post with the curve of its engagement, or an account with its posts of 30 days."),
    "series": Row(
        "series", "Show how the counts of posts grew: of posts, of an account or of a source, between two times."
    ),
    "reposters": Row("reacting", "Ask X who reposted a post, and keep it; each account is billed once a day."),
    "likers": Row("reacting", "Ask X who liked a post, and keep it; each account is billed once a day."),
    "erase": Row(
        "erasing",
        "Erase a person or a post everywhere, for good; it is never stored again, and a receipt says what went.",
    ),
    "export": Row("exporting", "Write what was collected as JSON lines, CSV or parquet."),
    "import": Row(
        "importing", "Store what twarc2 has collected (JSON lines, flattened or not), or the predecessor's collections."
    ),
    "logs": Row("logging", "Show the logs of the processes that covey up runs on this machine, merged by time."),
    "checkpoint": Row("checkpoint", "Show how far searches have read, and set them back."),
    "credentials": Row("credentials", "List, add and remove the credentials that X is asked with."),
    "connect": Row("connect", "Let Covey into an account on X (OAuth 2.0): its limits come on top of the app's."),
    "tokens": Row("tokens", "Make, list and take back the tokens that the API is asked with."),
    "endpoints": Row("endpoints", "Send the feed to webhooks: make endpoints, look at them, steer them."),
    "worker": Row("processes", "Run one worker process (see covey worker --help)."),
    "scheduler": Row("processes", "Run one scheduler process (see covey scheduler --help)."),
    "listener": Row("processes", "Run one listener process (see covey listener --help)."),
    "control": Row("processes", "Run one control process: the API over HTTP (see covey control --help)."),
    "simulator": Row("processes", "Run the simulated X (see covey simulator --help)."),
}


class Listed(TyperGroup):
    """The group of all commands: lists them from the table, and imports a command's module when it is asked for."""

    def list_commands(self, ctx: object) -> list[str]:
        """Names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: object, cmd_name: str) -> Any:
        """The command of that name; None where there is none."""
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            import_module(f"control.cli.{COMMANDS[cmd_name].module}")
            for name, command in get_group(app).commands.items():  # what modules have added to `app` by now
                self.commands.setdefault(name, command)
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is meant; a wrong name is answered with its likes, for which all have to be known."""
        if args and args[0] not in COMMANDS:
            for name in COMMANDS:
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: object, formatter: Any) -> None:
        """Write the commands and their lines."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.help) for name, row in COMMANDS.items()])

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """What a word that was begun can become: from the table, so that a person at a shell need not wait."""
        lines: dict[str, Any] = {name: TyperCommand(name, help=row.help) for name, row in COMMANDS.items()}
        ctx.command = TyperGroup(name=self.name, commands=lines, params=self.params)
        return list(ctx.command.shell_complete(ctx, incomplete))


app = typer.Typer(
    name="covey",
    cls=Listed,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Follow accounts on X with a flock of workers.\n\nTry `covey demo` first: it needs no token and no servers.",
)
