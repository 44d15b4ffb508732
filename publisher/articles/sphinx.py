"""What blogs made with Sphinx (ABlog, Tinkerer) say of an article, which they do in directives."""

from __future__ import annotations

import re
from dataclasses import replace

from publisher.articles.front_matter import Header, Value

# in reStructuredText, and in the Markdown of MyST, where it has an end
_POST = re.compile(r"^\.\. post::[ \t]*(.*)\n((?:[ \t]+:[\w-]+:.*\n)*)", re.MULTILINE)
_FENCED_POST = re.compile(r"^(:{3,}|`{3,})\{post\}[ \t]*(.*)\n((?:.*\n){0,40}?)\1[ \t]*$", re.MULTILINE)
_OPTION = re.compile(r"^[ \t]*:?([\w-]+):[ \t]*(.*)$", re.MULTILINE)
_SINGLE = re.compile(r"^\.\. (author|categories|tags)::[ \t]+(.*)$", re.MULTILINE)
# where ABlog's options are lists, and as what they are read
_LISTS = {"author": "authors", "category": "categories", "tags": "tags", "redirect": "aliases"}


def metadata(header: Header, text: str, line: int) -> Header:
    """The header, filled up from directives in reStructuredText that starts at this line."""
    if post := _POST.search(text):
        return _filled(header, _of_post(post[1], post[2]), line + text.count("\n", 0, post.start()))
    said: dict[str, Value] = {key: value for key, value in _SINGLE.findall(text) if value != "default"}
    return _filled(header, said, line) if said else header


def fenced(header: Header, text: str, line: int) -> tuple[Header, str]:
    """The header, filled up from a directive in Markdown at this line, and the text without it."""
    if "{" not in text or "{post}" not in text or not (post := _FENCED_POST.search(text)):
        return header, text
    header = _filled(header, _of_post(post[2], post[3]), line + text.count("\n", 0, post.start()))
    return header, text[: post.start()] + text[post.end() :]


def _of_post(date: str, options: str) -> dict[str, Value]:
    """What ABlog reads; a post without a date is a draft."""
    said: dict[str, Value] = {"date": date.strip()} if date.strip() else {"draft": "true"}
    for key, value in _OPTION.findall(options):
        if key in _LISTS:
            said[_LISTS[key]] = [part.strip() for part in value.split(",") if part.strip()]
        elif key == "language":
            said[key] = value.strip()
    return said


def _filled(header: Header, said: dict[str, Value], line: int) -> Header:
    values = said | {key: value for key, value in header.values.items() if value}
    return replace(header, values=values, lines=dict.fromkeys(said, line) | dict(header.lines))
