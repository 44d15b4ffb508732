"""The page on which readers change everything about their mail, by a link that stands in every one of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from publisher.errors import NotFound, Refused
from publisher.rendering.signup_pages import Choices, SignUpPages, Wrong
from publisher.store.confirmations import Kind
from publisher.subscribing import Choice, erasing, preferences, signing_up
from publisher.web import choices
from publisher.web.doors import PRIVATE, Doors
from publisher.web.forms import Form, form

_LARGEST_FORM = 131_072  # a thousand topics may be ticked
_LONGEST_PAUSE = timedelta(days=366)
Act = Callable[["Preferences", int, Form, str], str]


class Preferences:
    """`/preferences/TOKEN`, and the doors of the mails that it causes."""

    def __init__(self, doors: Doors) -> None:
        self.doors, self.publisher = doors, doors.publisher
        self.pages = SignUpPages(doors.publisher.templates, doors.site)

    @property
    def routes(self) -> list[BaseRoute]:
        """Where they are."""
        both = ["GET", "POST"]
        return [
            Route("/preferences/{token}", self.preferences, methods=both),
            Route("/confirm-address/{token}", self.move, methods=both),
            Route("/download/{token}", self.download, methods=both),
            Route("/erase/{token}", self.erase, methods=both),
        ]

    async def preferences(self, request: Request) -> Response:
        """The page; a POST does the one thing that its button said, and shows the page again."""
        subscription_id = self.doors.number(request, "preferences")
        if subscription_id is None:
            return self.doors.no_such_link()
        if request.method != "POST":
            return await run_in_threadpool(self._show, subscription_id)
        filled = await form(request, _LARGEST_FORM)
        client = request.client.host if request.client else ""
        return await run_in_threadpool(self._act, subscription_id, filled, client)

    async def move(self, request: Request) -> Response:
        """One of two addresses says whether mail goes to the new one."""
        id_ = self.doors.number(request, "confirm move")
        if id_ is None:
            return self.doors.no_such_link()
        if request.method == "POST":
            return await run_in_threadpool(self._agree, id_)
        return await run_in_threadpool(self._ask_to_move, id_, request.path_params["token"])

    async def download(self, request: Request) -> Response:
        """Everything that is kept of a person, as JSON, for who reads their mailbox."""
        id_ = self.doors.number(request, "confirm download")
        if id_ is None:
            return self.doors.no_such_link()
        if request.method == "POST":
            return await run_in_threadpool(self._kept, id_)
        return await run_in_threadpool(self._ask_by_page, "download", id_, request.path_params["token"])

    async def erase(self, request: Request) -> Response:
        """Delete everything that is kept of a person, for who reads their mailbox; once, and for good."""
        id_ = self.doors.number(request, "confirm erase")
        if id_ is None:
            return self.doors.no_such_link()
        if request.method == "POST":
            return await run_in_threadpool(self._erase, id_)
        return await run_in_threadpool(self._ask_by_page, "erase", id_, request.path_params["token"])

    def _show(self, subscription_id: int, said: str = "") -> Response:
        try:
            return self.doors.page(self.pages.preferences(self._choices(subscription_id), said))
        except NotFound:
            return self.doors.no_such_link()

    def _refuse(self, subscription_id: int, filled: Form, field: str) -> Response:
        """The page again, as it was filled in, with what was wrong said beside it."""
        wrong = Wrong(field, filled.one("newsletter"), filled.one("until"), filled.one("address")[:320])
        try:
            shown = choices.as_typed(self._choices(subscription_id), filled)
        except NotFound:
            return self.doors.no_such_link()
        return self.doors.page(self.pages.preferences(shown, wrong=wrong), 422)

    def _choices(self, subscription_id: int) -> Choices:
        with self.publisher.store.read() as tx:
            return choices.of(tx, self.publisher, subscription_id, self.doors.now)

    def _act(self, subscription_id: int, filled: Form, client: str) -> Response:
        act = _ACTS.get(filled.one("do"))
        if act is None:
            return self._refuse(subscription_id, filled, "")
        try:
            return self._show(subscription_id, said=act(self, subscription_id, filled, client))
        except NotFound:
            return self.doors.no_such_link()
        except Refused as error:
            return self._refuse(subscription_id, filled, str(error).partition(":")[0])

    def _choose(self, subscription_id: int, filled: Form, _client: str) -> str:
        topics, everything = filled.all("topics"), filled.one("all") == "yes"
        if not (topics or everything):
            raise Refused("topics: expected at least one, or everything")
        choice = Choice(
            "",
            filled.one("newsletter"),
            "confirmed",
            topics=None if everything else topics,
            all_topics=everything,
            cadence=filled.one("cadence") or None,
            weekday=filled.number("weekday"),
            day=filled.number("day"),
            hour=filled.number("hour"),
            zone=filled.one("zone") or None,
            language=filled.one("language") or None,
        )
        p = self.publisher
        preferences.choose(p.store, p.config, subscription_id, choice, self.doors.now)
        return "chosen"

    def _begin(self, subscription_id: int, filled: Form, _client: str) -> str:
        p = self.publisher
        preferences.begin(p.store, p.config, subscription_id, filled.one("newsletter"), self.doors.now)
        return "begun"

    def _stop(self, subscription_id: int, filled: Form, _client: str) -> str:
        preferences.stop(self.publisher.store, subscription_id, filled.one("newsletter"), self.doors.now)
        return "stopped"

    def _pause(self, subscription_id: int, filled: Form, _client: str) -> str:
        until = self._until(filled.one("until"), filled.one("zone"))
        preferences.pause(self.publisher.store, subscription_id, filled.one("newsletter"), until)
        return "paused"

    def _go_on(self, subscription_id: int, filled: Form, _client: str) -> str:
        preferences.pause(self.publisher.store, subscription_id, filled.one("newsletter"), None)
        return "going on"

    def _until(self, text: str, zone: str) -> datetime:
        """The beginning of a day, where the reader is."""
        try:
            day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007
            until = datetime.combine(day, time(), ZoneInfo(zone))
        except (ValueError, OSError, KeyError):
            raise Refused(f"until: expected a day such as 2026-12-24, got {text[:40]!r}") from None
        if not self.doors.now < until <= self.doors.now + _LONGEST_PAUSE:
            raise Refused("until: expected a day that is to come, within a year")
        return until

    def _make_feed(self, subscription_id: int, filled: Form, _client: str) -> str:
        store = self.publisher.store
        preferences.make_feed(store, subscription_id, filled.one("newsletter"), self.doors.now)
        return "feed made"

    def _revoke_feed(self, subscription_id: int, filled: Form, _client: str) -> str:
        store = self.publisher.store
        preferences.revoke_feed(store, subscription_id, filled.one("newsletter"), self.doors.now)
        return "feed revoked"

    def _move(self, subscription_id: int, filled: Form, client: str) -> str:
        p, network = self.publisher, signing_up.network_of(self.publisher.keys, client)
        to = filled.one("address")
        asked = preferences.ask_to_move(p.store, p.config, subscription_id, to, network, self.doors.now)
        return "mailed" if asked else "later"

    def _ask_by_mail(self, subscription_id: int, filled: Form, client: str) -> str:
        p, network = self.publisher, signing_up.network_of(self.publisher.keys, client)
        kind: Kind = "erase" if filled.one("do") == "erase" else "download"
        asked = preferences.ask_by_mail(p.store, p.config, subscription_id, kind, network, self.doors.now)
        return "mailed" if asked else "later"

    def _ask_to_move(self, id_: int, action: str) -> Response:
        p = self.publisher
        with p.store.read() as tx:
            found = signing_up.pending(tx, p.config, "move", id_, self.doors.now)
        if not found:
            return self.doors.no_such_link()
        given = {"action": action, "old": found.data["from"], "new": found.data["to"]}
        return self.doors.page(self.pages.ask("move", **given))

    def _agree(self, id_: int) -> Response:
        p = self.publisher
        outcome = preferences.agree_to_move(p.store, p.config, id_, self.doors.now)
        if not outcome:
            return self.doors.no_such_link()
        return self.doors.page(self.pages.done("move", outcome=outcome))

    def _ask_by_page(self, kind: Kind, id_: int, action: str) -> Response:
        p = self.publisher
        with p.store.read() as tx:
            found = signing_up.pending(tx, p.config, kind, id_, self.doors.now)
        if not found:
            return self.doors.no_such_link()
        return self.doors.page(self.pages.ask(kind, action=action, address=found.address))

    def _erase(self, id_: int) -> Response:
        p = self.publisher
        with p.store.read() as tx:
            found = signing_up.pending(tx, p.config, "erase", id_, self.doors.now)
            theirs = found is not None and preferences.still_theirs(tx, found)
        if not (found and theirs):
            return self.doors.no_such_link()
        done = erasing.erase(p.store, found.address, self.doors.now)
        return self.doors.page(self.pages.done("erase", under_way=done.under_way))

    def _kept(self, id_: int) -> Response:
        p = self.publisher
        with p.store.read() as tx:
            found = signing_up.pending(tx, p.config, "download", id_, self.doors.now)
            data = preferences.kept(tx, found) if found else None
        if data is None:
            return self.doors.no_such_link()
        text = json.dumps(data, default=str, ensure_ascii=False, indent=2)
        headers = {**PRIVATE, "Content-Disposition": 'attachment; filename="kept.json"'}
        return Response(text + "\n", headers=headers, media_type="application/json")


_ACTS: dict[str, Act] = {
    "choose": Preferences._choose,
    "begin": Preferences._begin,
    "stop": Preferences._stop,
    "pause": Preferences._pause,
    "go on": Preferences._go_on,
    "make feed": Preferences._make_feed,
    "revoke feed": Preferences._revoke_feed,
    "move": Preferences._move,
    "download": Preferences._ask_by_mail,
    "erase": Preferences._ask_by_mail,
}
