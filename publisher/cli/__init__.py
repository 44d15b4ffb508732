"""The command line. A command loads what it needs when it runs, so that `publisher --help` answers at once."""

from __future__ import annotations

import os
import sys

import typer

from publisher.cli import content, editions, people, running
from publisher.cli.speaking import complain
from publisher.errors import PublisherError

USAGE = 64

app = typer.Typer(
    name="publisher",
    help="One folder of articles becomes feeds, pages and e-mail digests, and you can say who got what.\n\n"
    "Start with: publisher init DIR, then publisher run.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    context: typer.Context,
    config: str = typer.Option(
        "config.yaml", "--config", envvar="PUBLISHER_CONFIG", metavar="FILE", help="The configuration."
    ),
) -> None:
    """Remember which configuration the command is for."""
    context.obj = config


for _room in (content, editions, people, running):
    _room.register(app)


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 done but some items stay open, 64 and more as in sysexits.h."""
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        return int(app(args=arguments, standalone_mode=False) or 0)
    except PublisherError as error:
        complain(str(error))
        return error.exit_code
    except typer.Abort:
        return 130
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # whoever read our output has gone; Python must not complain of it while it closes stdout
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if hasattr(error, "format_message"):
            complain(f"{error.format_message()}\nTry: publisher --help")
            return USAGE
        if os.environ.get("PUBLISHER_DEBUG"):
            raise
        complain(f"a fault of this program: {type(error).__name__}: {error}\nPUBLISHER_DEBUG=1 shows where")
        return 70
