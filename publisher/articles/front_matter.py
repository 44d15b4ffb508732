"""The block of keys and values at the top of a file, in whichever notation it is written."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, TypeAlias

import yaml
from frontmatter.default_handlers import BaseHandler

from publisher.articles import header_lines, mending
from publisher.articles.header_lines import MAX_BLOCK
from publisher.errors import ContentError

Value: TypeAlias = "str | list[Value] | dict[str, Value]"

_BLANK_LINES = re.compile(r"(?:[^\S\n]*\n)*")
_JSON = re.compile(r"\{\s*[\"}]")
# three hyphens, or the dash that a word processor makes of them
_YAML_OPENS = re.compile(r"(?:-{3,}|\u2014-?)[^\S\n]*(?:(json|toml|ya?ml|[a-z]{1,10}))?[^\S\n]*(?:\n|$)")
_TOML_OPENS = re.compile(r"\+\+\+[^\S\n]*(?:\n|$)")
_YAML_CLOSES = re.compile(r"^(?:-{3,}|\u2014-?|\.\.\.)[^\S\n]*$", re.MULTILINE)
_TOML_CLOSES = re.compile(r"^\+\+\+[^\S\n]*$", re.MULTILINE)
_COMMENTED = re.compile(r"<!--[^\n]{0,40}\n(?=(\+\+\+|---)[^\S\n]*\n)")
_COMMENT_ENDS = re.compile(r"\s*(?:<!\[[^\n]{0,40})?-->[^\S\n]*\n?")
# no line of YAML looks so
_TOML_LINE = re.compile(r"\s*(?:#[^\n]*\n\s*)*[\w-]+[ \t]*=[ \t]*[\"'\[{\dtf]")
# what closes, with the text on the same line
_CLOSES_EARLY = re.compile(r"^---(?=[`<#!*>\[({])", re.MULTILINE)
_KEY_LINES = re.compile(r"(?:[A-Za-z][\w -]*:(?:[ \t].*)?\n|[ \t]+\S.*\n|- .*\n)+(?=[ \t]*\n\s*\S)")
_KEY = re.compile(r"^([ \t]*)(?:\.\. |- |:)?[\"']?([A-Za-z][\w -]*?)[\"']?[ \t]*[:=]", re.MULTILINE)
_NOTHING = frozenset({"null", "~", "none"})
_RST = (".rst", ".rest", ".txt")
# where Zola, Hugo, Cobalt and others keep what is not their own
NESTED = ("taxonomies", "extra", "params", "data")
_REASONS = {
    "mapping values are not allowed": "a value that holds a colon and a space must stand in quotes",
    "that cannot start any token": "a value may not start with this character: put it in quotes",
    "found unhashable key": "a value that starts with { must stand in quotes",
    "did not find expected key": "quotes inside a value end it too early, or the indentation does not fit",
    "tab character": "a tab; indent with spaces",
    "undefined alias": "a value that starts with * must stand in quotes",
    "could not find expected ':'": "expected `key: value`",
    "expected <block end>": "the indentation does not fit, or quotes inside a value end it too early",
    "unexpected end of stream": "quotes are opened and never closed",
    "expected ',' or": "a bracket is opened and never closed",
}


@dataclass(frozen=True, slots=True)
class Header:
    """What stands above the text: keys in small letters without `-` and `_`, values as written, lines."""

    path: str
    values: Mapping[str, Value] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    notation: str = ""
    notes: tuple[str, ...] = ()

    def first(self, *keys: str) -> tuple[str, Value]:
        """The first of these keys that says something, and what; two empty strings when none does."""
        for key in keys:
            value = self.values.get(key)
            if value and not (isinstance(value, str) and value.lower() in _NOTHING):
                return key, value
        return "", ""

    def text(self, *keys: str) -> str:
        """The first of these keys that says something in plain text; else an empty string."""
        for key in keys:
            value = self.values.get(key)
            if value and isinstance(value, str) and value.lower() not in _NOTHING:
                return value
        return ""

    def error(self, key: str, reason: str) -> ContentError:
        """The error to raise about this key."""
        return ContentError(self.path, self.lines.get(key, 1), key, reason)


class _TOMLHandler(BaseHandler):
    FM_BOUNDARY = re.compile(r"^\+{3}\s*$", re.MULTILINE)

    def load(self, fm: str) -> dict[str, Any]:
        return tomllib.loads(fm, parse_float=str)


def split(text: str, path: str) -> tuple[Header, str, int]:
    """The header, the body, and the line at which the body starts. A file without a header has an empty one.

    Raises ContentError with the line in the file for a block that is unclosed, over 64 kB, or wrong.
    """
    blank = _BLANK_LINES.match(text)
    start = blank.end() if blank else 0
    if text.startswith("<!--", start) and (commented := _COMMENTED.match(text, start)):
        # old Hugo hid it so from programs that show the file
        header, body, line = _fenced(text, commented.end(), path, commented[1])
        ends = _COMMENT_ENDS.match(body)
        return header, body[ends.end() :] if ends else body, line
    if opens := _YAML_OPENS.match(text, start):
        if opens[1] not in (None, "yaml", "yml", "json", "toml"):
            reason = f"front matter in {opens[1]} is not read: YAML, TOML and JSON are"
            raise ContentError(path, text.count("\n", 0, start) + 1, "front matter", reason)
        return _fenced(text, start, path, opens[1] or "---")
    if _TOML_OPENS.match(text, start):
        return _fenced(text, start, path, "+++")
    if _JSON.match(text, start):
        return _json(text, start, path)
    found = header_lines.find(text, start, rst=path.lower().endswith(_RST))
    if found is None:
        return Header(path), text, 1
    first = text.count("\n", 0, found.start) + 1
    header = _header(path, found.data, found.text, first, found.notation)
    end = found.end + (text[found.end : found.end + 1] == "\n")
    return header, text[end:], text.count("\n", 0, end) + 1


@lru_cache(4096)
def normal(key: str) -> str:
    """Keys are alike in any case, with `-`, `_` or a space, or as a symbol of Ruby's (`:title`)."""
    return re.sub(r"[-_ ]|^:", "", key).lower()


def _fenced(text: str, start: int, path: str, fence: str) -> tuple[Header, str, int]:
    first = text.count("\n", 0, start) + 2
    begin = text.find("\n", start) + 1 or len(text)
    end, body, notes = _closed(text, begin, "+++" if fence == "+++" else "---", path, first)
    block = text[begin:end]
    data, mends = _loaded(block, fence, path, first)
    if data is None or data == "":
        data = {}
    if not isinstance(data, dict):
        raise ContentError(path, first, "front matter", f"expected `key: value` lines below the {fence} line")
    notes += tuple(f"line {first + at}: {what}" for at, what in mends)
    header = _header(path, data, block, first, "+++" if fence == "+++" else "---")
    return replace(header, notes=notes) if notes else header, text[body:], text.count("\n", 0, body) + 1


def _closed(text: str, begin: int, fence: str, path: str, first: int) -> tuple[int, int, tuple[str, ...]]:
    """Where the block ends, where the body begins, and what had to be guessed."""
    closing = _TOML_CLOSES if fence == "+++" else _YAML_CLOSES
    end = closing.search(text, begin, begin + MAX_BLOCK)
    stop = end.start() if end else begin + MAX_BLOCK
    looks = fence == "---" and text.find("\n---", begin, stop) >= 0
    if looks and (early := _CLOSES_EARLY.search(text, begin, stop)):
        return early.start(), early.end(), ("the text begins on the --- line that closes the front matter",)
    if end:
        return stop, min(end.end() + 1, len(text)), ()
    keys = _KEY_LINES.match(text, begin, begin + MAX_BLOCK) if fence == "---" else None
    if keys and re.search(r"^(?:title|date|layout)\s*:", keys[0], re.MULTILINE | re.IGNORECASE):
        note = f"no {fence} line closes the front matter: it was taken to end at the first blank line"
        return keys.end(), keys.end() + 1, (note,)
    long = len(text) > begin + MAX_BLOCK
    reason = f"no {fence} line closes it" + (f" within {MAX_BLOCK // 1000} kB" if long else "")
    raise ContentError(path, first - 1, "front matter", reason)


def _loaded(block: str, fence: str, path: str, first: int) -> tuple[Any, tuple[tuple[int, str], ...]]:
    try:
        if fence in ("+++", "toml") or (fence == "---" and _TOML_LINE.match(block)):
            return _TOMLHandler().load(block), ()
        if fence == "json":
            return json.loads(block, parse_int=str, parse_float=str), ()
        return mending.load(block)
    except RecursionError:
        raise ContentError(path, first, "front matter", "too many brackets inside each other") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = min(mark.line, block.count("\n") - 1) if mark else 0
        raise ContentError(path, first + max(line, 0), "front matter", reason_of(error)) from None
    except json.JSONDecodeError as error:
        reason = f"not valid JSON: {error.msg.lower()}"
        raise ContentError(path, first + error.lineno - 1, "front matter", reason) from None
    except ValueError as error:
        at = re.search(r"\s*\(at line (\d+),.*\)", str(error))
        line = int(at[1]) - 1 if at else 0
        reason = "not valid TOML: " + re.sub(r"\s*\(at .*\)", "", str(error)).lower()
        raise ContentError(path, first + line, "front matter", reason) from None


def reason_of(error: yaml.YAMLError) -> str:
    """In plain words what is wrong with a block of YAML."""
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    return "not valid YAML: " + next((plain for part, plain in _REASONS.items() if part in problem), problem)


def _json(text: str, start: int, path: str) -> tuple[Header, str, int]:
    first = text.count("\n", 0, start) + 1
    try:
        data, end = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode(
            text[start : start + MAX_BLOCK]
        )
    except json.JSONDecodeError as error:
        reason = f"not valid JSON: {error.msg.lower()}"
        raise ContentError(path, first + error.lineno - 1, "front matter", reason) from None
    except RecursionError:
        raise ContentError(path, first, "front matter", "too many brackets inside each other") from None
    stop = start + end
    header = _header(path, data, text[start:stop], first, "{")
    body = text[stop:].lstrip(" \t")
    return header, body.removeprefix("\n"), text.count("\n", 0, stop) + 2


def _header(path: str, data: Mapping[Any, Any], block: str, first: int, notation: str) -> Header:
    found: dict[str, tuple[int, int]] = {}
    for indent, key, line in _keys(block, first):
        if key not in found or indent < found[key][0]:
            found[key] = indent, line
    values = {normal(str(key)): plain(value) for key, value in data.items()}
    if len(values) < len(data):
        # of keys that are alike the one in plain small letters counts: it is the one that others know
        values |= {key: plain(value) for key, value in data.items() if key in values}
    for name in NESTED:
        if isinstance(inner := values.get(name), dict):
            values = inner | values
    return Header(path, values, {key: line for key, (_, line) in found.items()}, notation)


def _keys(block: str, first: int) -> Iterator[tuple[int, str, int]]:
    line, at = first, 0
    for found in _KEY.finditer(block):
        line += block.count("\n", at, found.start())
        at = found.start()
        yield len(found[1]), normal(found[2]), line


def plain(value: Any) -> Value:
    """TOML and JSON know types; from here on a value is text, a list or a mapping."""
    if isinstance(value, dict):
        return {normal(str(key)): plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    # a NUL can only come by an escape, and no database keeps it in a text
    return value.replace("\0", "").strip() if isinstance(value, str) else str(value)
