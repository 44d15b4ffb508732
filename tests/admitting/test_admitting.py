"""Accounts and what signs in to them, on both databases: also where two come at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher

from publisher import passwords, permissions
from publisher.admitting import accounts, own, sessions, signing_in, throttling
from publisher.app import Publisher
from publisher.errors import NotAllowed, NotFound, PublisherError, Refused
from publisher.model.editors import COMMAND_LINE, ROLES, SCOPES, Actor
from publisher.passwords import codes
from publisher.permissions import LEAST, Account, Handled, Owned, may
from publisher.store import credentials, deeds, editors

ANN, BO, PASSWORD = "ann@courier.example", "Bo@Courier.example", "four easy words here"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def p(publication: Callable[..., Publisher]) -> Publisher:
    return publication()


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each of them gave, or raised."""
    found: list[Any] = []

    def run(act: Callable[[], Any]) -> None:
        try:
            found.append(act())
        except PublisherError as error:
            found.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def add(p: Publisher, address: str, role: str = "editor") -> str:
    return accounts.add(p.store, COMMAND_LINE, "A. Name", address, role, p.clock())[1]


def test_a_link_lets_one_of_two_in(p: Publisher) -> None:
    secret = add(p, ANN)
    found = at_once(*[lambda: signing_in.by_link(p.store, secret, p.clock())] * 2)
    assert sorted(type(one).__name__ for one in found) == ["NotFound", "str"]


def test_guesses_at_once_are_counted_before_they_are_looked_at(p: Publisher) -> None:
    tried = throttling.keys_of(p.keys, ANN, "")
    found = at_once(*[lambda: throttling.begin(p.store, tried, p.clock())] * 12)
    assert sum(one is None for one in found) == 5
    assert {str(one) for one in found if one} == {throttling.WAIT}


def test_a_code_is_good_for_one_of_two(p: Publisher, clock: Any) -> None:
    add(p, ANN)
    own.set_password_of(p.store, ANN, PASSWORD, clock())
    secret = codes.secret_of(bytes(range(20)))
    with p.store.write() as tx:
        ann = editors.find(tx, ANN)
        assert ann
        editors.change(tx, ann.id, totp=secret)
    code = codes.code_of(secret, int(clock().timestamp()) // 30)

    def sign_in() -> str:
        return signing_in.by_password(p.store, p.keys, ANN, PASSWORD, code, "", clock())

    found = at_once(sign_in, sign_in)
    assert sorted(isinstance(one, str) for one in found) == [False, True]


def test_two_admins_cannot_remove_each_other_at_once(p: Publisher) -> None:
    add(p, ANN, "admin")
    add(p, BO, "admin")
    ann, bo = (one.actor for one in accounts.listed(p.store, COMMAND_LINE))
    at_once(
        lambda: accounts.remove(p.store, ann, BO, p.clock()),
        lambda: accounts.set_role(p.store, bo, ANN, "viewer", p.clock()),
    )
    assert [e.role for e in accounts.listed(p.store, COMMAND_LINE)].count("admin") == 1


def test_an_address_is_one_editor_however_it_is_spelled_and_comes_back_without_what_it_had(
    p: Publisher, clock: Any
) -> None:
    link = add(p, BO, "publisher")
    with pytest.raises(Refused, match="already"):
        add(p, BO.upper())
    own.set_password_of(p.store, BO.lower(), PASSWORD, clock())
    with pytest.raises(NotFound):
        signing_in.linked(p.store, link, clock())
    secret = signing_in.by_password(p.store, p.keys, f" {BO.upper()} ", PASSWORD, "", "", clock())
    session = sessions.find(p.store, secret, clock())
    assert session
    token = own.make_token(p.store, session, "T", ["read"], 30, clock())
    accounts.set_role(p.store, COMMAND_LINE, BO, "viewer", clock())
    assert sessions.find(p.store, secret, clock()) is None
    actor = own.bearer(p.store, token, clock())
    assert actor
    assert actor.role == "viewer", "a token may do what its editor may do now"
    accounts.remove(p.store, COMMAND_LINE, BO, clock())
    assert own.bearer(p.store, token, clock()) is None
    with pytest.raises(NotFound):
        accounts.link(p.store, COMMAND_LINE, BO, clock())
    add(p, BO, "viewer")
    with pytest.raises(Refused):
        signing_in.by_password(p.store, p.keys, BO, PASSWORD, "", "", clock())
    assert own.bearer(p.store, token, clock()) is None


def test_what_expired_long_ago_is_forgotten_and_deeds_are_not(p: Publisher, clock: Any) -> None:
    add(p, ANN)
    clock.move(days=32)
    accounts.link(p.store, COMMAND_LINE, ANN, clock())
    with p.store.read() as tx:
        ann = editors.find(tx, ANN)
        assert ann
        assert len(credentials.of(tx, ann.id, "link", clock() - timedelta(days=40))) == 1
        assert [d.verb for d in deeds.listed(tx, 9)] == ["make link", "make link", "add"]
        assert [d.verb for d in deeds.listed(tx, 9, before=3)] == ["make link", "add"]


def test_the_table_of_permissions() -> None:
    for action, (least, scope) in LEAST.items():
        for role in ROLES:
            allowed = ROLES.index(role) >= ROLES.index(least)
            assert (may(Actor("A", 1, role), action) == "") == allowed, (role, action)
            for given in SCOPES:
                token = Actor("A", 1, role, frozenset([given]))
                assert (may(token, action) == "") == (allowed and given == scope)
        assert may(COMMAND_LINE, action) == ""


def test_the_approver_is_not_who_last_cut_or_changed_it(p: Publisher) -> None:
    """Rule 13."""
    ann, bo = (Actor(name, id_, "admin") for name, id_ in (("Ann", 1), ("Bo", 2)))
    with p.store.write() as tx:
        deeds.add(tx, ann, "cut", "edition daily/1", p.clock())
        deeds.add(tx, bo, "change", "edition daily/11", p.clock())
        deeds.add(tx, bo, "test", "edition daily/1", p.clock())
        first = Handled(deeds.last_hand(tx, "daily/1"))
        deeds.add(tx, bo, "change", "edition daily/1", p.clock())
        second = Handled(deeds.last_hand(tx, "daily/1"))
        by_clock = Handled(deeds.last_hand(tx, "daily/2"))
    assert [may(who, "approve", first) == "" for who in (ann, bo, COMMAND_LINE)] == [False, True, True]
    assert [may(who, "approve", second) == "" for who in (ann, bo, COMMAND_LINE)] == [True, False, True]
    assert may(ann, "approve", by_clock) == may(ann, "send", first) == ""
    with pytest.raises(NotAllowed):
        permissions.check(ann, "keep credentials", Owned(2))
    assert may(ann, "manage editors", Account(only_admin=True))
