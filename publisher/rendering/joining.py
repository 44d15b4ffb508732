"""Joining a variant from frozen pieces: strings only, so that sending loads no template engine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape

from publisher.model import fields
from publisher.model.mail import Piece

SLOT = re.compile(f"{fields.OPEN}slot\\.(\\w+){fields.MIDDLE}{fields.CLOSE}")


def fill(
    frame: Piece,
    *,
    subject: str,
    preheader: str,
    intro: Piece | None,
    stories: Sequence[Piece],
    more: Piece | None,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The pieces of a variant in order, HTML and text; fields stand in them as marks."""
    html = {
        "subject": (_escaped(subject),),
        "preheader": (_escaped(preheader),),
        "intro": (intro.html,) if intro else (),
        "stories": tuple(story.html for story in stories),
        "more": (more.html,) if more else (),
    }
    text = {
        "subject": (subject,),
        "preheader": (preheader,),
        "intro": (intro.text,) if intro else (),
        "stories": tuple(story.text for story in stories),
        "more": (more.text,) if more else (),
    }
    return _filled(frame.html, html), _filled(frame.text, text)


def without_fields(text: str, html: bool) -> str:
    """Rendered text with every mark replaced by its fallback, for copies that belong to nobody."""
    parts = ((part if isinstance(part, str) else _fallback(part, html)) for part in fields.split(text))
    return "".join(parts)


def _fallback(field: fields.Field, html: bool) -> str:
    return escape(field.fallback) if html else field.fallback


@lru_cache(32)
def _cut(frame: str) -> tuple[str, ...]:
    """A frame cut at its slots: text, the slot's name, text, and so on."""
    return tuple(SLOT.split(frame))


def _filled(frame: str, slots: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    pieces: list[str] = []
    for index, part in enumerate(_cut(frame)):
        if index % 2:
            pieces += slots[part]
        elif part:
            pieces.append(part)
    return tuple(pieces)


def _escaped(text: str) -> str:
    """Plain text for HTML; marks stay marks."""
    if fields.OPEN not in text:
        return escape(text)
    return "".join(
        escape(part) if isinstance(part, str) else fields.mark(part.name, part.fallback)
        for part in fields.split(text)
    )
