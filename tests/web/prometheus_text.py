"""The text format 0.0.4 of Prometheus, read strictly: whatever is not in its grammar is a failure."""

from __future__ import annotations

import re

NAME, LABEL = r"[a-zA-Z_:][a-zA-Z0-9_:]*", r"[a-zA-Z_][a-zA-Z0-9_]*"
VALUE = r"(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|NaN|[+-]Inf)"
QUOTED = r'"((?:[^"\\\n]|\\["\\n])*)"'
HELP = re.compile(rf"# HELP ({NAME}) ((?:[^\\\n]|\\[\\n])*)")
TYPE = re.compile(rf"# TYPE ({NAME}) gauge")
PAIR = re.compile(rf"({LABEL})={QUOTED}(,|$)")
SAMPLE = re.compile(rf"({NAME})(?:\{{((?:[^\"\n]|{QUOTED})*)\}})? ({VALUE})")
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def parsed(text: str) -> Samples:
    """(name, labels) to value; each family once, its HELP and TYPE first, its samples together."""
    assert text.endswith("\n")
    found: Samples = {}
    family, families, helped = "", set(), ""
    # not splitlines: other characters that end a line may stand in a value
    for line in text[:-1].split("\n"):
        if told := HELP.fullmatch(line):
            helped = told[1]
        elif typed := TYPE.fullmatch(line):
            family = typed[1]
            assert helped == family
            assert family not in families
            families.add(family)
        else:
            sample = SAMPLE.fullmatch(line)
            assert sample, line
            assert sample[1] == family, line
            key = sample[1], _labels(sample[2] or "")
            assert key not in found, line
            found[key] = float(sample[4])
    return found


def _labels(text: str) -> tuple[tuple[str, str], ...]:
    pairs, at = [], 0
    while at < len(text):
        pair = PAIR.match(text, at)
        assert pair, text
        assert bool(pair[3]) == (pair.end() < len(text)), text
        value = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], pair[2])
        pairs.append((pair[1], value))
        at = pair.end()
    assert len({name for name, _ in pairs}) == len(pairs)
    return tuple(sorted(pairs))
