"""A mailbox over IMAP (RFC 9051): unseen mails in chunks by UID, marked as seen when they are handled."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from publisher.config.feedback import Imap
from publisher.errors import Phase, Unavailable

_WINDOW = 5000  # messages a search: the answer is one line, and a line has an end
_CHUNK, _FETCHED = 20, 256 << 10  # mails at once, and bytes of each: a report stands before what it returns
_UID = re.compile(rb"\bUID (\d+)")


class ImapMailbox:
    """One folder of one server. Reading marks nothing: mails are peeked at."""

    source = "imap"

    def __init__(self, imap: Imap, password: str, context: ssl.SSLContext) -> None:
        self._imap, self._password, self._context = imap, password, context
        self._handled: list[str] = []

    def unread(self) -> Iterator[tuple[str, bytes]]:
        """Each unseen mail; those handled are marked with their chunk. Raises Unavailable."""
        with self._session() as (client, count):
            for first in range(1, count + 1, _WINDOW):
                last = min(first + _WINDOW - 1, count)
                uids = self._asked(client, "SEARCH", f"{first}:{last}", "UNSEEN", "UNDELETED")
                yield from self._fetched(client, b" ".join(u for u in uids if u).split())

    def handled(self, name: str) -> None:
        """Marked as seen with the rest of its chunk."""
        self._handled.append(name)

    def count(self) -> int:
        """Not known before it is asked."""
        return 0

    def _fetched(self, client: imaplib.IMAP4, uids: Sequence[bytes]) -> Iterator[tuple[str, bytes]]:
        for at in range(0, len(uids), _CHUNK):
            chunk = b",".join(uids[at : at + _CHUNK]).decode()
            try:
                yield from _mails(self._asked(client, "FETCH", chunk, f"(UID BODY.PEEK[]<0.{_FETCHED}>)"))
            finally:
                self._mark(client)

    def _mark(self, client: imaplib.IMAP4) -> None:
        if self._handled:
            done, self._handled = self._handled, []
            self._asked(client, "STORE", ",".join(done), "+FLAGS.SILENT", r"(\Seen)")

    def _asked(self, client: imaplib.IMAP4, *command: str) -> list[Any]:
        with self._failing("connect", f"did not do {command[0]}"):
            kind, answer = client.uid(*command)
            if kind != "OK":
                raise imaplib.IMAP4.error(answer[0])
            return list(answer)

    @contextmanager
    def _session(self) -> Iterator[tuple[imaplib.IMAP4, int]]:
        with self._failing("connect", "cannot be reached"):
            client = self._connected()
        try:
            yield client, self._entered(client)
        finally:
            with suppress(imaplib.IMAP4.error, OSError):
                client.logout()
            with suppress(OSError):
                client.shutdown()  # a logout that fails leaves the socket open

    def _connected(self) -> imaplib.IMAP4:
        imap, seconds = self._imap, self._imap.timeout.total_seconds()
        if imap.security == "tls":
            return imaplib.IMAP4_SSL(imap.host, imap.port, ssl_context=self._context, timeout=seconds)
        client = imaplib.IMAP4(imap.host, imap.port, timeout=seconds)
        if imap.security == "starttls":
            with self._failing("tls", "did not start TLS"):
                client.starttls(self._context)
        return client

    def _entered(self, client: imaplib.IMAP4) -> int:
        with self._failing("auth", f"did not let {self._imap.username!r} sign in"):
            client.login(self._imap.username, self._password)
        with self._failing("connect", f"has no folder {self._imap.folder!r}"):
            kind, answer = client.select(_quoted(self._imap.folder))
            if kind != "OK":
                raise imaplib.IMAP4.error(answer[0])
            return int(answer[0] or 0)

    @contextmanager
    def _failing(self, phase: Phase, problem: str) -> Iterator[None]:
        """Whatever goes wrong inside becomes one Unavailable that says where, what and why."""
        where = f"{self._imap.host}:{self._imap.port}"
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            reason = error.verify_message
            raise Unavailable(0, f"{where}: its certificate is not trusted: {reason}", "tls") from None
        except ssl.SSLError as error:
            raise Unavailable(0, f"{where}: no TLS connection: {error.reason or error}", "tls") from None
        except imaplib.IMAP4.error as error:
            raise Unavailable(0, f"{where} {problem}: {_said(error)}", phase) from None
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise Unavailable(0, f"{where} {problem}: {reason}", phase) from None


def _mails(answer: Sequence[Any]) -> Iterator[tuple[str, bytes]]:
    """The mails of an answer; servers put the UID before the bytes or behind them."""
    for number, item in enumerate(answer):
        if not isinstance(item, tuple):
            continue
        behind = answer[number + 1] if number + 1 < len(answer) else b""
        if found := _UID.search(item[0]) or _UID.search(behind if isinstance(behind, bytes) else b""):
            yield found[1].decode(), item[1]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join(text.split())[:300]
