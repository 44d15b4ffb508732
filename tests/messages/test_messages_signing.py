"""DKIM as others see it: every message verifies by dkimpy, and none that was changed on its way."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import dkim as dkimpy
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from publisher import dkim
from publisher.config.mail import Dkim
from publisher.dkim import Key
from publisher.errors import ConfigError
from publisher.messages import Letterhead, compile_message, sign, signed
from publisher.model.fields import RESERVED, address_mark, mark
from publisher.model.mail import Recipient, Variant

DATED = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
LINKS = {
    "unsubscribe": "https://courier.example/unsubscribe/AbC-_d",
    "view": "https://courier.example/view/" + "v" * 150,
    "leave": "0a" * 17,
}
LETTERHEAD = Letterhead(
    from_='"Zoë of the  Harbour" <daily@courier.example>',
    reply_to="editors@courier.example",
    list_id="The daily Briefing with a name that is long enough to fold <daily.courier.example>",
    feedback_id="12:daily:courier:courier.example",
    unsubscribe_mailto="mailto:bounces+{leave}@courier.example?subject=unsubscribe",
)
NAME = mark("subscriber.name", "reader")
TOKENS = st.sampled_from(
    [" ", "  ", "\t", " \t ", "\n", " \n", "\t\n", "\n\n", ".", "=", "é", "ferry", "x" * 80]
)
TEXT = st.lists(TOKENS, max_size=30).map("".join)
LINE = st.text(max_size=90).map(
    lambda text: re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|=\?", "", text).translate(RESERVED)
)


def pem(
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey, word: bytes = b""
) -> bytes:
    locked = serialization.BestAvailableEncryption(word) if word else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)


def loaded(file: Path, content: bytes) -> Key:
    file.write_bytes(content)
    return dkim.load(Dkim(domain="courier.example", selector="2026a", key_file=file))


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Key:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return loaded(tmp_path_factory.mktemp("keys") / "key.pem", pem(made))


def verifies(message: bytes, key: Key) -> bool:
    def answer(name: bytes, timeout: int = 5) -> bytes | None:
        return key.record.encode() if name == b"2026a._domainkey.courier.example." else None

    return bool(dkimpy.verify(message, dnsfunc=answer))


def reader(name: str = "Ada", address: str = "ada@example.org") -> Recipient:
    return Recipient(address, "abc@courier.example", DATED, {"subscriber.name": name})


def variant(subject: str = "News", html: str = "", text: str = "") -> Variant:
    pieces = (f"<p>{NAME}</p>\n", html, NAME, "  ", html, address_mark("unsubscribe"))
    return Variant(1, subject, "en", pieces, (text, NAME, f"\n{address_mark('view')}\n", text))


@given(LINE, LINE, TEXT, TEXT, st.one_of(st.text(max_size=80), TEXT))
def test_every_message_verifies(key: Key, before: str, after: str, html: str, text: str, name: str) -> None:
    compiled = compile_message(variant(f"{before}{NAME}{after}", html, text), LETTERHEAD)
    message = signed(compiled, key.signer).splice(reader(name), LINKS)
    assert verifies(message, key)
    assert message.endswith(compiled.splice(reader(name), LINKS)), "the signature stands above the message"


@given(LINE, st.sampled_from(["ada@bücher.example", "ада@example.org"]))
def test_a_frozen_subject_and_an_address_beyond_ascii(key: Key, subject: str, address: str) -> None:
    made = signed(compile_message(variant(subject), LETTERHEAD), key.signer)
    assert verifies(made.splice(reader(address=address), LINKS), key)


@pytest.fixture(scope="module")
def message(key: Key) -> bytes:
    compiled = compile_message(variant(f"{NAME}, late again", "<p>Late</p>\n", "Late\n"), LETTERHEAD)
    return signed(compiled, key.signer).splice(reader(), LINKS)


@given(st.data())
def test_no_changed_byte_of_the_body_verifies(key: Key, message: bytes, data: st.DataObject) -> None:
    places = [
        found.start() for found in re.finditer(rb"\w", message) if found.start() > message.index(b"\r\n\r\n")
    ]
    at = data.draw(st.sampled_from(places))
    other = b"Q" if message[at : at + 1] != b"Q" else b"R"
    assert not verifies(message[:at] + other + message[at + 1 :], key)


@pytest.mark.parametrize(
    "header",
    [
        *("From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post"),
        *("Feedback-ID", "List-Id", "Reply-To", "MIME-Version", "Content-Type"),
    ],
)
def test_what_a_mailbox_provider_asks_for_is_signed(key: Key, message: bytes, header: str) -> None:
    whole = re.compile(rf"\r\n{header}: (?:[^\r]|\r\n )*".encode())
    assert whole.search(message)
    assert not verifies(whole.sub(lambda found: found[0] + b"x", message, count=1), key)
    assert not verifies(whole.sub(b"", message, count=1), key)


@pytest.mark.parametrize("second", [b"From: eve@example.org\r\n", b"Subject: You won\r\n"])
def test_nobody_adds_a_second_sender_or_subject(key: Key, message: bytes, second: bytes) -> None:
    assert verifies(message, key)
    assert not verifies(second + message, key)
    assert verifies(b"Received: from elsewhere\r\n" + message, key)


def test_a_retry_is_signed_with_the_same_bytes(key: Key, message: bytes) -> None:
    compiled = compile_message(variant(f"{NAME}, late again", "<p>Late</p>\n", "Late\n"), LETTERHEAD)
    assert signed(compiled, key.signer).splice(reader(), LINKS) == message
    assert b" t=%d;" % DATED.timestamp() in message
    later = signed(compiled, key.signer).splice(reader()._replace(dated_at=DATED.replace(hour=8)), LINKS)
    assert later.split(b" b=")[1] != message.split(b" b=")[1]


@given(TEXT, TEXT)
def test_any_message_can_be_signed(key: Key, body: str, end: str) -> None:
    head = b"From: daily@courier.example\r\nSubject:  A \t word\r\n more\r\n\r\n"
    content = head + (body + end).replace("\n", "\r\n").encode() + b"\r\n"
    message = sign(content, key.signer, DATED)
    assert verifies(message, key)
    assert message.endswith(content)
    assert verifies(sign(head + b"\r\n\r\n", key.signer, DATED), key)


def test_an_ed25519_key_signs_the_hash_of_what_rsa_signs(tmp_path: Path) -> None:
    """RFC 8463 section 3; dkimpy has no Ed25519 without another library, so this is read by hand."""
    made = ed25519.Ed25519PrivateKey.generate()
    key = loaded(tmp_path / "key.pem", pem(made))
    seen: list[bytes] = []

    def watched(data: bytes, sign: Callable[[bytes], bytes] = key.signer.sign) -> bytes:
        seen.append(sign(data))
        made.public_key().verify(seen[-1], sha256(data).digest())
        with pytest.raises(InvalidSignature):
            made.public_key().verify(seen[-1], data)
        return seen[-1]

    message = sign(b"From: daily@courier.example\r\n\r\nx\r\n", replace(key.signer, sign=watched), DATED)
    assert seen
    assert b" a=ed25519-sha256;" in message
    assert re.fullmatch(r"v=DKIM1; k=ed25519; p=[\w+/]{43}=", key.record)


@pytest.mark.parametrize("content", ["", "no key", "ec", "locked", "short", None])
def test_a_key_that_cannot_sign_is_refused_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    file = tmp_path / "key.pem"
    monkeypatch.setattr(dkim, "_SHORTEST", 2048)  # shorter ones cannot be made any more
    made = {
        "ec": lambda: pem(ec.generate_private_key(ec.SECP256R1())),
        "locked": lambda: pem(ed25519.Ed25519PrivateKey.generate(), b"hunter2"),
        "short": lambda: pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)),
    }
    if content is not None:
        file.write_bytes(made.get(content, content.encode)())
    with pytest.raises(ConfigError) as refused:
        dkim.load(Dkim(domain="courier.example", selector="a", key_file=file))
    (problem,) = refused.value.problems
    assert problem.place == "mail.dkim.key_file"
    assert str(file) in problem.message
