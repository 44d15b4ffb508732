"""A real HTTP server for feeds: what it answers is set by a test, what it was asked is kept."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOOPBACK = "127.0.0.1/32"


@dataclass
class Asked:
    """One request: its path, and its headers in any case."""

    path: str
    headers: Message


@dataclass
class FeedServer:
    """`answers[path]` is what a GET gets: bytes, (status, headers, bytes), or what a function writes."""

    url: str
    port: int
    answers: dict[str, object] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def at(self, path: str) -> str:
        return f"{self.url}{path}"

    def paths(self) -> list[str]:
        return [each.path for each in self.asked]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        feeds: FeedServer = self.server.feeds  # type: ignore[attr-defined]
        feeds.asked.append(Asked(self.path, self.headers))
        answer = feeds.answers.get(self.path, (404, {}, b"nothing"))
        with contextlib.suppress(OSError):
            if callable(answer):
                answer(self)
            elif isinstance(answer, bytes):
                self.say(200, {}, answer)
            else:
                self.say(*answer)  # type: ignore[misc]

    def say(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tests ask what was asked."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Clients hang up in the middle: that is what is tested."""


@contextlib.contextmanager
def feed_server(tls: ssl.SSLContext | None = None) -> Iterator[FeedServer]:
    """A server on a port of its own, until the end."""
    server = _Server(("127.0.0.1", 0), _Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "https" if tls else "http"
    server.feeds = FeedServer(f"{scheme}://127.0.0.1:{server.server_port}", server.server_port)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.feeds  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def rss(*items: str, channel: str = "") -> bytes:
    """An RSS feed of items as they stand."""
    head = "<title>Elsewhere</title><link>https://elsewhere.example/</link>"
    return f'<rss version="2.0"><channel>{head}{channel}{"".join(items)}</channel></rss>'.encode()


def item(title: str, link: str = "", guid: str = "", date: str = "", text: str = "", **more: str) -> str:
    """One item; what is empty is left out."""
    parts = {"title": title, "link": link, "guid": guid, "pubDate": date, "description": text, **more}
    return f"<item>{''.join(f'<{k}>{v}</{k}>' for k, v in parts.items() if v)}</item>"


Handler = Callable[[_Handler], None]
