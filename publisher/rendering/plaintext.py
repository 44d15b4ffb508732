"""HTML as text to read: the text part of a letter, an introduction or a table, written and not scraped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from publisher.rendering import markup
from publisher.rendering.markup import Element
from publisher.rendering.wrapping import WIDTH, fold, width, wrap

_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_GROUPS = {
    "address",
    "article",
    "aside",
    "body",
    "center",
    "details",
    "div",
    "figure",
    "footer",
    "header",
    "main",
}
_WRITTEN = {
    "blockquote",
    "dd",
    "dl",
    "dt",
    "figcaption",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "summary",
    "table",
    "ul",
}
_BLOCKS = _HEADINGS | _GROUPS | _WRITTEN | {"nav", "section"}
_SILENT = {"head", "iframe", "object", "script", "style", "svg", "template", "title"}
_LEAST = 24


def plain(html: str, columns: int = WIDTH) -> str:
    """The text of an HTML fragment, wrapped; links are numbered, and their addresses stand at the end."""
    writer = _Writer()
    blocks = writer.blocks(markup.fragment(html), columns)
    if writer.links:
        blocks.append([f"[{n}] {link}" for n, link in enumerate(writer.links, 1)])
    return "\n\n".join("\n".join(block) for block in blocks if any(block))


class _Writer:
    """Walks a tree once; a block is a list of lines."""

    def __init__(self) -> None:
        self.links: list[str] = []

    def blocks(self, element: Element, columns: int) -> list[list[str]]:
        """The blocks inside an element; runs of inline content between them are paragraphs of their own."""
        found: list[list[str]] = []
        run = _flow(element.text)
        for child in element:
            if child.tag in _BLOCKS:
                found += [wrap(run, columns)] if fold(run) else []
                run = _flow(child.tail)
                found += self._block(child, columns)
            else:
                run += self._inline(child) + _flow(child.tail)
        return found + ([wrap(run, columns)] if fold(run) else [])

    def _block(self, element: Element, columns: int) -> list[list[str]]:
        special: dict[str, Callable[[Element, int], list[list[str]]]] = {
            "blockquote": lambda e, c: _prefixed(self.blocks(e, max(c - 2, _LEAST)), "> ", "> "),
            "dd": lambda e, c: _prefixed(self.blocks(e, max(c - 4, _LEAST)), "    ", "    "),
            "hr": lambda _, c: [["* * *".center(c).rstrip()]],
            "ol": self._list,
            "pre": lambda e, _: [e.text_content().strip("\n").split("\n")],
            "table": self._table,
            "ul": self._list,
        }
        if write := special.get(element.tag):
            return write(element, columns)
        if element.tag in _HEADINGS:
            return [_heading(self._text(element), element.tag, columns)]
        return self.blocks(element, columns)

    def _list(self, element: Element, columns: int) -> list[list[str]]:
        number = _number(element.get("start"), 1)
        tight = element.find("./li/p") is None
        found: list[list[str]] = []
        for item in element.iterchildren("li"):
            number = _number(item.get("value"), number)
            sign = f"{number}. " if element.tag == "ol" else "- "
            number += 1
            blocks = self.blocks(item, max(columns - len(sign), _LEAST))
            found += _prefixed(_joined(blocks) if tight else blocks, sign, " " * len(sign))
        return _joined(found) if tight else found

    def _table(self, element: Element, columns: int) -> list[list[str]]:
        rows = [[self._text(cell) for cell in row.iterchildren("td", "th")] for row in element.iter("tr")]
        rows = [row for row in rows if any(row)]
        caption = [wrap(self._text(found), columns) for found in element.iterchildren("caption")]
        if not rows:
            return caption
        wide = [max(width(cell) for cell in column) for column in _columns(rows)]
        fits = sum(wide) + 3 * (len(wide) - 1) <= columns
        headed = element.find(".//th") is not None
        right = [_is_right(cell) for cell in [*element.iter("tr")][-1].iterchildren("td", "th")]
        return caption + ([_grid(rows, wide, right, headed)] if fits else _records(rows, headed, columns))

    def _text(self, element: Element) -> str:
        """Everything in an element as one line."""
        return fold(_flow(element.text) + "".join(self._inline(e) + _flow(e.tail) for e in element))

    def _inline(self, element: Element) -> str:
        if not isinstance(element.tag, str) or element.tag in _SILENT:
            return ""
        if element.tag == "br":
            return "\n"
        if element.tag == "img":
            return f"[{fold(alt)}]" if (alt := element.get("alt", "")) else ""
        if element.tag == "sup":
            return _raised(fold(_flow(element.text_content())))
        text = _flow(element.text) + "".join(self._inline(e) + _flow(e.tail) for e in element)
        return self._link(element.get("href") or "", text) if element.tag == "a" else text

    def _link(self, href: str, text: str) -> str:
        shown = href.removeprefix("mailto:").rstrip("/")
        if not href or href.startswith("#") or not text.strip() or text.strip().rstrip("/") == shown:
            return text
        if href not in self.links:
            self.links.append(href)
        return f"{text} [{self.links.index(href) + 1}]"


def _flow(text: str | None) -> str:
    """Text between tags, whose line breaks are only spaces."""
    return (text or "").replace("\n", " ").replace("\r", " ")


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdecimal() else otherwise


def _raised(text: str) -> str:
    """What stands above the line: `^2`, but `1st`."""
    return text if text.isalpha() else f"^{text}" if text else ""


def _joined(blocks: list[list[str]]) -> list[list[str]]:
    return [list(chain.from_iterable(blocks))]


def _prefixed(blocks: list[list[str]], first: str, rest: str) -> list[list[str]]:
    """Blocks joined into one, with `first` before its first line and `rest` before the others."""
    lines = [line for block in blocks if any(block) for line in ("", *block)][1:] or [""]
    return [
        [(rest if i else first) + line if line or not i else rest.rstrip() for i, line in enumerate(lines)]
    ]


def _heading(text: str, tag: str, columns: int) -> list[str]:
    if not text:
        return []
    lines = wrap(text, columns)
    return (
        [*lines, "-" * min(max(map(width, lines)), columns)]
        if tag in ("h1", "h2")
        else wrap(text.upper(), columns)
    )


def _columns(rows: list[list[str]]) -> Iterator[list[str]]:
    for index in range(max(map(len, rows))):
        yield [row[index] if index < len(row) else "" for row in rows]


def _is_right(cell: Element) -> bool:
    return "right" in (cell.get("align") or cell.get("style") or "")


def _grid(rows: list[list[str]], wide: list[int], right: list[bool], headed: bool) -> list[str]:
    def padded(index: int, cell: str) -> str:
        gap = " " * (wide[index] - width(cell))
        return gap + cell if right[index : index + 1] == [True] else cell + gap

    lines = ["   ".join(padded(i, cell) for i, cell in enumerate(row)).rstrip() for row in rows]
    return [lines[0], "   ".join("-" * size for size in wide), *lines[1:]] if headed else lines


def _records(rows: list[list[str]], headed: bool, columns: int) -> list[list[str]]:
    """A table too wide for its lines: one block per row, one line per cell."""
    names, rows = (rows[0], rows[1:]) if headed and len(rows) > 1 else ([], rows)
    return [
        [
            line
            for i, cell in enumerate(row)
            for line in _prefixed(
                [wrap(f"{names[i]}: {cell}" if i < len(names) and names[i] else cell, columns - 2)], "", "  "
            )[0]
        ]
        for row in rows
    ]
