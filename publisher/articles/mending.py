"""YAML that its author nearly got right: mended line by line where only one meaning is left."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

import yaml

from publisher.articles import plain_yaml

_MOST_MENDS, _MOST_SUSPECTS = 12, 100
_MOST_DEEP = 20
# every scalar stays the text its author wrote: no `no` that becomes False, no 12:30 that becomes 750
_BASE = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_SUSPECT = re.compile(r"(?:^|[\s\[{,])\*\S|(?:[\[{][^\[{]*){50}|(?:[-?][ \t]){10}", re.MULTILINE)
_PAIR = re.compile(r"([ \t]*(?:-[ \t]+)?(?:[\w-]+|\"[^\"\n]*\"|'[^'\n]*')[ \t]*:)(?:[\s\u00a0]+(.*))?")
_ENTRY = re.compile(r"([ \t]*-)[ \t]+(.*)")
_TIGHT = re.compile(r"([ \t]*-)([^\s-].*)")
_WIDE = re.compile(r"([A-Za-z][\w-]*)\uff1a\s*(\S.*)")
_BARE = re.compile(r"[ \t]*[\w-]+:[ \t]*")
_CLOSE_UP = re.compile(r"([A-Za-z][\w-]*):([^\s/:].*)")
_BLOCK = re.compile(r"[|>][-+\d]*(?:\s+#.*)?")
_HASHED = re.compile(r"^(title[ \t]*:[ \t]+)(#[^\s#].*|##.*)$", re.MULTILINE | re.IGNORECASE)
_AS_TEXT = "its value was taken as text"
_SPACED = "a space was put behind the colon"
_KNOWN = re.compile(
    r"(?:sub)?title|description|summary|excerpt|date|updated|authors?|tags?|category|categories|layout|slug"
    r"|permalink|image|lang|draft|published|status|id|sidebar_label"
)


class _Loader(_BASE):  # type: ignore[misc, valid-type]
    """Text only, but what Ruby writes as `!binary` is decoded."""


def _binary(loader: Any, node: yaml.Node) -> str:
    text = loader.construct_scalar(node)
    try:
        return base64.b64decode(text).decode()
    except ValueError:
        return str(text)


for _tag in ("!binary", "tag:yaml.org,2002:binary"):
    _Loader.add_constructor(_tag, _binary)


def load(block: str) -> tuple[Any, tuple[tuple[int, str], ...]]:
    """What a block says, and what was mended: the line in the block (from 0), and in words.

    Raises yaml.YAMLError for what has no plain meaning, and RecursionError for what is nested too deeply.
    """
    if plain := plain_yaml.read(block):
        return plain, ()
    found = tuple(_HASHED.finditer(block)) if "#" in block else ()
    if not found:
        return _loaded(block)
    # no comment has its first word that close
    data, mends = _loaded(_HASHED.sub(lambda title: title[1] + _quoted(title[2].strip()), block))
    hashed = {block.count("\n", 0, title.start()): _AS_TEXT for title in found}
    return data, tuple(sorted({**dict(mends), **hashed}.items()))


def _loaded(block: str) -> tuple[Any, tuple[tuple[int, str], ...]]:
    try:
        data = _parse(block)
    except yaml.YAMLError as error:
        mended = _mended(block.split("\n"), error)
        if mended is None:
            raise
        return mended
    if isinstance(data, str) and "\uff1a" in data:
        return _mended(block.split("\n"), yaml.YAMLError()) or (data, ())
    return _spaced(block, data) if isinstance(data, str) else (data, ())


def _spaced(block: str, data: str) -> tuple[Any, tuple[tuple[int, str], ...]]:
    """What lines say that all lack the space behind the colon, which makes them one text; else that text."""
    lines = block.rstrip("\n").split("\n")
    found = [_CLOSE_UP.fullmatch(line.rstrip()) for line in lines]
    if not all(found) or not any(pair and _KNOWN.fullmatch(pair[1].lower()) for pair in found):
        return data, ()
    mended, mends = _loaded("\n".join(f"{pair[1]}: {pair[2]}" for pair in found if pair) + "\n")
    return mended, tuple({**dict.fromkeys(range(len(lines)), _SPACED), **dict(mends)}.items())


def _mended(lines: list[str], error: yaml.YAMLError) -> tuple[Any, tuple[tuple[int, str], ...]] | None:
    done: dict[int, str] = {}
    for _ in range(_MOST_MENDS):
        for at in _suspects(error, len(lines)):
            if at not in done and (mend := _mend(lines, at)):
                lines[at], done[at] = mend
                break
        else:
            return None
        try:
            data = _parse("\n".join(lines))
        except yaml.YAMLError as again:
            error = again
            continue
        return (data, tuple(sorted(done.items()))) if isinstance(data, dict) else None
    return None


def _suspects(error: yaml.YAMLError, count: int) -> Iterator[int]:
    """The lines that may be at fault: where it was noticed, where it began, then upwards."""
    marks = [getattr(error, name, None) for name in ("problem_mark", "context_mark")]
    scanning = "scanning" in (getattr(error, "context", None) or "")
    order = [mark.line for mark in (reversed(marks) if scanning else marks) if mark]
    top = min(max(order, default=0), count - 1)
    up = range(top, max(top - _MOST_SUSPECTS, -1), -1)
    yield from dict.fromkeys([*(min(at, count - 1) for at in order[:1]), *up])


def _mend(lines: list[str], at: int) -> tuple[str, str] | None:
    """The line as it was meant, and in words what was done; None where it stands well by itself."""
    line = lines[at].rstrip()
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    if "\t" in indent:
        return indent.replace("\t", "  ") + line.lstrip(), "a tab was taken for two spaces"
    if not line.strip() or _alone(line):
        return None
    if close := _CLOSE_UP.fullmatch(line):
        if _KNOWN.fullmatch(close[1].lower()):
            return f"{close[1]}: {close[2]}", _SPACED
        return None
    if (wide := _WIDE.fullmatch(line)) and _KNOWN.fullmatch(wide[1].lower()):
        value = wide[2] if _alone(f"{wide[1]}: {wide[2]}") else _quoted(wide[2])
        return f"{wide[1]}: {value}", "the full-width colon was taken for one"
    entry, above = _TIGHT.fullmatch(line), lines[at - 1] if at else ""
    if entry and (above.startswith(entry[1]) or _BARE.fullmatch(above)):
        return f"{entry[1]} {entry[2]}", "a space was put behind the dash"
    pair = _PAIR.fullmatch(line) or _ENTRY.fullmatch(line)
    if pair is None:
        goes_on = at > 0 and not indent and ":" not in line and _PAIR.fullmatch(lines[at - 1])
        return (f"  {line}", "it was read as going on from the line above") if goes_on else None
    value = (pair[2] or "").replace("\u00a0", " ").strip()
    if (
        not any(c.isalnum() for c in value)
        or value.startswith(("{{", "{%"))
        or _BLOCK.fullmatch(value)
        or _is_alias(value, lines)
    ):
        return None
    return f"{pair[1]} {_quoted(value)}", _AS_TEXT


def _is_alias(value: str, lines: list[str]) -> bool:
    return value[0] == "*" and any(f"&{value[1:]}" in line for line in lines)


def _alone(line: str) -> bool:
    try:
        return isinstance(_parse(line.strip()), dict | list)
    except (yaml.YAMLError, RecursionError):
        return False


def _quoted(value: str) -> str:
    quote = value[0] if value[0] in "\"'" else ""
    if value[0] == "[" and value[-1] == "]" and not value.count("[") > 1:
        return "[" + ", ".join(_quoted(part.strip()) for part in value[1:-1].split(",") if part.strip()) + "]"
    if value[0] == "[" and "]" not in value:
        return _quoted(value + "]")
    if quote and len(value) > 1 and value[-1] == quote:
        value = value[1:-1].replace("\\" + quote, quote).replace("''" if quote == "'" else "\0", "'")
    elif quote and quote not in value[1:]:
        value = value[1:]
    return "'" + value.replace("'", "''") + "'"


def _parse(block: str) -> Any:
    if _SUSPECT.search(block):
        _inspect(block)
    return yaml.load(block, Loader=_Loader)


def _inspect(block: str) -> None:
    """Refuse what would blow up when it is built: aliases of collections, and too deep a nesting."""
    depth, plain = 0, set[str]()
    for event in yaml.parse(block, Loader=_BASE):
        if isinstance(event, yaml.AliasEvent) and event.anchor not in plain:
            raise yaml.composer.ComposerError(None, None, "undefined alias", event.start_mark)  # type: ignore[arg-type]
        if isinstance(event, yaml.ScalarEvent) and event.anchor:
            plain.add(event.anchor)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MOST_DEEP:
            raise RecursionError
