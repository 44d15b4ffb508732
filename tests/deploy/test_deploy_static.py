"""Public files copied to nginx or Caddy are told apart from our own by nobody: types, ages, policies, 304."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from publisher.web.file_headers import caching, content_type, headers

DEPLOY = Path(__file__).parents[2] / "deploy"
FILES = [
    *("index.html", "feed.xml", "atom.xml", "feed.json", "sitemap.xml", "robots.txt", "search/index.html"),
    *("feeds/sport.xml", "feeds/sport.atom", "feeds/sport.json", "topics/world/feed.xml", "search/ab.json"),
    *("feeds/archive/main/50-1.atom", "feeds/archive/main/50-2.xml", "2026/11/quay/index.html"),
    *("assets/site.css", "assets/search.js", "assets/site.0123456789ab.css", "2026/a.png", "2026/b.svg"),
    *("2026/c.mp3", "2026/d.jpg", "2026/e.mp4"),
]
COMPARED = ("content-type", "cache-control", "content-security-policy", "x-content-type-options")


@contextmanager
def started(url: str, *command: str, **environment: str) -> Iterator[str]:
    with subprocess.Popen(
        command, env=os.environ | environment, stderr=subprocess.PIPE, text=True
    ) as process:
        until = time.monotonic() + 10
        while process.poll() is None and time.monotonic() < until:
            try:
                httpx.get(url)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        try:
            if process.poll() is not None:
                raise AssertionError(process.communicate()[1])
            yield url
        finally:
            process.terminate()
            process.communicate(timeout=10)


def nginx(folder: Path, port: int, work: Path) -> tuple[str, ...]:
    """The file as it is, but for a port without a certificate and the place of the files."""
    text = (DEPLOY / "static.nginx.conf").read_text(encoding="utf-8")
    text = re.sub(r"^ +(listen|ssl_certificate\w*) .*\n", "", text, flags=re.MULTILINE)
    text = text.replace("root /srv/courier/public;", f"root {folder}; listen 127.0.0.1:{port};")
    paths = "".join(
        f"{name}_temp_path {work}; " for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    whole = f"{user} daemon off; pid {work}/pid; error_log stderr crit; events {{}} http {{ access_log off;"
    (work / "nginx.conf").write_text(f"{whole} {paths}\n{text}\n}}", encoding="utf-8")
    return ("nginx", "-p", str(work), "-e", "stderr", "-c", str(work / "nginx.conf"))


def caddy(_folder: Path, _port: int, work: Path) -> tuple[str, ...]:
    text = (DEPLOY / "static.Caddyfile").read_text(encoding="utf-8")
    (work / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https off\n}\n" + text, encoding="utf-8")
    return ("caddy", "run", "--adapter", "caddyfile", "--config", str(work / "Caddyfile"))


@pytest.mark.parametrize("made", [nginx, caddy], ids=["nginx", "caddy"])
def test_a_static_copy_says_what_the_publisher_says(
    made: Callable[[Path, int, Path], tuple[str, ...]], tmp_path: Path
) -> None:
    if not shutil.which(made.__name__):
        pytest.skip(f"{made.__name__} is not on this machine")
    folder, work = tmp_path / "public", tmp_path / "work"
    work.mkdir()
    for name in (*FILES, ".publisher-manifest.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("<p>High water at noon</p>" * 40)
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    environment = {
        "PUBLISHER_DOMAIN": f"http://127.0.0.1:{port}",
        "PUBLISHER_FILES": str(folder),
        **dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(work)),
    }
    with ExitStack() as stack:
        url = stack.enter_context(
            started(f"http://127.0.0.1:{port}", *made(folder, port, work), **environment)
        )
        http = stack.enter_context(httpx.Client(base_url=url))
        for name in FILES:
            kind = content_type(name)
            said = {
                key.decode(): text.decode()
                for key, text in (*headers(kind, name), *caching(kind, f"/{name}"))
            }
            found = http.get(f"/{name.removesuffix('index.html')}")
            assert found.status_code == 200, name
            got = {key: found.headers[key] for key in COMPARED if key in found.headers}
            if made is caddy and "content-security-policy" not in said:
                del got["content-security-policy"]  # pictures have one more there
            assert got == {key: said[key] for key in COMPARED if key in said}, name
            assert http.get(found.url, headers={"if-none-match": found.headers["etag"]}).status_code == 304
        packed = http.get("/feed.xml", headers={"accept-encoding": "gzip"})
        assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "Accept-Encoding")
        assert http.get("/2026/11/quay").status_code in (200, 301, 302, 307, 308)
        for path in ("/.publisher-manifest.json", "/nothing", "/nothing/"):
            assert http.get(path).status_code == 404
