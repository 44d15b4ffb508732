"""Markdown into HTML: CommonMark with tables, footnotes, definitions, task lists and heading attributes."""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from typing import ClassVar

import pyromark
from pygments import highlight as highlighted
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.styles.default import DefaultStyle
from pygments.token import Whitespace
from pygments.util import ClassNotFound

from publisher.articles import extensions

_OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_FOOTNOTES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_HEADING_ATTRIBUTES
)
_DEFINITIONS = _OPTIONS | pyromark.Options.ENABLE_DEFINITION_LIST
_REFERENCE = re.compile(r'<sup class="footnote-reference"><a href="#[^"]*">(\d+)</a></sup>')
_DEFINITION = re.compile(
    r'<div class="footnote-definition" id="[^"]*"><sup class="footnote-definition-label">(\d+)</sup>\s*'
)
_BOX = re.compile(r'<input disabled="" type="checkbox"( checked="")?/>\s*')
_OPEN, _CLOSE = "<pre><code", "</code></pre>"
# a ground of its own, so that it reads on a dark page and in a dark mail too
_GROUND = "background-color:#f8f8f8;color:#222222"
_MOST_HIGHLIGHTED = 100_000


class _Style(DefaultStyle):  # type: ignore[misc]
    # white space in grey would be a quarter of the bytes of a mail
    styles: ClassVar = {**DefaultStyle.styles, Whitespace: ""}


_FORMATTER = HtmlFormatter(style=_Style, noclasses=True, nowrap=True)


def render(text: str, mark: str, *, highlight: bool = True) -> str:
    """HTML that is not sanitised yet. `mark` sets the footnotes of one article apart from those of others."""
    options = _DEFINITIONS if extensions.defines(text) else _OPTIONS
    html = extensions.resolved(pyromark.html(text, options=options))
    if "footnote-" in html:
        html = _footnotes(html, mark)
    if "<input" in html:
        html = _BOX.sub(lambda box: "\u2611 " if box[1] else "\u2610 ", html)
    return coloured(html, highlight=highlight)


def _footnotes(html: str, mark: str) -> str:
    """References and notes that link to each other; the notes stand at the end."""
    seen: set[str] = set()

    def reference(found: re.Match[str]) -> str:
        number = found[1]
        anchor = "" if number in seen else f' id="fnref-{mark}-{number}"'
        seen.add(number)
        return f'<sup{anchor}><a href="#fn-{mark}-{number}">{number}</a></sup>'

    pieces = _DEFINITION.split(_REFERENCE.sub(reference, html))
    body, notes = [pieces[0]], {}
    for number, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        note, _, rest = piece.partition("</div>")
        back = f' <a href="#fnref-{mark}-{number}">\u21a9\ufe0e</a>' if number in seen else ""
        text = note.rstrip()
        text = text.removesuffix("</p>") + back + "</p>" if text.endswith("</p>") else text + back
        notes[int(number)] = f'<li id="fn-{mark}-{number}" value="{number}">{text}</li>\n'
        body.append(rest)
    listed = "".join(note for _, note in sorted(notes.items()))
    return "".join(body) + (f"<hr>\n<ol>\n{listed}</ol>\n" if listed else "")


def coloured(html: str, *, highlight: bool = True) -> str:
    """Every block of code on its own ground, coloured by inline styles where the language is known.

    Without `highlight` in one colour.
    """
    first, *blocks = html.split(_OPEN)
    pieces, left = [first], _MOST_HIGHLIGHTED * 3
    for block in blocks:
        start, end, rest = block.partition(_CLOSE)
        attributes, closed, code = start.partition(">")
        if not end or not closed:
            pieces.append(_OPEN + block)
            continue
        name = re.search(r'class="(?:language-)?([^"\s{,]+)', attributes)
        if highlight and name and len(code) <= min(_MOST_HIGHLIGHTED, left) and "<" not in code:
            left -= len(code)
            code = _highlighted(code, name[1].lower())
        pieces.append(f'<pre style="{_GROUND}"><code>{code}{_CLOSE}{rest}')
    return "".join(pieces)


def _highlighted(code: str, language: str) -> str:
    lexer = _lexer(language)
    return str(highlighted(unescape(code), lexer, _FORMATTER)) if lexer else code


@lru_cache(maxsize=256)
def _lexer(language: str) -> Lexer | None:
    if language in ("text", "plain", "plaintext", "txt", "none", "nohighlight"):
        return None
    try:
        return get_lexer_by_name(unescape(language), stripnl=False)
    except ClassNotFound:
        return None
