"""Visitors of the desk, as browsers are: they keep a cookie, and send the token of the form they saw."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import httpx
from argon2 import PasswordHasher
from sqlalchemy import select

from publisher.admitting import accounts, own
from publisher.app import Publisher
from publisher.model.editors import COMMAND_LINE
from publisher.store.schema import metadata
from publisher.web.public import Public, application

HOME = "https://courier.example"
PASSWORD = "four easy words here"
ROLES = ("viewer", "editor", "publisher", "admin")
# what takes 150 ms and 64 MB for real
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class Visitor:
    """One browser."""

    app: Any
    client: str = "198.51.100.7"
    home: str = HOME
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        sent |= more.pop("headers", {})

        async def ask() -> httpx.Response:
            there = httpx.ASGITransport(self.app, client=(self.client, 4711))
            async with httpx.AsyncClient(transport=there, base_url=self.home) as browser:
                return await browser.request(method, path, headers=sent, **more)

        answer = asyncio.run(ask())
        for kept in SimpleCookie(answer.headers.get("set-cookie", "")).values():
            self.cookies[kept.key] = kept.value
        if found := re.search(r'name="token" value="([^"]+)"', answer.text):
            self.token = found[1]
        return answer

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.ask("GET", path, **more)

    def post(self, path: str, origin: str = "", **fields: Any) -> httpx.Response:
        given = {"token": self.token, **fields}
        return self.ask("POST", path, data=given, headers={"Origin": origin or self.home})

    def sign_in(self, address: str, password: str = PASSWORD, code: str = "") -> httpx.Response:
        self.get("/desk/sign-in")
        return self.post("/desk/sign-in", address=address, password=password, code=code, next="/desk/")

    @property
    def inside(self) -> bool:
        return self.get("/desk/").status_code == 200


@dataclass
class Newsroom:
    """A publication with editors, and the desk's application."""

    p: Publisher
    clock: Any
    app: Public

    @classmethod
    def of(cls, p: Publisher, clock: Any) -> Newsroom:
        return cls(p, clock, application(p))

    def visitor(self, **about: Any) -> Visitor:
        return Visitor(self.app, **about)

    def link(self, address: str, role: str = "editor", name: str = "") -> str:
        """Add an editor; the path of the one-time link."""
        _, secret = accounts.add(
            self.p.store, COMMAND_LINE, name or role.title(), address, role, self.clock()
        )
        return f"/desk/link/{secret}"

    def editor(self, role: str = "editor", address: str = "", name: str = "") -> Visitor:
        """An editor with a password, who has just signed in with it."""
        address = address or f"{role}@courier.example"
        self.link(address, role, name)
        own.set_password_of(self.p.store, address, PASSWORD, self.clock())
        one = self.visitor()
        assert one.sign_in(address).status_code == 303
        return one

    def everything(self) -> dict[str, list[Any]]:
        with self.p.store.read() as tx:
            return {t.name: [tuple(r) for r in tx.execute(select(t))] for t in metadata.sorted_tables}

    def later(self, **by: float) -> None:
        """A while passes, as the server sees it: what it keeps in memory is written down each minute."""
        self.app._desk.gate.used.flush()
        self.clock.now += timedelta(**by)
