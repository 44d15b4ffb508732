"""The configuration and the command line, read from the code, as chapters of reference.md."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import typer
import wording
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from publisher import cli, errors
from publisher.config.schema import Config
from publisher.errors import PublisherError

_KINDS: dict[str, str] = {
    "duration": "duration, such as 30s, 5m, 48h or 7d",
    "hub": "http or https address",
    "url": "http or https address",
    "feed_url": "http or https address",
    "private": "host, address or network",
    "zone": "time zone, such as Europe/Lisbon",
    "name": "name of small letters, digits and hyphens",
    "language": "language tag, such as en or pt-BR",
    "single_line": "one line of text",
    "address": "mail address",
    "sender_address": "mail address, in ASCII before the @",
    "domain": "domain",
    "day": "date, such as 2026-11-22",
    "rate": "number of messages a second, minute or hour, such as 50/s",
    "selector": "letters, digits, hyphens and dots",
    "mailbox": "`Name <address>`",
    "topic": "ARN of an SNS topic",
    "colour": "colour, such as #7a1f1f",
    "_resolve": "path; counts from the file's folder",
}
_UNITS = ((3600, "h"), (60, "m"), (1, "s"))
_TYPES: dict[Any, str] = {str: "text", bool: "true or false", int: "number", Path: "path"}


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A Markdown table; a bar in a cell is escaped."""
    yield "| " + " | ".join(headings) + " |"
    yield "|" + "---|" * len(headings)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
    yield ""


def code(names: Iterable[str]) -> str:
    """Names as code, divided by commas."""
    return ", ".join(f"`{name}`" for name in names)


def same(what: str, said: Iterable[Any], found: Iterable[Any]) -> None:
    """Stops the script when a name has no words, or words are left of a name that has gone."""
    if odd := set(said) ^ set(found):
        raise SystemExit(f"docs/wording.py, {what}: {', '.join(sorted(map(str, odd)))}")


def kind(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    """A type in words."""
    for each in metadata:
        if named := getattr(getattr(each, "func", None), "__name__", ""):
            return _KINDS[named]
    if hasattr(annotation, "__metadata__"):
        return kind(annotation.__origin__, annotation.__metadata__)
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return f"one of {code(map(str, inner))}" if len(inner) > 1 else f"`{inner[0]}`"
    if origin in (Union, UnionType):
        return " or ".join(kind(each) for each in inner if each is not NoneType)
    if origin is list:
        return f"list: {kind(inner[0])}"
    if origin is dict:
        return f"mapping: {kind(inner[0])} to {kind(inner[1])}"
    limits = {type(each).__name__: each for each in metadata}
    if annotation is int and {"Ge", "Le"} <= limits.keys():
        return f"{limits['Ge'].ge} to {limits['Le'].le}"
    return _TYPES.get(annotation) or annotation.__name__


def default(field: FieldInfo) -> str:
    """A default as it would be written; a dash for none."""
    value = field.default
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        fitting = (f"`{seconds // s}{u}`" for s, u in _UNITS if seconds % s == 0 and seconds > s)
        return next(fitting)
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Path):
        return f"`{value}/`"
    if isinstance(value, list) and value:
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{value}`" if value not in (None, "", [], {}) else "–"


def sections(model: type[BaseModel], at: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """Every section of the configuration with the path to it."""
    yield at, model
    for key, field in model.model_fields.items():
        here = f"{at}.{field.alias or key}" if at else field.alias or key
        if (inner := section_in(field.annotation)) is not None:
            yield from sections(inner, here + _suffix(field.annotation))


def _suffix(annotation: Any) -> str:
    origin = get_origin(annotation)
    return ".NAME" if origin is dict else "[]" if origin is list else ""


def section_in(annotation: Any) -> type[BaseModel] | None:
    """The section that a key holds, in a list or a mapping too."""
    for each in (annotation, *get_args(annotation)):
        if inspect.isclass(each) and issubclass(each, BaseModel):
            return each
    return None


def configuration() -> Iterator[str]:
    """Every key of config.yaml."""
    for at, model in sections(Config, ""):
        rows = [
            (
                f"`{field.alias or key}`",
                kind(field.annotation, field.metadata),
                default(field),
                field.description or "",
            )
            for key, field in model.model_fields.items()
            if section_in(field.annotation) is None
        ]
        if not rows:
            continue
        about = (
            f"{inspect.getdoc(model)} {wording.SECTIONS.get(at, '')}".strip()
            if at
            else "Keys that stand alone."
        )
        yield from (f"### {f'`{at}`' if at else 'Top level'}\n", f"{about}\n")
        yield from table(["key", "value", "default", "meaning"], rows)


# Command line


def commands() -> Iterator[tuple[str, Any]]:
    """Every command by its full name."""
    root: Any = typer.main.get_command(cli.app)
    for name, command in root.commands.items():
        inner = getattr(command, "commands", None)
        yield from ((f"{name} {n}", c) for n, c in inner.items()) if inner else [(name, command)]


def usage(name: str, command: Any) -> str:
    """`publisher cut NEWSLETTER [--now] …`."""
    return " ".join([f"publisher {name}", *(_shown(p) for p in command.params if p.name != "help")])


def _shown(parameter: Any) -> str:
    metavar = parameter.metavar or parameter.name.upper()
    if parameter.param_type_name == "argument":
        return metavar if parameter.required or metavar.startswith("[") else f"[{metavar}]"
    option = parameter.opts[0] + ("" if parameter.is_flag else f" {metavar}")
    return f"[{option}]{'…' if parameter.multiple else ''}"


def shape(value: Any) -> str:
    """What `--json` prints, in brackets and names."""
    if isinstance(value, list):
        return f"[{', '.join(map(shape, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(k + (f": {shape(v)}" if v is not None else "") for k, v in value.items()) + "}"
    return ""


def command_line() -> Iterator[str]:
    """Every command with its arguments, options and JSON."""
    found = dict(commands())
    same(
        "commands with --json",
        wording.JSON,
        {n for n, c in found.items() if any("--json" in p.opts for p in c.params)},
    )
    for name, command in found.items():
        yield from (
            f"### `publisher {name}`\n",
            f"{inspect.cleandoc(command.help)}\n",
            f"    {usage(name, command)}\n",
        )
        rows = [
            (code(p.opts if p.param_type_name == "option" else [p.metavar or p.name.upper()]), p.help or "")
            for p in command.params
            if p.help and "--json" not in p.opts
        ]
        if rows:
            yield from table(["", ""], rows)
        if name in wording.JSON:
            yield f"With `--json`: `{shape(wording.JSON[name])}`\n"


def exit_codes() -> Iterator[str]:
    """Exit codes, and the classes of errors behind them."""
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, PublisherError)]
    codes = {c.exit_code for c in classes} | {0, 1, cli.USAGE, 130}
    same("exit codes", wording.EXIT_CODES, codes)
    own = [c for c in classes if not issubclass(c.__base__ or object, errors.TransportError)]
    by_code = {n: code(sorted(c.__name__ for c in own if c.exit_code == n)) for n in wording.EXIT_CODES}
    rows = [(str(n), said, by_code[n]) for n, said in wording.EXIT_CODES.items()]
    yield from table(["code", "meaning", "error"], rows)
    rows = [(f"`{c.__name__}`", (inspect.getdoc(c) or "").split("\n\n")[0], "") for c in classes]
    yield from table(["error", "meaning"], [row[:2] for row in rows])
