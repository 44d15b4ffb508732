"""Rule 20: a retry has the bytes of the first try, whatever the configuration says by then."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dkim as dkimpy
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from publisher import cutting, dkim, gathering, links, subscribing
from publisher.app import Publisher
from publisher.config.mail import Dkim
from publisher.delivering.messages import Composer
from publisher.errors import ConfigError, NotFound, Refused
from publisher.model.mail import Outgoing
from publisher.store import editions, keys, ledger
from publisher.store.schema import editions as editions_table
from publisher.store.schema import keys as keys_table

NEWSLETTER = {"from": "Courier <daily@courier.example>", "reply_to": "editors@courier.example"}
BOUNCES = "bounces@courier.example"


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("keys") / "key.pem"
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(made.private_bytes(*form))
    return file


@pytest.fixture
def cut(publication: Callable[..., Publisher], post: Any, subscribe: Any, clock: Any) -> Callable[..., Any]:
    """A publication with one edition for these people; its rows as a sender gets them."""

    def make(*people: str, **sections: Any) -> tuple[Publisher, list[Any]]:
        site = {"newsletters": {"daily": NEWSLETTER}, "mail": {"bounce_address": BOUNCES}, **sections}
        p = publication(articles={"a.md": post("The ferry is late")}, **site)
        gathering.gather(p.store, p.config, clock.now)
        for address in people or ("ada@example.org",):
            subscribe(p, address)
        request = cutting.asked(p.config, "daily", "daily", clock.now, everybody=True)
        made = cutting.cut(p.store, p.config, p.templates, request, clock.now)
        with p.store.read() as tx:
            rows = ledger.rows(tx, made.edition.id)
        return p, [SimpleNamespace(**row._mapping) for row in rows]

    return make


def composed(p: Publisher, row: Any) -> Outgoing:
    return Composer(p.store, p.config, p.keys).compose(row, p.clock())


def signed_by(private: Path, selector: str = "2026a") -> dict[str, Any]:
    made = {"domain": "courier.example", "selector": selector, "key_file": str(private)}
    return {"bounce_address": BOUNCES, "dkim": made}


def verifies(message: bytes, private: Path) -> bool:
    record = dkim.load(Dkim(domain="courier.example", selector="a", key_file=private)).record
    return bool(dkimpy.verify(message, dnsfunc=lambda name, timeout=5: record.encode()))


def test_a_retry_has_the_same_bytes_whatever_was_configured_since(
    cut: Any, publication: Any, private: Path
) -> None:
    p, (row,) = cut(mail=signed_by(private))
    first = composed(p, row)
    assert verifies(first.message, private)
    assert first.envelope.sender.startswith("bounces+")
    with p.store.write() as tx:
        tx.execute(keys_table.insert().values(secret=b"n" * 32))
    changed = publication(
        publication={"url": "https://elsewhere.example", "title": "Another name"},
        newsletters={"daily": {"from": "New <new@elsewhere.example>", "title": "Other", "archive": "none"}},
        mail={**signed_by(private), "bounce_address": "other@elsewhere.example"},
    )
    assert changed.keys.secrets[0] == b"n" * 32
    assert composed(changed, row) == first
    sender, numbers = first.envelope.sender, (row.id, row.generation)
    assert links.read_verp(changed.keys, sender) == numbers, "what was sent with the old key is still read"


def test_an_edition_from_before_anything_was_frozen_is_made_as_it_is_configured(
    cut: Any, publication: Any
) -> None:
    p, (row,) = cut()
    with p.store.write() as tx:
        tx.execute(editions_table.update().values(letterhead=None))
    changed = publication(newsletters={"daily": {"from": "New <new@elsewhere.example>"}}, mail={})
    outgoing = composed(changed, row)
    assert outgoing.envelope.sender.endswith("@elsewhere.example")
    assert message_from_bytes(outgoing.message)["From"] == "New <new@elsewhere.example>"


def test_what_was_cut_unsigned_stays_so_and_a_new_key_signs_what_the_old_one_would_have(
    cut: Any, publication: Any, private: Path
) -> None:
    p, (row,) = cut()
    first = composed(p, row)
    assert composed(publication(newsletters={"daily": NEWSLETTER}, mail=signed_by(private)), row) == first
    other = {"publication": {"url": "https://courier.example"}, "newsletters": {"daily": NEWSLETTER}}
    with p.store.write() as tx:
        edition = editions.get(tx, row.edition_id)
        frozen = {**(edition.letterhead or {}), "dkim": ["courier.example", "2025z"]}
        tx.execute(editions_table.update().values(letterhead=frozen))
    replaced = composed(publication(**other, mail=signed_by(private)), row).message
    assert b" s=2026a;" in replaced
    assert verifies(replaced, private)
    assert replaced.endswith(first.message)
    assert composed(publication(**other, mail={}), row).message == first.message


def test_every_message_has_names_of_its_own(cut: Any) -> None:
    p, rows = cut("ada@example.org", "bo@example.org")
    made = [composed(p, row) for row in rows]
    again = [composed(p, SimpleNamespace(**{**vars(row), "generation": 2})) for row in rows]
    headers = [message_from_bytes(o.message) for o in made + again]
    assert len({h["Message-ID"] for h in headers}) == 4
    assert len({o.envelope.sender for o in made + again}) == 4
    assert len({h["List-Unsubscribe"] for h in headers}) == 2, (
        "leaving is the subscription's, not the message's"
    )


def test_an_address_beyond_ascii_from_the_door_to_the_envelope(cut: Any) -> None:
    p, rows = cut("Ada@Bücher.example", "ада@example.org")
    made = {row.address: composed(p, row) for row in rows}
    in_domain, before_at = made["Ada@Bücher.example"], made["ада@example.org"]
    assert in_domain.envelope.recipient == "Ada@xn--bcher-kva.example"
    assert in_domain.message.isascii()
    assert before_at.envelope.recipient == "ада@example.org"
    assert "\r\nTo: ада@example.org\r\n".encode() in before_at.message
    assert before_at.message.replace("ада@".encode(), b"").isascii()


def test_two_spellings_of_one_address_are_one_person(cut: Any, subscribe: Any) -> None:
    p, _ = cut("Ada@Bücher.example")
    assert subscribe(p, "ada@xn--bcher-kva.example", name="Ada") == "updated"
    assert subscribe(p, "ADA@BÜCHER.example") == "unchanged"
    subscribing.suppress(p.store, "ada@xn--bcher-kva.EXAMPLE", "asked", p.clock())
    with pytest.raises(Refused, match="suppressed"):
        subscribe(p, "ada@bücher.example")
    subscribing.suppress(p.store, "Zoe\u0308@example.org", "asked", p.clock())
    with pytest.raises(Refused, match="suppressed"):
        subscribe(p, "zo\u00eb@example.org")


def test_what_keeps_all_messages_from_being_made_is_said_before_the_first(
    cut: Any, publication: Any, private: Path, tmp_path: Path
) -> None:
    p, (row,) = cut(mail=signed_by(private))
    gone = publication(newsletters={"daily": NEWSLETTER}, mail=signed_by(tmp_path / "nowhere.pem"))
    with pytest.raises(ConfigError, match=r"mail\.dkim\.key_file"):
        Composer(gone.store, gone.config, gone.keys).ready(row.variant_id)
    closed = publication(newsletters={"weekly": NEWSLETTER})
    with pytest.raises(NotFound, match="daily"):
        Composer(closed.store, closed.config, closed.keys).ready(row.variant_id)
    notice = b"From: daily@courier.example\r\n\r\nA word.\r\n"
    assert Composer(closed.store, closed.config, closed.keys).signed(notice, p.clock()) == notice
    assert verifies(Composer(p.store, p.config, p.keys).signed(notice, p.clock()), private)


def test_a_restored_store_without_the_key_of_an_edition_uses_its_newest(cut: Any) -> None:
    p, (row,) = cut()
    first = composed(p, row)
    with p.store.write() as tx:
        tx.execute(keys_table.delete())
        fresh = keys.secrets_of(tx)
    again = Composer(p.store, p.config, links.Keys(fresh)).compose(row, p.clock())
    assert again.envelope.sender != first.envelope.sender
    assert links.read_verp(links.Keys(fresh), again.envelope.sender) == (row.id, row.generation)
