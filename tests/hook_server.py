"""A program that listens: an HTTP server that keeps what it is told, and answers as it is asked to."""

from __future__ import annotations

import hmac
import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass
class Listener:
    """`heard` are (headers, body) in order; `answers` are given first, then 204."""

    port: int = 0
    heard: list[tuple[Mapping[str, str], dict[str, Any]]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    @property
    def types(self) -> list[str]:
        return [body["type"] for _, body in self.heard]

    def last(self, type_: str) -> dict[str, Any]:
        return [body["data"] for _, body in self.heard if body["type"] == type_][-1]


def verified(headers: Mapping[str, str], body: bytes, secret: str = SECRET) -> bool:
    """As a receiver does it, by the words of the specification."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = b64decode(secret.removeprefix("whsec_"))
    return headers["webhook-signature"] == "v1," + b64encode(hmac.digest(key, signed, "sha256")).decode()


@contextmanager
def listening() -> Iterator[Listener]:
    """A listener on this machine."""
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            listener.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = listener.answers.pop(0) if listener.answers else 204
            if 200 <= status < 300:
                assert verified(self.headers, body)
                listener.heard.append((dict(self.headers), json.loads(body)))
            self.send_response(status)
            for name, value in listener.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    listener.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
