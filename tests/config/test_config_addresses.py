"""Addresses: what a subscriber may have, what we may send from, and how both look on the wire."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher import config
from publisher.config import values
from publisher.errors import ConfigError

FILE = Path("/site/config.yaml")


@pytest.mark.parametrize(
    ("typed", "wire"),
    [
        ("Ada.L+news@Mail.example.org", "Ada.L+news@Mail.example.org"),
        ("ada@Bücher.example", "ada@xn--bcher-kva.example"),
        ("ада@почта.example", "ада@xn--80a1acny.example"),
        ("用户@例子。广告", "用户@xn--fsqu00a.xn--4rr70v"),
        ("zoë@example.org", "zoë@example.org"),
    ],
)
def test_an_address_beyond_ascii_is_kept_as_typed_and_sent_as_servers_take_it(typed: str, wire: str) -> None:
    assert values.address(typed) == typed
    assert values.wire_address(typed) == wire
    assert values.wire_address(wire) == wire


@pytest.mark.parametrize(
    "bad",
    [
        *("", "@", "ada", "ada@", "@x.org", "a..b@x.org", ".a@x.org", "a.@x.org", "a b@x.org", "a@x"),
        *("a@x.org, b@y.org", "a@x.org\n", "a@b@x.org", '"a"@x.org', "a@[127.0.0.1]", "a@127.0.0.1"),
        *("a@-x.org", "a@x_y.org", "a@" + "b" * 64 + ".org", "a" * 65 + "@x.org", "é" * 33 + "@x.org"),
        *("a@" + "ü" * 300 + ".org", "a@" + "bü." * 60 + "org", "a@x‑\u2028.org", "a@bü cher.example"),
        *("é\u2028@x.org", "é\x85@x.org", "é\u200b@x.org", "é\u202e@x.org", "\ud800@x.org", "é\u3000@x.org"),
    ],
)
def test_what_is_no_address_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        values.address(bad)


@given(st.text(max_size=20), st.text(max_size=20))
def test_what_is_taken_can_stand_in_a_header_and_in_a_command(local: str, domain: str) -> None:
    try:
        wire = values.wire_address(f"{local}@{domain}.example")
    except ValueError:
        return
    assert wire.isprintable()
    assert not set(wire) & set(' <>,;:"\\()[]')
    assert wire.rpartition("@")[2].isascii()


def test_we_send_from_ascii_alone() -> None:
    text = 'newsletters: {{daily: {{from: "Ö <{}>"}}}}\n'
    made = config.parse(text.format("daily@bücher.example"), FILE)
    assert made.newsletters["daily"].sender.addr_spec == "daily@xn--bcher-kva.example"
    with pytest.raises(ConfigError, match="ASCII before the @"):
        config.parse(text.format("zoë@courier.example"), FILE)


def test_who_signs_is_a_domain_and_a_selector() -> None:
    text = "mail: {{dkim: {{domain: {}, selector: {}, key_file: key.pem}}}}\n"
    made = config.parse(text.format("Bücher.example", "2026A.news"), FILE).mail.dkim
    assert made
    assert (made.domain, made.selector) == ("xn--bcher-kva.example", "2026a.news")
    assert made.key_file == Path("/site/key.pem")
    for domain, selector in (("courier", "a"), ("courier.example", "a_b"), ("a;b.example", "a")):
        with pytest.raises(ConfigError, match="expected a"):
            config.parse(text.format(domain, selector), FILE)
