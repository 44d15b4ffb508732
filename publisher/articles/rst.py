"""reStructuredText into HTML by docutils, which may open no file and no address, and never takes long.

What docutils cannot read in bounds is read as plain text, and said so.
"""

from __future__ import annotations

import re
from html import unescape
from threading import Lock
from typing import Any

from docutils import nodes
from docutils.core import publish_parts
from docutils.parsers.rst import Directive, Parser, directives, roles
from docutils.parsers.rst.languages import en

from publisher.articles import embeds, plain

_MOST, _MOST_BLOCK, _MOST_LINES, _MOST_FAULTS = 200_000, 20_000, 50_000, 1_000
_SETTINGS = {
    "_disable_config": True,
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "halt_level": 5,
    "report_level": 5,
    "docinfo_xform": False,
    "sectsubtitle_xform": False,
    "initial_header_level": 2,
    "syntax_highlight": "none",
    "math_output": "LaTeX",
    "strip_comments": True,
    "toc_backlinks": False,
    "line_length_limit": _MOST_BLOCK,
    "warning_stream": False,
    "embed_stylesheet": False,
    "stylesheet_path": "",
    "datestamp": None,
}
_BLANK = re.compile(r"\n[ \t]*\n")
_CODE = re.compile(r"<pre class=\"code ([^\"]*)\"><code>")
_LITERAL = re.compile(r"<span class=\"docutils literal\">(.*?)</span>", re.DOTALL)
_FOOTNOTE = re.compile(
    r"<aside class=\"(?:footnote|citation)[^\"]*\" id=\"([^\"]+)\"[^>]*>\s*<span class=\"label\">"
    r"<span class=\"fn-bracket\">\[</span>(?:<a role=\"doc-backlink\" href=\"([^\"]*)\">)?([^<]*)"
)
_SECTION = re.compile(r"<section id=\"([^\"]*)\">\s*<(h[1-6])>")
_ADMONISHES = re.compile(r"<p class=\"admonition-title\">(.*?)</p>")
_SUBTITLE = re.compile(r"<p class=\"subtitle\" id=\"([^\"]*)\">(.*?)</p>", re.DOTALL)
_NAMED = re.compile(r"^[ \t]*\.\.[ \t](?:\|[^|\n]+\|[ \t])?([\w:+.-]+?)[ \t]?::(?:\s|$)", re.MULTILINE)
_ROLE = re.compile(r":([A-Za-z][\w:+.-]*):`")
_TARGET = re.compile(r"(.*?)\s*<([^<>]+)>\s*\Z", re.DOTALL)
# Nikola's, on a line of its own: what it does a directive of the same name does
_SHORTCODE = re.compile(r"^\{\{%[ \t]*(/?)([A-Za-z][\w-]*)[ \t]*(.*?)[ \t]*%\}\}[ \t]*$", re.MULTILINE)
_PICTURE = re.compile(r"[\"']?([^\"'\s]+\.(?:png|jpe?g|gif|webp|avif))[\"']?", re.IGNORECASE)
_ALT = re.compile(r":alt: (.*?)(?= :[a-z-]+: |$)")
# they read the clock, list what a page has anyway, or cannot be honoured
_DROPPED = ("date", "contents", "include", "header", "footer", "meta", "post-list", "listing")
# what they say of the article is known already (`sphinx`), or nothing is to be said
_READ = frozenset({"post", "update", "author", "categories", "tags", "comments", "more"})
# docutils keeps its directives and roles in one place for the whole process
_LOCK = Lock()
# from this level of fault on docutils leaves out what it does not understand
_LOSES = 3


class _TooLong(Exception):
    """It would take too long."""


def render(text: str, mark: str, language: str, *, titled: bool) -> tuple[str, str, tuple[str, ...]]:
    """The title it begins with, unless it is `titled` already, HTML to be sanitised, and notes.

    `mark` sets its footnotes apart from those of other articles; `language` is that of words put in.
    """
    if "{{%" in text:
        text = _SHORTCODE.sub(lambda tag: "" if tag[1] else f".. {tag[2]}:: {tag[3]}\n", text)
    try:
        if len(text) > _MOST or max(map(len, _BLANK.split(text))) > _MOST_BLOCK:
            raise _TooLong
        with _LOCK:
            return _published(text, mark, language, titled)
    except Exception:  # docutils raises whatever it likes over markup that nobody meant
        html, notes = plain.render(text, "")
        return "", html, (*notes, "its reStructuredText is beyond what is read: it was read as plain text")


def _published(text: str, mark: str, language: str, titled: bool) -> tuple[str, str, tuple[str, ...]]:
    dropped: dict[str, None] = {}
    before = dict(roles._roles), dict(directives._directives)
    parser = _Bounded()
    settings = {**_SETTINGS, "id_prefix": f"{mark}-", "doctitle_xform": not titled}
    try:
        _prepare(text, language, dropped)
        parts: dict[str, str] = publish_parts(
            text, parser=parser, writer="html5", settings_overrides=settings
        )
    finally:
        for registry, kept in zip((roles._roles, directives._directives), before, strict=True):
            registry.clear()
            registry.update(kept)
    notes: tuple[str, ...] = (f"directives were dropped: {', '.join(dropped)}",) if dropped else ()
    if parser.faults:
        notes += (f"{len(parser.faults)} faults in its reStructuredText, the first: {parser.faults[0]}",)
    # the only section below a title becomes a subtitle
    below = _SUBTITLE.search(parts["body_pre_docinfo"])
    heading = f'<h2 id="{below[1]}">{below[2]}</h2>\n' if below else ""
    return unescape(parts["title"]), heading + _tidy(parts["fragment"]), notes


def _tidy(html: str) -> str:
    """docutils' HTML with the elements and the places of anchors that other articles have."""
    html = _SECTION.sub(r'<\2 id="\1">', html).replace("</section>", "")
    html = _ADMONISHES.sub(r"<p><strong>\1</strong></p>", html)
    html = _LITERAL.sub(r"<code>\1</code>", html)
    html = _FOOTNOTE.sub(r'<aside><span><span>[</span><a id="\1" href="\2">\3', html)
    return _CODE.sub(lambda code: f'<pre><code class="language-{_language(code[1])}">', html)


def _language(classes: str) -> str:
    return next((name for name in classes.split() if name != "literal-block"), "text")


class _Budget:
    def __init__(self, most: int) -> None:
        self.left = most

    def spend(self) -> None:
        """Take one. Raises _TooLong."""
        self.left -= 1
        if self.left < 0:
            raise _TooLong


class _Bounded(Parser):  # type: ignore[misc]
    """The parser, with every line counted that it looks at; what stands inside others is looked at again."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def parse(self, inputstring: str, document: nodes.document) -> None:
        """Parse into `document`. Raises _TooLong."""
        noted = document.note_source
        lines, faults = _Budget(_MOST_LINES), _Budget(_MOST_FAULTS)

        def counted(source: Any, offset: int | None) -> None:
            lines.spend()
            noted(source, offset)

        document.note_source = counted

        def fault(message: nodes.system_message) -> None:
            faults.spend()
            if message["level"] >= _LOSES:
                self.faults.append(message.astext().split("\n", 1)[0])

        document.reporter.attach_observer(fault)
        super().parse(inputstring, document)


def _prepare(text: str, language: str, dropped: dict[str, None]) -> None:
    """Directives and roles for this text: docutils' own are safe; what it does not know keeps its content."""
    for name in {found[1].lower() for found in _NAMED.finditer(text)}:
        if name not in en.directives or name in _DROPPED or name == "raw":
            directives.register_directive(name, _directive(name, language, dropped))
    for name in {found[1].lower() for found in _ROLE.finditer(text)}:
        if name not in en.roles and name not in roles._roles:
            roles.register_local_role(name, _role)


def _directive(name: str, language: str, dropped: dict[str, None]) -> type[Directive]:
    class Kept(Directive):  # type: ignore[misc]
        """Shows what it holds."""

        has_content = True
        optional_arguments = 50

        def run(self) -> list[nodes.Node]:
            if name == "raw":
                html = self.arguments[:1] == ["html"]
                return [nodes.raw("", "\n".join(self.content), format="html")] if html else []
            if shown := embeds.of_tag(name, " ".join(self.arguments), language):
                return [nodes.raw("", f"<p>{shown}</p>", format="html")]
            box = nodes.container()
            if picture := _PICTURE.fullmatch(self.arguments[0]) if self.arguments else None:
                alt = _ALT.search(" ".join(self.arguments))
                box += nodes.image(uri=picture[1], alt=alt[1] if alt else "")
            elif name not in _READ:
                dropped[name] = None
            if name in _DROPPED:
                return []
            self.state.nested_parse(self.content, self.content_offset, box)
            return list(box.children)

    return Kept


def _role(
    _name: str, _raw: str, text: str, *_rest: Any, **_options: Any
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    # `~` shortens what it names, `!` only keeps it from being a link
    text = nodes.unescape(text).lstrip("~!")
    target = _TARGET.match(text)
    return [nodes.inline("", target[1] if target else text)], []
