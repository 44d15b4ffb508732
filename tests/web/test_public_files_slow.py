"""A thousand slow clients at once: they delay nobody, hold little memory, and are sent away in the end."""

from __future__ import annotations

import os
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median

import pytest
from public_files_samples import PAGE, THEN, build
from public_files_server import Address, App, get, serving, statuses, talk

from publisher.web import protocol, server
from publisher.web.files import AT_ONCE

LARGE = 12_000_000


@pytest.fixture
def app(tmp_path: Path) -> App:
    folder = build(tmp_path)
    for name, size in (("talk.mp3", LARGE), ("map.bin", 200_000)):
        (folder / name).write_bytes(os.urandom(size))
        os.utime(folder / name, (THEN, THEN))
    return App(folder)


@contextmanager
def clients(address: Address, count: int, sent: bytes) -> Iterator[list[socket.socket]]:
    """So many connections over which this was sent; nobody reads what comes."""
    with ExitStack() as stack:
        made = []
        for _ in range(count):
            one = stack.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.settimeout(10)
            one.connect(address)
            one.sendall(sent)
            made.append(one)
        yield made


def received(one: socket.socket) -> int:
    """How many bytes still come."""
    read = 0
    with suppress(ConnectionError, TimeoutError):
        while piece := one.recv(1 << 20):
            read += len(piece)
    return read


def seconds_for_a_page(address: Address) -> float:
    began = time.perf_counter()
    assert PAGE in talk(address, get("/"), rest=0)
    return time.perf_counter() - began


def test_a_thousand_slow_clients_delay_no_page(app: App) -> None:
    with serving(app) as (address, running), ExitStack() as stack:
        alone = median(seconds_for_a_page(address) for _ in range(20))
        room = min(1000, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 300) // 2)
        assert room >= 200, "a process may have too few files open here for this test"
        for share, sent in (
            (0.4, get("/talk.mp3")),
            (0.2, get("/map.bin") * 50),
            (0.1, get("/map.bin", "Connection: close")),
            (0.3, get("/")[:-9]),
        ):
            stack.enter_context(clients(address, int(room * share), sent))
        heads = stack.enter_context(clients(address, 10, b"G"))
        took = []
        for letter in get("/")[1:21]:
            for one in heads:  # a head in single bytes
                one.sendall(bytes([letter]))
            took.append(seconds_for_a_page(address))
        assert median(took) < 20 * alone + 0.1
        # the first ones come while all the others do, and share this process with them
        assert max(took) < 3.0
        assert sorted(took)[-4] < 0.5
        connections = list(running.server_state.connections)
        assert len(connections) > room * 0.9
        held = [each.transport.get_write_buffer_size() for each in connections]  # type: ignore[union-attr]
        assert max(held) < AT_ONCE + 100_000, "nobody holds a large file whole"
        assert sum(held) < len(held) * AT_ONCE / 2


def test_who_does_not_move_is_sent_away_and_who_does_may_stay(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ASKING", "READING", "RESTING"):
        monkeypatch.setattr(protocol, name, 1)
    monkeypatch.setattr(protocol, "_LITTLE", 1)
    body = get("/", "Content-Length: 90", method="POST")
    with serving(app) as (address, running), ExitStack() as stack:
        gone = [
            *stack.enter_context(clients(address, 1, b"")),
            *stack.enter_context(clients(address, 1, get("/")[:-2])),
            *stack.enter_context(clients(address, 1, get("/atom.xml"))),
            *stack.enter_context(clients(address, 1, body)),
        ]
        (stuck,) = stack.enter_context(clients(address, 1, get("/talk.mp3")))
        (slow,) = stack.enter_context(clients(address, 1, get("/talk.mp3")))
        (sender,) = stack.enter_context(clients(address, 1, body))
        (asker,) = stack.enter_context(clients(address, 1, b""))
        got, until = 0, time.monotonic() + 3.6
        while time.monotonic() < until:
            got += len(slow.recv(100_000))
            asker.sendall(get("/atom.xml"))
            assert asker.recv(4096).startswith(b"HTTP/1.1 200")
            sender.sendall(b"x")
            time.sleep(0.05)
        left = len(running.server_state.connections)
        assert left == 3, "the slow reader, the slow sender and the one who asks again and again"
        for one in gone:
            while one.recv(4096):
                pass
        slow.settimeout(1)
        assert got + received(slow) > LARGE, "and gets all of it"
        assert received(stuck) < LARGE


def test_where_it_is_full_nobody_is_let_in_and_who_rests_leaves_sooner(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "room_for_connections", lambda: 12)
    monkeypatch.setattr(protocol, "RESTING", 10)
    with serving(app) as (address, running):
        talk(address, get("/atom.xml"), rest=0)
        with clients(address, 12, get("/atom.xml")) as resting:
            for one in resting:
                assert one.recv(4096).startswith(b"HTTP/1.1 200")
            assert talk(address, get("/")) == b""
            until = time.monotonic() + 5
            while not statuses(talk(address, get("/atom.xml"))) and time.monotonic() < until:
                time.sleep(0.1)
            assert len(running.server_state.connections) < 12


def test_nothing_is_done_any_more_for_who_has_gone(app: App) -> None:
    app.files.memory.most = 4_000_000  # the talk comes from the disk, the map from memory
    with serving(app) as (address, running):
        for path in ("/talk.mp3", "/map.bin", "/map.bin?again"):
            with clients(address, 5, get(path)) as leaving:
                assert all(one.recv(4096).startswith(b"HTTP/1.1 200") for one in leaving)
        until = time.monotonic() + 5
        while running.server_state.connections | running.server_state.tasks and time.monotonic() < until:  # type: ignore[operator]
            time.sleep(0.02)
        assert not running.server_state.connections
        assert not running.server_state.tasks
