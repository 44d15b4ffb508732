"""The API: what it answers, who may do what, how it refuses; and that it is described as it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import api_bearers
import pytest
from api_bearers import HOME, Bearer, Office
from openapi_spec_validator import validate
from sqlalchemy import select

from publisher.app import Publisher
from publisher.model.editors import ROLES, SCOPES
from publisher.permissions import LEAST
from publisher.store import deeds, editions, ledger, subscribers
from publisher.store.schema import deliveries, metadata
from publisher.web.api.operations import Operation
from publisher.web.api.table import OPERATIONS

STRANGE = "<script>alert(1)</script>"


@pytest.fixture
def office(
    publication: Callable[..., Publisher], post: Callable[..., str], subscribe: Callable[..., str], clock: Any
) -> Office:
    return api_bearers.office(publication, post, subscribe, clock)


def test_an_edition_goes_its_way_by_two_programs(office: Office) -> None:
    """Cut, looked at, tried out, approved by somebody else, paused, resumed, explained."""
    ann, bo = office.bearer("admin", name="ann"), office.bearer("publisher", name="bo")
    made = ann.post("/editions", {"newsletter": "weekly"})
    assert (made["edition"], made["recipients"]) == ("weekly/1", 3)
    edition = f"/editions/{made['edition']}"
    assert ann.get(edition)["state"] == "held"
    assert ann.get(edition)["counts"] | {"planned": 3} == ann.get(edition)["counts"]
    seen = ann.get(f"{edition}/seen")["seen"]
    shown = ann.get(f"{edition}/preview", **{"as": "ada@example.org"})
    assert "Tides 1" in shown["html"]
    assert shown["subject"]
    assert ann.post(f"{edition}/test-copies", {"addresses": ["ann@courier.example"]}) == {"queued": 1}
    refused = ann.ask("POST", f"{edition}/approve", json={"seen": seen})
    assert (refused.status_code, "somebody else must" in refused.json()["detail"]) == (403, True)
    refused = bo.ask("POST", f"{edition}/approve", json={"seen": "0" * 64})
    assert (refused.status_code, "has changed" in refused.json()["detail"]) == (409, True)
    assert bo.post(f"{edition}/approve", {"seen": seen})["state"] == "sending"
    assert bo.post(f"{edition}/pause")["state"] == "paused"
    assert bo.post(f"{edition}/resume")["state"] == "sending"
    assert bo.post(f"{edition}/send", {"when": "now"})["due"] == 3
    rows = bo.get(f"{edition}/deliveries", limit=2)
    rest = bo.get(f"{edition}/deliveries", limit=2, after=rows["next"])
    assert [row["address"].partition("@")[0] for row in rows["items"] + rest["items"]] == ["ada", "bo", "cy"]
    assert rest["next"] is None
    one = bo.get(f"{edition}/deliveries/{rows['items'][0]['id']}")
    assert one["status"] == "queued"
    assert bo.get(f"{edition}/deliveries", q="BO@example.org")["items"][0]["address"] == "bo@example.org"
    said = bo.get("/explain", address="ada@example.org", edition="weekly/1")
    assert said["facts"]["edition"]["verdict"] == "queued"
    assert bo.post(f"{edition}/retry", {"status": "bounced"}) == {"again": 0, "suppressed": [], "left": 0}
    assert bo.post(f"{edition}/cancel")["state"] == "cancelled"
    with office.p.store.read() as tx:
        done = [(d.actor, d.verb) for d in deeds.listed(tx, 50, object_="edition weekly/1")]
    assert done[:-5:-1] == [("Ann", "cut"), ("Ann", "test"), ("Bo", "approve"), ("Bo", "pause")]


def test_people_are_found_added_changed_and_leave(office: Office) -> None:
    ann = office.bearer()
    new = {
        "address": "Dee@example.org",
        "newsletter": "daily",
        "hour": 6,
        "topics": ["World"],
        "name": STRANGE,
    }
    new |= {"agreed": "by telephone"}
    id_ = ann.post("/subscribers", new)["subscriber"]
    dee = f"/subscribers/{id_}"
    ann.post(dee, {"newsletter": "daily", "topics": ["all"]}, method="PATCH")
    ann.post(f"{dee}/subscribe", {"newsletter": "weekly", "agreed": "by telephone"})
    ann.post(f"{dee}/pause", {"newsletter": "weekly", "until": "2026-12-24T00:00:00Z"})
    whole = ann.get(dee)
    daily, weekly = whole["subscriptions"]
    assert (whole["name"], daily["topics"], daily["hour"]) == (STRANGE, None, 6)
    assert weekly["paused_until"] == "2026-12-24T00:00:00Z"
    assert "by telephone" in whole["consents"][0]["source"]
    assert [one["address"] for one in ann.get("/subscribers", q="DEE")["items"]] == ["Dee@example.org"]
    assert [one["id"] for one in ann.get("/subscribers", status="paused")["items"]] == [id_]
    assert "token" not in ann.post(f"{dee}/feed", {"newsletter": "daily"})["urls"]
    ann.post(f"{dee}/end-feed", {"newsletter": "daily"})
    ann.post(f"{dee}/unsubscribe", {"newsletter": "daily"})
    assert ann.post(f"{dee}/suppress", {}) == {"added": True}
    refused = ann.ask("POST", "/subscribers", json=new)
    assert refused.status_code == 409
    assert ann.get("/suppressions")["items"][0]["reason"] == "by hand"
    ann.post(f"{dee}/lift", {})
    assert ann.post(f"{dee}/copy")["kept"]["subscriber"]["address"] == "Dee@example.org"
    wrong = ann.ask("POST", f"{dee}/erase", json={"address": "ada@example.org"})
    assert (wrong.status_code, wrong.json()["errors"][0]["place"]) == (422, "body.address")
    assert ann.post(f"{dee}/erase", {"address": "dee@example.org"})["under_way"] == 0
    assert ann.get("/subscribers", q="dee")["items"] == []
    sheet = ann.ask("POST", "/subscribers/export", json={"newsletter": "daily"})
    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    assert [line.partition(",")[0] for line in sheet.text.splitlines()[1:]] == [
        "ada@example.org", "bo@example.org", "cy@example.org",
    ]  # fmt: skip
    assert ann.get("/subscribers/growth", by="day")["items"][0]["name"] == "2026-11-21"


def test_a_file_is_shown_before_it_is_taken_and_its_refused_lines_are_named(office: Office) -> None:
    ann = office.bearer()
    lines = f"address,name\neve@example.org,Eve\n{STRANGE},Nobody\n"
    sent = {"name": "more.csv", "csv": lines, "newsletter": "daily"}
    made = ann.post("/imports", sent, key="one")
    assert (made["state"], made["total"]) == ("uploaded", 2)
    assert ann.post("/imports", sent, key="one")["id"] == made["id"]
    one = f"/imports/{made['id']}"
    assert ann.ask("POST", f"{one}/begin").status_code == 409, "nobody said that they have agreed"
    ann.post(one, {"newsletter": "daily", "status": "confirmed"}, method="PATCH")
    assert ann.post(f"{one}/begin")["state"] == "waiting"
    assert office.app._desk.gate.importer.wait(20), "it is worked on at once, as at the desk"
    done = ann.get(one)
    assert (done["state"], done["added"], done["refused"]) == ("done", 1, 1)
    assert ann.get(f"{one}/refused")["items"][0]["address"] == STRANGE
    assert [each["id"] for each in ann.get("/imports")["items"]] == [made["id"]]
    assert ann.ask("POST", f"{one}/stop").status_code == 409


def test_an_address_of_nobody_is_suppressed_and_lifted(office: Office) -> None:
    ann, nobody = office.bearer(), {"address": "Nobody@example.org"}
    assert ann.ask("POST", "/suppressions/lift", json=nobody).status_code == 409
    assert ann.post("/suppressions", nobody | {"reason": STRANGE}) == {"added": True}
    assert ann.post("/suppressions", nobody) == {"added": False}
    ((address, reason),) = [(one["address"], one["reason"]) for one in ann.get("/suppressions")["items"]]
    assert (address, reason) == ("nobody@example.org", STRANGE)
    with office.p.store.write() as tx:
        subscribers.unsuppress(tx, address)
        subscribers.suppress(tx, address, "hard bounce: 550", office.clock())
    assert ann.ask("POST", "/suppressions/lift", json=nobody).status_code == 409, "somebody must be sure"
    ann.post("/suppressions/lift", nobody | {"sure": True})
    assert ann.get("/suppressions")["items"] == []
    assert ann.post("/suppressions", {"address": "ada@example.org"}) == {"added": True}
    wrong = ann.ask("POST", "/suppressions", json={"address": "a@x, b@y"})
    assert wrong.status_code in (409, 422)
    with office.p.store.read() as tx:
        ada = subscribers.find(tx, "ada@example.org")
        done = [(one.verb, one.object) for one in deeds.listed(tx, 3)]
    assert ada
    assert done == [
        ("suppress", f"subscriber {ada.id}"),
        ("lift suppression", "an address of no subscriber"),
        ("suppress", "an address of no subscriber"),
    ]


def test_an_edition_is_watched_in_the_servers_words_without_names(office: Office) -> None:
    office.cut()
    with office.p.store.write() as tx:
        edition = editions.find(tx, "daily", 1)
        assert edition
        row = ledger.rows(tx, edition.id)[0]
        values = {"status": "bounced", "code": 550, "reply": f"{STRANGE} <{row.address}> is unknown"}
        tx.execute(deliveries.update().where(deliveries.c.id == row.id).values(**values))
    found = office.bearer("viewer", ["read"]).get("/editions/daily/1/progress")
    assert (found["edition"], found["state"], found["counts"]["bounced"]) == ("daily/1", "held", 1)
    (said,) = found["said"]
    assert (said["status"], said["code"], said["providers"]) == ("bounced", 550, ["example.org"])
    assert said["words"] == f"{STRANGE} <…> is unknown"
    assert found["whole"]
    assert found["providers"][0]["counts"]["bounced"] == 1
    assert found["servers"]


def test_one_s_own_notices_are_asked_for_and_ended(office: Office) -> None:
    ann = office.bearer()
    assert not ann.get("/token")["notices"]
    assert ann.post("/token", {"notices": True}, method="PATCH")["notices"]
    assert ann.get("/token")["notices"]
    assert not ann.post("/token", {"notices": False}, method="PATCH")["notices"]
    assert [one["verb"] for one in ann.get("/log", limit=2)["items"]] == ["end notices", "ask for notices"]


def test_the_rest_of_the_desk_is_there(office: Office) -> None:
    office.cut()
    ann = office.bearer()
    assert {one["name"] for one in ann.get("/newsletters")["items"]} == {"daily", "weekly"}
    assert ann.get("/newsletters/weekly")["approval"]
    assert "Tides 1" in ann.get("/newsletters/daily/preview")["text"]
    assert ann.get("/feeds")["items"][0]["urls"]["rss"] == f"{HOME}/feed.xml"
    assert ann.get("/settings")["settings"]["publication"]["url"] == HOME
    assert [one["edition"] for one in ann.get("/today")["held"]] == ["daily/1"]
    titles, after = [], ""
    while after is not None:
        some = ann.get("/articles", limit=2, after=after)
        titles += [one["title"] for one in some["items"]]
        after = some["next"]
    assert titles == ["Tides 1", "Old 1", "Old 0"]
    first = ann.get("/articles")["items"][0]
    assert "The text of Tides 1" in ann.get(f"/articles/{first['id']}")["html"]
    assert ann.get("/figures/polls") == {"items": []}
    assert ann.ask("GET", "/figures/polls?since=2020-01-01").status_code == 422
    assert [one["title"] for one in ann.get("/articles", q="tid")["items"]] == ["Tides 1"]
    edition = ann.get("/editions/daily/1")
    dropped = edition["articles"][-1]
    changed = {"subject": STRANGE, "dropped": [dropped], "edits": edition["edits"]}
    made = ann.post("/editions/daily/1", changed, method="PATCH")
    assert (made["state"], made["dropped"], made["edits"]) == ("held", [dropped], 1)
    assert ann.get("/editions/daily/1/preview")["subject"] == STRANGE
    assert ann.ask("PATCH", "/editions/daily/1", json=changed | {"intro": "x"}).status_code == 409
    assert ann.get("/editions", newsletter="daily", state="held")["items"][0]["edition"] == "daily/1"
    linked = ann.post("/editors", {"name": "Bo", "address": "bo@courier.example", "role": "viewer"})
    assert linked["link"].startswith(f"{HOME}/desk/link/")
    bo = f"/editors/{linked['editor']['id']}"
    assert ann.post(bo, {"role": "editor"}, method="PATCH")["role"] == "editor"
    assert ann.post(f"{bo}/link")["link"] != linked["link"]
    ann.post(bo, method="DELETE")
    assert [one["name"] for one in ann.get("/editors")["items"]] == ["Admin"]
    made = ann.post("/tokens", {"name": "reports", "scopes": ["read"], "days": 30})
    reader = Bearer(office.app, made["token"])
    mine = reader.get("/token")
    assert (mine["role"], mine["token"]["scopes"]) == ("admin", ["read"])
    ann.post(f"/tokens/{mine['token']['id']}", method="DELETE")
    assert reader.ask("GET", "/token").status_code == 401
    verbs = [one["verb"] for one in ann.get("/log", limit=3)["items"]]
    assert verbs == ["end token", "make token", "remove"]


# Who may do what


def test_every_action_that_somebody_may_do_has_an_operation() -> None:
    assert {one.action for one in OPERATIONS} - {None} == LEAST.keys()
    assert len({one.name for one in OPERATIONS}) == len(OPERATIONS)
    assert len({(one.method, one.path) for one in OPERATIONS}) == len(OPERATIONS)


def everything(p: Publisher) -> dict[str, list[Any]]:
    with p.store.read() as tx:
        return {t.name: [tuple(r) for r in tx.execute(select(t))] for t in metadata.sorted_tables}


def places(office: Office) -> dict[str, Any]:
    """What stands in the paths of the samples: things that are there."""
    ann = office.bearer()
    with office.p.store.read() as tx:
        edition = editions.find(tx, "daily", 1)
        assert edition
        delivery = ledger.rows(tx, edition.id)[0].id
        person = subscribers.find(tx, "ada@example.org")
    assert person
    return {
        "/articles": ann.get("/articles")["items"][0]["id"],
        "/editions": delivery,
        "/subscribers": person.id,
        "/editors": office.actor("viewer", "leaver").id,
        "/tokens": 10**9,
        "/imports": ann.post("/imports", {"name": "a.csv", "csv": "address\neve@example.org\n"})["id"],
    }


def sample(one: Operation, there: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A request that would do it: the path with its query, and the body of the description."""
    path = one.described_path.replace("{newsletter}", "daily").replace("{number}", "1")
    path = path.replace("{kind}", "deliveries")
    root = f"/{path.split('/')[1]}"
    for name in ("{id}", "{address}"):
        path = path.replace(name, str(there.get(root, 1)))
    query = "?address=ada@example.org" if one.name == "explain" else ""
    more = {"json": dict(one.example)} if one.body else {}
    return path + query, more


def test_every_role_with_every_scope_at_every_operation(office: Office) -> None:
    """403 exactly where the table says so; and what is refused changes nothing.

    By each role with the one scope that is needed, and with all others.
    """
    office.cut()
    there = places(office)
    alone = {(role, s): office.bearer(role, [s], name=f"{role}-{s}") for role in ROLES for s in SCOPES}
    without = {
        (role, s): office.bearer(role, [*{*SCOPES} - {s}], name=f"{role}-{s}")
        for role in ROLES
        for s in SCOPES
    }
    before, allowed, refused = everything(office.p), [], 0
    for one in OPERATIONS:
        path, more = sample(one, there)
        least, needed = LEAST[one.action] if one.action else ("viewer", SCOPES[0])
        for role in ROLES:
            for bearer, scoped in ((alone[role, needed], True), (without[role, needed], not one.action)):
                scoped = scoped and one.name not in ("addEditor", "linkEditor")
                if ROLES.index(role) >= ROLES.index(least) and scoped:
                    allowed.append((one, bearer, path, more, role))
                    continue
                answer, refused = bearer.ask(one.method, path, **more), refused + 1
                assert answer.status_code == 403, (one.name, role, scoped, answer.text)
                assert answer.headers["content-type"] == "application/problem+json"
    assert everything(office.p) == before
    assert refused > 4 * len(OPERATIONS)
    for one, bearer, path, more, role in allowed:
        answer = bearer.ask(one.method, path, **more)
        declared = {one.status, *one.refusals, *((409,) if one.once else ())}
        assert answer.status_code in declared, (one.name, role, answer.text)


def test_a_token_makes_none_that_may_do_more(office: Office) -> None:
    keeper = office.bearer("admin", ["admin", "read"])
    wanted = {"name": "more", "scopes": ["send"], "days": 30}
    assert keeper.ask("POST", "/tokens", json=wanted).status_code == 403
    assert keeper.post("/tokens", wanted | {"scopes": ["read"]})["token"]
    # whoever follows a link is signed in, and has every scope
    ann = keeper.get("/editors")["items"][0]["id"]
    somebody = {"name": "Eve", "address": "eve@courier.example", "role": "admin"}
    assert keeper.ask("POST", f"/editors/{ann}/link").status_code == 403
    assert keeper.ask("POST", "/editors", json=somebody).status_code == 403
    assert office.bearer("admin").ask("POST", f"/editors/{ann}/link").status_code == 201
    theirs = office.bearer("viewer", ["admin"])
    id_ = theirs.get("/token")["token"]["id"]
    assert keeper.ask("DELETE", f"/tokens/{id_}").status_code == 404


# How it refuses


def test_without_a_token_nothing_is_told_and_no_cookie_helps(office: Office) -> None:
    office.cut()
    there = places(office)
    for one in OPERATIONS:
        path, more = sample(one, there)
        for headers in (
            {},
            {"Cookie": "desk=x"},
            {"Authorization": "Basic eDp5"},
            {"Authorization": "Bearer"},
        ):
            answer = Bearer(office.app).ask(one.method, path, headers=headers, **more)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == 'Bearer realm="api"'
            assert answer.headers["cache-control"] == "no-store"
            assert "access-control-allow-origin" not in answer.headers
            assert "set-cookie" not in answer.headers
    wrong = Bearer(office.app, "pub_wrong").ask("GET", "/token")
    assert 'error="invalid_token"' in wrong.headers["www-authenticate"]


def test_who_guesses_waits_and_who_has_a_token_does_not(office: Office) -> None:
    ann = office.bearer()
    codes = [Bearer(office.app, f"pub_{n}").ask("GET", "/token").status_code for n in range(22)]
    assert codes == [401] * 20 + [429] * 2
    answer = Bearer(office.app, "pub_x").ask("GET", "/token")
    assert 0 < int(answer.headers["retry-after"]) <= 61
    assert ann.get("/token")
    assert Bearer(office.app, "pub_x", client="203.0.113.9").ask("GET", "/token").status_code == 401
    office.clock.move(seconds=61)
    assert Bearer(office.app, "pub_x").ask("GET", "/token").status_code == 401


BAD: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("GET", "/editions/daily/99", {}, 404, ""),
    ("GET", "/editions/daily/none", {}, 422, "path.number"),
    ("GET", "/editions/daily/1/deliveries/9999", {}, 404, ""),
    ("GET", "/nothing", {}, 404, ""),
    ("GET", "/articles?limit=201", {}, 422, "query.limit"),
    ("GET", "/articles?after=x", {}, 422, "query.after"),
    ("GET", "/articles?after=WyJ4IiwieCJd", {}, 422, ""),
    ("GET", "/articles?colour=red", {}, 422, "query.colour"),
    ("GET", "/articles?limit=1&limit=2", {}, 422, ""),
    ("GET", "/subscribers?q=%00", {}, 422, "query"),
    ("PUT", "/editions", {}, 405, ""),
    ("OPTIONS", "/editions", {}, 405, ""),
    ("POST", "/editions", {"content": "{}"}, 415, ""),
    ("POST", "/editions", {"json": []}, 422, "body"),
    ("POST", "/editions", {"json": {"newsletter": "none"}}, 404, ""),
    ("POST", "/editions", {"json": {"newsletter": "daily", "now": "true"}}, 422, "body.now"),
    ("POST", "/editions", {"json": {"newsletter": "daily", "subject": "x"}}, 422, "body.subject"),
    ("POST", "/editions", {"json": {"newsletter": "daily", "articles": ["none"]}}, 404, ""),
    ("POST", "/editions", {"json": {"newsletter": "daily", "intro": "\0"}}, 422, "body"),
    ("POST", "/editions", {"json": {"newsletter": "daily", "intro": "x" * 70_000}}, 413, ""),
    ("POST", "/editions", {"json": {"newsletter": "daily", "intro": "x" * 20_001}}, 422, "body.intro"),
    (
        "POST", "/editions",
        {"json": {"newsletter": "daily", "now": True, "at": "2026-11-21T07:00:00Z"}}, 422, "body.at",
    ),
    ("POST", "/editions", {"content": "{", "headers": {"Content-Type": "application/json"}}, 400, ""),
    (
        "POST", "/editions",
        {"content": '{"newsletter": "\\ud800"}', "headers": {"Content-Type": "application/json"}}, 400, "",
    ),
    (
        "POST", "/subscribers",
        {"json": {"address": "a@x, b@y", "newsletter": "daily", "agreed": "x"}}, 422, "body.address",
    ),
    (
        "POST", "/subscribers",
        {"json": {"address": "a@example.org", "newsletter": "daily", "agreed": "x", "zone": "Mars"}},
        422, "body.zone",
    ),
    (
        "POST", "/editors",
        {"json": {"name": "A", "address": "admin@courier.example", "role": "admin"}}, 409, "",
    ),
    ("POST", "/editions/daily/1/resume", {}, 409, ""),
    (
        "POST", "/editions",
        {"json": {"newsletter": "daily"}, "headers": {"Idempotency-Key": "a b"}}, 422, "",
    ),
]  # fmt: skip


def test_each_refusal_has_its_status_and_says_where_it_is(office: Office) -> None:
    office.cut()
    ann = office.bearer()
    for method, path, more, status, place in BAD:
        answer = ann.ask(method, path, **more)
        assert answer.status_code == status, (method, path, more, answer.text)
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert (problem["status"], bool(problem["title"]), bool(problem["detail"])) == (status, True, True)
        assert problem["type"].startswith("urn:publisher:problem:")
        if place:
            assert problem["errors"][0]["place"] == place, (method, path, problem)
    assert set(ann.ask("PUT", "/editions").headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert ann.ask("HEAD", "/editions").status_code == 200


def test_a_get_changes_nothing(office: Office) -> None:
    office.cut()
    there, ann = places(office), office.bearer()
    before = everything(office.p)
    for one in OPERATIONS:
        if one.method == "GET":
            for _ in range(2):
                assert ann.ask("GET", sample(one, there)[0]).status_code == 200, one.name
    assert everything(office.p) == before


def test_its_description_is_valid_and_says_everything(office: Office) -> None:
    answer = Bearer(office.app).ask("GET", "/openapi.json")
    document = answer.json()
    validate(document)
    assert document["openapi"] == "3.1.0"
    described = [(path, method) for path, each in document["paths"].items() for method in each]
    assert sorted(described) == sorted((one.described_path, one.method.lower()) for one in OPERATIONS)
    for one, operation in _described(document):
        assert operation["summary"], one
        assert {"401", "403", "429", "500"} <= operation["responses"].keys(), one
        if one.body:
            content = operation["requestBody"]["content"]["application/json"]
            one.body.model_validate_json(json.dumps(one.example))
            assert content["schema"]["$ref"].rpartition("/")[2] in document["components"]["schemas"]


def _described(document: Any) -> Iterator[tuple[Operation, Any]]:
    for one in OPERATIONS:
        yield one, document["paths"][one.described_path][one.method.lower()]
