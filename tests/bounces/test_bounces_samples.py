"""Mails as servers write them, each with the verdict that a careful reader would give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from publisher.bounces import classify

SAMPLES = Path(__file__).parent / "samples"
EXPECTED: dict[str, dict[str, Any]] = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
TOKENS = ("b15d01a4c2f9", "b15d01c7e2a9", "2ad0c4e1b7f3")


def test_every_sample_has_a_verdict() -> None:
    assert {file.stem for file in SAMPLES.glob("*.eml")} == set(EXPECTED)
    assert len(EXPECTED) >= 40


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_verdict(name: str) -> None:
    verdict, expected = classify((SAMPLES / f"{name}.eml").read_bytes()), EXPECTED[name]
    found = {"kind": verdict.kind, "status": verdict.status, "addresses": list(verdict.addresses)}
    tokens = [*verdict.traces.recipients, *verdict.traces.mentioned]
    ours = any(token in text for token in TOKENS for text in tokens)
    assert found | {"blames_us": verdict.blames_us, "names_ours": ours} == expected, verdict.text
