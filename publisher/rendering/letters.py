"""An article's HTML made fit for mail: nothing that runs, frames or fetches, and widths as attributes."""

from __future__ import annotations

from urllib.parse import urlsplit

from publisher.languages import Phrasebook
from publisher.rendering import markup
from publisher.rendering.markup import Element

_RUNNING = {"script", "iframe", "object", "embed", "svg", "canvas", "map", "template", "noscript"}
_FORMS = {"form", "button", "select", "textarea"}
_DROPPED = _RUNNING | _FORMS | {"base", "head", "link", "meta", "source", "style", "title", "track"}
_MOST = 40_000
_KEPT = {
    "align",
    "alt",
    "colspan",
    "dir",
    "href",
    "lang",
    "rowspan",
    "src",
    "start",
    "style",
    "title",
    "value",
}


def adapt(html: str, address: str, measure: int, book: Phrasebook) -> tuple[str, bool]:
    """The inner HTML of an article whose page is at `address`, for a column of `measure` pixels.

    What has to be said instead of a film or a sound is said in the words of `book`.
    The flag says whether it is only the beginning: no mail holds more than some 100 kB.
    """
    body = markup.fragment(html)
    shortened = _shorten(body)
    for element in list(body.iterdescendants()):
        if not isinstance(element.tag, str) or element.tag in _DROPPED:
            element.drop_tree()
    letter = _Letter(address, measure, book)
    for element in list(body.iterdescendants()):
        letter.adapt(element)
    return markup.inner(body).strip(), shortened


def _shorten(element: Element) -> bool:
    """Keep the first blocks, as many as fit; says whether any was left out."""
    if (
        len(element) == 1
        and not (element.text or "").strip()
        and element[0].tag in ("article", "div", "section")
    ):
        return _shorten(element[0])
    left = _MOST
    for child in list(element):
        left -= markup.size(child) if left >= 0 else 0
        if left < 0:
            element.remove(child)
    return left < 0


class _Letter:
    """One element after the other, each in its place in the tree."""

    def __init__(self, address: str, measure: int, book: Phrasebook) -> None:
        self._address, self._measure, self._book = address, measure, book
        self._by_tag = {
            "a": self._link,
            "audio": self._media,
            "h1": self._heading,
            "img": self._image,
            "input": self._checkbox,
            "table": self._table,
            "video": self._media,
        }

    def adapt(self, element: Element) -> None:
        """Change one element for mail, or take it out."""
        # colours of code and the sides of table cells stay; the ground of code is the stylesheet's
        in_code = element.tag == "span" and next(element.iterancestors("pre"), None) is not None
        if not (in_code or element.tag in ("td", "th")) or "url(" in element.get("style", "").lower():
            element.attrib.pop("style", None)
        if change := self._by_tag.get(element.tag):
            change(element)
        for name in set(element.attrib) - _KEPT:
            if element.tag not in ("img", "table"):
                del element.attrib[name]

    def _link(self, element: Element) -> None:
        """Footnotes are in the mail already: no links to and from them."""
        href = element.get("href", "")
        inside = href.startswith(("#", f"{self._address}#"))
        if inside and (element.text or "").startswith("\u21a9"):
            element.drop_tree()
        elif inside and element.getparent().tag == "sup":
            element.drop_tag()
        elif href.startswith("#"):
            element.set("href", self._address + href)
        elif urlsplit(href).scheme not in ("http", "https", "mailto", "tel"):
            element.attrib.pop("href", None)

    def _image(self, element: Element) -> None:
        source, alt, given = (element.get(name, "") for name in ("src", "alt", "width"))
        if urlsplit(source).scheme not in ("http", "https"):
            _replace(element, alt)
            return
        width = min(int(given), self._measure) if given.isdecimal() and int(given) else self._measure
        element.attrib.clear()
        element.attrib.update({"src": source, "alt": alt, "width": str(width), "border": "0"})

    def _table(self, element: Element) -> None:
        element.attrib.clear()
        element.attrib.update({"cellpadding": "0", "cellspacing": "0", "border": "0"})

    def _media(self, element: Element) -> None:
        """A film or a sound cannot play in mail: a link to it can."""
        where, tail = element.get("src") or self._address, element.tail
        gettext = self._book.gettext
        word = gettext("Listen to the recording") if element.tag == "audio" else gettext("Watch the film")
        element.clear()
        element.tag, element.text, element.tail = "a", word, tail
        element.set("href", where)

    def _heading(self, element: Element) -> None:
        element.tag = "h2"

    def _checkbox(self, element: Element) -> None:
        sign = "☑ " if "checked" in element.attrib else "☐ "
        _replace(element, sign if element.get("type") == "checkbox" else "")


def _replace(element: Element, text: str) -> None:
    element.tail = text + (element.tail or "")
    element.drop_tree()
