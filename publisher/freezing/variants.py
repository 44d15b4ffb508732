"""Variants: joined from frozen pieces, hashed, stored by the names of these, and thawed as they were."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from publisher.errors import NotFound, StoreError
from publisher.model.mail import Piece, Variant
from publisher.rendering import joining
from publisher.store import Store, editions, frozen
from publisher.store.editions import Edition
from publisher.store.frozen import VariantRow

Joined = tuple[tuple[str, ...], tuple[str, ...]]


def key_of(shown: Sequence[tuple[str, int]], language: str, edit: int = 0) -> str:
    """What makes two variants of an edition the same: articles, revisions, order, language, which change."""
    about = (language, *shown, edit) if edit else (language, *shown)
    return hashlib.sha256(repr(about).encode()).hexdigest()


def digest(subject: str, joined: Joined) -> str:
    """The SHA-256 (hex) of everything that is frozen in a variant."""
    html, text = joined
    return hashlib.sha256("\0".join((subject, "".join(html), "".join(text))).encode()).hexdigest()


def join(pieces: Mapping[str, Piece], names: Mapping[str, Any], subject: str, preheader: str) -> Joined:
    """The HTML and text of a variant, in pieces, from the names of its frozen parts."""
    return joining.fill(
        pieces[names["frame"]],
        subject=subject,
        preheader=preheader,
        intro=pieces[names["intro"]] if "intro" in names else None,
        stories=[pieces[name] for name in names["stories"]],
        more=pieces[names["more"]] if "more" in names else None,
    )


def thaw(id_: int, row: VariantRow, pieces: Mapping[str, Piece]) -> Variant:
    """The variant as it was frozen. Raises StoreError when it is not what was frozen (invariant 3)."""
    joined = join(pieces, row.pieces, row.subject, row.preheader)
    if digest(row.subject, joined) != row.sha256:
        raise StoreError(f"variant {id_} is not what was frozen: nothing of it is sent")
    return Variant(id_, row.subject, row.language, *joined)


def web_copy(row: VariantRow, pieces: Mapping[str, Piece]) -> str:
    """The HTML page that shows a variant to anybody: no fields and no way to unsubscribe."""
    names = {**row.pieces, "frame": f"web/{row.language}"}
    subject, preheader = (joining.without_fields(t, html=False) for t in (row.subject, row.preheader))
    html, _ = join(pieces, names, subject, preheader)
    return joining.without_fields("".join(html), html=True)


def names_of(row: VariantRow) -> list[str]:
    """Every piece that a variant needs, the frame for browsers too."""
    single = [row.pieces[k] for k in ("frame", "intro", "more") if k in row.pieces]
    return [*single, f"web/{row.language}", *row.pieces["stories"]]


def thawed(store: Store, variant_id: int) -> tuple[Edition, Variant]:
    """A stored variant, checked against its hash. Raises NotFound or StoreError."""
    edition, row, pieces = _stored(store, variant_id)
    return edition, thaw(variant_id, row, pieces)


def page(store: Store, variant_id: int) -> str:
    """A variant as a page for anybody. Raises NotFound."""
    _, row, pieces = _stored(store, variant_id)
    return web_copy(row, pieces)


def archive_page(store: Store, edition: Edition) -> str:
    """The union of an edition's variants as a page for anybody (rule 14)."""
    names = {k: v for k, v in edition.archive.items() if k != "subject"}
    language = names["frame"].split("/", 1)[1]
    subject = edition.archive["subject"]
    row = VariantRow(edition.id, "", language, subject, "", names, "", 0)
    with store.read() as tx:
        pieces = frozen.frozen_pieces(tx, edition.id, names_of(row))
    return web_copy(row, pieces)


def _stored(store: Store, variant_id: int) -> tuple[Edition, VariantRow, dict[str, Piece]]:
    with store.read() as tx:
        found = frozen.variant_row(tx, variant_id)
        if not found:
            raise NotFound("there is no such edition")
        edition_id, row = found
        return editions.get(tx, edition_id), row, frozen.frozen_pieces(tx, edition_id, names_of(row))
