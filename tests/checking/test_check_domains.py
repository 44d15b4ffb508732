"""What `check` says of DKIM, SPF and DMARC, asked of a DNS server on this machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from publisher import checking, config, dkim
from publisher.checking import Finding
from publisher.checking.domains import Lookup
from publisher.dns_records import txt

CONFIG = """
publication: {title: Courier, url: "https://courier.example", postal_address: "1 Quay, Haven"}
newsletters:
  daily: {from: "Courier <daily@news.courier.example>"}
mail:
  transport: smtp
  smtp: {host: mx.example}
  bounce_address: bounces@courier.example
"""
SIGNED = CONFIG + "  dkim: {domain: courier.example, selector: 2026a, key_file: key.pem}\n"
KEY = "2026a._domainkey.courier.example"
Serve = Callable[[dict[str, str] | None], Lookup]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A DNS server with these TXT records; with None one that never answers."""
    opened: list[socket.socket] = []

    def make(records: dict[str, str] | None) -> Lookup:
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        opened.append(server)
        if records is not None:
            threading.Thread(target=_answer, args=(server, records), daemon=True).start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.getsockname()[1]
        return partial(txt, resolver=resolver, patience=0.3 if records is None else 5)

    yield make
    for server in opened:
        server.sendto(b"", server.getsockname())
        server.close()


def _answer(server: socket.socket, records: dict[str, str]) -> None:
    while True:
        asked, client = server.recvfrom(4096)
        if not asked:
            return
        query = dns.message.from_wire(asked)
        answer = dns.message.make_response(query)
        name = query.question[0].name
        if (text := records.get(name.to_text(omit_final_dot=True))) is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        else:
            # a long record stands in pieces of at most 255 (RFC 1035 section 3.3.14)
            pieces = " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200))
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", pieces))
        server.sendto(answer.to_wire(), client)


@pytest.fixture(scope="module")
def private() -> dict[int, bytes]:
    made = {bits: rsa.generate_private_key(public_exponent=65537, key_size=bits) for bits in (1024, 2048)}
    form = (
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return {bits: key.private_bytes(*form) for bits, key in made.items()}


def found(folder: Path, text: str, lookup: Lookup | None) -> list[Finding]:
    (folder / "content").mkdir(exist_ok=True)
    return checking.check(config.parse(text, folder / "config.yaml"), None, lookup=lookup)


def record(folder: Path) -> str:
    made = config.parse(SIGNED, folder / "config.yaml").mail.dkim
    assert made
    return dkim.load(made).record


def test_a_domain_that_is_in_order(tmp_path: Path, private: dict[int, bytes], serve: Serve) -> None:
    (tmp_path / "key.pem").write_bytes(private[2048])
    records = {
        KEY: record(tmp_path).replace("; p=", ";  p = "),
        "courier.example": "v=spf1 include:relay.example -all",
        "_dmarc.courier.example": "v=DMARC1; p=none",
    }
    assert found(tmp_path, SIGNED, serve(records)) == []


def test_what_is_missing_and_what_is_wrong_is_named(
    tmp_path: Path, private: dict[int, bytes], serve: Serve
) -> None:
    (tmp_path / "key.pem").write_bytes(private[1024])
    findings = found(tmp_path, SIGNED, serve({"courier.example": "some other text"}))
    assert [(f.place, f.rule, f.level) for f in findings] == [
        (KEY, "DKIM", "error"),
        ("courier.example", "SPF", "warning"),
        ("mail.dkim.key_file", "DKIM", "warning"),
        ("news.courier.example", "DMARC", "warning"),
    ]
    assert findings[0].message.endswith(f"is not in the DNS; expected the TXT record {record(tmp_path)}")
    other = found(tmp_path, SIGNED, serve({KEY: "v=DKIM1; k=rsa; p=MIIB"}))
    assert other[0].message.startswith("holds another key; expected")


def test_a_dns_that_does_not_answer_is_no_error(
    tmp_path: Path, private: dict[int, bytes], serve: Serve
) -> None:
    (tmp_path / "key.pem").write_bytes(private[2048])
    (finding,) = found(tmp_path, SIGNED, serve(None))
    assert (finding.rule, finding.level) == ("DNS", "warning")
    assert "unknown" in finding.message


def test_who_signs(tmp_path: Path, private: dict[int, bytes]) -> None:
    (nobody,) = found(tmp_path, CONFIG, None)
    assert (nobody.place, nobody.level) == ("mail.dkim", "warning")
    (no_key,) = found(tmp_path, SIGNED, None)
    assert (no_key.place, no_key.level) == ("mail.dkim.key_file", "error")
    (tmp_path / "key.pem").write_bytes(private[2048])
    (apart,) = found(tmp_path, SIGNED.replace("{domain: courier", "{domain: elsewhere"), None)
    assert (apart.place, apart.level) == ("newsletters.daily.from", "error")


def test_mail_in_files_needs_no_dns(tmp_path: Path, private: dict[int, bytes]) -> None:
    (tmp_path / "key.pem").write_bytes(private[2048])

    def never(name: str) -> list[str]:
        raise AssertionError(name)

    assert found(tmp_path, SIGNED.replace("transport: smtp", "transport: files"), never) == []
