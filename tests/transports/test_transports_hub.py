"""Many conversations in one thread: nobody keeps another waiting, and no ring is missed."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from publisher.transports.hub import READ, WRITE, Hub, aside, ready


def run(hub: Hub, *jobs: Callable[[], None]) -> None:
    for job in jobs:
        hub.spawn(job)
    hub.run()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_one_that_waits_lets_the_others_go_on(pair: tuple[socket.socket, socket.socket]) -> None:
    said: list[str] = []

    def reader() -> None:
        said.append("waits")
        assert ready(pair[0], READ, 5)
        said.append(pair[0].recv(10).decode())

    def writer() -> None:
        assert ready(pair[1], WRITE, 5)
        said.append("writes")
        pair[1].send(b"read")

    run(Hub(), reader, writer)
    assert said == ["waits", "writes", "read"]


@pytest.mark.parametrize("within", ["a hub", "a thread"])
def test_a_socket_that_stays_silent_is_given_up_in_time(
    pair: tuple[socket.socket, socket.socket], within: str
) -> None:
    found: list[bool] = []
    begun = time.monotonic()
    wait: Callable[[], None] = lambda: found.append(ready(pair[0], READ, 0.05))  # noqa: E731
    run(Hub(), wait) if within == "a hub" else wait()
    assert found == [False]
    assert 0.05 <= time.monotonic() - begun < 2


def test_deadlines_come_in_their_own_order() -> None:
    hub, ended = Hub(), list[float]()

    def sleeper(seconds: float) -> None:
        hub.pause(seconds)
        ended.append(seconds)

    run(hub, *(partial(sleeper, seconds) for seconds in (0.06, 0.02, 0.04)))
    assert ended == [0.02, 0.04, 0.06]


def test_no_ring_of_another_thread_is_missed() -> None:
    hub, count, seen = Hub(), 0, [0, 0]

    def ringing() -> None:
        nonlocal count
        for _ in range(3000):
            count += 1
            hub.ring()

    def listener(number: int) -> None:
        while seen[number] < 3000:
            if seen[number] == count:
                hub.pause(5)
            seen[number] = count

    thread = threading.Thread(target=ringing)
    begun = time.monotonic()
    run(hub, partial(listener, 0), partial(listener, 1), thread.start)
    thread.join()
    assert seen == [3000, 3000]
    assert time.monotonic() - begun < 5, "who missed one would have waited"
    hub.ring()


def test_what_can_only_block_is_done_aside() -> None:
    hub, said = Hub(), list[object]()

    def refused() -> None:
        raise OSError("refused")

    def blocking() -> None:
        said.append(aside(lambda: time.sleep(0.05) or "done"))  # type: ignore[func-returns-value]
        with pytest.raises(OSError, match="refused"):
            aside(refused)

    run(hub, blocking, lambda: said.append("meanwhile"))
    assert said == ["meanwhile", "done"]
    assert aside(threading.get_ident) == threading.get_ident(), "in a plain thread it is simply done"


def test_a_conversation_may_join_those_that_wait() -> None:
    hub, said = Hub(), list[str]()

    def joining() -> None:
        said.append("joined")
        hub.stir()

    def first() -> None:
        threading.Timer(0.05, hub.spawn, [joining]).start()
        while not said:
            hub.pause(5)
        said.append("went on")

    begun = time.monotonic()
    run(hub, first)
    assert said == ["joined", "went on"]
    assert time.monotonic() - begun < 4, "nobody waits for a deadline to be joined"
