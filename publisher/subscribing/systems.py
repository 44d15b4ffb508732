"""The exports of other systems: known by their headers, and how their columns and words are ours.

Pure: a table for each kind of file, and one function that reads a row by it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from publisher import articles
from publisher.config import values
from publisher.errors import Refused
from publisher.subscribing.rows import ATTRIBUTES, SUPPRESSED, flat

Groups = Mapping[str, Sequence[str]]
_LANGUAGES = ("language", "locale", "lang")
_ZONES = ("timezone", "time_zone", "time zone")


@dataclass(frozen=True, slots=True)
class System:
    """One kind of file. `signs` are the headers it is known by, all in small letters.

    `status` is that of every row, or `statuses` says what the words in `status_column` are here: ours, or
    `suppressed` for who must not be mailed, or empty for who is only known, and needs a status from outside.
    `dates` are columns of moments, and what is kept as consent of them. `drops` is what is of no use here.
    `file` is how the name of the file begins, and `never` why nobody in it may be mailed.
    """

    name: str
    signs: frozenset[str]
    address: str = "email"
    names: tuple[str, ...] = ("name",)
    status: str = ""
    status_column: str = ""
    statuses: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    dates: Mapping[str, str] = field(default_factory=dict)
    tags: str = ""
    pairs: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)
    drops: frozenset[str] = frozenset()
    file: str = ""
    never: str = ""

    @property
    def decides(self) -> bool:
        """Whether every row has a status of its own."""
        return bool(self.never or self.status or self.statuses) and "" not in self.statuses.values()

    @property
    def taken(self) -> frozenset[str]:
        """The columns that become something else than an attribute."""
        own = {self.address, *self.names, self.status_column, self.tags, self.pairs, *self.dates}
        return frozenset(own) | self.drops

    def meaning(self, column: str) -> str:
        """What a column becomes: one of ours, `attribute`, or empty where it is left out."""
        ours = {self.address: "address", self.status_column: "status", self.tags: "topics"}
        ours |= dict.fromkeys(self.names, "name") | dict.fromkeys(self.dates, "consents")
        ours |= dict.fromkeys(_ZONES, "zone") | dict.fromkeys(_LANGUAGES, "language")
        ours |= dict.fromkeys(self.drops, "") | {"": ""}
        return ours.get(column, "attribute")

    def row(self, cells: Mapping[str, str], topics: Groups) -> dict[str, str]:
        """The row as our own columns have it; tags that are topics are chosen. Raises Refused.

        What has no column of ours is kept as an attribute.
        """
        left = {k: v for k, v in cells.items() if v and k and k not in self.taken}
        left = {self.renamed.get(k, k): v for k, v in left.items()}
        if pairs := cells.get(self.pairs, "").strip():
            left = {**flat(pairs), **left} if pairs.startswith("{") else {**left, self.pairs: pairs}
        row = {"zone": _first(left, _ZONES, values.zone), "language": _first(left, _LANGUAGES, _language)}
        row |= self._standing(cells) | _sorted_tags(cells.get(self.tags, ""), topics, left)
        consents = [
            {"what": what, "source": self.name[:60], "at": at.isoformat()}
            for column, what in self.dates.items()
            if (at := _moment(cells.get(column, ""), column))
        ]
        row["consents"] = json.dumps(consents) if consents else ""
        row["address"] = cells.get(self.address, "")
        row["name"] = " ".join(filter(None, (cells.get(name, "") for name in self.names)))
        # as JSON, so that none of them is taken for a column of ours
        return {**row, ATTRIBUTES: json.dumps(left, ensure_ascii=False)} if left else row

    def _standing(self, cells: Mapping[str, str]) -> dict[str, str]:
        if self.never:
            raise Refused(f"not taken: {self.never}")
        word = cells.get(self.status_column, "").lower()
        status = self.status
        if self.status_column:
            if word not in self.statuses:
                known = ", ".join(filter(None, self.statuses))
                raise Refused(f"{self.status_column}: expected {known}, got {word!r}")
            status = self.statuses[word]
        if status == SUPPRESSED:
            return {"status": status, "reason": f"{self.reason or word} ({self.name.partition(',')[0]})"}
        return {"status": status}


_MAILCHIMP = {
    "address": "email address",
    "names": ("first name", "last name"),
    "tags": "tags",
    # their "Address" is a street, and would be taken for ours
    "renamed": {"address": "postal address", "cc": "country"},
    "drops": frozenset(
        [
            "member_rating",
            "latitude",
            "longitude",
            "gmtoff",
            "dstoff",
            "leid",
            "euid",
            "last_changed",
            "unsub_campaign_id",
            "clean_campaign_id",
        ]
    ),
}
_CHIMP_SIGNS = frozenset({"email address", "member_rating", "optin_time", "leid", "euid"})
_AGREED = {"optin_time": "subscribed", "confirm_time": "confirmed"}
_BUTTONDOWN = {
    "name": "Buttondown",
    "names": (),
    "tags": "tags",
    "pairs": "metadata",
    "dates": {"creation_date": "subscribed", "unsubscription_date": "unsubscribed"},
    "statuses": {
        **dict.fromkeys(
            [
                "regular",
                "premium",
                "gifted",
                "trialed",
                "churning",
                "churned",
                "past_due",
                "paid",
                "unpaid",
                "paused",
            ],
            "confirmed",
        ),
        "unactivated": "pending",
        **dict.fromkeys(("unsubscribed", "removed"), "unsubscribed"),
        **dict.fromkeys(
            ("undeliverable", "complained", "spammy", "blocked", "disabled", "malicious"), SUPPRESSED
        ),
    },
    "drops": frozenset(
        [
            "id",
            "secondary_id",
            "avatar_url",
            "risk_score",
            "open_rate",
            "click_rate",
            "last_open_date",
            "last_click_date",
        ]
    ),
}

SYSTEMS = (
    System(
        "Mailchimp, cleaned",
        _CHIMP_SIGNS | {"clean_time"},
        status=SUPPRESSED,
        reason="cleaned",
        dates={"clean_time": "cleaned"},
        **_MAILCHIMP,  # type: ignore[arg-type]
    ),
    System(
        "Mailchimp, unsubscribed",
        _CHIMP_SIGNS | {"unsub_time"},
        status="unsubscribed",
        dates={**_AGREED, "unsub_time": "unsubscribed"},
        **_MAILCHIMP,  # type: ignore[arg-type]
    ),
    System(
        "Mailchimp, not subscribed",
        _CHIMP_SIGNS,
        file="nonsubscribed",
        never="a contact who never subscribed",
        **_MAILCHIMP,  # type: ignore[arg-type]
    ),
    System(
        "Mailchimp, subscribed",
        _CHIMP_SIGNS,
        status="confirmed",
        dates=_AGREED,
        **_MAILCHIMP,  # type: ignore[arg-type]
    ),
    System(
        "listmonk",
        frozenset({"uuid", "email", "name", "attributes", "status", "created_at", "updated_at"}),
        status_column="status",
        # it says who may be mailed at all, and not who confirmed which list
        statuses={"enabled": "", "disabled": "unsubscribed", "blocklisted": SUPPRESSED},
        dates={"created_at": "subscribed"},
        pairs="attributes",
        drops=frozenset({"uuid", "updated_at"}),
    ),
    System(
        "Substack",
        frozenset({"email", "active_subscription", "expiry", "email_disabled"}),
        status_column="email_disabled",
        statuses={"false": "confirmed", "true": "unsubscribed", "": "confirmed"},
        dates={"created_at": "subscribed"},
    ),
    System(
        "Substack, all columns",
        frozenset({"email", "name", "stripe plan", "start date", "paid upgrade date"}),
        dates={"start date": "subscribed"},
        drops=frozenset({"num_emails_opened", "activity", "revenue", "links clicked"}),
    ),
    System(
        "Ghost",
        frozenset({"id", "email", "name", "note", "subscribed_to_emails", "created_at", "labels"}),
        status_column="subscribed_to_emails",
        statuses={"true": "confirmed", "false": "unsubscribed", "": "unsubscribed"},
        dates={"created_at": "subscribed", "deleted_at": "deleted"},
        tags="labels",
        drops=frozenset({"id", "stripe_customer_id"}),
    ),
    System(
        signs=frozenset({"email_address", "type", "creation_date", "tags"}),
        address="email_address",
        status_column="type",
        **_BUTTONDOWN,  # type: ignore[arg-type]
    ),
    System(
        signs=frozenset({"email", "subscriber_type", "creation_date", "tags"}),
        status_column="subscriber_type",
        **_BUTTONDOWN,  # type: ignore[arg-type]
    ),
)


def recognised(header: Sequence[str], place: str) -> System | None:
    """The system that writes files with this header, in small letters; None for a file of one's own."""
    names, file = frozenset(header), place.replace("\\", "/").rpartition("/")[2].lower()
    return next((s for s in SYSTEMS if s.signs <= names and file.startswith(s.file)), None)


def _sorted_tags(text: str, topics: Groups, left: dict[str, str]) -> dict[str, str]:
    """Tags that are topics of the configuration are chosen; the others stay an attribute."""
    known: list[str] = []
    other: list[str] = []
    for tag in _listed(text):
        # without groups every tag would be one, also "VIP", which no article has
        (known if topics and articles.keys_of([tag], topics) else other).append(tag)
    if other:
        left["tags"] = ";".join(other)
    return {"topics": ";".join(known)}


def _listed(text: str) -> list[str]:
    """A list as these systems write it in one cell: with commas, with quotes or without, or as JSON."""
    found: list[object] = []
    if text.startswith("["):
        try:
            found = json.loads(text)
        except ValueError:
            found = []
    if not found and text:
        found = [one for row in csv.reader([text], skipinitialspace=True) for one in row]
    return [str(one).strip() for one in found if str(one).strip()]


def _first(left: dict[str, str], names: Sequence[str], check: object) -> str:
    """The first of these attributes that is what it should be; it is then no attribute any more."""
    for name in names:
        if name in left:
            try:
                found = str(check(left[name]))  # type: ignore[operator]
            except ValueError:
                continue
            del left[name]
            return found
    return ""


def _language(text: str) -> str:
    return values.language(text.replace("_", "-"))


def _moment(text: str, column: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.removesuffix(" UTC"))
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Refused(f"{column}: expected a moment such as 2026-11-21 07:00:00, got {text[:40]!r}") from None
