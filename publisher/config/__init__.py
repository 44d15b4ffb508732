"""Read config.yaml once, validate it whole, and freeze it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from publisher.config import complaints, yaml_text
from publisher.config.schema import Config
from publisher.errors import ConfigError, Problem

_ADVICE = (
    "no such file: `publisher init DIR` makes a new publication, "
    "and --config FILE or PUBLISHER_CONFIG names another"
)


def load(file: Path) -> Config:
    """The configuration in `file`, paths resolved against its folder.

    Raises ConfigError with every problem at once, each as `file:line: key: what was expected`.
    """
    try:
        data = file.read_bytes()
        return parse(data.decode("utf-8-sig"), file)
    except FileNotFoundError:
        raise ConfigError([Problem(str(file), _ADVICE)]) from None
    except OSError as error:
        raise ConfigError([Problem(str(file), f"cannot be read: {error.strerror or error}")]) from None
    except UnicodeDecodeError as error:
        line, byte = data.count(b"\n", 0, error.start) + 1, data[error.start]
        raise ConfigError(
            [Problem(f"{file}:{line}", f"expected UTF-8 text, got the byte 0x{byte:02x}")]
        ) from None


def parse(text: str, file: Path) -> Config:
    """As `load`, from text that came from `file`."""
    data, lines = yaml_text.read(text, file)
    try:
        return Config.model_validate(_with_defaults(data), context={"folder": file.resolve().parent})
    except ValidationError as error:
        raise ConfigError(complaints.problems(error.errors(), file, lines)) from None


def _with_defaults(given: dict[str, Any]) -> dict[str, Any]:
    """What the schema cannot say in one default: a source, a main feed, titles that repeat others."""
    # a section that is left out is read too, or its paths would count from the working folder
    written: dict[str, Any] = {"sources": [{"path": "content/"}], "output": {}, "mail": {}}
    data = written | _filled(given)
    if isinstance(feeds := data.get("feeds"), dict):
        data["feeds"] = {"main": {}} | feeds
        if isinstance(main := data["feeds"]["main"], dict):
            data["feeds"]["main"] = {"history": True} | main
    if isinstance(newsletters := data.get("newsletters"), dict):
        data["newsletters"] = {
            key: {"title": key.replace("-", " ").title()} | value if isinstance(value, dict) else value
            for key, value in newsletters.items()
        }
    return data


def _filled(section: dict[str, Any]) -> dict[str, Any]:
    """A section without the keys that have nothing behind them; a feed may be its name alone."""
    filled = {k: _filled(v) if isinstance(v, dict) else v for k, v in section.items() if v is not None}
    for named in ("feeds", "newsletters"):
        if isinstance(each := section.get(named), dict):
            filled[named] = {k: {} for k, v in each.items() if v is None} | filled[named]
    return filled
