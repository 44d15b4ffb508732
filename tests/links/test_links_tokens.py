"""Tokens: they carry their numbers, and nothing that was not made with our key reads as one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.errors import Refused
from publisher.links import (
    Keys,
    leave_token,
    message_id,
    notice_message_id,
    notice_verp,
    read_leave,
    read_message_id,
    read_notice_message_id,
    read_notice_verp,
    read_token,
    read_verp,
    token,
    verp,
)

OLD, NEW = b"o" * 32, b"n" * 32
KEYS = Keys((NEW, OLD))
NUMBERS = st.integers(0, 2**64 - 1)
ROWS = st.integers(0, 2**63 - 1)


@given(st.lists(NUMBERS, max_size=6))
def test_a_token_carries_its_numbers(numbers: list[int]) -> None:
    text = token(KEYS, "unsubscribe", *numbers)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", text)
    assert read_token(KEYS, "unsubscribe", text) == tuple(numbers)
    assert read_token(KEYS, "view", text) is None
    assert read_token(Keys((b"another",)), "unsubscribe", text) is None


@given(st.data(), st.lists(NUMBERS, max_size=4))
def test_no_changed_token_is_read(data: st.DataObject, numbers: list[int]) -> None:
    text = token(KEYS, "unsubscribe", *numbers)
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(codec="utf-8"))
    forged = text[:at] + letter + text[at + 1 :]
    assert (read_token(KEYS, "unsubscribe", forged) is None) == (forged != text)
    assert read_token(KEYS, "unsubscribe", text[:at]) is None


@given(st.text(max_size=300))
def test_anything_else_reads_as_none(text: str) -> None:
    assert read_token(KEYS, "unsubscribe", text) is None
    assert read_verp(KEYS, text) is None
    assert read_verp(KEYS, f"bounces+{text}@courier.example") is None


@pytest.mark.parametrize("text", ["", "=", "a", "a" * 10_000_000, "a" * 201, "\n", "\ud800", "ſ" * 24])
def test_hostile_texts_read_as_none(text: str) -> None:
    assert read_token(KEYS, "unsubscribe", text) is None
    assert read_verp(KEYS, text) is None
    assert read_verp(KEYS, f"b+{text}@courier.example") is None


def test_old_keys_stay_valid_and_new_tokens_use_the_first() -> None:
    before, after = token(Keys((OLD,)), "view", 7), token(KEYS, "view", 7)
    assert read_token(KEYS, "view", before) == (7,)
    assert read_token(Keys((OLD,)), "view", after) is None
    assert read_verp(KEYS, verp("b@courier.example", Keys((OLD,)), 1, 0)) == (1, 0)
    with pytest.raises(ValueError, match="at least one key"):
        Keys(())
    assert "nnn" not in repr(KEYS)


@given(ROWS, st.integers(0, 10_000))
def test_verp_survives_the_way_back(delivery: int, generation: int) -> None:
    address = verp("bounces@courier.example", KEYS, delivery, generation)
    local, _, domain = address.rpartition("@")
    assert domain == "courier.example"
    assert local.startswith("bounces+")
    assert len(local) <= 64
    for seen in (address, address.lower(), address.upper()):
        assert read_verp(KEYS, seen) == (delivery, generation)
    other = "2" if local[-3] != "2" else "3"
    assert read_verp(KEYS, f"{local[:-3]}{other}{local[-2:]}@{domain}") is None


def test_verp_keeps_a_tag_and_refuses_a_local_part_without_room() -> None:
    assert read_verp(KEYS, verp("mail+bounces@courier.example", KEYS, 5, 1)) == (5, 1)
    with pytest.raises(Refused, match="no room"):
        verp("b" * 50 + "@courier.example", KEYS, 1, 0)


def test_message_ids_differ_and_give_no_bounce_address_away() -> None:
    ids = {message_id(KEYS, "courier.example", d, g) for d in range(50) for g in range(3)}
    assert len(ids) == 150
    assert all(re.fullmatch(r"[0-9a-f]+@courier\.example", found) for found in ids)
    assert message_id(KEYS, "courier.example", 1, 0) in ids
    for found in ids:
        assert read_verp(KEYS, f"bounces+{found}") is None
    with pytest.raises(ValueError, match="0 to 2"):
        message_id(KEYS, "courier.example", -1, 0)


def test_each_kind_of_token_in_a_mail_opens_its_own_door_and_no_other() -> None:
    bounces, domain = "bounces@courier.example", "courier.example"
    made = {
        read_verp: verp(bounces, KEYS, 12, 3),
        read_notice_verp: notice_verp(bounces, KEYS, 12, 3),
        read_message_id: message_id(KEYS, domain, 12, 3),
        read_notice_message_id: notice_message_id(KEYS, domain, 12, 3),
        read_leave: f"bounces+{leave_token(KEYS, 12)}@courier.example",
    }
    for read in made:
        for owner, text in made.items():
            numbers = 12 if read is read_leave else (12, 3)
            for seen in (text, text.upper()):
                assert read(KEYS, seen) == (numbers if owner is read else None)
            as_the_other = text.partition("+")[2] or f"bounces+{text}"
            assert read(KEYS, as_the_other) is None
            assert read(Keys((b"another",)), text) is None
            assert read(KEYS, text.replace("@", "0@")) is None
            assert read(KEYS, text.replace("@", "00@")) is None


@given(st.text(max_size=300))
def test_nothing_else_is_a_message_id_or_an_address_for_leaving(text: str) -> None:
    for seen in (text, f"{text}@courier.example", f"b+{text}@courier.example"):
        assert read_message_id(KEYS, seen) is None
        assert read_notice_message_id(KEYS, seen) is None
        assert read_leave(KEYS, seen) is None
