"""Mailbox providers by MX, asked of a real DNS server on this machine: one that answers, or keeps silent."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from publisher.transports import mailbox_providers
from publisher.transports.mailbox_providers import MailboxProviders, provider_at, registered

MX = {
    "school.org": ["10 alt1.aspmx.l.google.com.", "1 aspmx.l.google.com."],
    "firm.eu": ["0 firm-eu.mail.protection.outlook.com."],
    "new-firm.eu": ["0 new-firm-eu.p-v1.mx.microsoft."],
    "club.co.uk": ["5 mx1.hosting.co.uk.", "5 mx2.hosting.co.uk."],
    "own.net": ["5 mail.own.net."],
    "nobody.net": ["0 ."],
    "without.net": [],
}


@dataclass
class Server:
    """Answers MX questions over UDP; `asked` are the names it was asked for."""

    silent: bool = False
    asked: list[str] = field(default_factory=list)

    def __enter__(self) -> Server:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()

    def resolver(self) -> dns.resolver.Resolver:
        found = dns.resolver.Resolver(configure=False)
        found.nameservers = ["127.0.0.1"]
        found.port = int(self._socket.getsockname()[1])
        return found

    def _serve(self) -> None:
        while question := self._socket.recvfrom(4096):
            wire, who = question
            if not wire:
                return
            query = dns.message.from_wire(wire)
            name = query.question[0].name
            self.asked.append(name.to_text(omit_final_dot=True))
            if self.silent:
                continue
            answer = dns.message.make_response(query)
            answer.flags |= dns.flags.RA
            hosts = MX.get(self.asked[-1])
            if hosts is None:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            elif hosts:
                answer.answer.append(dns.rrset.from_text(name, 600, "IN", "MX", *hosts))
            self._socket.sendto(answer.to_wire(), who)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


def until(true: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_domains_are_grouped_by_who_takes_their_mail(server: Server) -> None:
    providers = MailboxProviders(server.resolver())
    domains = [*MX, "unheard-of.net", "gmail.com", "School.org"]
    until(lambda: len(providers.of(domains)) == len(domains))
    assert providers.of(domains) == {
        "school.org": "google",
        "School.org": "google",
        "firm.eu": "microsoft",
        "new-firm.eu": "microsoft",
        "club.co.uk": "hosting.co.uk",
        "own.net": "own.net",
        "nobody.net": "nobody.net",
        "without.net": "without.net",
        "unheard-of.net": "unheard-of.net",
        "gmail.com": "google",
    }
    assert sorted(server.asked) == sorted([*MX, "unheard-of.net"]), "each is asked for once, the known never"


def test_answers_are_kept_for_their_time_and_then_asked_for_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    providers, now = MailboxProviders(server.resolver()), [1000.0]
    monkeypatch.setattr(mailbox_providers, "monotonic", lambda: now[0])
    until(lambda: providers.of(["school.org"]))
    now[0] += 599
    assert providers.of(["school.org"]) == {"school.org": "google"}
    now[0] += 2
    assert providers.of(["school.org"]) == {}
    until(lambda: providers.of(["school.org"]))
    assert server.asked == ["school.org"] * 2


def test_a_dns_that_never_answers_delays_nobody_and_is_left_alone(server: Server) -> None:
    server.silent = True
    providers = MailboxProviders(server.resolver(), patience=0.1)
    domains = [f"slow{n}.net" for n in range(300)]
    began = time.monotonic()
    assert providers.of(domains) == {}
    assert time.monotonic() - began < 0.1
    until(lambda: len(providers.of(domains)) == 3)
    server.silent = False
    time.sleep(0.15)
    assert len(providers.of([*domains, "school.org"])) == 3, (
        "after three silences it is not asked for a while"
    )
    assert set(server.asked) == set(domains[:3])


def test_what_no_dns_holds_is_never_asked_for(server: Server) -> None:
    providers = MailboxProviders(server.resolver())
    reserved = ["example.org", "mail.example.com", "courier.example", "a.test", "localhost", "x.invalid"]
    assert providers.of(reserved) == {name: name for name in reserved}
    assert server.asked == []


def test_no_resolver_at_all_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver, "Resolver", broken)
    providers = MailboxProviders()
    until(lambda: providers.of(["school.org"]))
    assert providers.of(["school.org"]) == {"school.org": "school.org"}


@pytest.mark.parametrize(
    ("host", "part", "provider"),
    [
        ("ASPMX.L.GOOGLE.com.", "google.com", "google"),
        ("gmail-smtp-in.l.google.com", "google.com", "google"),
        ("mta5.am0.yahoodns.net.", "yahoodns.net", "yahoo"),
        ("hotmail-com.olc.protection.outlook.com.", "outlook.com", "microsoft"),
        ("mx01.mail.icloud.com.", "icloud.com", "apple"),
        ("mx.provider.com.au.", "provider.com.au", "provider.com.au"),
        ("mx-ha.web.de.", "web.de", "web.de"),
        ("localhost", "localhost", "localhost"),
    ],
)
def test_the_registered_part_of_a_host(host: str, part: str, provider: str) -> None:
    assert registered(host) == part
    assert provider_at(host) == provider
