"""Stylesheets written into style attributes by premailer, with every way to fetch something closed."""

from __future__ import annotations

import logging
import threading
from functools import lru_cache
from typing import Any, NoReturn

import cssutils
from premailer import Premailer

from publisher.rendering import marks, markup

_Rules = tuple[list[Any], list[Any]]
_lock = threading.Lock()


def inline(html: str, css: str) -> str:
    """A fragment of HTML with the rules of `css` in its style attributes; elements keep their classes."""
    body = markup.fragment(html)
    _apply(body.getroottree().getroot(), css)
    return marks.plain_fallbacks(markup.inner(body).strip())


def inline_document(html: str, css: str) -> str:
    """As `inline`, for a whole document; a `<style data-premailer="ignore">` in it stays as it is."""
    root = markup.document(html)
    _apply(root, css)
    return marks.plain_fallbacks(markup.outer(root))


def _apply(root: Any, css: str) -> None:
    _Inliner(
        css_text=css,
        base_url=None,
        external_styles=None,
        allow_network=False,
        allow_loading_external_files=False,
        cache_css_parsing=False,
        disable_validation=True,
        disable_leftover_css=True,
        align_floating_images=False,
        disable_basic_attributes=["width", "height", "align", "bgcolor"],
    ).transform(root)


class _Inliner(Premailer):  # type: ignore[misc]
    def _parse_style_rules(self, css_body: str, ruleset_index: int) -> _Rules:
        rules, leftover = _rules(css_body or "", ruleset_index)
        return list(rules), list(leftover)

    def _parse_css_string(self, css_body: str, validate: bool = True) -> Any:
        del validate
        return _parse(css_body)

    def _load_external(self, url: str) -> NoReturn:
        raise AssertionError(f"a stylesheet was about to be fetched: {url}")


@lru_cache(64)
def _rules(css_body: str, ruleset_index: int) -> _Rules:
    """Parsed once per stylesheet: parsing costs ten times what applying it to a story does."""
    reader = _Inliner(disable_validation=True)
    found: _Rules = Premailer._parse_style_rules(reader, css_body, ruleset_index)
    return found


def _parse(css_body: str) -> Any:
    # cssutils keeps its state in the module
    with _lock:
        parser = cssutils.CSSParser(
            loglevel=logging.CRITICAL, raiseExceptions=False, fetcher=_nothing, validate=False
        )
        return parser.parseString(css_body, validate=False)


def _nothing(_url: str) -> tuple[str, bytes]:
    """What `@import` gets, whatever it names."""
    return "utf-8", b""
