"""What a message decodes to with the standard library, and what its bytes may never hold."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from html import escape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.errors import Refused
from publisher.messages import Compiled, Letterhead, compile_message, encoded_size
from publisher.model.fields import RESERVED, address_mark, mark
from publisher.model.mail import Recipient, Variant

DATED = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
ADDRESSES = {
    "unsubscribe": "https://courier.example/unsubscribe/AbC-_d?a=1&b=2",
    "view": "https://courier.example/view/" + "v" * 150,
}
LETTERHEAD = Letterhead(
    from_="The Harbour Courier <daily@courier.example>",
    reply_to="editors@courier.example",
    list_id='"Daily, the Briefing" <daily.courier.example>',
    list_archive="https://courier.example/archive/daily/",
    list_owner="mailto:editors@courier.example",
    list_help="https://courier.example/preferences",
    archived_at="https://courier.example/archive/daily/12/",
    feedback_id="12:daily:courier:courier.example",
    unsubscribe_mailto="mailto:unsubscribe@courier.example",
)
NAME = mark("subscriber.name", "reader")
TOKENS = st.sampled_from(
    [".", "..", "From ", "From", " ", "\t", "\n", "=", "é", "a", "ferry", "late,", "x" * 70, "." * 90]
)
TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    st.lists(TOKENS, max_size=40).map("".join),
    st.lists(TOKENS, max_size=12).map(" ".join),
).map(lambda text: text.translate(RESERVED))
LINES = TEXT.map(lambda text: re.sub(r"[\r\n]", "\r\n", text))
PLAIN = TEXT.map(lambda text: re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]|=\?", "", text))
NAMES = st.one_of(
    st.text(max_size=100),
    st.sampled_from(
        ["Ada\r\nBcc: eve@example.org", "=?utf-8?q?=0d=0aBcc:_x?=", "==??", "<b>", ".", "From me", "Ж" * 80]
    ),
)


def variant(**changed: Any) -> Variant:
    usual: dict[str, Any] = {
        "id": 1,
        "subject": "News",
        "language": "en",
        "html": ("<p>x</p>\n",),
        "text": ("x\n",),
    }
    return Variant(**(usual | changed))


def reader(name: str = "Ada", **changed: Any) -> Recipient:
    usual: dict[str, Any] = {
        "address": "ada@example.org",
        "message_id": "abc@courier.example",
        "dated_at": DATED,
    }
    return Recipient(**(usual | {"fields": {"subscriber.name": name}} | changed))


def splice(made: Variant, recipient: Recipient | None = None, letterhead: Letterhead = LETTERHEAD) -> bytes:
    compiled = compile_message(made, letterhead)
    assert compiled.plain, "what `check_bytes` finds of each message is said of all"
    return compiled.splice(recipient or reader(), ADDRESSES)


def parsed(message: bytes) -> EmailMessage:
    check_bytes(message)
    found = message_from_bytes(message, policy=policy.default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


def check_bytes(message: bytes) -> None:
    assert message.isascii()
    assert message.endswith(b"\r\n")
    assert message.count(b"\r\n") == message.count(b"\n") == message.count(b"\r")
    head, _, body = message.partition(b"\r\n\r\n")
    lines = body.split(b"\r\n")
    assert max(map(len, lines)) <= 76
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert not [line for line in lines if line.startswith((b".", b"From "))]


def contents(message: bytes) -> tuple[str, str]:
    text, html = parsed(message).iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    return decoded(text), decoded(html)


def decoded(part: Any) -> str:
    return str(part.get_payload(decode=True), "utf-8")


def shown(name: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", "", name)[:60].strip() or "reader"


def ended(text: str) -> str:
    return text if text.endswith("\n") else text + "\r\n"


@given(st.lists(LINES, max_size=4), st.lists(LINES, max_size=4), NAMES)
def test_the_parts_decode_to_exactly_what_was_frozen(text: list[str], html: list[str], name: str) -> None:
    made = variant(text=(*text, NAME, *text), html=(*html, NAME, *html, address_mark("unsubscribe")))
    got_text, got_html = contents(splice(made, reader(name)))
    value = shown(name).encode("utf-8", "replace").decode()
    joined = "".join(html)
    assert got_text == ended("".join(text) + value + "".join(text))
    assert got_html == ended(joined + escape(value) + joined + escape(ADDRESSES["unsubscribe"]))


@given(PLAIN, PLAIN, PLAIN, NAMES)
def test_the_subject_decodes_to_exactly_what_was_frozen(
    before: str, between: str, after: str, name: str
) -> None:
    message = splice(variant(subject=before + NAME + between + NAME + after), reader(name))
    value = shown(name).replace("=?", "= ?").encode("utf-8", "replace").decode()
    subject = str(parsed(message)["Subject"])
    assert subject.strip() == f"{before}{value}{between}{value}{after}".strip()
    head = message.partition(b"\r\n\r\n")[0].decode()
    assert max(map(len, re.findall(r"(?m)^(?:Subject:| ).*", head))) <= 100


@given(PLAIN)
def test_a_subject_without_fields(subject: str) -> None:
    message = parsed(splice(variant(subject=subject)))
    assert str(message["Subject"]).strip(" ") == subject.strip(" ")


@given(NAMES, st.text(max_size=300))
def test_no_value_of_a_subscriber_adds_a_header(name: str, choice: str) -> None:
    everywhere = (NAME, "\n", mark("subscription.choice"), "\n")
    made = variant(subject=f"For {NAME}", text=everywhere, html=everywhere)
    plain = parsed(splice(made, reader("Ada"))).keys()
    fields = {"subscriber.name": name, "subscription.choice": choice}
    assert parsed(splice(made, reader(fields=fields))).keys() == plain


def test_the_headers_of_a_newsletter() -> None:
    message = parsed(splice(variant()))
    assert dict(message.items()) | {"Content-Type": ""} == {
        "From": "The Harbour Courier <daily@courier.example>",
        "Reply-To": "editors@courier.example",
        "To": "ada@example.org",
        "Subject": "News",
        "Date": "Sun, 22 Nov 2026 07:00:00 +0000",
        "Message-ID": "<abc@courier.example>",
        "List-Id": '"Daily, the Briefing" <daily.courier.example>',
        "List-Archive": "<https://courier.example/archive/daily/>",
        "List-Owner": "<mailto:editors@courier.example>",
        "List-Help": "<https://courier.example/preferences>",
        "Archived-At": "<https://courier.example/archive/daily/12/>",
        "Feedback-ID": "12:daily:courier:courier.example",
        "Precedence": "bulk",
        "List-Unsubscribe": f"<{ADDRESSES['unsubscribe']}>, <mailto:unsubscribe@courier.example>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "MIME-Version": "1.0",
        "Content-Type": "",
    }


def test_a_long_unsubscribe_link_stays_in_one_piece() -> None:
    link = "https://courier.example/unsubscribe/" + "t" * 200
    message = compile_message(variant(), LETTERHEAD).splice(reader(), {"unsubscribe": link})
    assert f"\r\nList-Unsubscribe: <{link}>,\r\n <mailto:unsubscribe@courier.example>\r\n".encode() in message


def test_each_message_has_a_token_of_its_own_in_the_address_for_leaving() -> None:
    letterhead = replace(
        LETTERHEAD, unsubscribe_mailto="mailto:b+{leave}@courier.example?subject=unsubscribe"
    )
    compiled = compile_message(variant(), letterhead)
    message = compiled.splice(reader(), ADDRESSES | {"leave": "0a1b2c"})
    assert b",\r\n <mailto:b+0a1b2c@courier.example?subject=unsubscribe>\r\n" in message
    assert message.count(b"0a1b2c") == 1
    for bad in ("", "a@b", "a>b", "a\r\nBcc: x", "{leave}"):
        with pytest.raises(Refused):
            compiled.splice(reader(), ADDRESSES | {"leave": bad})


def test_empty_headers_are_left_out_and_nothing_depends_on_the_zone() -> None:
    bare = Letterhead(from_="daily@courier.example")
    elsewhere = reader(dated_at=DATED.astimezone(timezone(timedelta(hours=5, minutes=30))))
    message = splice(variant(), elsewhere, bare)
    assert message == splice(variant(), reader(), bare)
    assert not {"Reply-To", "List-Id", "List-Help", "Feedback-ID"} & set(parsed(message).keys())


@pytest.mark.parametrize(
    "name", ["Zoë", "日本語の新聞" * 8, 'Ada "the" \\ Count', "News, Inc.", "x" * 90, "a@b.example"]
)
def test_display_names_survive(name: str) -> None:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    letterhead = Letterhead(from_=f'"{quoted}" <daily@courier.example>')
    message = splice(variant(), letterhead=letterhead)
    (sender,) = parsed(message)["From"].addresses
    assert sender.addr_spec == "daily@courier.example"
    # headerregistry keeps the space between two encoded-words in a phrase, against RFC 2047 section 6.2
    raw = message_from_bytes(message, policy=policy.compat32)["From"]
    decoded = str(make_header(decode_header(raw))).removesuffix(" <daily@courier.example>")
    assert name in (sender.display_name, decoded)


BAD = [
    "a\r\nBcc: x@y.example",
    "a\nb",
    "a\x00b",
    "a\u2028b",
    "a\u2029b",
    "a\x85b",
    "=?utf-8?q?=0d=0aBcc:_x?=",
    "a\ud800b",
]


@pytest.mark.parametrize("bad", BAD)
def test_typed_header_values_are_refused(bad: str) -> None:
    with pytest.raises(Refused):
        compile_message(variant(subject=bad), LETTERHEAD)
    for header in ("reply_to", "list_id", "list_archive", "list_help", "feedback_id", "unsubscribe_mailto"):
        with pytest.raises(Refused):
            compile_message(
                variant(), Letterhead(from_="d@courier.example", **{header: f"{bad} <a@b.example>"})
            )
    with pytest.raises(Refused):
        compile_message(variant(), Letterhead(from_=f"{bad} <daily@courier.example>"))


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "ada",
        "a@x, b@y",
        "a@x.example\nb",
        "ада\u2028@example.org",
        "a b@x.example",
        f"{'a' * 260}@x.example",
    ],
)
def test_addresses_that_are_not_one_address_are_refused(bad: str) -> None:
    with pytest.raises(Refused):
        splice(variant(), reader(address=bad))
    with pytest.raises(Refused):
        splice(variant(), letterhead=Letterhead(from_=bad))


def test_an_address_beyond_ascii_is_written_as_servers_take_it() -> None:
    in_domain = splice(variant(), reader(address="Ada@Bücher.example"))
    assert parsed(in_domain)["To"] == "Ada@xn--bcher-kva.example"
    before_at = splice(variant(), reader(address="ада@bücher.example"))
    assert "\r\nTo: ада@xn--bcher-kva.example\r\n".encode() in before_at
    assert before_at.replace("ада".encode(), b"Ada") == in_domain
    with pytest.raises(Refused):
        splice(variant(), letterhead=Letterhead(from_="ада@courier.example"))


def test_what_comes_from_outside_the_variant_is_checked_too() -> None:
    compiled = compile_message(variant(html=(address_mark("view"),)), LETTERHEAD)
    for recipient in (
        reader(message_id="a b"),
        reader(message_id="<a@b>"),
        reader(dated_at=DATED.replace(tzinfo=None)),
    ):
        with pytest.raises(Refused):
            compiled.splice(recipient, ADDRESSES)
    for links in (
        {},
        {"unsubscribe": "https://x.example/> <mailto:x"},
        {"unsubscribe": "https://x.example/"},
    ):
        with pytest.raises(Refused):
            compiled.splice(reader(), links)


def test_long_values_are_cut_and_choices_are_not() -> None:
    choice = "World, Sports and " * 20
    made = variant(text=(NAME, "\n", mark("subscription.choice"), "\n", mark("subscriber.address")))
    fields = {
        "subscriber.name": "n" * 100,
        "subscription.choice": choice,
        "subscriber.address": f"{'a' * 70}@x.example",
    }
    text, _ = contents(splice(made, reader(fields=fields)))
    assert text == f"{'n' * 60}\r\n{choice.strip()}\r\n{'a' * 70}@x.example\r\n"


def test_a_link_in_an_attribute_is_escaped_and_both_parts_carry_it() -> None:
    made = variant(
        html=(f'<a href="{address_mark("unsubscribe")}">stop</a>\n',), text=(f"{address_mark('view')}\n",)
    )
    text, html = contents(splice(made))
    assert html == '<a href="https://courier.example/unsubscribe/AbC-_d?a=1&amp;b=2">stop</a>\r\n'
    assert text == ADDRESSES["view"] + "\r\n"


def test_a_message_is_a_function_of_its_arguments() -> None:
    made = variant(subject=f"For {NAME}", html=("<p>",) * 3, text=(NAME,))
    one = splice(made)
    compiled: Compiled = compile_message(made, LETTERHEAD)
    assert one == compiled.splice(reader(), ADDRESSES) == compiled.splice(reader(), ADDRESSES)
    other = compiled.splice(reader(message_id="def@courier.example"), ADDRESSES)
    assert parsed(other)["Message-ID"] != parsed(one)["Message-ID"]
    assert parsed(one).get_boundary() == parsed(other).get_boundary()
    assert parsed(splice(variant())).get_boundary() != parsed(one).get_boundary()


@given(LINES)
def test_the_size_of_a_piece_is_what_it_takes(piece: str) -> None:
    alone = splice(variant(html=(piece, "\n")))
    assert len(alone) - len(splice(variant(html=("\n",)))) == encoded_size(piece)
    assert encoded_size(piece + NAME) == encoded_size(piece) + 200
