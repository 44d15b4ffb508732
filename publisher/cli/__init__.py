"""The command line. A command loads what it needs when it runs: `publisher --help` answers at once."""

from __future__ import annotations

import functools
import gc
import io
import os
import sys
from typing import Any

import typer
from typer.main import get_command

from publisher import __version__
from publisher.cli import (
    bench,
    content,
    control,
    editions,
    editors,
    feeds,
    keeping,
    people,
    receiving,
    running,
    sending,
    storing,
    webhooks,
)
from publisher.cli.speaking import complain, help_when_alone, tell
from publisher.errors import PublisherError

USAGE, IO = 64, 74
# The parser's words for what was mistyped, and ours.
_WORDS = {
    "Invalid value for ": "",
    "Invalid value: ": "",
    ". Did you mean ": "; did you mean ",
    " (Possible options: ": "; did you mean one of (",
    "Input should be a valid integer, unable to parse string as an integer": "expected a whole number",
    "Input should be ": "expected a number ",
}
_NAME = "publisher"

app = typer.Typer(
    name=_NAME,
    help="One folder of articles becomes feeds, pages and e-mail digests, and you can say who got what.\n\n"
    "\b\n"
    "Start with:\n"
    "  publisher init DIR && cd DIR\n"
    "  publisher subscribers add YOU@EXAMPLE.ORG\n"
    "  publisher run                       feeds and pages, and digests at their hours\n"
    "  publisher cut daily --now           or by hand: freeze an edition,\n"
    "  publisher preview daily/1           look at it,\n"
    "  publisher send daily/1              and send it\n\n"
    "Exit: 0 done; 1 done, but something was refused or stays open; 64 usage, 65 data, 66 not found, "
    "74 store or file, 75 mail server, 78 configuration.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(wanted: bool) -> None:
    if wanted:
        print(f"{_NAME} {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    config: str = typer.Option(
        "config.yaml",
        "--config",
        envvar="PUBLISHER_CONFIG",
        metavar="FILE",
        help="The configuration; its relative paths count from its own folder.",
    ),
    _version: bool = typer.Option(
        False, "--version", is_eager=True, callback=_say_version, help="Say which version this is."
    ),
) -> None:
    """Remember which configuration the command is for."""
    context.obj = config
    help_when_alone(context)


for _room in (
    content,
    feeds,
    editions,
    sending,
    control,
    people,
    editors,
    receiving,
    running,
    keeping,
    storing,
    webhooks,
    bench,
):
    _room.register(app)


@functools.cache
def _command() -> Any:
    """The parser, built once however often it is called in one process."""
    return get_command(app)


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 done but some items stay open, 64 and more as in sysexits.h."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # a file's name may hold bytes that are no text; UTF-8 is what our CSV and JSON are, in any locale
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        code = int(_command()(args=arguments, prog_name=_NAME, standalone_mode=False) or 0)
        sys.stdout.flush()
        gc.freeze()  # the process ends: nobody need look through all that it holds
        return code
    except PublisherError as error:
        complain(str(error))
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except (BrokenPipeError, SystemExit):
        # whoever read our output has gone: the parser answers that with an exit of its own
        _silence()
        return 0
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> int:
    if hasattr(error, "format_message"):
        complain(_usage(error))
        return USAGE
    if os.environ.get("PUBLISHER_DEBUG"):
        raise error
    if isinstance(error, OSError) and error.strerror:
        _silence()
        complain(f"{error.filename or 'output'}: {error.strerror}")
        return IO
    complain(f"a fault of this program: {type(error).__name__}: {error}")
    tell("PUBLISHER_DEBUG=1 shows where")
    return 70


def _usage(error: Exception) -> str:
    """What was mistyped, in one line, and where the right spelling stands."""
    said = " ".join(error.format_message().split()).rstrip(".")  # type: ignore[attr-defined]
    for theirs, ours in _WORDS.items():
        said = said.replace(theirs, ours)
    if said.startswith("No such option: --config"):
        said = "--config stands before the command: publisher --config FILE COMMAND"
    context = getattr(error, "ctx", None)
    return f"{said[:1].lower()}{said[1:]} (see {context.command_path if context else _NAME} --help)"


def _silence() -> None:
    """Let nothing more be written to a stdout that cannot be written to, at exit neither."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
