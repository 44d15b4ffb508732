"""The guard: whom it lets be asked, at which address, how long and how much; against real servers."""

from __future__ import annotations

import gzip
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any

import pytest
import trustme
from feed_server import LOOPBACK, FeedServer, feed_server
from hypothesis import given
from hypothesis import strategies as st

from publisher.guard import Deadline, NotFetched, Policy, is_public
from publisher.sources.asking import MOST_BYTES, Answer, Asker

TLS = ssl.create_default_context()


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as found:
        yield found


def ask(url: str, policy: tuple[str, ...] = (LOOPBACK,), seconds: float = 5, **more: Any) -> Answer:
    asker = Asker(Policy(policy), more.pop("tls", TLS), **more)
    return asker.ask(url, url, lambda _: {"User-Agent": "test"}, Deadline(seconds))


def refused(url: str, policy: tuple[str, ...] = (LOOPBACK,), **more: Any) -> str:
    with pytest.raises(NotFetched) as error:
        ask(url, policy, **more)
    return error.value.reason


PRIVATE = [
    *("127.0.0.1", "127.8.9.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254"),
    *("100.64.0.1", "100.127.255.255", "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.255", "240.0.0.1"),
    *("255.255.255.255", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "192.0.0.8"),
    *("::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "::ffff:0:10.0.0.1", "fe80::1"),
    *("fe80::1%lo", "fc00::1", "fdff::9", "fec0::1", "ff02::1", "2002:7f00:1::", "2002:a00:1::1", "2001::1"),
    *("64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2001:db8::1", "100::1"),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_no_private_address_is_admitted(address: str) -> None:
    assert not Policy().admits("elsewhere.example", address)
    assert Policy(("elsewhere.example",)).admits("Elsewhere.Example.", address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "151.101.1.6", "2606:4700::6810:84e5", "2a01:4f8::1", "2001:4860::8"]
)
def test_addresses_of_the_open_internet_are_admitted(address: str) -> None:
    assert Policy().admits("elsewhere.example", address)


@given(st.ip_addresses(v=4))
def test_nothing_that_is_private_hides_in_ipv6(inner: Any) -> None:
    number = int(inner)
    hidden = [number, 0xFFFF << 32 | number, 0x64FF9B << 96 | number, (0x2002 << 32 | number) << 80]
    assert not any(is_public(ip_address((each % (1 << 128)).to_bytes(16, "big"))) for each in hidden)


def test_a_list_of_networks_admits_those_alone() -> None:
    policy = Policy(("10.1.0.0/16", "fd00::/64"))
    assert policy.admits("a.example", "10.1.9.9")
    assert policy.admits("a.example", "fd00::7")
    assert not policy.admits("a.example", "10.2.0.1")
    assert not policy.admits("a.example", "no address")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0"]
)
def test_every_way_to_write_loopback_is_refused(host: str, server: FeedServer) -> None:
    server.answers["/"] = b"secret"
    assert "no public address" in refused(f"http://{host}:{server.port}/", ())
    assert server.asked == []


def test_the_name_is_resolved_once_and_the_connection_is_pinned(server: FeedServer) -> None:
    """Who answers with a public address first and a private one later gains nothing, and the reverse."""
    server.answers["/"] = b"feed"
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    url = f"http://elsewhere.example:{server.port}/"
    assert ask(url, resolve=lambda *_: next(answers)).body == b"feed"
    assert next(answers) == ["10.0.0.1"]
    assert server.asked[0].headers["Host"] == f"elsewhere.example:{server.port}"
    # of several addresses only those that are admitted are tried
    assert ask(url, resolve=lambda *_: ["10.0.0.1", "127.0.0.1"]).body == b"feed"


def test_each_redirect_is_looked_at_again(server: FeedServer) -> None:
    rebinding = {"open.example": ["127.0.0.1"], "inner.example": ["10.0.0.1"]}
    server.answers["/a"] = (302, {"Location": f"http://inner.example:{server.port}/"}, b"")
    server.answers["/b"] = (302, {"Location": "http://inner.example/"}, b"")
    server.answers["/c"] = (302, {"Location": "http://localhost/"}, b"")
    server.answers["/d"] = (302, {"Location": "file:///etc/passwd"}, b"")
    server.answers["/e"] = (302, {"Location": "gopher://x.example/"}, b"")
    server.answers["/f"] = (302, {"Location": "http://x.example:port/"}, b"")
    at = f"http://open.example:{server.port}"
    policy = ("127.0.0.1/32",)
    more: dict[str, Any] = {"resolve": lambda host, _: rebinding.get(host, ["192.168.0.1"])}
    assert f"port {server.port} of inner.example" in refused(f"{at}/a", policy, **more)
    assert "inner.example is at 10.0.0.1" in refused(f"{at}/b", policy, **more)
    assert "localhost is at 192.168.0.1" in refused(f"{at}/c", policy, **more)
    assert "only http and https" in refused(f"{at}/d", policy, **more)
    assert "only http and https" in refused(f"{at}/e", policy, **more)
    assert "no address" in refused(f"{at}/f", policy, **more)


def test_five_redirects_and_no_more(server: FeedServer) -> None:
    for n in range(6):
        server.answers[f"/{n}"] = (301 if n != 3 else 302, {"Location": f"{n + 1}"}, b"")
    server.answers["/6"] = b"feed"
    answer = ask(server.at("/1"))
    # what was not permanent on the way is not kept, nor what comes after it
    assert (answer.body, answer.url, answer.settled) == (b"feed", server.at("/6"), server.at("/3"))
    assert "more than 5" in refused(server.at("/0"))


def test_nothing_of_this_machine_is_told(server: FeedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.answers["/a"] = (
        302,
        {"Set-Cookie": "a=b", "Location": f"http://me:pw@127.0.0.1:{server.port}/b"},
        b"",
    )
    server.answers["/b"] = b"feed"
    assert ask(server.at("/a")).body == b"feed"
    assert {name.lower() for name in server.asked[1].headers} == {"host", "user-agent"}


def _drip(handler: Any) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b"x")
        time.sleep(0.05)


def _drip_headers(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(100):
        handler.wfile.write(b"X-%d: y\r\n" % number)
        time.sleep(0.05)


@pytest.mark.parametrize("how", [_drip, _drip_headers, lambda handler: time.sleep(1.5)])
def test_a_server_that_drips_is_left(how: Callable[[Any], None], server: FeedServer) -> None:
    server.answers["/"] = how
    began = time.monotonic()
    assert "took longer than" in refused(server.at("/"), seconds=0.4)
    assert time.monotonic() - began < 1.2


def test_a_name_server_that_says_nothing_is_left() -> None:
    began = time.monotonic()
    said = refused("http://slow.example/", resolve=lambda *_: time.sleep(1) or [], seconds=0.2)
    assert "the DNS says nothing" in said
    assert time.monotonic() - began < 0.9


def test_compressed_or_not_it_ends_at_the_limit(server: FeedServer) -> None:
    packed = {"Content-Encoding": "gzip"}
    server.answers["/bomb"] = (200, packed, gzip.compress(bytes(20 * MOST_BYTES), 1))
    server.answers["/large"] = bytes(MOST_BYTES + 1)
    server.answers["/fits"] = (200, packed, gzip.compress(bytes(MOST_BYTES), 1))
    server.answers["/two"] = (200, packed, gzip.compress(b"one") + gzip.compress(b"two"))
    server.answers["/bare"] = (200, {"Content-Encoding": "deflate"}, zlib.compress(b"bare")[2:-4])
    server.answers["/cut"] = (200, packed, gzip.compress(bytes(range(256)) * 99)[:-20])
    server.answers["/odd"] = (200, {"Content-Encoding": "br"}, b"?")
    server.answers["/liar"] = (200, packed, b"no gzip at all")
    server.answers["/head"] = (200, {"X": "y" * 200_000}, b"")
    for path in ("/bomb", "/large"):
        assert "larger than 10 MB" in refused(server.at(path))
    assert len(ask(server.at("/fits")).body) == MOST_BYTES
    assert [ask(server.at(path)).body for path in ("/two", "/bare")] == [b"onetwo", b"bare"]
    assert "ends too early" in refused(server.at("/cut"))
    assert "not asked for: br" in refused(server.at("/odd"))
    for path in ("/liar", "/head"):
        assert "127.0.0.1" in refused(server.at(path))


def test_tls_is_verified_against_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    of_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.example").configure_cert(of_server)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with feed_server(of_server) as server:
        server.answers["/"] = b"feed"
        at: Callable[[str], str] = lambda host: f"https://{host}:{server.port}/"  # noqa: E731
        here: dict[str, Any] = {"resolve": lambda *_: ["127.0.0.1"]}
        assert ask(at("elsewhere.example"), tls=trusting, **here).body == b"feed"
        assert "certificate" in refused(at("other.example"), tls=trusting, **here)
        assert "certificate" in refused(at("elsewhere.example"), tls=TLS, **here)


def test_nobody_there(server: FeedServer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert "cannot be reached" in refused(f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert "cannot be found" in refused("http://nowhere.invalid/")
    assert "cannot be found" in refused(f"http://{'a' * 70}.example/")
    server.answers["/"] = lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n")
    assert "127.0.0.1" in refused(server.at("/"))
