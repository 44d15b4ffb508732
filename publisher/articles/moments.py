"""When an article appeared, was changed, and goes: from its keys, its name or its path."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from publisher.articles import dates
from publisher.articles.fields import switch
from publisher.articles.front_matter import Header

_DATE = (
    *("date", "pubdate", "pubdatetime", "publishedat", "publisheddate", "publishedon", "datepublished"),
    *("publishingdate", "datetime"),
)
_CREATED = ("created", "createdat", "datecreated", "posted")
# nothing may appear before it
_EMBARGO = "publishdate"
_UPDATED = ("updated", "lastmod", "updatedat", "updateddate", "lastmodifiedat", "lastmodified", "lastupdated")
_CHANGED = (
    *("modified", "modifieddate", "lastmodifieddate", "modifiedtime", "datemodified", "moddate", "changed"),
    *("updatedate", "dateupdated"),
)
# Eleventy's words for the file's own age or its history, which is nothing that its author wrote
_NO_DATE = frozenset({"created", "last modified", "git created", "git last modified"})
_EXPIRES = ("expirydate", "expires", "expiresat", "expirationdate", "unpublishdate")


class Moments(NamedTuple):
    """The dates of an article in UTC, None where the file is silent, and notes on what was mended."""

    published_at: datetime | None
    updated_at: datetime | None
    expires_at: datetime | None
    not_before: datetime | None
    notes: tuple[str, ...] = ()


def of(header: Header, zone: tzinfo) -> Moments:
    """All of them. Raises ContentError for a date that has no plain meaning."""
    notes: list[str] = []
    if isinstance(inner := header.values.get("date"), dict):
        # Material for MkDocs holds `created` and `updated` in one mapping
        header = replace(header, values={**inner, **header.values, "date": ""})
    named = dates.in_name(header.path, zone)
    found = _date(header, zone, named, notes, *_DATE)
    embargo = _date(header, zone, named, notes, _EMBARGO)
    published = found or embargo
    if published is None and switch(header.text("published")) is None:
        published = _date(header, zone, named, notes, "published")
    published = published or _near(_date(header, zone, named, notes, *_CREATED), named)
    updated = _date(header, zone, None, notes, *_UPDATED, *_CHANGED)
    return Moments(
        published or named or dates.in_name(header.text("path"), zone) or updated,
        updated,
        _date(header, zone, None, notes, *_EXPIRES),
        embargo if found and embargo and found < embargo else None,
        tuple(notes),
    )


def _near(created: datetime | None, named: datetime | None) -> datetime | None:
    """When it was made, unless the name has another day: then that is the one when it appeared."""
    return created if not (created and named) or abs(created - named) < timedelta(days=2) else None


def _date(
    header: Header, zone: tzinfo, named: datetime | None, notes: list[str], *keys: str
) -> datetime | None:
    key, value = header.first(*keys)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not value:
        return None
    if isinstance(value, str) and value.lower() in _NO_DATE:
        notes.append(f"line {header.lines.get(key, 1)}: {key}: {value} is no date, and passed over")
        return None
    try:
        if not isinstance(value, str):
            raise ValueError("expected one date")
        return dates.parse(value, zone)
    except ValueError as error:
        if isinstance(value, str) and (mended := dates.mended(value, zone, named)):
            notes.append(f"line {header.lines.get(key, 1)}: {key}: {mended[1]}")
            return mended[0]
        raise header.error(key, str(error)) from None
