"""Programs that use the API: each bears a token, and speaks JSON to the real application."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from publisher import cutting, gathering
from publisher.admitting import Session, accounts, own
from publisher.app import Publisher
from publisher.model.editors import COMMAND_LINE, SCOPES, Actor
from publisher.store import editors
from publisher.web.public import Public, application

HOME = "https://courier.example"


@dataclass
class Bearer:
    """A program with a token; an empty one is sent without."""

    app: Any
    token: str = ""
    client: str = "198.51.100.7"

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        sent |= more.pop("headers", {})

        async def ask() -> httpx.Response:
            there = httpx.ASGITransport(self.app, client=(self.client, 4711))
            async with httpx.AsyncClient(transport=there, base_url=HOME) as program:
                return await program.request(method, f"/api/v1{path}", headers=sent, **more)

        return asyncio.run(ask())

    def get(self, path: str, **query: Any) -> Any:
        return self.done(self.ask("GET", path, params=query))

    def post(
        self, path: str, body: Mapping[str, Any] | None = None, key: str = "", method: str = "POST"
    ) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        return self.done(self.ask(method, path, json=body, headers=headers))

    @staticmethod
    def done(answer: httpx.Response) -> Any:
        assert answer.is_success, (answer.status_code, answer.text)
        return answer.json() if answer.content else None


@dataclass
class Office:
    """A publication with its application, to which programs come."""

    p: Publisher
    clock: Any
    app: Public

    @classmethod
    def of(cls, p: Publisher, clock: Any) -> Office:
        return cls(p, clock, application(p))

    def actor(self, role: str, name: str = "") -> Actor:
        """An editor of this role, who is added where there is none."""
        address = f"{name or role}@courier.example"
        with self.p.store.read() as tx:
            there = editors.find(tx, address)
        if there is None or there.ended_at:
            there, _ = accounts.add(
                self.p.store, COMMAND_LINE, (name or role).title(), address, role, self.clock()
            )
        return there.actor

    def bearer(self, role: str = "admin", scopes: Collection[str] = SCOPES, name: str = "") -> Bearer:
        """A program that acts for an editor."""
        session = Session(0, self.actor(role, name), "", has_password=False, has_codes=False, by_link=False)
        token = own.make_token(self.p.store, session, f"for {role}", list(scopes), 30, self.clock())
        return Bearer(self.app, token)

    def cut(self, newsletter: str = "daily") -> str:
        """An edition for everybody, cut by the command line."""
        p, now = self.p, self.clock()
        request = cutting.asked(p.config, newsletter, "", now, everybody=True)
        made = cutting.cut(p.store, p.config, p.templates, request, now)
        assert made.edition
        return made.edition.name


def office(
    publication: Callable[..., Publisher], post: Callable[..., str], subscribe: Callable[..., str], clock: Any
) -> Office:
    """Three articles, three subscribers of two newsletters; `weekly` wants approval."""
    articles = {f"{n}.md": post(f"Tides {n}", f"2026-11-2{n}T05:00Z", "World") for n in range(1, 2)}
    articles |= {f"old{n}.md": post(f"Old {n}", f"2026-11-1{n}T05:00Z", "Sea") for n in range(2)}
    letters = {"daily": {}, "weekly": {"approval": True, "default": {"cadence": "weekly"}}}
    p = publication(articles=articles, newsletters=letters)
    gathering.gather(p.store, p.config, clock())
    for name in ("ada", "bo", "cy"):
        for newsletter in letters:
            subscribe(p, f"{name}@example.org", newsletter)
    return Office.of(p, clock)
