"""Fields in mail templates (rule 15): marked when a template is parsed, checked when it is rendered.

While a template renders, each mark carries a secret and the place where it was written. Only marks with the
secret survive: whatever looks like a mark in an article or in the configuration is taken apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from html import escape, unescape
from html.parser import HTMLParser

from jinja2 import nodes

from publisher.errors import ContentError
from publisher.model import fields

SLOTS = ("subject", "preheader", "intro", "stories", "more")
_ADDRESSES = {f"{name}_url": name for name in fields.ADDRESSES}
_OWNERS = {"subscriber", "subscription", "slot"}
_RAW = {"style", "script", "title", "textarea", "xmp", "noscript", "iframe", "noembed", "noframes"}
_TRANSLATING = {"gettext", "ngettext", "pgettext", "_"}
_CHANGING = (nodes.Macro, nodes.CallBlock, nodes.FilterBlock, nodes.AssignBlock)
_ALLOWED = 'only {{ %s }} or {{ %s | fallback("…") }}, in the text, is allowed'


def place(tree: nodes.Template, file: str, secret: str) -> None:
    """Replace every field in `tree` by a mark that carries the secret, the file and the line.

    Raises ContentError for a field that anything but one `fallback` with a constant string is done to.
    """
    for call in tree.find_all(nodes.Call):
        # a field in a sentence that is translated
        if isinstance(call.node, nodes.Name) and call.node.name in _TRANSLATING:
            for given in call.kwargs:
                given.value = _placed(given.value, file, secret) or given.value
    for output in tree.find_all(nodes.Output):
        output.nodes = [_placed(node, file, secret) or node for node in output.nodes]
    for node in tree.find_all((nodes.Getattr, nodes.Name)):
        if name := _name(node):
            raise _misused(file, node.lineno, name)
    for loose in tree.find_all(nodes.Name):
        if loose.name in _OWNERS:
            raise _misused(file, loose.lineno, f"{loose.name}.NAME")
    for block in tree.find_all(_CHANGING):
        for const in block.find_all(nodes.Const):
            if isinstance(const.value, str) and secret in const.value:
                raise ContentError(
                    file, const.lineno, "", "a field cannot stand in a macro, set, call or filter block"
                )


def finish(text: str, secret: str, name: str, translated: Callable[[str], str] = str) -> str:
    """Check the marks in what template `name` rendered, take off their secrets, and take false ones apart.

    Fallbacks are `translated`.

    Raises ContentError for a field in a tag (addresses excepted), in a comment, or in `<style>` and its like.
    """
    if name.endswith(".html") and secret in text:
        checker = _Checker(secret)
        checker.feed(text)
        checker.close()
    parts = re.split(_pattern(secret), text)
    parts[::4] = [_harmless(part) for part in parts[::4]]
    parts[3::4] = [_translated(part, translated, name.endswith(".html")) for part in parts[3::4]]
    clean = "".join(
        part if i % 4 == 0 else _final(part, parts[i + 2]) for i, part in enumerate(parts) if i % 4 in (0, 1)
    )
    if secret in clean.lower():
        raise ContentError(name, 0, "", "a field was changed by a filter after it was rendered")
    return clean


def plain_fallbacks(html: str) -> str:
    """Finished HTML in which the fallbacks of marks are plain text, as they are in every other part."""
    pattern = f"({fields.OPEN}[^{fields.MIDDLE}]*{fields.MIDDLE})([^{fields.CLOSE}]*)"
    return re.sub(pattern, lambda found: found[1] + unescape(found[2]), html)


def _placed(node: nodes.Expr, file: str, secret: str) -> nodes.Const | None:
    """The mark for one `{{ … }}`; None for what is no field."""
    fallback = ""
    if isinstance(node, nodes.Filter) and node.name == "fallback" and _name(node.node):
        values = [arg.value for arg in map(_untranslated, node.args) if isinstance(arg, nodes.Const)]
        if (
            len(node.args) != 1
            or node.kwargs
            or node.dyn_args
            or not values
            or not isinstance(values[0], str)
        ):
            raise _misused(file, node.lineno, _name(node.node))
        fallback, node = values[0], node.node or node
    name = _name(node)
    if not name:
        return None
    owner, _, attribute = name.partition(".")
    if owner == "slot" and attribute not in SLOTS:
        raise ContentError(file, node.lineno, name, f"expected one of slot.{', slot.'.join(SLOTS)}")
    if owner == "subscription" and attribute != "choice":
        raise ContentError(file, node.lineno, name, "expected subscription.choice")
    # a line break in the fallback would break headers and the columns of the text part
    marked = fields.mark(f"{secret}@{name}@{node.lineno}@{file}", " ".join(fallback.split()))
    return nodes.Const(marked, lineno=node.lineno)


def _untranslated(node: nodes.Expr) -> nodes.Expr:
    """What `_("…")` is about: a fallback is translated when all else is rendered."""
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "_":
        return node.args[0] if len(node.args) == 1 and not node.kwargs else node
    return node


def _translated(fallback: str, translated: Callable[[str], str], html: bool) -> str:
    """A fallback in the language of the mail; it stays one line and one field."""
    if not fallback:
        return ""
    words = " ".join(translated(unescape(fallback) if html else fallback).split()).translate(fields.RESERVED)
    return escape(words) if html else words


def _name(node: nodes.Node | None) -> str:
    """The field that an expression names; empty for any other expression."""
    if isinstance(node, nodes.Name):
        return node.name if node.name in _ADDRESSES else ""
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name in _OWNERS:
        return f"{node.node.name}.{node.attr}"
    return ""


def _misused(file: str, line: int, name: str) -> ContentError:
    return ContentError(file, line, name, _ALLOWED % (name, name))


def _pattern(secret: str) -> str:
    head = f"{fields.OPEN}{secret}@([^@]+)@(\\d+)@[^{fields.MIDDLE}]*"
    return f"{head}{fields.MIDDLE}([^{fields.CLOSE}]*){fields.CLOSE}"


def _final(name: str, fallback: str) -> str:
    return fields.address_mark(_ADDRESSES[name]) if name in _ADDRESSES else fields.mark(name, fallback)


def _harmless(text: str) -> str:
    if ".field.invalid" in text:
        text = text.replace(".field.invalid", ".field.example")
    return text.translate(fields.RESERVED) if any(map(text.__contains__, map(chr, fields.RESERVED))) else text


class _Checker(HTMLParser):
    """Refuses marks where a mail program would not show them as text."""

    def __init__(self, secret: str) -> None:
        super().__init__(convert_charrefs=False)
        self._secret, self._inside = secret, ""

    def _refuse(self, text: str, allowed: Container[str] = ()) -> None:
        for name, line, file in re.findall(f"{self._secret}@([^@]+)@(\\d+)@([^{fields.MIDDLE}]*)", text):
            if name not in allowed:
                reason = (
                    "a field cannot stand in a tag's attributes, in a comment, or in <style> and its like"
                )
                raise ContentError(file, int(line), name, reason)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self._refuse(self.get_starttag_text() or "", _ADDRESSES)
        self._inside = tag if tag in _RAW else ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        if self._inside:
            self._refuse(data, {"slot.subject"} if self._inside == "title" else ())

    def handle_comment(self, data: str) -> None:
        self._refuse(data)

    def handle_decl(self, decl: str) -> None:
        self._refuse(decl)

    def unknown_decl(self, data: str) -> None:
        self._refuse(data)

    def handle_pi(self, data: str) -> None:
        self._refuse(data)
