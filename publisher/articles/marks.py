"""Marks that other programs take out of a text: kramdown's attributes and comments, the place of a table of
contents, the end of a teaser, and what WordPress writes in brackets.
"""

from __future__ import annotations

import re
from html import unescape

from publisher.articles import embeds
from publisher.articles.code_spans import Code

_PAIR = r"(?:[.#][\w:-]+|[\w:-]+=(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s{}\"']+))"
# a space behind the colon tells an attribute list from code such as `{:a => 1}`; else it is read strictly
_MARK = (
    rf"\{{:(?:[ \t][^{{}}\n]*|(?:\s*{_PAIR},?)+\s*|(?:no_)?toc\b[^{{}}\n]*|[\w-]+:(?:\s*{_PAIR})*\s*"
    r"|:(?:options|nomarkdown|comment)\b[^{}\n]*|/[\w-]*)\}"
)
_KRAMDOWN = re.compile(rf"^[ \t>]*{_MARK}[ \t]*(?:\n|\Z)|{_MARK}", re.MULTILINE)
# what kramdown replaces by a table of contents, with the heading that is to stay out of it
_CONTENTS = re.compile(
    r"(?:^##[^\n]*\n\{:[^{}\n]*\bno_toc\b[^{}\n]*\}[ \t]*\n(?:\{:[^\n]*\}[ \t]*\n)?(?:[ \t]*\n)*)?"
    r"^[ >]*(?:[*+-]|1\.)[ \t][^\n]*\n[ >]*\{:[ \t]*toc\b[^{}\n]*\}[ \t]*$",
    re.MULTILINE,
)
_COMMENT = re.compile(r"\{::comment\}[^{]*+(?:\{(?!:/|::comment)[^{]*+)*+\{:/(?:comment)?\}[ \t]*\n?")
_TOC = re.compile(r"^ {0,3}\[(?:toc|\[_?toc_?\])\][ \t]*$", re.MULTILINE | re.IGNORECASE)
_READ_MORE = re.compile(r"^\(?READMORE\)?[ \t]*$", re.MULTILINE)
_CAPTION = re.compile(r"\[/?caption\b[^\[\]]*\]")
_SOURCE = re.compile(
    r"\[(sourcecode|code)((?:\s[^\[\]\n]{0,200})?)\]([^\[]*+(?:\[(?!/?\1\b)[^\[]*+)*+)\[/\1\]"
)
_GALLERY = re.compile(r"\[gallery(?:\s+\w+=[^\[\]\n]*)?\](?![(\[:])")
_EMBED = re.compile(
    r"\[embed\b[^\[\]\n]*\]\s*(https?:[^\s\[\]]+)\s*\[/embed\]|\[(?:youtube|vimeo)[= ](https?:[^\s\[\]]+)\]"
)
_BRACKETS = re.compile(
    r"\[(?:/(?:caption|code|embed|sourcecode)|gallery|youtube|vimeo|\[?_?toc)", re.IGNORECASE
)
_LANGUAGE = re.compile(r"\blang(?:uage)?=[\"']?([\w+#-]+)")
_BREAK = re.compile(r"<br ?/?>\n?|</?p>")


def removed(text: str, *, markdown: bool, language: str) -> str:
    """The text without such marks, except where it is code.

    What WordPress marks as code becomes code, and what it embeds a link with words in `language`.
    """
    if "{:" in text:
        text = outside(_COMMENT, "", text, markdown)
        text = outside(_KRAMDOWN, "", _CONTENTS.sub("", text), markdown)
    if _BRACKETS.search(text):
        text = _SOURCE.sub(lambda found: _block(found, markdown), _CAPTION.sub("", text))
        text = outside(_TOC, "", outside(_GALLERY, "", text, markdown), markdown)
        text = _EMBED.sub(lambda found: embeds.link(found[1] or found[2], language), text)
    return outside(_READ_MORE, "<!--more-->", text, markdown) if "READMORE" in text else text


def outside(pattern: re.Pattern[str], instead: str, text: str, markdown: bool) -> str:
    """The text with what matches replaced, but not in its code."""
    if not pattern.search(text):
        return text
    code = Code(text if markdown else "")
    return pattern.sub(lambda found: found[0] if code.holds(found.start()) else found.expand(instead), text)


def _block(found: re.Match[str], markdown: bool) -> str:
    """A block of code; what it holds may have been escaped and broken into lines for HTML."""
    named = _LANGUAGE.search(found[2])
    language, code = named[1] if named else "", _BREAK.sub("\n", found[3]).strip("\n")
    if markdown:
        return f"\n\n~~~{language}\n{unescape(code)}\n~~~\n\n"
    return f'<pre><code class="language-{language}">{code}</code></pre>'
