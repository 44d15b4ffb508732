"""The sentences of `explain`: what the ledger holds, as one would tell it to the person who asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Literal

from sqlalchemy import Row

from publisher.store.compacted import Past
from publisher.store.editions import EMPTIED, Edition
from publisher.store.subscribers import Subscription

Verdict = Literal[
    "stranger", "cadence", "pending", "left", "suppressed", "later", "cancelled", "paused", "due", "nothing"
]
_MOST_TITLES = 5


@dataclass(frozen=True, slots=True)
class Say:
    """Sentences, with moments in the publication's zone."""

    zone: tzinfo
    now: datetime

    def suppressed(self, address: str, reason: str, since: datetime) -> str:
        """Why nothing at all is sent."""
        return f"{address} must not be mailed, since {self._at(since)}: {reason}. Nothing is sent to it."

    def subscription(
        self, s: Subscription, chosen: str, known: bool, suppressed: bool, titles: Sequence[str]
    ) -> list[str]:
        """How a subscription stands, and what comes next."""
        if s.status == "unsubscribed":
            when = f", since {self._at(s.ended_at)}" if s.ended_at else ""
            return [f"{s.newsletter}: has left{when}, and gets nothing."]
        if s.status == "pending":
            return [f"{s.newsletter}: has not confirmed yet, and gets nothing."]
        if not known:
            return [f"{s.newsletter}: the configuration has no such newsletter any more: nothing comes."]
        says = [f"{s.newsletter}: {chosen} ({s.zone})."]
        if suppressed:
            return says
        if s.paused_until and s.paused_until > self.now:
            says.append(f"Paused until {self._at(s.paused_until)}; then one digest of what came meanwhile.")
        return [*says, self._next(s, titles)]

    def _next(self, s: Subscription, titles: Sequence[str]) -> str:
        when = f"Next: {self._at(s.next_due_at)}" if s.next_due_at else "Next: as soon as something appears"
        if not titles:
            return f"{when}. Nothing new is there for them yet; without anything no mail comes."
        return f"{when}. As things stand it would hold {_listed(titles)}."

    def delivery(
        self,
        row: Row[Any] | Past,
        titles: Sequence[str],
        waived: Sequence[str],
        dropped: Sequence[str] = (),
    ) -> list[str]:
        """What became of a delivery, or what it waits for."""
        name = f"{row.newsletter}/{row.number}"
        says = [f"{name}: {self._fate(row)} It holds {_listed(titles)}."]
        if dropped:
            says.append(f"{_listed(dropped)}: an editor dropped it, and it does not come again.")
        if waived:
            says.append(f"{_listed(waived)}: a later window has passed by, and it does not come again.")
        return says

    def _fate(self, row: Row[Any] | Past) -> str:
        tries = "one attempt" if row.attempt == 1 else f"{row.attempt} attempts"
        answer = f"{row.code} {row.reply}".strip() if row.code else row.reply or "no reason is known"
        at = self._at(row.finished_at or row.started_at)
        seen = f", seen by a person {self._at(row.acknowledged_at)}" if row.acknowledged_at else ""
        waits = self._waits(row) if row.status in ("queued", "deferred") else ""
        fates = {
            "queued": f"waits; {waits}",
            "sending": f"leaving since {at}; the mail server has not answered yet.",
            "sent": f"sent {at}, after {tries}. The mail server said: {answer}.",
            "deferred": f"refused for the moment after {tries}: {answer}. {waits.capitalize()}",
            "bounced": f"refused for good {at}, after {tries}: {answer}.",
            "expired": f"given up {at}, after {tries}: {answer}.",
            "suppressed": f"not sent, {at}: {answer}.",
            "unknown": f"nobody knows whether it arrived, since {at}{seen}: {answer}.",
            "cancelled": f"the edition was cancelled {at} before this one left.",
        }
        if row.status == "cancelled" and row.reply == "restored":
            return f"taken for mailed when the store was restored, {at}: nobody here knows whether it was."
        if row.status == "cancelled" and row.reply == EMPTIED:
            return "nothing was left in it for them: an editor dropped all that it held."
        return fates[row.status]

    def _waits(self, row: Any) -> str:
        states = {
            "held": "the edition is held until somebody sends it.",
            "scheduled": "the edition is not open yet.",
            "paused": "the edition is paused until somebody resumes it.",
            "cancelled": "the edition is cancelled, and nothing more of it leaves.",
        }
        if row.state in states:
            return states[row.state]
        if row.due_at <= self.now:
            return "it is due, and leaves with the next messages."
        return f"{'the next attempt is' if row.attempt else 'it leaves'} {self._at(row.due_at)}."

    def event(self, event: Mapping[str, Any]) -> str:
        """One line of a delivery's history."""
        words = f"{event['code']} {event['reply']}".strip() if event["code"] else event["reply"]
        return f"  {self._at(event['at'])}  {event['old']} → {event['new']}{f': {words}' if words else ''}"

    def no_row(
        self,
        verdict: Verdict,
        edition: Edition,
        s: Subscription | None,
        address: str,
        barred: tuple[str, datetime] | None,
    ) -> str:
        """Why an edition has no delivery for somebody."""
        cadence = f"{s.cadence} digests" if s else ""
        due = self._at(s.next_due_at) if s else ""
        because = {
            "stranger": f"{address} does not subscribe to {edition.newsletter}.",
            "cadence": f"it is a {edition.cadence} edition, and they get {cadence}.",
            "pending": "the subscription is not confirmed.",
            "left": f"they left {self._at(s.ended_at) if s else ''}, before it was cut.",
            "suppressed": f"at the cut the address could not be mailed: {barred[0] if barred else ''}.",
            "later": f"they subscribed {self._at(s.created_at) if s else ''}, after it was cut.",
            "cancelled": "it was cancelled before anything left, and it is as if it had not been cut.",
            "paused": f"they are paused until {self._at(s.paused_until) if s else ''}.",
            "due": f"their hour has not come; it comes {due}, and a later cut of it may still be for them.",
            "nothing": "nothing in it was new to them and of their topics.",
        }
        return f"{edition.name} has no delivery for them: {because[verdict]}"

    def article(self, a: Mapping[str, Any]) -> str:
        """How somebody stands to an article that the edition did not bring them."""
        topics = "" if a["matches"] else ", and it is not among their topics now"
        whys = {
            "named": f"they have it in {a['named_by']}",
            "covered": f"a window passed it, and did not pick it{topics}",
            "older": f"it came out before the subscription's first window{topics}",
            "ahead": f"their next window will look at it{topics}",
            "unreleased": "it has not come out yet",
        }
        return f"  {a['title']}: {whys[a['why']]}."

    def _at(self, moment: datetime | None) -> str:
        return moment.astimezone(self.zone).strftime("%Y-%m-%d %H:%M") if moment else "at no known time"


def _listed(titles: Sequence[str]) -> str:
    shown = "; ".join(f"“{title}”" for title in titles[:_MOST_TITLES])
    more = len(titles) - _MOST_TITLES
    return f"{shown} and {more} more" if more > 0 else shown or "nothing"
