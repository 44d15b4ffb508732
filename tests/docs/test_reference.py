"""The reference is what the program is: made from it, and true of what its commands print."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import reference
import wording

from publisher.cli import main

ROOT = Path(__file__).parents[2]
CONFIG = """
publication: {title: Courier, url: https://courier.example, postal_address: Quay 3}
newsletters:
  daily: {from: daily@courier.example}
  weekly: {from: daily@courier.example, approval: true, default: {cadence: weekly}}
webhooks: [{url: "https://crm.example/hooks", secret_env: HOOK_SECRET}]
"""
# each command that prints JSON, in an order in which each has something to print
COMMANDS = {
    "check": "",
    "gather": "",
    "build": "",
    "articles": "",
    "feeds": "",
    "subscribers add": "ada@example.org --newsletter daily",
    "subscribers import": "people.csv --newsletter daily",
    "subscribers show": "ada@example.org",
    "cut": "daily --now",
    "test-send": "daily/1 editor@example.org",
    "send": "daily/1",
    "retry": "daily/1 --status bounced",
    "acknowledge": "daily/1",
    "explain": "ada@example.org",
    "deliveries": "daily/1",
    "editions": "",
    "deliver": "",
    "suppressions add": "eve@example.org",
    "suppressions import": "never.csv",
    "suppressions list": "",
    "suppressions remove": "eve@example.org",
    "subscribers remove": "ada@example.org",
    "bounces": "people.csv",
    "subscribers erase": "ada@example.org",
    "tick": "",
    "migrate": "",
    "editors add": "Ann ann@example.org --role admin",
    "editors link": "ann@example.org",
    "editors list": "",
    "editors passwd": "ann@example.org",
    "editors role": "bo@example.org viewer",
    "editors remove": "bo@example.org",
    "approve": "weekly/1",
    "pause": "weekly/1",
    "resume": "weekly/1",
    "cancel": "weekly/1",
    "webhooks": "",
    "backup": "backup.db",
    "restore": "backup.db",
    "store compact": "",
    "store copy": "sqlite:///var/publisher.db sqlite:///other.db",
}

# what must have been said before
BEFORE = {
    "editors role": ["editors add Bo bo@example.org --role editor"],
    "approve": ["subscribers add eve@example.org --newsletter weekly", "cut weekly --now"],
}


def test_the_reference_is_made_from_the_code() -> None:
    written = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert written == reference.document(), "docs/reference.md is old: make reference"


def test_the_json_of_every_command_has_the_keys_that_are_documented(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "config.yaml": CONFIG,
        "content/a.md": "---\ntitle: A\ndate: 2026-11-01\nauthor: Ann\n---\nText.\n",
        "content/broken.md": "---\ntitle: [\n---\n",
        "people.csv": "address,status\nbo@example.org,confirmed\nnobody,confirmed\n",
        "never.csv": "address\nnobody\n",
    }
    (tmp_path / "content").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    monkeypatch.setattr("sys.stdin", StringIO("four easy words here\n"))
    assert {*COMMANDS, "status", "bench send"} == {*wording.JSON}
    for command, rest in COMMANDS.items():
        for first in BEFORE.get(command, ()):
            _json(capsys, first, "")
        printed = _json(capsys, command, rest)
        assert _fits(wording.JSON[command], printed), f"{command}: {printed}"
        if command == "cut":
            held = _json(capsys, "status", "")
            assert held
            assert _fits(wording.JSON["status"], held)


def _json(capsys: pytest.CaptureFixture[str], command: str, rest: str) -> Any:
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main([*command.split(), *rest.split(), "--json"])
    out, err = capsys.readouterr()
    assert out, err
    return json.loads(out)


def _fits(shape: Any, value: Any) -> bool:
    """Whether a value has exactly the keys of its shape."""
    if isinstance(shape, list):
        return isinstance(value, list) and all(_fits(shape[0], each) for each in value if shape)
    if isinstance(shape, dict) and isinstance(value, dict):
        return shape.keys() == value.keys() and all(_fits(shape[key], value[key]) for key in shape)
    return not isinstance(shape, dict) or value is None
