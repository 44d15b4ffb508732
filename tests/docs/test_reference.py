"""The reference is what the program is: made from it, and true of what its commands print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import reference
import wording

from publisher.cli import main

ROOT = Path(__file__).parents[2]
CONFIG = """
publication: {title: Courier, url: https://courier.example, postal_address: Quay 3}
newsletters: {daily: {from: daily@courier.example}}
"""
# each command that prints JSON, in an order in which each has something to print
COMMANDS = {
    "check": "",
    "gather": "",
    "build": "",
    "articles": "",
    "subscribers add": "ada@example.org",
    "subscribers import": "people.csv",
    "subscribers show": "ada@example.org",
    "cut": "daily --now",
    "send": "daily/1",
    "deliveries": "daily/1",
    "editions": "",
    "deliver": "",
    "suppressions add": "eve@example.org",
    "suppressions import": "never.csv",
    "suppressions list": "",
    "suppressions remove": "eve@example.org",
    "subscribers remove": "ada@example.org",
    "tick": "",
    "migrate": "",
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
    assert {*COMMANDS, "status"} == {*wording.JSON}
    for command, rest in COMMANDS.items():
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
    return json.loads(capsys.readouterr().out)


def _fits(shape: Any, value: Any) -> bool:
    """Whether a value has exactly the keys of its shape."""
    if isinstance(shape, list):
        return isinstance(value, list) and all(_fits(shape[0], each) for each in value if shape)
    if isinstance(shape, dict) and isinstance(value, dict):
        return shape.keys() == value.keys() and all(_fits(shape[key], value[key]) for key in shape)
    return not isinstance(shape, dict) or value is None
