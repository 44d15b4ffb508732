"""Every button of the desk by every role: refused below its line, and not shown to whom it refuses."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from desk_places import Places, furnish
from desk_visitors import QUICK, ROLES, Newsroom, Visitor
from lxml import html
from mail_sink import Sink
from starlette.routing import compile_path
from test_desk import SEEN

from publisher import gathering, passwords
from publisher.app import Publisher
from publisher.permissions import LEAST
from publisher.web.api.table import OPERATIONS
from publisher.web.desk import DOORS
from publisher.web.desk.visits import Door

EDITION, PERSON = "/desk/editions/{newsletter}/{number}", "/desk/subscribers/{id}"
LEDGER = f"{EDITION}/deliveries"
# where buttons are that a page has only when it is asked for something
ASKED = {
    LEDGER: ("?status=unknown", "?status=bounced"),
    "/desk/editions": ("/daily/2",),
    "/desk/editions/new": ("?kind=due&cadence=monthly&do=look", "?kind=now&do=look"),
}
# The least of ROLES that may press a button, by the path of its route and what the button says to do.
ACTS = {
    ("/desk/sign-out", ""): 0,
    **dict.fromkeys(
        [("/desk/account", do) for do in ("password", "begin codes", "make token", "notices")], 0
    ),
    (EDITION, "change"): 1,
    (EDITION, "test"): 1,
    (EDITION, "send"): 2,
    (EDITION, "cancel"): 2,
    **dict.fromkeys([(LEDGER, do) for do in ("retry", "retry one", "acknowledge", "acknowledge one")], 2),
    ("/desk/subscribers", "export"): 2,
    ("/desk/subscribers/add", "add"): 2,
    ("/desk/subscribers/imports", "upload"): 2,
    **dict.fromkeys([("/desk/subscribers/imports/{number}", do) for do in ("begin", "drop", "look")], 2),
    **dict.fromkeys([(PERSON, do) for do in ("choose", "copy", "make feed", "pause", "stop", "suppress")], 2),
    (PERSON, "erase"): 3,
    **dict.fromkeys([("/desk/editors", do) for do in ("add", "link", "role", "remove")], 3),
}
# The same of buttons that nobody sees in a newsroom as it is furnished.
NOT_NOW = {
    **dict.fromkeys([("/desk/account", do) for do in ("end codes", "end token")], 0),
    ("/desk/editions/new", "cut"): 1,
    **dict.fromkeys([(EDITION, do) for do in ("approve", "hold", "pause", "resume")], 2),
    **dict.fromkeys([("/desk/subscribers/imports/{number}", do) for do in ("go on", "stop")], 2),
    **dict.fromkeys([(PERSON, do) for do in ("begin", "lift", "go on", "revoke feed")], 2),
}

# What is the desk's alone: a token has no session to end, and whoever holds one must not get in with it.
ALONE = {
    ("/desk/sign-out", ""),
    *(("/desk/account", do) for do in ("password", "begin codes", "end codes")),
}
IMPORT = "/desk/subscribers/imports/{number}"
# The operation of the API that does the same as a button.
OPERATION = {
    ("/desk/account", "make token"): "makeToken",
    ("/desk/account", "end token"): "endToken",
    ("/desk/account", "notices"): "changeAccount",
    ("/desk/editions/new", "cut"): "cutEdition",
    (EDITION, "change"): "changeEdition",
    (EDITION, "test"): "sendTestCopies",
    **{(EDITION, do): f"{do}Edition" for do in ("approve", "send", "hold", "pause", "resume", "cancel")},
    **dict.fromkeys([(LEDGER, do) for do in ("retry", "retry one")], "retryDeliveries"),
    **dict.fromkeys([(LEDGER, do) for do in ("acknowledge", "acknowledge one")], "acknowledgeDeliveries"),
    ("/desk/subscribers", "export"): "exportSubscribers",
    ("/desk/subscribers/add", "add"): "addSubscriber",
    ("/desk/subscribers/imports", "upload"): "sendImport",
    (IMPORT, "look"): "changeImport",
    (IMPORT, "go on"): "continueImport",
    **{(IMPORT, do): f"{do}Import" for do in ("begin", "stop", "drop")},
    (PERSON, "choose"): "changeSubscriber",
    (PERSON, "begin"): "subscribe",
    (PERSON, "stop"): "unsubscribe",
    **dict.fromkeys([(PERSON, do) for do in ("pause", "go on")], "pauseSubscription"),
    (PERSON, "suppress"): "suppressSubscriber",
    (PERSON, "lift"): "liftSuppression",
    (PERSON, "make feed"): "makeFeed",
    (PERSON, "revoke feed"): "endFeed",
    (PERSON, "copy"): "copySubscriber",
    (PERSON, "erase"): "eraseSubscriber",
    ("/desk/editors", "add"): "addEditor",
    ("/desk/editors", "link"): "linkEditor",
    ("/desk/editors", "role"): "changeEditor",
    ("/desk/editors", "remove"): "removeEditor",
}


@dataclass(frozen=True)
class Button:
    """A button of a form on a page, with what the form holds beside it."""

    route: str
    do: str
    address: str
    fields: dict[str, str]

    def press(self, visitor: Visitor) -> Any:
        visitor.get("/desk/account")
        return visitor.post(self.address, **self.fields)


@pytest.fixture
def room(publication: Callable[..., Publisher], post: Callable[..., str], clock: Any) -> Iterator[Newsroom]:
    """With a mail server that refuses one reader's mail, and says nothing to the other's."""
    with Sink(answer=lambda to: "550 5.7.1 no" if "1@" in to else "") as sink:
        smtp = {"host": "127.0.0.1", "port": sink.port, "security": "none"}
        articles = {"tides.md": post("Tides", "2026-11-20T12:00Z", "World")}
        p = publication(articles=articles, mail={"transport": "smtp", "smtp": smtp})
        gathering.gather(p.store, p.config, clock.now)
        yield Newsroom.of(p, clock)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", QUICK)


def buttons(visitor: Visitor, places: Places) -> dict[tuple[str, str], Button]:
    """Every button that somebody sees on the pages of the desk."""
    routes = [(door.path, compile_path(door.path)[0]) for door in DOORS if door.act]
    found = {}
    pages = [f"{places.address(path)}{query}" for path in SEEN for query in ("", *ASKED.get(path, ()))]
    for address in (page for page in pages if not page.endswith("/events")):
        answer = visitor.get(address)
        if answer.status_code != 200 or "text/html" not in answer.headers["content-type"]:
            continue
        for form in html.fromstring(answer.text, base_url=address).forms:
            if form.method != "POST":
                continue
            to = (form.get("action") or address).partition("?")[0]
            (route,) = [route for route, pattern in routes if pattern.match(to)][:1]
            fields = {k: v for k, v in form.form_values() if k != "token"}
            for button in form.xpath(".//button[not(@type) or @type='submit']"):
                do = button.get("value", "")
                given = fields | ({"do": do} if do else {})
                found.setdefault((route, do), Button(route, do, form.get("action") or address, given))
    return found


def acts_of(door: Door) -> set[str]:
    """What the page of a door can be told to do, where that is a table of its module."""
    if door.act is None or door.act.__name__ != "act":
        return set()
    return set(getattr(sys.modules[door.act.__module__], "_ACTS", ()))


def test_every_button_has_an_operation_for_the_same_people() -> None:
    least = ACTS | NOT_NOW
    assert OPERATION.keys() == least.keys() - ALONE
    known = {one.name: one.action for one in OPERATIONS}
    for button, name in OPERATION.items():
        action = known[name]
        assert action, name
        assert ROLES.index(LEAST[action][0]) == least[button], (button, name)


def test_every_button_by_every_role(room: Newsroom) -> None:
    places = furnish(room)
    staff = [room.editor(role) for role in ROLES]
    room.link("guest@courier.example")
    there = buttons(staff[-1], places)
    assert there.keys() == ACTS.keys(), "each stands in the table"
    named = {(door.path, do) for door in DOORS if door.act for do in acts_of(door)}
    assert named <= ACTS.keys() | NOT_NOW.keys(), "and each that only some state shows"
    for route, do in NOT_NOW:
        there[route, do] = Button(route, do, places.address(route), {"do": do})
    for n, one in enumerate(staff):
        seen = buttons(one, places)
        assert {act for act in seen if ACTS[act] > n} == set(), (ROLES[n], "sees no button that refuses")
        assert {act for act, at_least in ACTS.items() if at_least <= n} <= seen.keys(), ROLES[n]
    before = room.everything()
    least = ACTS | NOT_NOW
    for act, button in there.items():
        for n, one in enumerate(staff[: least[act]]):
            assert button.press(one).status_code == 403, (ROLES[n], act)
    assert room.everything() == before, "who is refused changes nothing, not even a log"
    fresh = [room.editor(role, f"{role}.two@courier.example") for role in ROLES]
    for act, button in sorted(there.items(), key=lambda each: (each[0][0] == "/desk/sign-out", each[0])):
        assert button.press(fresh[least[act]]).status_code in (200, 303, 404, 422), act
