"""The sentences of `explain`: what the ledger holds, as one would tell it to the person who asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Literal

from sqlalchemy import Row

from publisher.languages import Phrasebook
from publisher.permissions import N_
from publisher.store.compacted import Past
from publisher.store.editions import EMPTIED, Edition
from publisher.store.subscribers import Subscription

Verdict = Literal[
    "stranger", "cadence", "pending", "left", "suppressed", "later", "cancelled", "paused", "due", "nothing"
]
_MOST_TITLES = 5


@dataclass(frozen=True, slots=True)
class Say:
    """Sentences in the language of `words`, with moments in the publication's zone."""

    zone: tzinfo
    now: datetime
    words: Phrasebook = field(default_factory=Phrasebook)

    def _say(self, sentence: str, **given: object) -> str:
        return self.words.gettext(sentence) % given

    def suppressed(self, address: str, reason: str, since: datetime) -> str:
        """Why nothing at all is sent."""
        sentence = N_("%(address)s must not be mailed, since %(since)s: %(reason)s. Nothing is sent to it.")
        return self._say(sentence, address=address, since=self._at(since), reason=reason)

    def subscription(
        self, s: Subscription, chosen: str, known: bool, suppressed: bool, titles: Sequence[str]
    ) -> list[str]:
        """How a subscription stands, and what comes next."""
        name = s.newsletter
        if s.status == "unsubscribed":
            if not s.ended_at:
                return [self._say(N_("%(newsletter)s: has left, and gets nothing."), newsletter=name)]
            sentence = N_("%(newsletter)s: has left, since %(since)s, and gets nothing.")
            return [self._say(sentence, newsletter=name, since=self._at(s.ended_at))]
        if s.status == "pending":
            return [
                self._say(N_("%(newsletter)s: has not confirmed yet, and gets nothing."), newsletter=name)
            ]
        if not known:
            sentence = N_("%(newsletter)s: the configuration has no such newsletter any more: nothing comes.")
            return [self._say(sentence, newsletter=name)]
        says = [f"{name}: {chosen} ({s.zone})."]
        if suppressed:
            return says
        if s.paused_until and s.paused_until > self.now:
            sentence = N_("Paused until %(until)s; then one digest of what came meanwhile.")
            says.append(self._say(sentence, until=self._at(s.paused_until)))
        return [*says, self._next(s, titles)]

    def _next(self, s: Subscription, titles: Sequence[str]) -> str:
        when = self._say(N_("Next: as soon as something appears."))
        if s.next_due_at:
            when = self._say(N_("Next: %(at)s."), at=self._at(s.next_due_at))
        if not titles:
            none = N_("Nothing new is there for them yet; without anything no mail comes.")
            return f"{when} {self._say(none)}"
        holds = self._say(N_("As things stand it would hold %(titles)s."), titles=self._listed(titles))
        return f"{when} {holds}"

    def delivery(
        self,
        row: Row[Any] | Past,
        titles: Sequence[str],
        waived: Sequence[str],
        dropped: Sequence[str] = (),
    ) -> list[str]:
        """What became of a delivery, or what it waits for."""
        holds = self._say(N_("It holds %(titles)s."), titles=self._listed(titles))
        says = [f"{row.newsletter}/{row.number}: {self._fate(row)} {holds}"]
        if dropped:
            sentence = N_("%(titles)s: an editor dropped it, and it does not come again.")
            says.append(self._say(sentence, titles=self._listed(dropped)))
        if waived:
            sentence = N_("%(titles)s: a later window has passed by, and it does not come again.")
            says.append(self._say(sentence, titles=self._listed(waived)))
        return says

    def _fate(self, row: Row[Any] | Past) -> str:
        if row.status == "cancelled" and row.reply == "restored":
            sentence = N_(
                "taken for mailed when the store was restored, %(at)s: nobody here knows whether it was."
            )
        elif row.status == "cancelled" and row.reply == EMPTIED:
            sentence = N_("nothing was left in it for them: an editor dropped all that it held.")
        elif row.status == "unknown" and row.acknowledged_at:
            sentence = N_(
                "nobody knows whether it arrived, since %(at)s, seen by a person %(seen)s: %(answer)s."
            )
        else:
            sentence = _FATES[row.status]
        answer = f"{row.code} {row.reply}".strip() if row.code else row.reply
        waits = self._waits(row) if row.status in ("queued", "deferred") else ""
        return self._say(
            sentence,
            at=self._at(row.finished_at or row.started_at),
            seen=self._at(row.acknowledged_at),
            tries=self.words.ngettext("one attempt", "%(count)s attempts", row.attempt)
            % {"count": row.attempt},
            answer=answer or self._say(N_("no reason is known")),
            waits=waits if row.status == "queued" else waits[:1].upper() + waits[1:],
        )

    def _waits(self, row: Any) -> str:
        if row.state in _WAITS:
            return self._say(_WAITS[row.state])
        if row.due_at <= self.now:
            return self._say(N_("it is due, and leaves with the next messages."))
        sentence = N_("the next attempt is %(at)s.") if row.attempt else N_("it leaves %(at)s.")
        return self._say(sentence, at=self._at(row.due_at))

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
        because = self._say(
            _NO_ROW[verdict],
            address=address,
            newsletter=edition.newsletter,
            cadence=edition.cadence,
            theirs=s.cadence if s else "",
            ended=self._at(s.ended_at) if s else "",
            created=self._at(s.created_at) if s else "",
            until=self._at(s.paused_until) if s else "",
            due=self._at(s.next_due_at) if s else "",
            reason=barred[0] if barred else "",
        )
        sentence = N_("%(edition)s has no delivery for them: %(because)s")
        return self._say(sentence, edition=edition.name, because=because)

    def article(self, a: Mapping[str, Any]) -> str:
        """How somebody stands to an article that the edition did not bring them."""
        why = self._say(_WHYS[a["why"]], edition=a["named_by"])
        if not a["matches"] and a["why"] in ("covered", "older", "ahead"):
            why += self._say(N_(", and it is not among their topics now"))
        return f"  {a['title']}: {why}."

    def _at(self, moment: datetime | None) -> str:
        if not moment:
            return self._say(N_("at no known time"))
        return moment.astimezone(self.zone).strftime("%Y-%m-%d %H:%M")

    def _listed(self, titles: Sequence[str]) -> str:
        shown = "; ".join(f"“{title}”" for title in titles[:_MOST_TITLES])
        more = len(titles) - _MOST_TITLES
        if more > 0:
            return self._say(N_("%(titles)s and %(count)s more"), titles=shown, count=more)
        return shown or self._say(N_("nothing"))


_FATES = {
    "queued": N_("waits; %(waits)s"),
    "sending": N_("leaving since %(at)s; the mail server has not answered yet."),
    "sent": N_("sent %(at)s, after %(tries)s. The mail server said: %(answer)s."),
    "deferred": N_("refused for the moment after %(tries)s: %(answer)s. %(waits)s"),
    "bounced": N_("refused for good %(at)s, after %(tries)s: %(answer)s."),
    "expired": N_("given up %(at)s, after %(tries)s: %(answer)s."),
    "suppressed": N_("not sent, %(at)s: %(answer)s."),
    "unknown": N_("nobody knows whether it arrived, since %(at)s: %(answer)s."),
    "cancelled": N_("the edition was cancelled %(at)s before this one left."),
}
_WAITS = {
    "held": N_("the edition is held until somebody sends it."),
    "scheduled": N_("the edition is not open yet."),
    "paused": N_("the edition is paused until somebody resumes it."),
    "cancelled": N_("the edition is cancelled, and nothing more of it leaves."),
}
_NO_ROW: Mapping[Verdict, str] = {
    "stranger": N_("%(address)s does not subscribe to %(newsletter)s."),
    "cadence": N_("it is a %(cadence)s edition, and they get %(theirs)s digests."),
    "pending": N_("the subscription is not confirmed."),
    "left": N_("they left %(ended)s, before it was cut."),
    "suppressed": N_("at the cut the address could not be mailed: %(reason)s."),
    "later": N_("they subscribed %(created)s, after it was cut."),
    "cancelled": N_("it was cancelled before anything left, and it is as if it had not been cut."),
    "paused": N_("they are paused until %(until)s."),
    "due": N_("their hour has not come; it comes %(due)s, and a later cut of it may still be for them."),
    "nothing": N_("nothing in it was new to them and of their topics."),
}
_WHYS = {
    "named": N_("they have it in %(edition)s"),
    "covered": N_("a window passed it, and did not pick it"),
    "older": N_("it came out before the subscription's first window"),
    "ahead": N_("their next window will look at it"),
    "unreleased": N_("it has not come out yet"),
}
