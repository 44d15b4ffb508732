"""The client's side of one session after its greeting: messages one by one, or each behind the one before.

Where PIPELINING is offered (RFC 2920), MAIL, RCPT and DATA of a message travel behind the final dot of the
one before it; replies come in the order of the commands.
"""

from __future__ import annotations

import re

from publisher.errors import (
    OutcomeUnknown,
    PermanentFailure,
    Phase,
    TemporaryFailure,
    TransportError,
    Unavailable,
)
from publisher.model.mail import Outcome, Outgoing, Receipt
from publisher.transports.connecting import Connection
from publisher.transports.envelopes import Commands, offers, stuffed
from publisher.transports.wire import Cut, Wire, reason

DOT_TIMEOUT = 600.0  # RFC 5321 section 4.5.3.2.6
SIGN_IN = frozenset((530, 534, 535, 538))

_QUIT_TIMEOUT = 5.0
_DOT, _RSET = b".\r\n", b"RSET\r\n"
_ENVELOPE: tuple[tuple[Phase, int], ...] = (("mail", 2), ("rcpt", 2), ("data", 3))
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


class Exchange:
    """One session: `begin`, `answers`, `body`, `outcome`, and again. Not for several threads at once.

    `ended` says that nothing more can be sent over it.
    """

    def __init__(self, connection: Connection, *, timeout: float, dot_timeout: float = DOT_TIMEOUT) -> None:
        self.offers = offers(connection.extensions)
        self.ended = False
        self.begun = 0
        self._wire = Wire(connection.socket)
        self._timeout, self._dot_timeout = timeout, dot_timeout
        self._waiting: Commands = (b"", b"", b"")
        self._unfinished = self._resetting = self._followed = False
        self._idle = True

    @property
    def spent(self) -> bool:
        """Whether the session has had as many messages as the server allows."""
        return self.ended or 0 < self.offers.messages <= self.begun

    def alive(self) -> bool:
        """Whether the session waits for a command: one that closed, or spoke unasked, does not."""
        self.ended = self.ended or not self._wire.silent()
        return not self.ended

    def begin(self, commands: Commands) -> None:
        """Say MAIL, and RCPT and DATA with it where the server pipelines. Raises Unavailable."""
        self._idle = False
        try:
            if self._unfinished and not self.offers.pipelining:
                self._unfinished = False
                self._wire.push(_RSET, b"", self._timeout)
                self._expect(2, "mail")
            self._wire.push(self._opening(commands), b"", self._timeout)
        except OSError as error:
            raise self._lost(error, "mail") from None

    def answers(self) -> TransportError | None:
        """The replies to MAIL, RCPT and DATA: None when the body may follow, else why it may not.

        Raises Unavailable when the server said 421, asked to sign in, or was lost: nothing was accepted.
        """
        if self._resetting:
            self._resetting = False
            self._expect(2, "mail")
        refused: dict[Phase, TransportError] = {}
        for number, (phase, expected) in enumerate(_ENVELOPE):
            try:
                if number and not self.offers.pipelining:
                    self._wire.push(self._waiting[number], b"", self._timeout)
                failure = self._answer(phase, expected)
            except OSError as error:
                failure = self._lost(error, phase)
            if isinstance(failure, Unavailable):
                if not refused:
                    raise failure
                break
            if failure:
                refused[phase] = failure
                if not self.offers.pipelining:
                    break
        return self._refused(refused) if refused else None

    def body(self, outgoing: Outgoing, following: Commands | None = None) -> None:
        """Hand over the message with its final dot and, behind it, the next one's envelope.

        Raises Unavailable if the session was lost before the dot was handed to the system; and what the
        server said if it refused in mid-message.
        """
        content = outgoing.message if outgoing.plain else stuffed(outgoing.message)
        self._followed = following is not None
        if self._wire.unread:
            self.ended = True
            raise Unavailable(0, "the server spoke out of turn", "body")
        try:
            self._wire.push(content, _DOT + self._opening(following) if following else _DOT, self._timeout)
        except Cut as cut:
            self.ended = True
            if cut.sent < len(content) + len(_DOT):
                raise self._parting(cut) from None

    def outcome(self) -> Outcome:
        """The reply to the final dot, waited for as long as RFC 5321 asks; lost before it came: unknown."""
        self._idle = not self._followed
        try:
            code, text = self._wire.reply(self._dot_timeout)
        except OSError as error:
            self.ended = True
            return OutcomeUnknown(0, reason(error), "dot")
        if code < 300:
            return Receipt(code, _plain(text))
        if code < 400:
            self.ended = True
            return OutcomeUnknown(code, f"an answer out of turn: {_plain(text)}", "dot")
        return self._failure(code, text, "dot")

    def close(self) -> None:
        """Say QUIT if the session is in order, and close it in any case: a body begun never gets its dot."""
        if self._idle and not self.ended:
            try:
                self._wire.push(b"QUIT\r\n", b"", _QUIT_TIMEOUT)
                self._wire.reply(_QUIT_TIMEOUT)
            except OSError:
                pass
        self.ended = True
        self._wire.close()

    def _opening(self, commands: Commands) -> bytes:
        self.begun += 1
        self._waiting, self._idle = commands, False
        if not self.offers.pipelining:
            return commands[0]
        self._resetting, self._unfinished = self._unfinished, False
        return (_RSET if self._resetting else b"") + b"".join(commands)

    def _answer(self, phase: Phase, expected: int) -> TransportError | None:
        code, text = self._wire.reply(self._timeout)
        return None if code // 100 == expected else self._failure(code, text, phase)

    def _expect(self, expected: int, phase: Phase) -> None:
        try:
            failure = self._answer(phase, expected)
        except OSError as error:
            failure = self._lost(error, phase)
        if failure:
            self.ended = True
            raise Unavailable(failure.code, failure.reply, phase)

    def _refused(self, refused: dict[Phase, TransportError]) -> TransportError:
        """The first refusal, and the session ready for the next message, or ended."""
        self._unfinished = "mail" not in refused
        self._idle = not self.ended
        if self.offers.pipelining and "data" not in refused and not self.ended:
            # 354 all the same: a lone dot ends the transaction, of which nobody is a recipient
            if "rcpt" in refused:
                self._lone_dot()
            else:
                self.ended = True
        return next(iter(refused.values()))

    def _lone_dot(self) -> None:
        self._unfinished = False
        try:
            self._wire.push(_DOT, b"", self._timeout)
            code, _ = self._wire.reply(self._dot_timeout)
            self.ended = code == 421
        except OSError:
            self.ended = True

    def _failure(self, code: int, text: bytes, phase: Phase) -> TransportError:
        """What a refusal means."""
        said = _plain(text)
        if code == 421 or code in SIGN_IN:
            self.ended = True
            return Unavailable(code, said, phase)
        if code < 400:
            self.ended = True
            return Unavailable(code, f"an answer out of turn: {said}", phase)
        return (TemporaryFailure if code < 500 else PermanentFailure)(code, said, phase)

    def _lost(self, error: OSError, phase: Phase) -> Unavailable:
        self.ended = True
        return Unavailable(0, reason(error), phase)

    def _parting(self, cut: Cut) -> TransportError:
        """Why the server closed in mid-message, where it said so first."""
        try:
            code, text = self._wire.reply(0)
        except OSError:
            return Unavailable(0, reason(cut), "body")
        return self._failure(code, text, "body")


def _plain(text: bytes) -> str:
    said = text.decode("utf-8", "replace")
    return said if said.isprintable() else _CONTROL.sub(" ", said)
