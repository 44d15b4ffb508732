"""The commands of a person in charge, as one types them: exit codes, JSON keys, and sentences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from publisher.app import open_publisher
from publisher.store import attempts, editions, ledger

COUNTS = "planned queued sending sent deferred bounced expired suppressed cancelled unknown"
ANN, BEN = "ann@example.org", "ben@example.org"


@pytest.fixture
def cut(site: Any) -> Callable[..., str]:
    """An edition for Ann and Ben, held; `ended` is what became of Ann's delivery in it, once sent."""

    def make(ended: str = "", **change: Any) -> str:
        for address in (ANN, BEN):
            assert site("subscribers", "add", address).code == 0
        assert site("gather").code == 0
        name: str = site("cut", "daily", "--now", "--json").json["edition"]
        if ended:
            site("send", name)
            _become(site, name, ended, change)
        return name

    return make


def _become(site: Any, name: str, status: str, change: dict[str, Any]) -> None:
    p = open_publisher(site.folder / "config.yaml")
    newsletter, _, number = name.partition("/")
    with p.store.write() as tx:
        edition = editions.find(tx, newsletter, int(number))
        assert edition
        row = next(r for r in ledger.rows(tx, edition.id) if r.address == ANN)
        attempts.move(tx, row, status, p.clock(), reply="4.4.2 lost", **change)
        if status == "unknown":
            editions.set_state(tx, edition.id, ["done"], "sending")
    p.close()


def test_pause_resume_and_cancel(site: Any, cut: Callable[..., str]) -> None:
    name = cut()
    held = site("pause", name)
    assert (held.code, held.err) == (65, f"publisher: {name} cannot be paused: it is held\n")
    site("send", name, "--at", "2036-01-01", "--json")
    paused = site("pause", name, "--json")
    assert paused.code == 0
    assert set(paused.json) >= {"edition", "state", *COUNTS.split()}
    assert (paused.json["state"], paused.json["queued"]) == ("paused", 2)
    assert site("send", name).code == 65
    assert f"{name} is paused: by hand" in site("status", name).err
    assert site("resume", name, "--json").json["state"] == "scheduled"
    cancelled = site("cancel", name, "--json")
    assert (cancelled.json["state"], cancelled.json["planned"]) == ("cancelled", 0)
    assert site("cancel", name).code == 0
    assert site("resume", name).code == 65
    assert site("cut", "daily", "--now", "--json").json["recipients"] == 2
    assert site("pause", "daily/9").code == 66


def test_approval_by_hand(site: Any, cut: Callable[..., str]) -> None:
    text = (site.folder / "config.yaml").read_text().replace("daily: {", "daily: {approval: true, ")
    site.write("config.yaml", text)
    name = cut()
    refused = site("send", name, "--now")
    assert (refused.code, "waits for approval" in refused.err) == (65, True)
    approved = site("approve", name, "--json")
    assert (approved.code, approved.json["state"]) == (0, "sending")
    assert len(approved.json["approved_hash"]) == 64
    assert site("approve", name).code == 65
    assert site("send", name, "--now", "--json").json["sent"] == 2


def test_a_retry_sends_and_names_whom_it_must_not_mail(site: Any, cut: Callable[..., str]) -> None:
    name = cut("bounced")
    assert site("retry", name, "--status", "sent").code == 64
    assert site("retry", name, "--status", "bounced", "--address", BEN).code == 66
    done = site("retry", name, "--status", "bounced", "--address", ANN, "--json")
    assert (done.code, done.json["again"], done.json["refused"]) == (0, 1, [])
    assert set(done.json) >= {*COUNTS.split(), "seconds", "state"}
    assert done.json["sent"] == 2
    assert len(site.sent()) == 3
    _become(site, name, "bounced", {})
    site("suppressions", "add", ANN)
    barred = site("retry", name, "--status", "bounced", "--json")
    assert barred.code == 1
    assert barred.json["refused"] == [{"address": ANN, "reason": "by hand"}]
    assert barred.json["suppressed"] == 1
    assert f"{ANN} gets nothing: by hand" in barred.err
    assert len(site.sent()) == 3


def test_unknown_ones_wait_for_somebody_to_see_them(site: Any, cut: Callable[..., str]) -> None:
    name = cut("unknown")
    assert site("send", name, "--json").code == 1
    assert site("acknowledge", name, "--address", BEN).code == 66
    seen = site("acknowledge", name, "--json")
    assert (seen.code, seen.json["acknowledged"], seen.json["state"]) == (0, 1, "done")
    assert "nobody knows whether it arrived" in site("explain", ANN).out
    waiting = site("retry", name, "--status", "unknown", "--no-wait", "--json")
    assert (waiting.json["deferred"], waiting.json["state"]) == (1, "sending")
    assert site("deliver", "--json").json["sent"] == 2
    assert site("status", name, "--json").json["state"] == "done"


def test_status_says_rate_and_end_and_deliveries_come_as_they_are_read(
    site: Any, cut: Callable[..., str]
) -> None:
    name = cut()
    (waiting,) = site("status", "--json").json
    assert set(waiting) >= {"edition", "state", "rate", "estimated_end", "due", *COUNTS.split()}
    assert site("deliveries", name, "--status", "sent", "--json").json == []
    site("send", name)
    one = site("status", name, "--json", "--watch").json
    assert (one["state"], one["estimated_end"]) == ("done", None)
    rows = site("deliveries", name, "--json").json
    assert [r["address"] for r in rows] == [ANN, BEN]
    lines = site("deliveries", name).out.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith(ANN)


def test_explain_says_why_and_what_comes_next(site: Any, cut: Callable[..., str]) -> None:
    site.write("content/boats.md", "---\ntitle: New boats\ndate: 2026-11-20\ntags: [Boats]\n---\nTwo.\n")
    site("subscribers", "add", "boat@example.org", "--topics", "boats")
    name = cut()
    site("send", name)
    site("subscribers", "add", "late@example.org", "--cadence", "weekly", "--hour", "8")
    told = site("explain", ANN)
    assert told.code == 0
    assert f"{name}: sent " in told.out
    assert "Nothing new is there for them yet" in told.out
    site.write("content/crew.md", "---\ntitle: The crew\ndate: 2026-11-21\ntags: [Sea]\n---\nSix.\n")
    site("gather")
    facts = site("explain", ANN, "--json").json
    assert facts["subscriptions"][0]["next"][0]["title"] == "The crew"
    assert [e["new"] for e in facts["deliveries"][0]["events"]] == ["sending", "sent"]
    assert "“The crew”" in site("explain", ANN).out
    assert "“The crew”" not in site("explain", "boat@example.org").out

    about = site("explain", "boat@example.org", name, "--json").json["edition"]
    assert about["verdict"] == "sent"
    missed = next(a for a in about["articles"] if a["title"] == "High water")
    assert (missed["here"], missed["why"], missed["matches"]) == (False, "covered", False)
    assert "High water: a window passed it" in site("explain", "boat@example.org", name).out
    assert "daily edition, and they get weekly" in site("explain", "late@example.org", name).out

    site("suppressions", "add", "never@example.org")
    assert "must not be mailed" in site("explain", "never@example.org").out
    site("subscribers", "remove", ANN)
    assert "daily: has left" in site("explain", ANN).out
    assert site("explain", "nobody@example.org").code == 66
    assert site("explain", ANN, "daily/9").code == 66
