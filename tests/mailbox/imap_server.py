"""A small IMAP server over TLS: as much of RFC 9051 as a reader of one folder needs."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from dataclasses import dataclass, field


@dataclass
class ImapServer:
    """Keeps mails with their flags; says `uid_last` where the UID comes behind the bytes."""

    context: ssl.SSLContext
    mails: dict[int, bytes] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    said: list[str] = field(default_factory=list)
    uid_last: bool = False
    hang_up_at: str = ""
    starttls: bool = False

    def __post_init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._main = threading.Thread(target=self._accept)
        self._main.start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._main.join(10)
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._session, args=(plain,))
            self._threads.append(thread)
            thread.start()

    def _session(self, plain: socket.socket) -> None:
        try:
            talk = plain if self.starttls else self.context.wrap_socket(plain, server_side=True)
            self._talk(talk)
        except OSError:
            pass
        finally:
            plain.close()

    def _talk(self, talk: socket.socket) -> None:
        file = talk.makefile("rwb")
        self._say(file, "* OK ready")
        while line := file.readline().decode().strip():
            tag, _, command = line.partition(" ")
            self.said.append(command)
            if self.hang_up_at and self.hang_up_at in command:
                break
            if command == "STARTTLS":
                self._say(file, f"{tag} OK begin")
                talk = self.context.wrap_socket(talk, server_side=True)
                file = talk.makefile("rwb")
                continue
            result = self._do(file, command)
            self._say(file, f"{tag} {result}")
            if command == "LOGOUT":
                break
        file.close()
        talk.close()

    def _say(self, file: object, line: str) -> None:
        file.write(f"{line}\r\n".encode())  # type: ignore[attr-defined]
        file.flush()  # type: ignore[attr-defined]

    def _do(self, file: object, command: str) -> str:
        verb, _, rest = command.removeprefix("UID ").partition(" ")
        if verb == "CAPABILITY":
            self._say(file, f"* CAPABILITY IMAP4rev1{' STARTTLS' if self.starttls else ''}")
        elif verb == "LOGIN":
            return "OK in" if rest == 'bounces "p a\\"ss"' else "NO [AUTHENTICATIONFAILED] wrong password"
        elif verb == "SELECT":
            if rest != '"INBOX"':
                return "NO no such folder"
            self._say(file, f"* {len(self.mails)} EXISTS")
        elif verb == "SEARCH":
            found = [uid for uid in self.mails if uid not in self.seen]
            self._say(file, " ".join(["* SEARCH", *map(str, found)]))
        elif verb == "FETCH":
            self._fetch(file, rest)
        elif verb == "STORE":
            self.seen |= {int(uid) for uid in rest.split(" ")[0].split(",")}
        return "OK done"

    def _fetch(self, file: object, rest: str) -> None:
        most = int(re.search(r"<0\.(\d+)>", rest)[1])  # type: ignore[index]
        for uid in map(int, rest.split(" ")[0].split(",")):
            data = self.mails[uid][:most]
            number = list(self.mails).index(uid) + 1
            before, behind = ("", f" UID {uid}") if self.uid_last else (f"UID {uid} ", "")
            head = f"* {number} FETCH ({before}BODY[]<0> {{{len(data)}}}\r\n"
            file.write(head.encode() + data + f"{behind})\r\n".encode())  # type: ignore[attr-defined]
        file.flush()  # type: ignore[attr-defined]
