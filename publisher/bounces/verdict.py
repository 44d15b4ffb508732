"""What a mail that came back says, as values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

Kind = Literal["hard", "soft", "complaint", "reply", "unsubscribe", "nothing"]
LONGEST_TEXT = 500


class Failure(NamedTuple):
    """What a report says of one recipient; `nothing` where it did not fail, or not yet."""

    kind: Literal["hard", "soft", "nothing"]
    status: str
    text: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Traces:
    """Where a keyed token of ours may stand: in whom the mail is for, and in what it mentions."""

    recipients: tuple[str, ...] = ()
    mentioned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The reading of one mail. `status` is an enhanced code (RFC 3463), `text` the server's own words.

    `addresses` are the recipients that it names; of several failures kind, status and text are the worst's.
    """

    kind: Kind = "nothing"
    status: str = ""
    text: str = ""
    addresses: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    traces: Traces = field(default_factory=Traces)

    @property
    def blames_us(self) -> bool:
        """Whether a failure is about the sender and not the recipient (5.7.x, RFC 3463 section 3.8)."""
        return self.status.startswith("5.7.")

    def about(self, address: str) -> Verdict:
        """The same, read for one recipient; where no failure names them, as it is."""
        wanted = address.lower()
        for failure in self.failures:
            if wanted in (named.lower() for named in failure.addresses):
                return replace(self, kind=failure.kind, status=failure.status, text=failure.text)
        return self


def of_failures(failures: tuple[Failure, ...]) -> Verdict:
    """The verdict of a report about these recipients; the worst of them counts."""
    if not failures:
        return Verdict()
    worst = max(failures, key=lambda failure: ("nothing", "soft", "hard").index(failure.kind))
    named = tuple(dict.fromkeys(address for failure in failures for address in failure.addresses))
    return Verdict(worst.kind, worst.status, worst.text, named, failures)
