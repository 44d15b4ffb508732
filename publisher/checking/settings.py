"""What the configuration says, key by key, with the line to change; and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from publisher import config as configuration
from publisher.checking import domains, mailing, remote, topics
from publisher.checking.findings import Finding
from publisher.config import yaml_text
from publisher.config.schema import Config
from publisher.errors import ConfigError, Problem
from publisher.store import Store, catalogue

_UNITS = {"d": 86_400, "h": 3600, "m": 60, "s": 1}


@dataclass(frozen=True, slots=True)
class Setting:
    """A key, what it is set to, and where: `line` is that of the key, or of the section it may be added to.

    `written` is false for a default. A line of 0: nothing of it is in the file.
    """

    key: str
    value: str
    written: bool
    line: int


@dataclass(frozen=True, slots=True)
class Settings:
    """All keys as the running program has them, by section; and how the file stands now.

    `problems` are why the file, as it is now, cannot be used; `changed`: it says something else by now.
    """

    sections: dict[str, list[Setting]]
    problems: list[Problem]
    changed: bool


def settings(config: Config, file: Path | None) -> Settings:
    """The configuration of this program, with lines of the file. No secret is in it, only names of some."""
    lines, problems, changed = _file(config, file)
    sections: dict[str, list[Setting]] = {}
    for key, value in flat(config.model_dump(mode="python", by_alias=True)):
        section = key.partition(".")[0]
        sections.setdefault(section, []).append(_setting(key, value, lines))
    return Settings(sections, problems, changed)


def _file(config: Config, file: Path | None) -> tuple[dict[str, int], list[Problem], bool]:
    if file is None:
        return {}, [], False
    try:
        now = configuration.load(file)
        data, lines = yaml_text.read(file.read_text(encoding="utf-8-sig"), file)
    except ConfigError as error:
        return {}, list(error.problems), True
    except OSError as error:
        return {}, [Problem(str(file), str(error.strerror or error))], True
    found = {".".join(map(str, place)): at for place, at in lines.items() if _given(data, place) is not None}
    # one server need not be written as a list, and is shown as it is then
    found |= {key.replace("mail.smtp.0.", "mail.smtp."): at for key, at in found.items()}
    return found, [], now != config


def _given(data: Any, place: yaml_text.Place) -> Any:
    for step in place:
        data = data[step]
    return data


def _setting(key: str, value: object, lines: dict[str, int]) -> Setting:
    if key in lines:
        return Setting(key, _words(value, key), True, lines[key])
    above = key
    while above := above.rpartition(".")[0]:
        if above in lines:
            return Setting(key, _words(value, key), False, lines[above])
    return Setting(key, _words(value, key), False, 0)


def _words(value: object, key: str = "") -> str:
    """A value as it would be written in the file."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, timedelta):
        return _span(int(value.total_seconds()))
    if key.endswith(".rate") and isinstance(value, float):
        return f"{value:g}/s"
    if value is None or value == {}:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _span(seconds: int) -> str:
    return next(f"{seconds // size}{unit}" for unit, size in _UNITS.items() if seconds % size == 0)


def flat(value: object, at: str = "") -> Iterator[tuple[str, object]]:
    """Every key below a value, with its names and numbers joined by dots."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        value = dict(enumerate(value))
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from flat(inner, f"{at}.{key}" if at else str(key))
    else:
        yield at, value


def faults(config: Config, store: Store) -> list[Finding]:
    """What a check says of the configuration alone: no article, template or phrasebook is read."""
    with store.read() as tx:
        there = catalogue.topics(tx)
    found = [
        *mailing.sending(config),
        *domains.look(config, None),
        *topics.configured(config, there),
        *remote.look(config, store),
    ]
    return sorted(dict.fromkeys(found), key=lambda f: (f.level != "error", f.place, f.message))
