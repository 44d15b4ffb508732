"""An edition at the desk: chosen, cut, looked at, changed, tested, approved by somebody else, and sent."""

from __future__ import annotations

import ast
import html as entities
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from desk_visitors import QUICK, Newsroom

from publisher import cutting, gathering, passwords
from publisher.app import Publisher
from publisher.delivering import opening
from publisher.rendering.schemes import in_scheme
from publisher.store import contents, deeds, editions, ledger, notices
from publisher.store.schema import pieces

STRANGE = "<script>alert(1)</script>\"'&"
FULL = "/desk/editions/daily/1"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", QUICK)


@pytest.fixture
def room(
    publication: Callable[..., Publisher], post: Callable[..., str], subscribe: Any, clock: Any
) -> Callable[..., Newsroom]:
    def make(cut: bool = True, **sections: Any) -> Newsroom:
        sections = {"newsletters": {"daily": {"title": "Daily Briefing", "approval": True}}} | sections
        articles = {
            "tides.md": post("Tides", "2026-11-20T12:00Z", "World", body="See [ebbs](ebbs.md)."),
            "ebbs.md": post("Ebbs", "2026-11-20T11:00Z", "World"),
            "goals.md": post("Goals", "2026-11-20T10:00Z", "Sports"),
        }
        p = publication(articles=articles, **sections)
        gathering.gather(p.store, p.config, clock())
        subscribe(p, "all@example.org", hour=9, zone="UTC", name=STRANGE)
        subscribe(p, "sports@example.org", hour=9, zone="UTC", topics=("sports",))
        one = Newsroom.of(p, clock)
        if cut:
            request = cutting.asked(p.config, "daily", "", clock(), everybody=True)
            assert cutting.cut(p.store, p.config, p.templates, request, clock()).edition
        return one

    return make


def words(page: str) -> str:
    """What one reads on it."""
    main = page[page.index("<main") : page.index("</main>")]
    return " ".join(entities.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def fields(page: str) -> dict[str, Any]:
    """What the form of the change would send as it stands."""
    (form,) = re.findall(r'(<form method="post"[^>]*>(?:(?!</form>).)*value="change".*?</form>)', page, re.S)
    inputs = re.findall(r"<input ([^>]*)>", form)
    found: dict[str, Any] = {"do": "change"}
    for one in inputs:
        about = {k: entities.unescape(v) for k, v in re.findall(r'(\w+)="([^"]*)"', one)}
        if about.get("type") == "checkbox" and " checked" not in one:
            continue
        found.setdefault(about["name"], []).append(about.get("value", ""))
    found["intro"] = entities.unescape(re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", form, re.S)[0])
    return found


def edition(room: Newsroom, name: str = "daily/1") -> Any:
    return opening.named(room.p.store, name)


def test_another_subject_leaves_the_articles_where_they_were(room: Callable[..., Newsroom]) -> None:
    r = room()
    ann = r.editor("publisher")
    as_it_was = fields(ann.get(FULL).text)
    again = ann.post(FULL, **as_it_was)
    assert (again.status_code, edition(r).edits) == (422, 0), "nothing was changed, so nothing is void"
    assert ann.post(FULL, **as_it_was | {"subject": "Tides"}).status_code == 303
    assert (edition(r).subject, edition(r).arrangement) == ("Tides", {})


def test_the_story_of_an_edition_with_two_editors(room: Callable[..., Newsroom], clock: Any) -> None:
    r = room(cut=False)
    ann, bo = r.editor("publisher", "ann@courier.example", "Ann"), r.editor("publisher", "bo@x.example", "Bo")
    empty = ann.get("/desk/editions").text
    assert "No edition has been cut yet" in words(empty)
    assert "/desk/editions/new" in empty
    begin = ann.get("/desk/editions/new?newsletter=daily&kind=due&do=look").text
    assert "For 2 people" in words(begin)
    assert "in 2 variants" in words(begin)
    assert ann.get("/desk/editions").text.count("daily/1") == 0, "nothing is cut by looking"
    done = ann.post("/desk/editions/new", do="cut", newsletter="daily", kind="due", cadence="daily")
    assert done.headers["location"] == f"{FULL}?said=cut"
    page = ann.get(FULL).text
    assert "waits for approval by somebody else" in words(page)
    assert 'value="approve"' not in page

    change = fields(page)
    goals = next(i for i, t in articles(r).items() if t == "Goals")
    change |= {"subject": "High water", "intro": "Good *morning*", f"place {goals}": "0"}
    change["keep"] = [one for one in change["keep"] if articles(r)[one] != "Ebbs"]
    assert bo.get(FULL).status_code == 200
    assert "Approve it for 2 people" in words(bo.get(FULL).text)
    seen = re.findall(r'name="fingerprint" value="(\w+)"', bo.get(FULL).text)[0]
    assert ann.post(FULL, **change).headers["location"] == f"{FULL}?said=changed"
    after = ann.get(f"{FULL}/message?view=text&as=all@example.org").text
    assert "Good morning" in words(after)
    assert "Ebbs" not in words(after)
    shown = ann.get(f"{FULL}/message/html?as=all@example.org").text
    assert shown.index("Goals") < shown.index("Tides")
    assert "High water" in words(ann.get(FULL).text)
    assert "dropped" in words(ann.get(FULL).text)

    refused = bo.post(FULL, do="approve", fingerprint=seen)
    assert refused.status_code == 422
    assert "has changed since it was looked at" in words(refused.text)
    fresh = re.findall(r'name="fingerprint" value="(\w+)"', bo.get(FULL).text)[0]
    assert ann.post(FULL, do="approve", fingerprint=fresh).status_code == 403
    assert edition(r).state == "held"
    assert bo.post(FULL, do="approve", fingerprint=fresh).headers["location"] == f"{FULL}?said=approved"
    assert edition(r).state == "sending"
    with r.p.store.write() as tx:
        tx.execute(pieces.update().values(html=pieces.c.html + " "))
    assert "is not what was approved" in words(bo.post(FULL, do="send", when="now").text)
    assert edition(r).state == "held"
    with r.p.store.read() as tx:
        verbs = [(one.actor, one.verb) for one in deeds.listed(tx, 9, object_="edition daily/1")][::-1]
    assert verbs == [("Ann", "cut"), ("Ann", "change"), ("Bo", "approve")]


def articles(r: Newsroom) -> dict[str, str]:
    with r.p.store.read() as tx:
        return {one.article_id: one.title for one in contents.of(tx, edition(r).id)}


def test_by_hand_the_chosen_ones_in_their_order(room: Callable[..., Newsroom]) -> None:
    r = room(newsletters={"daily": {"approval": False}})
    ann = r.editor("editor")
    ids = {title: id_ for id_, title in articles(r).items()}
    first = ann.get(f"/desk/editions/new?newsletter=daily&kind=hand&q=goa&chosen={quote(ids['Tides'])}").text
    assert "Goals" in words(first)
    assert "Ebbs" not in words(first)
    picked = urlencode([("chosen", ids["Tides"]), ("chosen", ids["Goals"])])
    look = ann.get(f"/desk/editions/new?newsletter=daily&kind=hand&{picked}&do=look")
    assert "not new for anybody" in words(look.text), "both have them: nobody is mailed twice"
    assert ann.get("/desk/editions/new?newsletter=daily&kind=hand&do=look").status_code == 422
    for bad in ({"newsletter": "weekly"}, {"chosen": "nothing"}, {"do": "burn"}):
        given = {"do": "cut", "newsletter": "daily", "kind": "hand", "chosen": [ids["Tides"]]} | bad
        assert ann.post("/desk/editions/new", **given).status_code == 422, bad
    assert ann.get(f"/desk/editions/new?newsletter={quote(STRANGE)}&q={quote(STRANGE)}").status_code == 200


def test_pause_resume_hold_cancel_each_say_to_how_many(room: Callable[..., Newsroom]) -> None:
    r = room(newsletters={"daily": {}})
    ann = r.editor("publisher")
    assert "for 2 people who wait for it" in words(ann.get(FULL).text)
    past = ann.post(FULL, do="send", when="at", at="2026-11-21T05:00")
    assert (past.status_code, "this moment has passed" in words(past.text)) == (422, True)
    assert "expected a date" in words(ann.post(FULL, do="send", when="at", at=STRANGE).text)
    assert ann.post(FULL, do="send", when="at", at="2026-11-21T08:30").status_code == 303
    assert (edition(r).state, edition(r).opens_at.isoformat()) == ("scheduled", "2026-11-21T08:30:00+00:00")
    steps = (
        ("hold", "held", "The clock does not open it any more: 2 people wait"),
        ("send", "sending", "for 2 people who wait"),
        ("pause", "paused", "2 messages wait until somebody lets it go on"),
        ("resume", "sending", "2 messages that wait leave as if it were opened now"),
        ("cancel", "cancelled", "nothing leaves to the 2 people it was for"),
    )
    for do, state, consequence in steps:
        assert consequence in words(ann.get(FULL).text), do
        assert ann.post(FULL, do=do, when="own", reason=STRANGE).status_code == 303, do
        assert edition(r).state == state, do
        assert "<script>alert" not in ann.get(FULL).text
    assert "it has ended" in words(ann.get(FULL).text)
    again = ann.post(FULL, do="cancel")
    assert (again.status_code, "has ended: cancelled" in words(again.text)) == (422, True)
    with r.p.store.read() as tx:
        verbs = [one.verb for one in deeds.listed(tx, 9, object_="edition daily/1")][::-1]
        assert verbs == ["cut", "send", "hold", "send", "pause", "resume", "cancel"]
        assert ledger.counts(tx, edition(r).id)["sent"] == 0


def test_roles_are_held_by_the_use_cases(room: Callable[..., Newsroom]) -> None:
    r = room(newsletters={"daily": {}})
    viewer, editor = r.editor("viewer"), r.editor("editor")
    before = r.everything()["editions"]
    for one, doing in (
        (viewer, ("change", "test", "approve", "send", "hold", "pause", "resume", "cancel")),
        (editor, ("approve", "send", "hold", "pause", "resume", "cancel")),
    ):
        page = one.get(FULL).text
        for do in doing:
            given = {"do": do, "addresses": "x@example.org", "fingerprint": "f", "intro": "x"}
            assert one.post(FULL, **given).status_code == 403, do
            assert f'value="{do}"' not in page, do
    assert r.everything()["editions"] == before
    assert viewer.get("/desk/editions/new").status_code == 403
    assert viewer.post("/desk/editions/new", do="cut", newsletter="daily").status_code == 403
    assert viewer.get(f"{FULL}/message?as=all@example.org").status_code == 403
    assert viewer.get(f"{FULL}/message/html").status_code == 200
    for path in ("message/html?as=all@example.org", "message.eml?as=all@example.org"):
        assert viewer.get(f"{FULL}/{path}").status_code == 403


def test_the_links_of_a_subscriber_are_for_whoever_may_change_subscribers(
    room: Callable[..., Newsroom],
) -> None:
    r = room()
    sees: dict[str, set[str]] = {}
    for role in ("editor", "publisher"):
        source = r.editor(role).get(f"{FULL}/message.eml?as=all@example.org").text.replace("=\r\n", "")
        sees[role] = set(re.findall(r"/(?:unsubscribe|preferences)/([\w.-]{20,})", source))
    assert not sees["editor"] & sees["publisher"]
    eml = r.editor("admin").get(f"{FULL}/message.eml?as=all@example.org")
    assert eml.headers["content-disposition"] == 'attachment; filename="daily-1.eml"'
    assert eml.headers["content-type"].startswith("message/rfc822")
    assert eml.content.startswith(b"From: ")


def test_a_frame_runs_nothing_and_reaches_nothing_when_it_is_opened_by_itself(
    room: Callable[..., Newsroom], clock: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "templates" / "mail"
    folder.mkdir(parents=True)
    from publisher.rendering.environment import builtin

    shipped = (Path(str(builtin())) / "mail/imprint.html").read_text()
    (folder / "imprint.html").write_text(
        shipped + "<script>alert(2)</script><img src='https://evil.example/x.png'>"
    )
    r = room()
    ann = r.editor("publisher", name=STRANGE)
    frame = ann.get(f"{FULL}/message/html?as=all@example.org")
    assert "alert(2)" in frame.text, "the exact bytes"
    parts = frame.headers["content-security-policy"].split("; ")
    policy = {one.partition(" ")[0]: one.partition(" ")[2] for one in parts}
    assert policy == {
        "sandbox": "",
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "img-src": "https://courier.example/ data:",
        "form-action": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'self'",
    }
    assert frame.headers["x-content-type-options"] == "nosniff"
    assert frame.headers["referrer-policy"] == "no-referrer"
    page = ann.get(f"{FULL}/message?view=phone&as=all@example.org").text
    assert 'sandbox=""' in re.findall(r"<iframe[^>]*>", page)[0]
    assert "frame-src 'self'" in ann.get(f"{FULL}/message").headers["content-security-policy"]
    said = words(ann.get(FULL).text)
    assert "<script> is dropped, or the mail is refused for it" in said
    assert "It cannot leave as it is" in said
    assert "daily/1 cannot be approved: mail html" in words(
        ann.post(FULL, do="approve", fingerprint=edition(r).fingerprint).text
    )


def test_both_schemes_differ_only_in_what_their_styles_ask(room: Callable[..., Newsroom]) -> None:
    r = room()
    ann = r.editor("publisher")
    light, dark = (ann.get(f"{FULL}/message/html?scheme={one}").text for one in ("light", "dark"))
    assert light != dark
    assert "prefers-color-scheme" not in light + dark
    eml = ann.get(f"{FULL}/message?view=source").text
    assert "prefers-color-scheme" in eml
    told = "<p>(prefers-color-scheme: dark)</p><style>@media (prefers-color-scheme: dark) { a {} }</style>"
    before, styles = in_scheme(told, "dark").split("</p>")
    assert before == "<p>(prefers-color-scheme: dark)"
    assert styles == "<style>@media (min-width: 0) { a {} }</style>"
    assert in_scheme(told, "light").endswith("@media (max-width: 0) { a {} }</style>")


def test_what_people_typed_is_shown_and_never_run(room: Callable[..., Newsroom]) -> None:
    r = room()
    ann = r.editor("publisher", name=STRANGE)
    change = fields(ann.get(FULL).text)
    change |= {"subject": STRANGE, "preheader": STRANGE, "intro": f"{STRANGE}\n<img src=x onerror=alert(1)>"}
    assert ann.post(FULL, **change).status_code == 303
    hostile = r"<script|onerror"
    for path in (
        "",
        "/message",
        "/message?view=text",
        "/message?view=source",
        "/message?view=headers",
        "?said=" + quote(STRANGE),
    ):
        page = ann.get(f"{FULL}{path}").text.partition("<main")[2]
        assert not re.search(r"<script>|<img|<[^>]+onerror", page), path
    assert not re.search(hostile, ann.get(f"{FULL}/message/html").text)
    assert "alert(1)" in words(ann.get(FULL).text)
    bad = ann.post(FULL, **(change | {"seen": "0", "intro": STRANGE}))
    assert bad.status_code == 422
    assert "somebody has changed it meanwhile" in words(bad.text)
    assert "alert(1)" in bad.text, "what was typed is not lost"
    assert "<script>" not in bad.text
    lost = ann.get(f"{FULL}/message?as={quote(STRANGE)}")
    assert lost.status_code == 404
    assert "<script>" not in lost.text


def test_dead_links_are_named_and_test_copies_are_notices(
    room: Callable[..., Newsroom], clock: Any, tmp_path: Path
) -> None:
    r = room()
    ann = r.editor("publisher")
    assert "Nothing is wrong" in words(ann.get(FULL).text)
    (tmp_path / "content/ebbs.md").unlink()
    gathering.gather(r.p.store, r.p.config, clock(), accept_gone=True)
    assert "“Tides” links to ebbs.md" in words(ann.get(FULL).text)
    assert ann.post(FULL, do="test", addresses="nobody").status_code == 422
    assert (
        ann.post(FULL, do="test", addresses=", ".join(f"x{n}@example.org" for n in range(21))).status_code
        == 422
    )
    assert ann.post(FULL, do="test", addresses="ann@courier.example, bo@courier.example").status_code == 303
    with r.p.store.read() as tx:
        to = {one.address for one in notices.listed(tx)}
    assert to == {"ann@courier.example", "bo@courier.example"}


def test_the_list_goes_page_by_page(room: Callable[..., Newsroom], clock: Any) -> None:
    from dataclasses import replace

    r = room()
    with r.p.store.write() as tx:
        draft = edition(r)
        for n in range(2, 60):
            state = "done" if n % 2 else "cancelled"
            editions.create(tx, replace(draft, number=n, slot=str(n), state=state, subject=STRANGE))
    viewer = r.editor("viewer")
    first = viewer.get("/desk/editions").text
    assert first.count('<th scope="row">') == 50
    assert "<script>alert" not in first
    older = entities.unescape(re.findall(r'href="([^"]+)" rel="next"', first)[0])
    second = viewer.get(f"/desk/editions{older}").text
    assert second.count('<th scope="row">') == 9
    assert "daily/1<" in second
    assert viewer.get("/desk/editions?state=cancelled").text.count('<th scope="row">') == 29
    assert "No edition is like that" in words(viewer.get("/desk/editions?state=paused&newsletter=daily").text)
    assert viewer.get(f"/desk/editions?before=x&state={quote(STRANGE)}").status_code == 200


def test_whoever_acts_is_named_at_every_call() -> None:
    """The use cases take the command line for granted, which may do everything: no page may forget itself."""
    rooms = {"cutting", "cancelling", "opening", "controlling", "approving", "copies"}
    acting = {"cut", "change", "cancel", "open_edition", "pause", "resume", "hold", "approve", "queue_copies"}
    found = 0
    for file in (Path(cutting.__file__).parent.parent / "web" / "desk").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            where = getattr(node.func.value, "id", "")
            if where in rooms and node.func.attr in acting:
                assert "actor" in {k.arg for k in node.keywords}, f"{file}:{node.lineno}"
                found += 1
    assert found >= 10
