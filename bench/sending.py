"""How fast we send, beside Postfix's own generator in C, to Postfix's sink; and through a server far away.

    python bench/sending.py [--messages N] [--pairs N] [--store URL] [--relay]

Pairs: `publisher bench send` (rows, splice, durable ledger and all) and `smtp-source -d` take turns, with the
same size, sessions and number of messages; printed are the median ratio, its spread, and the time of one
durable commit. `--relay` sends over one connection through a proxy that delays both ways by 10 ms: printed
are messages per round trip. `--store URL` names a PostgreSQL database that may be emptied: SQLite and it take
turns, and the ratio is printed. Needs smtp-sink and smtp-source, which come with Postfix.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).parent.parent
SIZE, SESSIONS, DELAY = 20_000, 10, 0.010


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def sink() -> Iterator[int]:
    """Postfix's server that swallows everything; its port."""
    port = free_port()
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    command = [shutil.which("smtp-sink") or "/usr/sbin/smtp-sink", *user, "-c", f"127.0.0.1:{port}", "1000"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.05)
    try:
        yield port
    finally:
        process.kill()
        process.wait()


def ours(port: int, messages: int, connections: int, *more: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "publisher", "bench", "send", "--json", "--to", f"127.0.0.1:{port}"]
    options = ["--messages", str(messages), "--size", str(SIZE), "--connections", str(connections), *more]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command + options, env=env, stdout=subprocess.PIPE, check=True)
    return dict(json.loads(done.stdout))


def theirs(port: int, messages: int, size: int) -> float:
    """Messages a second of the generator in C."""
    program = shutil.which("smtp-source") or "/usr/sbin/smtp-source"
    load = ["-d", "-s", str(SESSIONS), "-m", str(messages), "-l", str(size)]
    begun = time.perf_counter()
    subprocess.run([program, *load, f"127.0.0.1:{port}"], check=True, stdout=subprocess.DEVNULL)
    return messages / (time.perf_counter() - begun)


def pairs(count: int, messages: int) -> None:
    ratios, found = [], []
    with sink() as port:
        for number in range(count):
            one = ours(port, messages, SESSIONS)
            rival = theirs(port, messages, one["bytes"])
            ratios.append(one["per_second"] / rival)
            found.append(one)
            print(
                f"pair {number + 1}: {one['per_second']:7,.0f} a second, smtp-source {rival:7,.0f}: "
                f"ratio {ratios[-1]:.2f}; {one['cpu_us']:.0f} µs a message "
                + ", ".join(f"{k} {v:.0f}" for k, v in one["cpu_us_by_part"].items())
                + f"; commit {one['commit_ms']:.2f} ms"
            )
    cpu, commit = ([one[key] for one in found] for key in ("cpu_us", "commit_ms"))
    print(
        f"median ratio {statistics.median(ratios):.2f} (from {min(ratios):.2f} to {max(ratios):.2f}); "
        f"{statistics.median(cpu):.0f} µs of processor time a message "
        f"(from {min(cpu):.0f} to {max(cpu):.0f}); "
        f"one durable commit {statistics.median(commit):.2f} ms"
    )


def stores(count: int, messages: int, url: str) -> None:
    """SQLite and PostgreSQL in turn, to the same server."""
    ratios = []
    with sink() as port:
        for number in range(count):
            lite = ours(port, messages, SESSIONS)
            emptied(url)
            there = ours(port, messages, SESSIONS, "--store", url)
            ratios.append(there["per_second"] / lite["per_second"])
            print(
                f"pair {number + 1}: SQLite {lite['per_second']:7,.0f} a second, "
                f"PostgreSQL {there['per_second']:7,.0f}: ratio {ratios[-1]:.2f}; "
                f"{there['cpu_us']:.0f} µs a message",
                flush=True,
            )
    print(f"median ratio {statistics.median(ratios):.2f} (from {min(ratios):.2f} to {max(ratios):.2f})")


def emptied(url: str) -> None:
    """Throw away everything that a benchmark left in a database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


class Far:
    """A proxy that hands on everything `DELAY` seconds later, both ways: a server 20 ms away."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            near, _ = self._server.accept()
            far = socket.create_connection(("127.0.0.1", self._to))
            for one, other in ((near, far), (far, near)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        waiting: deque[tuple[float, bytes]] = deque()
        some = threading.Condition()

        def hand_on() -> None:
            while True:
                with some:
                    some.wait_for(lambda: waiting)
                    due, data = waiting.popleft()
                time.sleep(max(0.0, due - time.perf_counter()))
                if not data:
                    return other.close()
                other.sendall(data)

        threading.Thread(target=hand_on, daemon=True).start()
        while True:
            try:
                data = one.recv(1 << 18)
            except OSError:
                data = b""
            with some:
                waiting.append((time.perf_counter() + DELAY, data))
                some.notify()
            if not data:
                return


def round_trip(port: int) -> float:
    """Seconds from a NOOP to its answer, the median of some."""
    with socket.create_connection(("127.0.0.1", port)) as probe:
        lines = probe.makefile("rb")
        lines.readline()
        spent = []
        for _ in range(20):
            begun = time.perf_counter()
            probe.sendall(b"NOOP\r\n")
            lines.readline()
            spent.append(time.perf_counter() - begun)
    return statistics.median(spent)


def relay(messages: int) -> None:
    with sink() as port:
        far = Far(port)
        trip = round_trip(far.port)
        one = ours(far.port, messages, 1)
    print(
        f"a round trip of {trip * 1000:.1f} ms, one connection: {one['per_second']:.1f} messages a second, "
        f"{one['per_second'] * trip:.2f} a round trip (lock-step would make at most 0.25)"
    )


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--messages", type=int, default=10_000)
    asked.add_argument("--pairs", type=int, default=9)
    asked.add_argument("--store", default="", help="a PostgreSQL database that may be emptied")
    asked.add_argument("--relay", action="store_true")
    given = asked.parse_args()
    if given.store:
        stores(given.pairs, given.messages, given.store)
        emptied(given.store)
    elif given.relay:
        relay(min(given.messages, 500))
    else:
        pairs(given.pairs, given.messages)
        relay(min(given.messages, 500))


if __name__ == "__main__":
    main()
