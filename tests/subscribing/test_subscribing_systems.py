"""The exports of other systems: known by their headers, and what stands in them kept."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from publisher.app import Publisher
from publisher.errors import Refused
from publisher.store import subscribers
from publisher.subscribing import csv_files, exports

FILES = Path(__file__).parent / "exports"


@pytest.fixture
def p(publication: Callable[..., Publisher]) -> Publisher:
    return publication(newsletters={"daily": {}}, topics={"world": ["News", "World"], "sea": ["Sea"]})


def take(p: Publisher, file: Path, **options: Any) -> tuple[csv_files.Imported, list[str]]:
    said: list[str] = []
    return csv_files.take_in(p.store, p.config, file, p.clock(), say=said.append, **options), said


def kept(p: Publisher) -> dict[str, dict[str, Any]]:
    """Each line of an export by its address, without what is empty; consents as pairs, attributes by name."""
    out = io.StringIO()
    exports.export(p.store, out)
    found = {}
    for row in csv.DictReader(io.StringIO(out.getvalue(), newline="")):
        said = {k: v for k, v in row.items() if v and k not in ("newsletter", "cadence", "weekday", "day")}
        said["consents"] = [(c["what"], c["at"][:10]) for c in json.loads(row["consents"])]
        found[said.pop("address")] = said
    return found


def suppressed(p: Publisher) -> dict[str, str]:
    with p.store.read() as tx:
        return {address: reason for address, reason, _ in subscribers.suppressed(tx)}


USUAL = {"hour": "7", "zone": "UTC", "language": "en"}
TODAY = ("imported", "2026-11-21")


def test_mailchimp_as_the_archive_that_it_gives(p: Publisher, tmp_path: Path) -> None:
    bundle = tmp_path / "audience_export_1f2e3d.zip"
    with zipfile.ZipFile(bundle, "w") as out:
        for file in sorted(FILES.glob("*members_export*")):
            out.write(file, f"members/{file.name}")
        out.writestr("members/granular_activity/opens.csv", "Email Address,Opened\nann@example.org,1\n")
    report, said = take(p, bundle)
    assert (report.added, report.suppressed, report.refused_count) == (3, 1, 1)
    assert report.refused[0]["address"] == "ed@example.org"
    assert "never subscribed" in report.refused[0]["reason"]
    assert sum("an export of Mailchimp, " in line for line in said) == 4
    assert [line for line in said if "opens.csv: passed over" in line]
    assert suppressed(p) == {"di@example.org": "cleaned (Mailchimp)"}
    found = kept(p)
    assert found["ann@example.org"] == USUAL | {
        "name": "Ann Elder",
        "status": "confirmed",
        "topics": "world",
        "zone": "Europe/Lisbon",
        "consents": [("subscribed", "2015-03-16"), ("confirmed", "2015-03-16"), TODAY],
        "postal address": "3 Quay, Haven",
        "country": "PT",
        "region": "11",
        "optin_ip": "192.0.2.7",
        "confirm_ip": "192.0.2.7",
        "tags": "VIP",
    }
    assert found["bo@example.org"]["topics"] == "all"
    cy = found["cy@example.org"]
    assert (cy["status"], cy["unsub_reason"]) == ("unsubscribed", "NORMAL: No longer interested")
    assert cy["consents"] == [("confirmed", "2014-01-02"), ("unsubscribed", "2017-05-06"), TODAY]
    # again: nobody is revived, and nothing is written twice
    again, _ = take(p, bundle)
    assert (again.added, again.updated, again.unchanged) == (0, 0, 3)
    assert kept(p) == found


def test_listmonk_does_not_say_who_agreed(p: Publisher) -> None:
    file = FILES / "listmonk-subscribers.csv"
    with pytest.raises(Refused, match="listmonk does not say who has agreed"):
        take(p, file)
    report, said = take(p, file, status="confirmed")
    assert said == [f"{file}: an export of listmonk"]
    assert (report.added, report.suppressed) == (2, 1)
    assert kept(p) == {
        "ann@example.org": USUAL
        | {
            "name": "Ann Elder",
            "status": "confirmed",
            "topics": "all",
            "zone": "Europe/Lisbon",
            "language": "pt-BR",
            "consents": [("subscribed", "2023-01-01"), TODAY],
            "city": "Lisbon",
            "score": "3",
        },
        "cy@example.org": USUAL
        | {
            "name": "Cy",
            "status": "unsubscribed",
            "topics": "all",
            "consents": [("subscribed", "2023-01-01"), TODAY],
        },
    }
    assert suppressed(p) == {"bo@example.org": "blocklisted (listmonk)"}


@pytest.mark.parametrize(
    ("name", "option", "system", "statuses", "ann"),
    [
        (
            "email_list.courier.csv",
            "",
            "Substack",
            {"ann": "confirmed", "bo": "confirmed", "cy": "unsubscribed"},
            {
                "plan": "other",
                "active_subscription": "false",
                "consents": [("subscribed", "2026-07-01"), TODAY],
            },
        ),
        (
            "substack-all-columns.csv",
            "confirmed",
            "Substack, all columns",
            {"ann": "confirmed"},
            {"name": "Ann Elder", "type": "Free", "consents": [("subscribed", "2025-01-01"), TODAY]},
        ),
        (
            "members.courier.csv",
            "",
            "Ghost",
            {"ann": "confirmed", "bo": "unsubscribed"},
            {
                "name": "Ann Elder",
                "topics": "world",
                "tags": "VIP",
                "note": "Early supporter",
                "consents": [("subscribed", "2018-12-25"), TODAY],
            },
        ),
        (
            "buttondown.csv",
            "",
            "Buttondown",
            {"ann": "confirmed", "bo": "pending", "cy": "unsubscribed"},
            {
                "topics": "world",
                "tags": "VIP",
                "notes": "Met at the fair",
                "consents": [("subscribed", "2022-03-04"), TODAY],
            },
        ),
        (
            "buttondown-older.csv",
            "",
            "Buttondown",
            {"ann": "confirmed"},
            {"topics": "world", "consents": [("subscribed", "2021-03-04"), TODAY]},
        ),
    ],
)
def test_each_system_is_known_by_its_header(
    p: Publisher, name: str, option: str, system: str, statuses: dict[str, str], ann: dict[str, Any]
) -> None:
    report, said = take(p, FILES / name, status=option)
    assert said == [f"{FILES / name}: an export of {system}"]
    found = kept(p)
    assert {who.partition("@")[0]: row["status"] for who, row in found.items()} == statuses
    assert found["ann@example.org"].items() >= ann.items()
    if name == "buttondown.csv":
        assert suppressed(p) == {"di@example.org": "undeliverable (Buttondown)"}
        (bad,) = report.refused
        assert (bad["line"], "got 'upside-down'" in bad["reason"]) == (6, True)


def test_an_archive_without_subscribers_is_one_line(p: Publisher, tmp_path: Path) -> None:
    bundle = tmp_path / "photos.zip"
    with zipfile.ZipFile(bundle, "w") as out:
        out.writestr("a.csv", "x,y\n1,2\n")
    with pytest.raises(Refused, match="no file in it is an export"):
        take(p, bundle)
    bundle.write_bytes(bundle.read_bytes()[:-40] + b"PK\x05\x06" + b"\xff" * 18)
    with pytest.raises(Refused, match=r"photos\.zip"):
        take(p, bundle)
