"""Inlining touches no network and no file, whatever a stylesheet or an article asks for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from publisher.rendering.inlining import inline, inline_document

touched: list[str] = []


class Canary(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        touched.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/css")
        self.end_headers()
        self.wfile.write(b"p { color: canary }")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def canary() -> Iterator[str]:
    touched.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Canary) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_no_canary_is_touched(canary: str, tmp_path: Path) -> None:
    file = tmp_path / "canary.css"
    file.write_text("p { color: canary }")
    css = (
        f'@import "{canary}/a.css"; @import url({canary}/b.css) screen; @import "{file.as_uri()}"; '
        f'@import "{file}"; p {{ background: url({canary}/c.png) }}'
    )
    links = (
        f'<link rel="stylesheet" href="{canary}/d.css"><link rel=stylesheet href="{file.as_uri()}">'
        f'<link rel="stylesheet"><style>@import "{canary}/e.css"; @import "{file.as_uri()}";</style>'
        f'<img src="{canary}/f.png">'
    )
    page = (
        f'<!doctype html><html><head>{links}</head><body background="{canary}/g.png"><p>x</p></body></html>'
    )
    results = (inline(f"{links}<p>x</p>", css), inline_document(page, css))
    assert touched == []
    assert not any("color:canary" in text.replace(" ", "") for text in results)
    assert all(f"url({canary}/c.png)" in text for text in results)


@pytest.mark.parametrize(
    "html", ["", " ", "plain", "<p>a<!-- b --></p>", "\x00\x08\ud800\ufffe", "<table><td>x"]
)
def test_any_fragment_survives(html: str) -> None:
    assert "\x08" not in inline(html, "p { margin: 0 }")


def test_rules_are_written_into_elements_and_attributes_of_the_author_stay() -> None:
    html = inline(
        '<table width="600"><tr><td class="a" align="left">x &amp; é</td></tr></table>', ".a { width: 5px }"
    )
    assert '<td class="a" align="left" style="width:5px">x &amp; é</td>' in html
    assert 'width="600"' in html


def test_kept_styles_stay_as_they_are() -> None:
    kept = "@media (prefers-color-scheme: dark) { .a > b { color: red !important } }"
    page = (
        f'<!doctype html><html><head><style data-premailer="ignore">{kept}</style></head><body></body></html>'
    )
    assert f"<style>{kept}</style>" in inline_document(page, "p { margin: 0 }")
