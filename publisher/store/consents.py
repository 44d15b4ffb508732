"""Who agreed to what, when and where: rows of `consents`, and the words that stood there."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from publisher.store.bulk import among, insert_alike
from publisher.store.database import insert_new
from publisher.store.schema import consent_texts, consents


class Consent(NamedTuple):
    """One thing that somebody did or that was done for them: `what` is confirmed, imported, unsubscribed.

    `source` is where; `version` names the words they read, empty where none are known.
    """

    newsletter: str
    what: str
    source: str
    version: str
    at: datetime


LONGEST_WHAT, LONGEST_SOURCE = 20, 60


def version_of(text: str) -> str:
    """The name of a wording: its SHA-256; empty for none."""
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


def keep_text(tx: Connection, text: str) -> str:
    """Keep a wording, once; its version."""
    version = version_of(text)
    if version:
        insert_new(tx, consent_texts, {"version": version, "text": text})
    return version


def record(
    tx: Connection, subscriber_id: int, newsletter: str, what: str, source: str, text: str, now: datetime
) -> None:
    """Write that a subscriber agreed, and to which words (`text`, kept once for each wording)."""
    one = Consent(newsletter, what[:LONGEST_WHAT], source[:LONGEST_SOURCE], keep_text(tx, text), now)
    record_all(tx, [(subscriber_id, one)])


def record_all(tx: Connection, rows: Sequence[tuple[int, Consent]]) -> None:
    """Write the consents of many subscribers; their wordings are kept already."""
    made = {one: one._asdict() for _, one in rows}
    insert_alike(tx, consents, "subscriber_id", [(who, made[one]) for who, one in rows])


def of(tx: Connection, people: Iterable[int]) -> dict[int, list[Consent]]:
    """The consents of these subscribers, by their id, the earliest first; who has none is not there."""
    c = consents.c
    query = select(c.subscriber_id, c.newsletter, c.what, c.source, c.version, c.at)
    query = query.where(among(tx, c.subscriber_id, people)).order_by(c.subscriber_id, c.at, c.id)
    found: dict[int, list[Consent]] = {}
    for who, *rest in tx.execute(query):
        found.setdefault(who, []).append(Consent._make(rest))
    return found


def texts(tx: Connection, versions: Collection[str] | None = None) -> dict[str, str]:
    """Every wording, or these, by its version."""
    query = select(consent_texts)
    if versions is not None:
        query = query.where(consent_texts.c.version.in_(list(versions)))
    return {row.version: row.text for row in tx.execute(query)}
