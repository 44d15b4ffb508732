"""Plain text into HTML: the title, headings that stand alone, lists and paragraphs."""

from __future__ import annotations

import re
from html import escape

MAX_TITLE = 120
MAX_HEADING = 80

_BLANK = re.compile(r"\n(?:[^\S\n]*\n)+")
# what stands above the title of a press release
_RELEASE = re.compile(r"\W*(?:for immediate release|(?:press|news|media) release)\W*", re.IGNORECASE)
# a line of its own that divides, or ends a release
_DIVIDER = re.compile(r"(?:([#*~_=-])[ \t]?){3,}")
_BULLET = re.compile(r"[*•+-][ \t]+(?=\S)")
_UNDERLINE = re.compile(r"([=\-~^])\1{2,}[ \t]*")
_ADDRESS = re.compile(r"https?://[^\s<>]*[\w/](?=[^\w/]|$)")
_SENTENCE_END = ".!?…:;,。！？：؟۔।"
_QUOTES = "\"'”’»)]"


def title_of(text: str) -> tuple[str, str]:
    """The first line, and the text below it.

    Without a title, and with the whole text, when that line does not stand alone or reads like a sentence
    that something follows.
    """
    first, _, rest = text.lstrip().partition("\n")
    if not _RELEASE.fullmatch(first.strip()):
        return _title_of(first.strip(), rest, text)
    above, *below = _BLANK.split("\n" + rest, maxsplit=1)
    text = "".join(below)
    first, _, rest = text.lstrip().partition("\n")
    title, text = _title_of(first.strip(), rest, text)
    return title, f"{above}\n\n{text}"


def _title_of(title: str, rest: str, text: str) -> tuple[str, str]:
    following, _, below = rest.partition("\n")
    if _UNDERLINE.fullmatch(following):
        rest = below
    elif following.strip():
        return "", text
    return ("", text) if len(title) > MAX_TITLE or title[-1:] in ":;," else (title, rest)


def render(text: str, title: str) -> tuple[str, tuple[str, ...]]:
    """HTML of a text that stands under `title`, and notes on what was left out."""
    blocks = [[line.strip(" \t") for line in block.split("\n")] for block in _BLANK.split(text.strip("\n"))]
    blocks = [block for block in blocks if any(line.strip() for line in block)]
    contents: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    if blocks and (found := _contents(blocks)):
        contents = frozenset(found)
        again = [line for line in blocks[0][len(found) :] if line != title]
        blocks = [[line] for line in again] + blocks[1:]
        notes = (f"a table of contents of {len(found)} lines was left out",)
    if contents and _stands_alone(blocks[-1]) and blocks[-1][0] not in contents:
        notes += (f"the last line heads nothing and was left out: {blocks.pop()[0]}",)
    last = len(blocks) - 1
    return "\n".join(_block(b, contents, at == last) for at, b in enumerate(blocks) if b != [title]), notes


def _contents(blocks: list[list[str]]) -> list[str]:
    """The lines of the first block up to a repetition, when most of them come again standing alone."""
    lines = list(dict.fromkeys(blocks[0]))
    alone = {block[0] for block in blocks[1:] if len(block) == 1} | set(blocks[0][len(lines) :])
    repeated = sum(line in alone for line in lines)
    return lines if len(lines) >= 3 and repeated * 2 > len(lines) and blocks[0][: len(lines)] == lines else []


def _stands_alone(block: list[str]) -> bool:
    line = block[0]
    end = line.rstrip().rstrip(_QUOTES)[-1:]
    return (
        len(block) == 1
        and len(line) <= MAX_HEADING
        and end not in _SENTENCE_END
        and not _BULLET.match(line)
        and any(c.isalpha() for c in line)
        and "://" not in line
    )


def _block(lines: list[str], contents: frozenset[str], last: bool) -> str:
    if len(lines) > 1 and _UNDERLINE.fullmatch(lines[1]):
        heading = f"<h2>{escape(lines[0], quote=False)}</h2>"
        return heading + ("\n" + _block(lines[2:], contents, last) if lines[2:] else "")
    if len(lines) == 1 and _DIVIDER.fullmatch(lines[0].strip()):
        return "<hr>"
    if lines[0] in contents or (_stands_alone(lines) and not last):
        return f"<h2>{escape(lines[0], quote=False)}</h2>"
    if _BULLET.match(lines[0]):
        return _list(lines)
    return f"<p>{_linked(chr(10).join(lines))}</p>"


def _linked(text: str) -> str:
    """The text escaped, its web addresses as links."""
    return _ADDRESS.sub(r'<a href="\g<0>">\g<0></a>', escape(text))


def _list(lines: list[str]) -> str:
    items: list[str] = []
    for line in lines:
        if bullet := _BULLET.match(line):
            items.append(line[bullet.end() :])
        else:
            items[-1] += "\n" + line
    return "<ul>" + "".join(f"<li>{_linked(item)}</li>" for item in items) + "</ul>"
