"""The two parts of a mail, as its own templates made them, held against what mailbox providers ask."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml.html import HtmlElement, HTMLParser, document_fromstring

from publisher.model.fields import address_mark
from publisher.model.findings import Finding
from publisher.model.mail import Variant

_DANGEROUS = (
    "applet",
    "base",
    "embed",
    "form",
    "frame",
    "iframe",
    "input",
    "link",
    "object",
    "script",
    "svg",
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])", re.IGNORECASE)
_LEAVE = address_mark("unsubscribe")
_PARSER = HTMLParser(huge_tree=True)


def look(place: str, variant: Variant, postal_address: str) -> Iterator[Finding]:
    """What is wrong with a variant; `place` is its newsletter."""
    html, text = "".join(variant.html), "".join(variant.text)
    root = document_fromstring(html, parser=_PARSER)
    for rule, message in (*_html(root), *_leaving(root, text), *_imprint(root, text, postal_address)):
        yield Finding(place, rule, message, "error")
    for rule, message in (*_pictures(root), *_words(root, text), *_subject(variant.subject)):
        yield Finding(place, rule, message, "warning")


def silent(place: str, variant: Variant) -> Iterator[Finding]:
    """Pictures of a variant that say nothing where they are not shown, as most programs begin."""
    for image in document_fromstring("".join(variant.html), parser=_PARSER).iter("img"):
        if "alt" in image.attrib and not image.get("alt", "").strip():
            message = f"a picture says nothing where it is not shown: {image.get('src', '')[:80]}"
            yield Finding(place, "alternative text", message, "warning")


def _html(root: HtmlElement) -> Iterator[tuple[str, str]]:
    """Nothing that acts, and whole addresses: a mail is nowhere that a path could count from."""
    for element in root.iter(*_DANGEROUS):
        yield "mail html", f"<{element.tag}> is dropped, or the mail is refused for it"
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        if scripts := [name for name in element.attrib if name.startswith("on")]:
            yield "mail html", f"{scripts[0]} on <{element.tag}> is a script"
        for name in ("href", "src", "background"):
            value = element.get(name, "").strip() if name in element.attrib else "#"
            if value.lower().startswith(("javascript:", "vbscript:")):
                yield "mail html", f"{name} of <{element.tag}> is a script"
            elif not re.match(r"#|[A-Za-z][A-Za-z0-9+.-]*:", value):
                yield "mail address", f"{name} of <{element.tag}> leads nowhere from a mail: {value[:80]!r}"


def _leaving(root: HtmlElement, text: str) -> Iterator[tuple[str, str]]:
    seen = [
        link
        for link in root.iter("a")
        if _LEAVE in link.get("href", "") and link.text_content().strip() and not _hidden(link)
    ]
    if not seen:
        yield "unsubscribe link", "the HTML part has no visible link to unsubscribe"
    if _LEAVE not in text:
        yield "unsubscribe link", "the text part has no address to unsubscribe"


def _imprint(root: HtmlElement, text: str, postal_address: str) -> Iterator[tuple[str, str]]:
    lines = [" ".join(line.split()) for line in postal_address.splitlines() if line.strip()]
    for part, words in (("HTML", root.text_content()), ("text", text)):
        said = " ".join(words.split())
        if missing := [line for line in lines if line not in said]:
            yield "postal address", f"the {part} part does not say it: {missing[0]}"


def _pictures(root: HtmlElement) -> Iterator[tuple[str, str]]:
    for image in root.iter("img"):
        source = image.get("src", "")
        if "alt" not in image.attrib:
            yield "alternative text", f"a picture of the mail has no alt: {source[:80]}"
        if source[:5].lower() == "data:":
            yield "mail html", "a picture is carried as data: most mail programs do not show it"


def _words(root: HtmlElement, text: str) -> Iterator[tuple[str, str]]:
    if not (root.get("lang") and root.get("dir")):
        yield "language", "<html> of the mail says neither language nor direction: it needs lang and dir"
    if not text.strip():
        yield "text part", "is empty"
    elif found := re.search(r"</?(?:p|div|table|td|span|a|br|img)\b[^<>]*>", text):
        yield "text part", f"holds HTML: {found[0][:60]}"
    said = [e for e in root.iter() if isinstance(e.tag, str) and _HIDDEN.search(e.get("style", ""))]
    outermost = [e for e in said if e.getparent() not in said and e.text_content().strip()]
    if len(outermost) > 1:
        yield (
            "hidden text",
            f"{len(outermost)} hidden texts: beside the preheader, filters take it for a trick",
        )


def _hidden(element: HtmlElement) -> bool:
    return any(_HIDDEN.search(one.get("style", "")) for one in (element, *element.iterancestors()))


def _subject(subject: str) -> Iterator[tuple[str, str]]:
    if re.match(r"\s*(re|fwd?|aw|wg)\s*:", subject, re.IGNORECASE):
        yield "subject", f"looks like an answer that it is not: {subject[:60]}"
