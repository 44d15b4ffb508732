"""The desk: signing in and staying in, who may do what, and what no form from elsewhere can do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from desk_places import STRANGE, furnish, routes
from desk_visitors import HOME, PASSWORD, QUICK, ROLES, Newsroom, Visitor

from publisher import gathering, passwords
from publisher.admitting import own
from publisher.app import Publisher
from publisher.model.editors import COMMAND_LINE, Actor
from publisher.passwords import codes
from publisher.store import credentials, deeds, editors
from publisher.web.desk import DOORS

ANN, WRONG = "ann@courier.example", "not the right words"
# what the policy forbids: scripts and styles that stand in the page, and what would make htmx run a text
INLINE = re.compile(
    r"<script(?! src=\"/)|<style|\sstyle=|\s(?:hx-)?on[\w:-]+=|javascript:|hx-(?:va|hea)\w+=.js:"
)
PUBLISHED = {
    "htmx-2.0.11.min.js": "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",
    "htmx-ext-sse-2.2.4.min.js": "98a46496de0c3605fbffdce9167ba427bdd9553184f83f149c261891a92c0136",
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", QUICK)


@pytest.fixture
def room(publication: Callable[..., Publisher], post: Callable[..., str], clock: Any) -> Newsroom:
    p = publication(articles={"tides.md": post("Tides", "2026-11-20T12:00Z", "World")})
    gathering.gather(p.store, p.config, clock.now)
    return Newsroom.of(p, clock)


def test_a_link_signs_in_once_by_its_button_and_leads_to_a_password(room: Newsroom) -> None:
    link, ann = room.link(ANN, name="Ann Editor"), room.visitor()
    before = room.everything()
    for _ in range(2):
        assert "Sign in as Ann Editor" in ann.get(link).text
    assert room.everything() == before, "a scanner that follows the link spends nothing"
    done = ann.post(link)
    assert (done.status_code, done.headers["location"]) == (303, "/desk/account?said=welcome")
    assert ann.inside
    page = ann.get(done.headers["location"])
    assert "Please choose a password now" in page.text
    assert "Current password" not in page.text
    assert ann.post("/desk/account", do="password", password=PASSWORD).status_code == 303
    assert ann.inside, "whoever set the password stays in"
    again = room.visitor()
    assert again.get(link).status_code == 404
    assert again.post(link).status_code in (403, 404)
    assert again.sign_in(ANN, WRONG).status_code == 422
    assert again.sign_in(ANN).status_code == 303
    with room.p.store.read() as tx:
        done_ = [(d.actor, d.verb, d.object) for d in deeds.listed(tx, 20)]
    assert [verb for _, verb, _ in done_] == [
        "sign in", "sign in", "set password", "sign in", "make link", "add",
    ]  # fmt: skip
    assert done_[-1] == ("command line", "add", f"editor {ANN}")


def test_a_link_ends_after_an_hour_and_by_the_next_one(room: Newsroom) -> None:
    from publisher.admitting import accounts

    first = room.link(ANN)
    _, secret = accounts.link(room.p.store, COMMAND_LINE, ANN, room.clock())
    assert room.visitor().get(first).status_code == 404
    assert room.visitor().get(f"/desk/link/{secret}").status_code == 200
    room.later(minutes=60)
    assert room.visitor().get(f"/desk/link/{secret}").status_code == 404


def test_the_answer_is_the_same_for_unknown_and_wrong_and_costs_the_same(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.editor(address=ANN)
    room.link("new@courier.example")
    calls: list[str] = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            if name in ("hash", "verify"):
                calls.append(name)
            return getattr(QUICK, name)

    monkeypatch.setattr(passwords, "hasher", Counting())
    said = []
    for n, address in enumerate((ANN, "nobody@courier.example", "new@courier.example", "no address")):
        answer = room.visitor(client=f"203.0.{n}.1").sign_in(address, WRONG)
        said.append((answer.status_code, re.sub(r'value="[^"]*"', "", answer.text), tuple(calls)))
        calls.clear()
    assert said == [said[0]] * 4
    assert said[0][::2] == (422, ("verify",))


def test_guessing_gets_slow_and_shuts_nobody_out_who_is_in(room: Newsroom) -> None:
    ann, guesser = room.editor(address=ANN), room.visitor(client="203.0.113.9")
    waits = "too many tries"
    for _ in range(5):
        assert waits not in guesser.sign_in(ANN, WRONG).text
    assert waits in guesser.sign_in(ANN).text, "even the right one waits"
    assert waits in room.visitor(client="192.0.2.5").sign_in(ANN).text, "from anywhere"
    assert ann.inside
    assert (
        "the current password" in ann.post("/desk/account", do="password", current=WRONG, password="x").text
    )
    pauses = []
    for _ in range(8):
        waited = 0
        while waits in (answer := guesser.sign_in(ANN, WRONG)).text:
            waited += 1
            room.clock.move(seconds=1)
        assert answer.status_code == 422
        pauses.append(waited)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    room.clock.move(seconds=60)
    assert room.visitor(client="192.0.2.5").sign_in(ANN).status_code == 303
    assert waits not in guesser.sign_in(ANN, WRONG).text, "the right one begins anew"


def test_a_network_that_tries_many_addresses_waits_too_and_unknown_ones_count_alike(room: Newsroom) -> None:
    room.editor(address=ANN)
    guesser = room.visitor(client="203.0.113.9")
    for n in range(20):
        guesser.sign_in(f"nobody{n}@courier.example", WRONG)
    assert "too many tries" in guesser.sign_in(ANN).text
    neighbour = room.visitor(client="203.0.114.9")
    assert neighbour.sign_in(ANN).status_code == 303


def test_sessions_end_by_time(room: Newsroom) -> None:
    ann = room.editor(address=ANN)
    for _ in range(20):
        room.later(hours=7, minutes=59)
        assert ann.inside
    room.later(hours=8)
    assert not ann.inside, "nobody used it"
    bo = room.editor(address="bo@courier.example")
    for _ in range(23):
        room.later(hours=7)
        assert bo.inside
    room.later(hours=7)
    assert not bo.inside, "however busy, it ends after a week"


def test_use_is_written_down_each_minute_and_at_the_end_so_that_another_process_sees_it(
    room: Newsroom,
) -> None:
    ann = room.editor(address=ANN)
    room.clock.move(hours=7)
    before = room.everything()
    assert ann.inside
    assert room.everything() == before
    room.app.minute()
    room.app.close()
    room.clock.move(hours=7)
    elsewhere = Newsroom.of(room.p, room.clock).visitor(cookies=ann.cookies)
    assert elsewhere.inside


@pytest.mark.parametrize("how", ["password", "command line", "role", "remove", "sign out", "codes"])
def test_sessions_end_when_the_account_changes(room: Newsroom, how: str) -> None:
    admin, ann = room.editor("admin"), room.editor(address=ANN)
    other = room.visitor()
    other.sign_in(ANN)
    assert other.inside
    if how == "password":
        ann.get("/desk/account")
        ann.post("/desk/account", do="password", current=PASSWORD, password="quite another one")
    elif how == "command line":
        own.set_password_of(room.p.store, ANN, "quite another one", room.clock())
    elif how == "codes":
        secret = re.findall(r'class="secret">([^<]+)<', ann.get("/desk/account").text)[0].replace(" ", "")
        code = codes.code_of(secret, int(room.clock().timestamp()) // 30)
        ann.post("/desk/account", do="begin codes", code=code)
    elif how == "sign out":
        other.post("/desk/sign-out")
    else:
        admin.get("/desk/editors")
        done = admin.post("/desk/editors", do=how, address=ANN, role="viewer")
        assert done.status_code == 303
    assert not other.inside
    assert ann.inside == (how in ("password", "sign out", "codes"))
    assert admin.inside


def test_codes_are_asked_for_and_work_once(room: Newsroom) -> None:
    ann = room.editor(address=ANN)
    page = ann.get("/desk/account").text
    secret = re.findall(r'class="secret">([^<]+)<', page)[0].replace(" ", "")
    assert f"secret={secret}" in page
    assert "<svg" in page
    step = int(room.clock().timestamp()) // 30
    assert "this code is not right" in ann.post("/desk/account", do="begin codes", code="12345").text
    ann.post("/desk/account", do="begin codes", code=codes.code_of(secret, step))
    bo = room.visitor()
    assert bo.sign_in(ANN).status_code == 422
    assert bo.sign_in(ANN, code=codes.code_of(secret, step)).status_code == 422, "that one was used"
    room.clock.move(seconds=60)
    fresh = codes.code_of(secret, step + 2)
    assert bo.sign_in(ANN, code=f"{fresh[:3]} {fresh[3:]}").status_code == 303
    assert room.visitor().sign_in(ANN, code=fresh).status_code == 422, "nor twice"
    bo.get("/desk/account")
    assert "the current password" in bo.post("/desk/account", do="end codes", current=WRONG).text
    bo.get("/desk/account")
    assert bo.post("/desk/account", do="end codes", current=PASSWORD).status_code == 303
    assert room.visitor().sign_in(ANN).status_code == 303


@pytest.mark.parametrize(
    ("unix", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_rfc(unix: int, code: str) -> None:
    """RFC 6238, appendix B, six digits."""
    assert codes.code_of(codes.secret_of(b"12345678901234567890"), unix // 30) == code


@pytest.mark.parametrize("bad", ["short", "aaaaaaaaaaaaaaaa", f"{ANN.partition('@')[0]}eleanor and more"])
def test_a_password_that_is_too_easy_is_refused(room: Newsroom, bad: str) -> None:
    room.link("anneleanor@courier.example")
    bo = room.editor(address="anneleanor2@courier.example")
    bo.get("/desk/account")
    bad = bad.replace("anneleanor", "anneleanor2")
    answer = bo.post("/desk/account", do="password", current=PASSWORD, password=bad)
    assert (answer.status_code, 'role="alert"' in answer.text) == (422, True)


def test_who_wants_notices_says_so(room: Newsroom) -> None:
    ann = room.editor(address=ANN)
    for given, wanted in (({"notices": "yes"}, True), ({}, False)):
        ann.get("/desk/account")
        assert ann.post("/desk/account", do="notices", **given).status_code == 303
        with room.p.store.read() as tx:
            assert [one.address for one in editors.wanting_notices(tx)] == ([ANN] if wanted else [])
        assert ("checked" in ann.get("/desk/account").text) == wanted


def test_real_argon2_and_its_decoy() -> None:
    from argon2.profiles import RFC_9106_LOW_MEMORY

    from publisher.passwords import hasher

    real = type(QUICK).from_parameters(RFC_9106_LOW_MEMORY)
    kept = real.hash("é words")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.matches(kept, "e\u0301 words"), "whatever keyboard"
    assert not passwords.matches(kept, "e words")
    assert not passwords.matches("", "")
    assert passwords.outdated(kept) == (hasher is QUICK)


# Who may do what


# the least of ROLES that sees a page, by the path of its route; what stands for its parameters: desk_places
SEEN = {
    "/desk/": 0,
    "/desk/account": 0,
    "/desk/log": 2,
    "/desk/editors": 3,
    "/desk/subscribers": 1,
    "/desk/subscribers/{id}": 1,
    "/desk/subscribers/growth": 1,
    "/desk/subscribers/add": 2,
    "/desk/subscribers/imports": 2,
    "/desk/subscribers/imports/{number}": 2,
    "/desk/subscribers/imports/{number}/refused.csv": 2,
    "/desk/articles": 0,
    "/desk/articles/{id:path}": 0,
    "/desk/previews/articles/{id:path}": 0,
    "/desk/figures": 0,
    "/desk/publication": 0,
    "/desk/publication/settings": 2,
    "/desk/editions": 0,
    "/desk/editions/new": 1,
    "/desk/editions/{newsletter}/{number}": 0,
    "/desk/editions/{newsletter}/{number}/message": 0,
    "/desk/editions/{newsletter}/{number}/message/html": 0,
    "/desk/editions/{newsletter}/{number}/message.eml": 0,
    "/desk/editions/{newsletter}/{number}/watch": 0,
    "/desk/editions/{newsletter}/{number}/watch/events": 0,
    "/desk/editions/{newsletter}/{number}/deliveries": 1,
    "/desk/subscribers/{id}/story/{newsletter}/{number}": 1,
}


def test_every_role_at_every_page(room: Newsroom) -> None:
    """Role by route by object: what it sees, and what it may not even see the way to."""
    paths = {door.path for door in DOORS if door.show and not door.open}
    assert paths == SEEN.keys()
    places = furnish(room)
    for n, role in enumerate(ROLES):
        one = room.editor(role)
        ways = set(re.findall(r'<li><a href="([^"]+)"', one.get("/desk/").text.partition("</nav>")[0]))
        for path, least in SEEN.items():
            answer = one.get(places.address(path))
            assert answer.status_code == (200 if n >= least else 403), (role, path)
            if "{" in path:
                assert one.get(places.nowhere(path)).status_code in ((404,) if n >= least else (403, 404)), (
                    path
                )
            assert n >= least or path not in ways, (role, path)
        assert ways <= SEEN.keys(), "the navigation leads to pages"
        act = {"do": "add", "name": "Eve", "address": f"{role}.eve@courier.example", "role": "admin"}
        done = one.post("/desk/editors", **act)
        assert done.status_code == (200 if role == "admin" else 403)
        with room.p.store.read() as tx:
            assert bool(editors.find(tx, act["address"])) == (role == "admin")


def test_only_an_admin_makes_admins_and_the_last_one_stays(room: Newsroom) -> None:
    admin = room.editor("admin")
    admin.get("/desk/editors")
    for do in ("role", "remove"):
        answer = admin.post("/desk/editors", do=do, address="admin@courier.example", role="viewer")
        assert (answer.status_code, "this is the only admin" in answer.text) == (403, True)
    made = admin.post("/desk/editors", do="add", name="Ann", address=ANN, role="admin")
    (link,) = re.findall(rf"{HOME}(/desk/link/[\w-]+)", made.text)
    ann = room.visitor()
    ann.get(link)
    ann.post(link)
    ann.get("/desk/editors")
    assert ann.post("/desk/editors", do="remove", address="admin@courier.example").status_code == 303
    assert not admin.inside
    assert admin.sign_in("admin@courier.example").status_code == 422
    for bad in ({"name": ""}, {"address": "a@x, b@y"}, {"role": "owner"}, {"address": ANN}, {"do": "burn"}):
        given = {"do": "add", "name": "Cy", "address": "cy@courier.example", "role": "editor", **bad}
        assert ann.post("/desk/editors", **given).status_code == 422, bad
    assert ann.post("/desk/editors", do="link", address="nobody@courier.example").status_code == 404


def test_tokens_have_scopes_and_belong_to_whom_they_belong(room: Newsroom) -> None:
    ann, bo = room.editor("publisher", ANN), room.editor("viewer", "bo@courier.example")
    ann.get("/desk/account")
    wanted = {"do": "make token", "name": "Reports", "scopes": ["read", "send"], "days": "30"}
    (secret,) = re.findall(r">(pub_[\w-]{43})<", ann.post("/desk/account", **wanted).text)
    actor = own.bearer(room.p.store, secret, room.clock())
    assert actor == Actor("Publisher", actor.id, "publisher", frozenset({"read", "send"}))  # type: ignore[union-attr]
    assert own.bearer(room.p.store, secret[:-1], room.clock()) is None
    assert secret not in repr(room.everything())
    assert "Reports" in ann.get("/desk/account").text
    with room.p.store.read() as tx:
        (token,) = credentials.of(tx, actor.id or 0, "token", room.clock())  # type: ignore[union-attr]
    bo.get("/desk/account")
    assert bo.post("/desk/account", do="end token", id=token.id).status_code == 404
    assert own.bearer(room.p.store, secret, room.clock())
    assert own.bearer(room.p.store, secret, room.clock() + timedelta(days=30)) is None
    ann.get("/desk/account")
    ann.post("/desk/account", do="end token", id=token.id)
    assert own.bearer(room.p.store, secret, room.clock()) is None
    for bad in (
        {"scopes": []},
        {"days": "9999"},
        {"name": ""},
        {"name": "x" * 101},
        {"scopes": ["everything"]},
    ):
        assert ann.post("/desk/account", **(wanted | bad)).status_code == 422, bad


# What no form from elsewhere can do


def test_every_unsafe_route_refuses_without_token_or_from_elsewhere(room: Newsroom) -> None:
    admin, link = room.editor("admin"), room.link(ANN)
    bo = room.editor(address="bo@courier.example")
    bo.get("/desk/account")
    places, token = furnish(room), link.rpartition("/")[2]
    posted = [places.address(r.path, token=token) for r in routes(room.app) if "POST" in (r.methods or ())]
    assert len(posted) == sum(door.act is not None for door in DOORS)
    fields = {"do": "add", "name": "Eve", "address": "eve@x.example", "role": "admin", "password": PASSWORD}
    before = room.everything()
    for path in posted:
        for visitor in (admin, room.visitor()):
            visitor.get("/desk/sign-in")
            visitor.get("/desk/account")
            token = visitor.token
            assert token
            for wrong in ("", "x", bo.token, token[:-1]):
                assert visitor.post(path, **fields | {"token": wrong}).status_code == 403, path
            for origin in (
                "https://evil.example",
                "null",
                f"{HOME}.evil.example",
                f"{HOME}:444",
                "https://[",
            ):
                visitor.token = token
                assert visitor.post(path, origin=origin, **fields).status_code == 403, (path, origin)
            for headers in ({}, {"Referer": "https://evil.example/"}, {"Origin": "null", "Referer": HOME}):
                refused = visitor.ask("POST", path, data=fields | {"token": token}, headers=headers)
                assert refused.status_code == 403, (path, headers)
            for method in ("PUT", "DELETE", "PATCH"):
                assert visitor.ask(method, path, headers={"Origin": HOME}).status_code in (404, 405)
    assert room.everything() == before
    fields["token"] = room_token(admin)
    assert admin.ask(
        "POST", "/desk/editors", data=fields, headers={"Referer": f"{HOME}/desk/editors"}
    ).is_success


def room_token(one: Visitor) -> str:
    one.get("/desk/account")
    return one.token


def test_a_get_changes_nothing_and_every_answer_is_private(room: Newsroom) -> None:
    admin, link = room.editor("admin", name=STRANGE), room.link(ANN, name=STRANGE)
    places, token = furnish(room), link.rpartition("/")[2]
    before = room.everything()
    for visitor in (admin, room.visitor()):
        for route in routes(room.app):
            if route.methods and "GET" in route.methods:
                mail = False
                for _ in range(2):
                    address = places.address(route.path, token=token)
                    answer = visitor.get(address)
                    headers = answer.headers
                    assert headers["cache-control"] == "no-store"
                    assert answer.status_code < 500
                    if route.path != "/desk":
                        policy = headers["content-security-policy"]
                        assert "default-src 'none'" in policy
                        shown = answer.is_success and ("/previews/" in address or address.endswith("/html"))
                        assert ("sandbox; " if shown else "frame-ancestors 'none'") in policy
                        # a mail carries its styles with it (test_desk_editions.py)
                        mail = answer.is_success and "/message" in address
                        assert "unsafe" not in policy or mail
                        assert headers["referrer-policy"] in ("same-origin", "no-referrer")
                    assert mail or not INLINE.search(answer.text), route.path
                    assert visitor.ask("HEAD", address).status_code < 500
    assert room.everything() == before


def test_scripts_are_our_own_files_as_published_and_kept(room: Newsroom) -> None:
    page = room.visitor().get("/desk/sign-in")
    assert "script-src 'self'; connect-src 'self'" in page.headers["content-security-policy"]
    asked = re.findall(r'<script src="([^"]+)" defer></script>', page.text)
    assert len(asked) == len(PUBLISHED) == page.text.count("<script")
    for url in asked:
        answer = room.visitor().get(url)
        assert sha256(answer.content).hexdigest() == PUBLISHED[url.rpartition("/")[2]]
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "immutable" in answer.headers["cache-control"]
    for other in ("htmx-LICENSE.txt", "README.md", "..%2fgate.py", "%2e%2e%2fgate.py"):
        assert room.visitor().get(f"/desk/files/{other}").status_code == 404
    config = json.loads(re.findall(r"htmx-config\" content='([^']+)'", page.text)[0])
    assert not {"includeIndicatorStyles", "allowEval", "allowScriptTags"} & {
        k for k, v in config.items() if v
    }
    assert config["selfRequestsOnly"]
    assert config["historyCacheSize"] == 0, "no page of the desk stays in a browser's storage"


def test_part_of_a_page_is_not_answered_with_the_form_to_sign_in(room: Newsroom) -> None:
    answer = room.visitor().ask("GET", "/desk/log", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-refresh"], answer.text) == (401, "true", "")


def test_names_that_people_typed_are_shown_and_never_run(room: Newsroom) -> None:
    admin = room.editor("admin", name=STRANGE)
    shown = "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;"
    places = furnish(room)
    for path in SEEN:
        page = admin.get(places.address(path)).text
        assert "<script>" not in page, path
        assert shown in page or 'id="menu"' not in page, path
    admin.get("/desk/account")
    wanted = {"do": "make token", "name": STRANGE, "scopes": "read", "days": "30"}
    admin.post("/desk/account", **wanted)
    admin.get("/desk/account")
    admin.post("/desk/sign-in", address=STRANGE, password="x")
    for path in (
        *SEEN,
        f"/desk/sign-in?next={STRANGE}",
        f"/desk/account?said={STRANGE}",
        "/desk/log?before=x",
    ):
        assert "<script>" not in admin.get(path).text, path


def test_cookies_are_as_safe_as_the_way_is(publication: Callable[..., Publisher], clock: Any) -> None:
    room = Newsroom.of(publication(publication={"url": "https://courier.example/paper"}), clock)
    for home, name in (
        (HOME, "__Host-desk"),
        ("http://127.0.0.1:8000", "desk"),
        ("http://courier.example", "__Host-desk"),
    ):
        visitor = room.visitor(home=home)
        for path in ("/desk/sign-in", "/paper/desk/sign-in"):
            visitor.cookies = {}
            cookie = visitor.get(path).headers["set-cookie"]
            assert cookie.startswith(f"{name}=")
            assert ("Secure" in cookie) == name.startswith("__Host-")
            assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
            assert "Domain" not in cookie
    to = room.visitor().get("/paper/desk/log").headers["location"]
    assert to == "/paper/desk/sign-in?next=%2Fdesk%2Flog"
    assert 'action="/paper/desk/sign-in"' in room.visitor().get(to).text


def test_after_signing_in_one_is_where_one_wanted_to_be_and_never_elsewhere(room: Newsroom) -> None:
    room.editor("admin")
    for wanted, to in {
        "/desk/log": "/desk/log",
        "https://evil.example/": "/desk/",
        "//evil.example/desk/": "/desk/",
        "/desk/../x": "/desk/../x",
        "/desk//evil.example": "/desk/",
        "/\\evil": "/desk/",
        "": "/desk/",
    }.items():
        one = room.visitor()
        one.get("/desk/sign-in")
        done = one.post("/desk/sign-in", address="admin@courier.example", password=PASSWORD, next=wanted)
        assert done.headers["location"] == to
    fresh = room.visitor()
    fresh.get("/desk/sign-in")
    before = dict(fresh.cookies)
    fresh.post("/desk/sign-in", address="admin@courier.example", password=PASSWORD)
    assert fresh.cookies != before, "a cookie that was there before is worth nothing"
    fresh.cookies = before
    assert not fresh.inside


def test_a_proxy_on_this_machine_is_not_taken_for_one_who_guesses(room: Newsroom) -> None:
    room.editor(address=ANN)
    for n in range(25):
        room.visitor(client="127.0.0.1").sign_in(f"nobody{n}@courier.example", WRONG)
    assert room.visitor(client="127.0.0.1").sign_in(ANN).status_code == 303
