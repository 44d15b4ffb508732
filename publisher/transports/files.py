"""A Maildir as transport: every message a file of its own, complete or not there at all.

The message stands in it byte for byte as on the wire, after the two lines that a delivering server adds.
"""

from __future__ import annotations

import itertools
import os
import socket
import time
from pathlib import Path

from publisher.errors import OutcomeUnknown, PermanentFailure, Unavailable
from publisher.model.mail import Outcome, Outgoing, Receipt, Work
from publisher.transports.envelopes import check_envelope, check_message

_FOLDERS = ("tmp", "new", "cur")


class FilesTransport:
    """Writes each message into `new/` of a Maildir, which it makes if need be."""

    connections = 1

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._host = socket.gethostname().replace("/", "-").replace(":", "-") or "localhost"

    def drain(self, work: Work) -> None:
        """Write everything `work` has; each receipt names its file. Raises Unavailable if that fails."""
        try:
            for name in _FOLDERS:
                (self._folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise self._unavailable(error) from None
        current = work.take()
        while current is not None:
            following = work.take(wait=False)
            outcome = self._outcome(current) if work.may_leave(current) else None
            if outcome is not None:
                work.settle(current, outcome)
            if isinstance(outcome, Unavailable):
                _give_back(work, following, outcome)
                raise outcome
            current = following or work.take()

    def _outcome(self, outgoing: Outgoing) -> Outcome:
        name = self._name()
        waiting, delivered = self._folder / "tmp" / name, self._folder / "new" / name
        try:
            check_envelope(outgoing.envelope)
            check_message(outgoing.message)
            _write(waiting, _trace(outgoing) + outgoing.message)
            os.rename(waiting, delivered)
        except PermanentFailure as refused:
            return refused
        except OSError as error:
            waiting.unlink(missing_ok=True)
            return self._unavailable(error)
        try:
            _sync_folder(delivered.parent)
        except OSError as error:
            return OutcomeUnknown(0, f"{delivered}: {error.strerror}", "dot")
        return Receipt(250, str(delivered))

    def _name(self) -> str:
        """A name that no other process and no other second gives, in the order of delivery."""
        second, nanosecond = divmod(time.time_ns(), 1_000_000_000)
        serial = f"M{nanosecond // 1000:06}P{os.getpid()}Q{next(self._numbers)}"
        return f"{second}.{serial}.{self._host}.eml"

    def _unavailable(self, error: OSError) -> Unavailable:
        return Unavailable(0, f"cannot write mail to {self._folder}: {error.strerror or error}", "connect")


def _give_back(work: Work, following: Outgoing | None, error: Unavailable) -> None:
    if following is not None and work.may_leave(following):
        work.settle(following, error)


def _trace(outgoing: Outgoing) -> bytes:
    """What the last server puts before a message (RFC 5321 section 4.4): from whom, for whom."""
    envelope = outgoing.envelope
    return f"Return-Path: <{envelope.sender}>\r\nDelivered-To: {envelope.recipient}\r\n".encode()


def _write(file: Path, content: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    # without it the name of a file may be lost with the power although its bytes are safe
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
