"""Read config.yaml once, validate it whole, and freeze it."""

from __future__ import annotations

import difflib
import types
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from publisher.config.schema import Config
from publisher.errors import ConfigError, Problem

_MAX_BYTES = 1_000_000


def load(file: Path) -> Config:
    """The configuration in `file`, paths resolved against its folder.

    Raises ConfigError with every problem at once, each as `file:line: key: what was expected`.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            [Problem(str(file), "no such file; `publisher init DIR` makes a new publication")]
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([Problem(str(file), f"cannot be read as UTF-8 text: {error}")]) from None
    return parse(text, file)


def parse(text: str, file: Path) -> Config:
    """As `load`, from text that came from `file`."""
    folder = file.resolve().parent
    try:
        if len(text) > _MAX_BYTES:
            raise yaml.YAMLError("expected less than a megabyte")
        data = yaml.safe_load(text)
        lines = _lines(yaml.compose(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise ConfigError([_yaml_problem(error, file)]) from None
    if data is not None and not isinstance(data, dict):
        raise ConfigError([Problem(f"{file}:1", "expected keys and values, such as `publication:`")])
    data = _with_defaults(data or {})
    try:
        return Config.model_validate(data, context={"folder": folder})
    except ValidationError as error:
        raise ConfigError([_problem(e, file, lines) for e in error.errors()]) from None


def _with_defaults(data: dict[str, Any]) -> dict[str, Any]:
    """What the schema cannot say in one default: a source, a main feed, titles that repeat others."""
    data = {key: value for key, value in data.items() if value is not None}
    data.setdefault("sources", [{"path": "content/"}])
    if isinstance(feeds := data.get("feeds"), dict):
        data["feeds"] = {"main": {}} | {k: v if v is not None else {} for k, v in feeds.items()}
    if isinstance(newsletters := data.get("newsletters"), dict):
        data["newsletters"] = {
            key: {"title": str(key).replace("-", " ").title()} | (value or {})
            if isinstance(value, dict | None)
            else value
            for key, value in newsletters.items()
        }
    return data


def _yaml_problem(error: yaml.YAMLError, file: Path) -> Problem:
    mark = getattr(error, "problem_mark", None)
    place = f"{file}:{mark.line + 1}" if mark else str(file)
    return Problem(place, f"not valid YAML: {getattr(error, 'problem', None) or error}")


def _lines(node: yaml.Node | None, at: tuple[str | int, ...] = ()) -> dict[tuple[str | int, ...], int]:
    """The line of every key and list item, by its path."""
    found: dict[tuple[str | int, ...], int] = {}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*at, str(key.value))
            found[here] = key.start_mark.line + 1
            found |= _lines(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            found[(*at, index)] = value.start_mark.line + 1
            found |= _lines(value, (*at, index))
    return found


def _problem(error: Any, file: Path, lines: dict[tuple[str | int, ...], int]) -> Problem:
    # pydantic puts the names of union members into the path; only what stands in the file names a place
    loc = tuple(p for i, p in enumerate(error["loc"]) if i == 0 or (*error["loc"][:i], p) in lines or i == 1)
    near = next((lines[loc[:n]] for n in range(len(loc), 0, -1) if loc[:n] in lines), 0)
    key = ".".join(map(str, error["loc"]))
    place = f"{file}:{near}" if near else str(file)
    if error["type"] == "extra_forbidden":
        return Problem(place, f"{key}: unknown key{_nearest(error['loc'])}")
    message = error["msg"].removeprefix("Value error, ")
    given = "" if "got" in message or isinstance(error["input"], dict) else f", got {error['input']!r}"
    return Problem(place, f"{key}: {message[0].lower()}{message[1:]}{given}")


def _nearest(loc: tuple[str | int, ...]) -> str:
    section = _section(Config, loc[:-1])
    known = [f.alias or name for name, f in section.model_fields.items()] if section else []
    close = difflib.get_close_matches(str(loc[-1]), known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; expected one of {', '.join(known)}" if known else ""


def _section(kind: Any, loc: tuple[str | int, ...]) -> type[BaseModel] | None:
    """The section class that a path of keys leads to."""
    for part in (*loc, None):
        while get_origin(kind) in (Union, types.UnionType):
            kind = next(a for a in get_args(kind) if a is not type(None))
        if part is None:
            break
        if get_origin(kind) in (list, dict):
            kind = get_args(kind)[-1]
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            field = kind.model_fields.get(str(part))
            kind = field.annotation if field else None
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None
