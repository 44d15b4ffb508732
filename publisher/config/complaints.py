"""What is wrong with a configuration: place, key, what was expected, and what stands there."""

from __future__ import annotations

import difflib
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from publisher.config.schema import Config
from publisher.config.yaml_text import Lines, Place
from publisher.errors import Problem

_EXPECTED = {
    "string_type": "text (in quotes, if YAML takes it for something else)",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
    "literal_error": "{expected}",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "too_short": "at least {min_length} in the list",
    "string_too_short": "text that is not empty",
}
_LONGEST_SHOWN = 60


def problems(errors: Sequence[Any], file: Path, lines: Lines) -> list[Problem]:
    """One problem for each key that is wrong, in the order of the file."""
    by_key: dict[Place, list[Any]] = {}
    for error in errors:
        by_key.setdefault(_place(error, lines), []).append(error)
    found = [(_line(key, lines), _problem(key, each, file, lines)) for key, each in by_key.items()]
    return [problem for _, problem in sorted(found, key=lambda pair: pair[0])]


def _place(error: Any, lines: Lines) -> Place:
    """The path of keys as it stands in the file: pydantic puts names of its own between them."""
    place: Place = ()
    for part in error["loc"]:
        if (*place, part) in lines:
            place = (*place, part)
    return (*place, error["loc"][-1]) if error["type"] == "missing" else place


def _line(key: Place, lines: Lines) -> int:
    return next((lines[key[:n]] for n in range(len(key), 0, -1) if key[:n] in lines), 0)


def _problem(key: Place, errors: list[Any], file: Path, lines: Lines) -> Problem:
    line, first = _line(key, lines), errors[0]
    named = ".".join(map(str, key))
    prefix = f"{named}: " if named else ""
    place = f"{file}:{line}" if line else str(file)
    if first["type"] == "extra_forbidden":
        return Problem(place, f"{prefix}unknown key{_nearest(key)}")
    if first["type"] == "missing":
        return Problem(place, f"{prefix}is missing")
    said = " or ".join(dict.fromkeys(_expected(e) for e in errors))
    return Problem(place, f"{prefix}{said}{_given(said, first['input'])}")


def _expected(error: Any) -> str:
    if words := _EXPECTED.get(error["type"]):
        return f"expected {words.format(**error.get('ctx', {}))}"
    message = str(error["msg"]).removeprefix("Value error, ").replace("Input should be", "expected")
    return message[:1].lower() + message[1:]


def _given(said: str, value: Any) -> str:
    if "got " in said or isinstance(value, dict | BaseModel):
        return ""
    shown = repr(value)
    return f", got {shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + '…'}"


def _nearest(key: Place) -> str:
    section = _section(Config, key[:-1])
    known = [f.alias or name for name, f in section.model_fields.items()] if section else []
    close = difflib.get_close_matches(str(key[-1]), known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; expected one of {', '.join(known)}" if known else ""


def _section(kind: Any, key: Place) -> type[BaseModel] | None:
    """The section class that a path of keys leads to."""
    for part in (*key, None):
        while get_origin(kind) in (Union, types.UnionType):
            kind = next(a for a in get_args(kind) if a is not type(None))
        if part is None:
            # one section may stand where a list of them is taken
            kind = get_args(kind)[0] if get_origin(kind) is list else kind
            break
        if get_origin(kind) in (list, dict):
            kind = get_args(kind)[-1]
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            field = kind.model_fields.get(str(part))
            kind = field.annotation if field else None
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None
