"""Every failure that somebody branches on, with the exit code (sysexits.h) that the command line gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Phase = Literal["connect", "greeting", "tls", "auth", "mail", "rcpt", "data", "body", "dot"]


class PublisherError(Exception):
    """Anything this program reports in a sentence instead of a traceback."""

    exit_code = 70

    def __init__(self, sentence: str = "", **values: object) -> None:
        """`sentence` may have places for values, %(name)s: so it can be said in another language."""
        super().__init__(sentence % values if values else sentence)
        self.sentence, self.values = sentence, values

    def __reduce__(self) -> tuple[Any, ...]:
        """It may come from another process: as it is, and not made anew of its sentence."""
        return _as_it_was, (type(self), self.args, self.__dict__)


def _as_it_was(kind: type[PublisherError], said: tuple[Any, ...], held: dict[str, Any]) -> PublisherError:
    error = kind.__new__(kind)
    error.args = said
    error.__dict__.update(held)
    return error


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where it is, and what was expected: `place: message`."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class ConfigError(PublisherError):
    """The configuration cannot be used; carries every problem at once."""

    exit_code = 78

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


class ContentError(PublisherError):
    """One article or template is unusable: where, which field, and why. The others go on."""

    exit_code = 65

    def __init__(self, path: str, line: int, field: str, reason: str) -> None:
        self.path, self.line, self.field, self.reason = path, line, field, reason
        where = f"{path}:{line}" if line else path
        super().__init__(f"{where}: {field}: {reason}" if field else f"{where}: {reason}")


class NotFound(PublisherError):
    """What was named does not exist."""

    exit_code = 66


class Refused(PublisherError):
    """The request is understood and not allowed: a bad address, an edition that waits for approval."""

    exit_code = 65


class NotAllowed(Refused):
    """Whoever asks may not do this: their role, or the scope of their token, does not reach so far."""


class StoreError(PublisherError):
    """The store is unreadable, locked, or newer than this program."""

    exit_code = 74


class Contended(StoreError):
    """The store took a transaction back, because another one was in its way: the same once more may do."""


class TransportError(PublisherError):
    """A message did not leave, or nobody knows whether it did.

    `code` and `reply` are the server's own words (RFC 5321 section 4.2; 0 and the system's error text where
    the server said nothing); `phase` is the command that was under way.
    """

    exit_code = 75

    def __init__(self, code: int, reply: str, phase: Phase) -> None:
        self.code, self.reply, self.phase = code, reply, phase
        super().__init__(f"{code} {reply} (at {phase})" if code else f"{reply} (at {phase})")


class TemporaryFailure(TransportError):
    """4xx for this recipient: deferred."""


class PermanentFailure(TransportError):
    """5xx for this recipient: bounced."""


class OutcomeUnknown(TransportError):
    """Lost between the final dot and its reply: the server may or may not have taken the message."""


class Unavailable(TransportError):
    """Connect, TLS, AUTH, greeting or 421: this transport backs off, and no attempt is counted."""
