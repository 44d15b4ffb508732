"""Keys and values above a text without a fence: `Key: value`, `.. key: value`, `:key: value`."""

from __future__ import annotations

import re
from typing import NamedTuple

import yaml

from publisher.articles import mending

MAX_BLOCK = 64_000

_PLAIN = re.compile(r"([A-Za-z][\w-]*):(?:[ \t]+(.*))?")
_DOTTED = re.compile(r"[ \t]*\.\. ([A-Za-z][\w-]*):(?:[ \t]+(.*))?")
_FIELD = re.compile(r":([A-Za-z][\w -]*):(?:[ \t]+(.*))?")
_BLANK = re.compile(r"\n[ \t]*(?:\n|\Z)")
_RULE = re.compile(r"([=\-`:'\"~^_*+#<>.])\1{2,}[ \t]*")
_COMMENT = re.compile(r"<!--[ \t]*\n?(?=[ \t]*\.\. [A-Za-z])")
_CLOSING = re.compile(r"\s*\n-{3,}[ \t]*(?:\n|\Z)")
# comments of reStructuredText that are no keys and no directives, and labels
_UNSEEN = re.compile(r"(?:\.\.(?:[ \t]+(?!(?!_)\S+::?(?:\s|$)|\[|\|).*)?\n(?:[ \t]+\S.*\n)*(?:[ \t]*\n)+)+")
_DASHES = re.compile(r"^-{3,}[ \t]*$", re.MULTILINE)
_ANCHORS = frozenset({"title", "date", "draft", "published", "status", "slug", "pubdate"})


class Block(NamedTuple):
    """Keys and values, their text, where it starts, where the body does, and the notation."""

    data: dict[str, object]
    text: str
    start: int
    end: int
    notation: str


def find(text: str, start: int, *, rst: bool) -> Block | None:
    """The block of keys at `start`; None when the text begins there. `rst`: it may be reStructuredText."""
    if comment := _COMMENT.match(text, start):
        return _in_comment(text, comment.end())
    if rst and (block := _fields(text, start)):
        return block
    stop = _end(text, start)
    lines = text[start:stop].split("\n")
    dotted = _DOTTED.fullmatch(lines[0]) is not None
    if not dotted and not _PLAIN.match(lines[0]):
        return None
    data, taken = _pairs(lines, _DOTTED if dotted else _PLAIN)
    if taken == len(lines) and _anchored(data):
        if not dotted and _CLOSING.match(text, stop) and (block := _unopened(text, start)):
            return block
        return Block(data, text[start:stop], start, stop, ".." if dotted else ":")
    if dotted:
        return None
    listed = len(lines) > taken > 0 and lines[taken].startswith("- ") and _yaml(text[start:stop])
    return Block(listed, text[start:stop], start, stop, ":") if listed else _unopened(text, start)


def positional(text: str) -> str:
    """A .meta file of Nikola's oldest form (title, slug, date, tags, link, description by line) with keys.

    Empty when it is none.
    """
    lines = text.strip().split("\n")
    if not 1 < len(lines) <= 6 or ":" in lines[0][:12] or not re.search(r"\d{4}", "".join(lines[2:3])):
        return ""
    names = ("title", "slug", "date", "tags", "link", "description")
    return "\n".join(f".. {name}: {line}" for name, line in zip(names, lines, strict=False))


def _anchored(data: dict[str, object]) -> bool:
    return any(key.replace("-", "").replace("_", "").lower() in _ANCHORS for key in data)


def _end(text: str, start: int) -> int:
    found = _BLANK.search(text, start, start + MAX_BLOCK)
    return found.start() if found else len(text[: start + MAX_BLOCK].rstrip("\n"))


def _pairs(lines: list[str], form: re.Pattern[str]) -> tuple[dict[str, object], int]:
    """The pairs, and how many lines they take; a line that is set in goes on from the one above."""
    data: dict[str, str] = {}
    key = ""
    for number, line in enumerate(lines):
        if found := form.fullmatch(line):
            key = found[1]
            data[key] = (found[2] or "").strip()
        elif key and line[:1] in (" ", "\t") and line.strip():
            data[key] = f"{data[key]} {line.strip()}".strip()
        else:
            return dict(data), number
    return dict(data), len(lines)


def _in_comment(text: str, start: int) -> Block | None:
    """Nikola's keys in a Markdown or HTML file stand in a comment."""
    close = text.find("-->", start, start + MAX_BLOCK)
    if close < 0:
        return None
    lines = [line for line in text[start:close].split("\n") if line.strip()]
    data, taken = _pairs(lines, _DOTTED)
    if taken < len(lines) or not _anchored(data):
        return None
    return Block(data, text[start:close], start, close + 3, "..")


def _fields(text: str, start: int) -> Block | None:
    """A field list at the top of reStructuredText, or below its title, which then becomes one of the keys."""
    title, at = _title(text, _beyond_comments(text, start))
    subtitle, at = _title(text, at) if title else ("", at)
    stop = _end(text, at)
    data, taken = _pairs(text[at:stop].split("\n"), _FIELD)
    if not data or taken < text[at:stop].count("\n") + 1 or not (title or _anchored(data)):
        return None
    if title and not any(key.lower() == "title" for key in data):
        data = {"subtitle": subtitle} | data | {"title": title}
    elif title:
        # another title in the text stays there
        return Block(data, text[at:stop], at, stop, "::") if at == start else None
    return Block(data, text[at:stop], at, stop, "::")


def _beyond_comments(text: str, start: int) -> int:
    """Where what is no comment and no label (`.. _here:`) begins."""
    found = _UNSEEN.match(text, start, start + MAX_BLOCK)
    return found.end() if found else start


def _title(text: str, start: int) -> tuple[str, int]:
    """A title with its line below (and above), and where what follows begins."""
    lines = text[start : start + 2000].split("\n", 4)
    over = len(lines) > 2 and _RULE.fullmatch(lines[0]) is not None
    name, under = (lines[1:3] if over else lines[:2]) if len(lines) > 1 else ("", "")
    if not name.strip() or name.startswith(":") or not _RULE.fullmatch(under):
        return "", start
    at = start + sum(len(line) + 1 for line in lines[: 3 if over else 2])
    blank = re.compile(r"(?:[ \t]*\n)*").match(text, at)
    return name.strip(), blank.end() if blank else at


def _unopened(text: str, start: int) -> Block | None:
    """YAML that a line of dashes closes and none opens, as Hexo takes it."""
    close = _DASHES.search(text, start, start + MAX_BLOCK)
    if close is None or re.search(r"\n[ \t]*\n(?=[^\s#-])(?![\w-]+:)", text[start : close.start()]):
        return None
    data = _yaml(text[start : close.start()])
    return Block(data, text[start : close.start()], start, close.end(), "---") if data else None


def _yaml(block: str) -> dict[str, object] | None:
    """What a block says as YAML, if it is without fault and holds such keys as an article has."""
    try:
        data, mends = mending.load(block)
    except (yaml.YAMLError, RecursionError):
        return None
    return data if not mends and isinstance(data, dict) and _anchored(dict.fromkeys(map(str, data))) else None
