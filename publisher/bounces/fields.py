"""Groups of fields as delivery-status and feedback-report parts hold them (RFC 3464 section 2.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence

Group = dict[str, list[str]]
_FIELD = re.compile(r"\s{0,3}([A-Za-z][\w.-]{0,60})[ \t]*:[ \t]*(.*)")
_COMMENT = re.compile(r"\((?:[^()\\]|\\.){0,500}\)")
_ADDRESS = re.compile(r"[^\s<>@,;:\"()\[\]]{1,128}@[^\s<>@,;:\"()\[\]]{1,255}")
_MOST = 5000


def groups(text: str) -> list[Group]:
    """The groups of a text, divided by blank lines, names in small letters; other lines are passed over."""
    found: list[Group] = [{}]
    last = ""
    for line in text.split("\n")[:_MOST]:
        if not line.strip():
            last = ""
            if found[-1]:
                found.append({})
        elif line[:1] in " \t" and last:
            found[-1][last][-1] += " " + line.strip()
        elif field := _FIELD.match(line):
            last = field[1].lower()
            found[-1].setdefault(last, []).append(field[2].strip())
        else:
            last = ""
    return [group for group in found if group]


def first(group: Group, *names: str) -> str:
    """The first of these fields that a group has; empty where it has none."""
    return next((group[name][0] for name in names if group.get(name)), "")


def without_comments(value: str) -> str:
    """A value without what stands in parentheses (RFC 5322 section 3.2.2)."""
    return _COMMENT.sub(" ", value).strip()


def typed(value: str) -> str:
    """What follows the type of an address or a diagnostic: `rfc822; a@b` and `a@b` alike."""
    kind, semicolon, rest = value.partition(";")
    return (
        rest.strip() if semicolon and re.fullmatch(r"[A-Za-z][\w+-]{0,39}", kind.strip()) else value.strip()
    )


def address(value: str) -> str:
    """The mail address in a field of any type, without brackets and routes; empty where there is none."""
    found = _ADDRESS.search(typed(value).replace("mailto:", "").rpartition("<")[2])
    return found[0].strip(".'") if found else ""


def said_of(names: Sequence[str], text: str) -> str:
    """What a notice says of the first of these that it names: to the end of the paragraph; else all of it."""
    found = next((name for name in names if name and name in text), "")
    if not found:
        return " ".join(text.split())
    paragraphs = [" ".join(each.split()) for each in re.split(r"\n[ \t]*\n", text[text.find(found) :])]
    first = paragraphs[0].removeprefix(found).lstrip(" >:)")
    return first if len(first) > 10 else " ".join([first, *paragraphs[1:3]]).strip()


def addresses(text: str) -> list[str]:
    """Every mail address in a text, each once."""
    return list(dict.fromkeys(found.strip(".'") for found in _ADDRESS.findall(text)))
