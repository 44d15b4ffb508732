"""How fast a feed of 100 kB is polled here, beside nginx with one worker serving the same file.

`python bench/polls.py [SECONDS] [PAIRS]` starts `publisher serve` and nginx on one folder, and lets wrk ask
both in turns, over loopback: the whole feed, the feed in gzip, and 304 to who has it. It prints the medians
of PAIRS (5) turns of SECONDS (2) each, their ratio, and the ratio for each second of processor time, which is
steadier where the machine is busy. Exits 1 when a limit is missed; without wrk or nginx it says so and
measures nothing.
"""

from __future__ import annotations

import getpass
import gzip
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
SIZE, CONNECTIONS = 100_000, 16
LIMITS = {"200": 0.7, "200 gzip": 0.0, "304": 0.4}
CONFIG = 'publication: {title: Courier, url: "https://courier.example"}\n'
NGINX = """
worker_processes 1; daemon off; pid nginx.pid; error_log stderr error; %(user)s
events { worker_connections 1024; }
http {
    types { application/rss+xml xml; } access_log off; sendfile on; tcp_nopush on;
    keepalive_requests 1000000000; open_file_cache max=100; open_file_cache_valid 1s; gzip_static on;
    client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
    server { listen 127.0.0.1:%(port)d; root public; add_header Cache-Control "public, max-age=60"; }
}
"""


@dataclass(frozen=True)
class Rival:
    """A server: where it listens, and its process."""

    url: str
    pid: int

    def headers(self, kind: str) -> list[str]:
        """What wrk sends besides its own headers."""
        if kind == "304":
            with urllib.request.urlopen(self.url) as answer:
                return ["-H", f"If-None-Match: {answer.headers['ETag']}"]
        return ["-H", "Accept-Encoding: gzip"] if "gzip" in kind else []

    def asked(self, kind: str, seconds: int) -> tuple[float, float]:
        """Requests a second, and requests for each second of processor time."""
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *self.headers(kind), self.url]
        before = self.worked()
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        worked = max(self.worked() - before, 0.01)
        if "Non-2xx" in said or "Socket errors" in said:
            sys.exit(f"{self.url}: {said}")
        rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
        count = re.search(r"(\d+) requests in", said)
        if not (rate and count):
            sys.exit(said)
        return float(rate[1]), int(count[1]) / worked

    def worked(self) -> float:
        """Seconds of processor time that the process and its children have used."""
        pids = [self.pid, *map(int, Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split())]
        stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
        return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")


def feed() -> bytes:
    """A hundred kilobytes that look like text."""
    dice = random.Random(1)
    words = ["".join(dice.choices("abcdefghijklmnop", k=dice.randint(2, 9))) for _ in range(3000)]
    text = "<rss><channel>" + " ".join(dice.choices(words, k=20_000))
    return text.encode()[: SIZE - 6] + b"</rss>"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def started(folder: Path, port: int, *command: str) -> Iterator[Rival]:
    """A server, from when it answers to the end."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}/feed.xml"
        for _ in range(200):
            try:
                urllib.request.urlopen(url).close()
                break
            except OSError:
                time.sleep(0.1)
        try:
            yield Rival(url, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)


def compared(ours: Rival, theirs: Rival, kind: str, seconds: int, pairs: int) -> bool:
    """Print a line; whether the limit was kept."""
    turns = [(ours.asked(kind, seconds), theirs.asked(kind, seconds)) for _ in range(pairs)]
    rates = [median(turn[who][0] for turn in turns) for who in (0, 1)]
    ratio = median(mine[0] / other[0] for mine, other in turns)
    worked = median(mine[1] / other[1] for mine, other in turns)
    limit = LIMITS[kind]
    asked = f"(at least {limit})" if limit else ""
    print(f"{kind:9} {rates[0]:9,.0f} {rates[1]:9,.0f} {ratio:8.2f} {worked:22.2f}  {asked}", flush=True)
    return ratio >= limit


def main() -> None:
    """Print the table."""
    missing = [name for name in ("wrk", "nginx") if not shutil.which(name)]
    if missing:
        print(f"polls: not measured, {' and '.join(missing)} cannot be found on this machine")
        return
    seconds, pairs = [int(each) for each in (*sys.argv[1:], *("2", "5")[len(sys.argv) - 1 :])]
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        folder = Path(made)
        (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
        (folder / "public").mkdir()
        for name, body in (("feed.xml", feed()), ("feed.xml.gz", gzip.compress(feed(), 6))):
            (folder / "public" / name).write_bytes(body)
            os.utime(folder / "public" / name, (1_700_000_000, 1_700_000_000))
        port, other = free_port(), free_port()
        user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(NGINX % {"port": other, "user": user}, encoding="utf-8")
        serve = (sys.executable, "-m", "publisher", "serve", "--port", str(port))
        ours = stack.enter_context(started(folder, port, *serve))
        theirs = stack.enter_context(started(folder, other, "nginx", "-p", made, "-c", "nginx.conf"))
        print(f"{'':9} {'here':>9} {'nginx':>9} {'ratio':>8} {'by processor time':>22}   requests a second")
        kept = [compared(ours, theirs, kind, seconds, pairs) for kind in LIMITS]
    sys.exit(0 if all(kept) else 1)


if __name__ == "__main__":
    main()
