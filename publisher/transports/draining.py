"""One connection's work: which message is said when, and what becomes of it when a session ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from publisher.errors import PermanentFailure, TemporaryFailure, TransportError, Unavailable
from publisher.model.mail import Outcome, Outgoing, Receipt, Work
from publisher.transports.envelopes import Commands, commands
from publisher.transports.exchange import SIGN_IN, Exchange
from publisher.transports.servers import Server, Servers

_OF_RECIPIENT = ("rcpt", "data")
_CHANCES = 2  # sessions that a message may cost at one server


@dataclass(slots=True)
class _Held:
    """A message not settled yet. `cleared`: its start is durable; `behind`: said behind another's dot."""

    outgoing: Outgoing
    commands: Commands = (b"", b"", b"")
    cleared: bool = False
    behind: bool = False
    losses: int = 0
    fate: TransportError | None = None


@dataclass(slots=True)
class _Session:
    exchange: Exchange
    server: Server
    since: float


class Drain:
    """Sends what `work` has, one session after the other; at most two messages are in hand, in order."""

    def __init__(self, work: Work, servers: Servers, connect: Callable[[Server], Exchange]) -> None:
        self._work, self._servers, self._connect = work, servers, connect
        self._hand: list[_Held] = []
        self._failed: dict[int, Unavailable] = {}

    def run(self) -> None:
        """Until there is nothing more. Raises Unavailable, all settled, when no server is left."""
        try:
            while self._converse():
                pass
        except Unavailable as error:
            for held in list(self._hand):
                self._settle(held, held.fate or error)
            raise

    def _converse(self) -> bool:
        """Messages over one session; whether there may be more, over another."""
        session = self._session()
        exchange = session.exchange
        try:
            while (current := self._held(0, wait=True)) is not None:
                if exchange.begun and (self._replaceable(session) or not exchange.alive()):
                    return True
                if (refusal := _prepare(current, exchange)) is not None:
                    self._settle(current, refusal)
                elif self._cleared(current):
                    current.behind = False
                    exchange.begin(current.commands)
                    while current is not None:
                        current = self._turn(session, current)
                if exchange.ended:
                    return True
            return False
        except Unavailable as error:
            self._lost(session, error)
            return True
        finally:
            exchange.close()
            self._servers.leave(session.server)

    def _turn(self, session: _Session, current: _Held) -> _Held | None:
        """The message whose envelope was said, to its end; the next, if its envelope was said meanwhile."""
        exchange = session.exchange
        if (refusal := exchange.answers()) is not None:
            self._settle(current, refusal)
            return None
        following = None if self._replaceable(session) else self._following(exchange)
        if not self._cleared(current):
            exchange.ended = True
            return None
        outcome = self._delivered(exchange, current, following)
        self._settle(current, outcome)
        if isinstance(outcome, Receipt):
            self._failed.clear()
            self._servers.well(session.server, session.since)
        return None if exchange.ended else following

    def _delivered(self, exchange: Exchange, current: _Held, following: _Held | None) -> Outcome:
        try:
            exchange.body(current.outgoing, following.commands if following else None)
        except (TemporaryFailure, PermanentFailure) as refused:
            return refused
        if following:
            following.behind = True
        outcome = exchange.outcome()
        if isinstance(outcome, Unavailable):
            raise outcome
        return outcome

    def _held(self, place: int, *, wait: bool) -> _Held | None:
        """The first or second message in hand, taken if need be."""
        if len(self._hand) <= place:
            if (outgoing := self._work.take(wait)) is None:
                return None
            self._hand.append(_Held(outgoing))
        return self._hand[place]

    def _following(self, exchange: Exchange) -> _Held | None:
        """The message whose envelope may travel behind the dot of the one whose turn it is."""
        if not exchange.offers.pipelining or (held := self._held(1, wait=False)) is None:
            return None
        return held if _prepare(held, exchange) is None else None

    def _cleared(self, held: _Held) -> bool:
        """Wait until its start is durable; one whose start was refused is out of hand."""
        if not held.cleared:
            held.cleared = self._work.may_leave(held.outgoing)
            if not held.cleared:
                self._hand.remove(held)
        return held.cleared

    def _settle(self, held: _Held, outcome: Outcome) -> None:
        if self._cleared(held):
            self._hand.remove(held)
            self._work.settle(held.outgoing, outcome)

    def _replaceable(self, session: _Session) -> bool:
        """Whether the next message is for another session: this had its share, or a better server is back."""
        return session.exchange.spent or self._servers.better(session.server)

    def _lost(self, session: _Session, error: Unavailable) -> None:
        """The session ended in the turn of the first in hand; its dot was not handed over, or was refused."""
        held = self._hand[0]
        if held.behind and error.phase == "mail" and error.code not in SIGN_IN:
            return  # closed between two messages
        held.losses += 1
        if error.code in SIGN_IN:
            self._rest(session.server, error)
        elif held.losses >= _CHANCES:
            # counted, or a message on which all servers hang up would come back for ever, ahead of all others
            held.losses, fate = 0, TemporaryFailure(error.code, error.reply, error.phase)
            if (
                error.code == 421
                and error.phase in _OF_RECIPIENT
                and not self._servers.another(session.server)
            ):
                self._settle(held, fate)  # nobody else is kept waiting for it
            else:
                held.fate = fate
                self._rest(session.server, error)

    def _rest(self, server: Server, error: Unavailable) -> None:
        self._failed[id(server)] = error
        self._servers.rest(server)

    def _session(self) -> _Session:
        """A fresh session with the best server left. Raises Unavailable, which names what each one said."""
        while (server := self._servers.enter(self._failed)) is not None:
            try:
                return _Session(self._connect(server), server, time.monotonic())
            except Unavailable as error:
                self._servers.leave(server)
                self._rest(server, error)
            except BaseException:
                self._servers.leave(server)
                raise
        raise _none_left(list(self._failed.values()))


def _prepare(held: _Held, exchange: Exchange) -> PermanentFailure | None:
    """What this server is to be told of it; why it cannot be asked to take it, if so."""
    try:
        held.commands = commands(held.outgoing, exchange.offers)
    except PermanentFailure as refused:
        return refused
    return None


def _none_left(errors: list[Unavailable]) -> Unavailable:
    if not errors:
        return Unavailable(0, "every connection that the mail servers allow is in use", "connect")
    last = errors[-1]
    replies = dict.fromkeys(error.reply for error in errors)
    return Unavailable(last.code, "; ".join(replies), last.phase)
