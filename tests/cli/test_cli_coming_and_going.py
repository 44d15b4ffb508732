"""Importing with a file of refused lines, killed and said again; and erasing, as commands."""

from __future__ import annotations

import csv
import time
from typing import Any


def test_refused_lines_are_named_to_a_limit_and_written_to_the_end(site: Any) -> None:
    many = "nobody,confirmed\n" * 1002
    site.write("readers.csv", "address,status\nann@example.org,confirmed\n" + many)
    ran = site("subscribers", "import", "readers.csv", "--refused", "wrong.csv")
    assert (ran.code, ran.out) == (1, "1 added, 0 updated, 0 unchanged, 0 suppressed, 1002 refused\n")
    said = ran.err.splitlines()
    assert said[0].startswith("readers.csv:3: nobody: address: expected one address")
    assert said[-1] == "readers.csv: and 2 lines more; all of them are in wrong.csv"
    assert len(said) == 1001
    with (site.folder / "wrong.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert (len(rows), rows[-1]["line"], rows[-1]["address"]) == (1002, "1004", "nobody")
    again = site("subscribers", "import", "readers.csv", "--json")
    assert (len(again.json["refused"]), again.json["refused_count"]) == (1000, 1002)
    assert again.err.splitlines()[-1].endswith("--refused FILE.csv writes all of them")
    nowhere = site("subscribers", "import", "readers.csv", "--refused", "no/wrong.csv")
    assert (nowhere.code, nowhere.err) == (
        65,
        "publisher: no/wrong.csv: cannot be written: No such file or directory\n",
    )
    site.write("never.csv", "address\nann@example.org\nbad\n")
    never = site("suppressions", "import", "never.csv", "--refused", "wrong.csv", "--json")
    assert (never.code, never.json["added"], never.json["refused"][0]["line"]) == (1, 1, 3)
    assert "bad" in (site.folder / "wrong.csv").read_text()


def test_a_killed_import_is_said_again(site: Any) -> None:
    lines = "".join(f"r{n}@example.org,Reader {n},confirmed,{n % 24}\n" for n in range(20_000))
    site.write("readers.csv", "address,name,status,hour\n" + lines)
    site("status")
    process = site.start("subscribers", "import", "readers.csv")
    file, deadline = site.folder / "var" / "publisher.db-wal", time.monotonic() + 20
    while not (file.exists() and file.stat().st_size > 300_000) and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    process.wait()
    before = site("subscribers", "export").out.count("\n")
    assert 1 < before < 20_001
    again = site("subscribers", "import", "readers.csv", "--json").json
    assert again["added"] + again["unchanged"] == 20_000
    assert again["unchanged"] == before - 1
    exported = site("subscribers", "export").out
    assert exported.count("\n") == 20_001
    site.write("out.csv", exported)
    assert site("subscribers", "import", "out.csv", "--json").json["unchanged"] == 20_000
    assert site("subscribers", "export").out == exported


def test_a_person_is_erased(site: Any) -> None:
    site("subscribers", "add", "ann@example.org", "--name", "Ann")
    assert "command line" in site("subscribers", "export").out
    ran = site("subscribers", "erase", "Ann@example.org")
    assert (ran.code, ran.out) == (0, "Ann@example.org: erased\n")
    assert site("subscribers", "erase", "ann@example.org").out == "ann@example.org: was erased\n"
    assert site("subscribers", "show", "ann@example.org").code == 66
    assert site("subscribers", "export").out.count("\n") == 1
    (kept,) = site("suppressions", "list", "--json").json
    assert (kept["reason"], kept["address"].startswith("erased:")) == ("erased", True)
    assert site("subscribers", "add", "ann@example.org").code == 65
    site.write("back.csv", "address,status\nann@example.org,confirmed\n")
    assert site("subscribers", "import", "back.csv", "--json").json["suppressed"] == 1
    assert "erased" in site("explain", "ann@example.org").out + site("explain", "ann@example.org").err
    assert site("suppressions", "remove", "ann@example.org").code == 0
    assert site("subscribers", "add", "ann@example.org").code == 0
    assert site("subscribers", "erase", "nobody@example.org").code == 66
