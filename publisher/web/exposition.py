"""Numbers for Prometheus, in its text format 0.0.4."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number that goes up and down, once for each set of labels. `help` is a sentence about it."""

    name: str
    help: str
    samples: list[tuple[Labels, float]] = field(default_factory=list)

    def add(self, value: float | None, **labels: str) -> None:
        """One value; None, which is not known, is left out."""
        if value is not None:
            self.samples.append((labels, value))


def text(gauges: Sequence[Gauge]) -> str:
    """All of them, each under its HELP and TYPE."""
    lines: list[str] = []
    for gauge in gauges:
        said = gauge.help.replace("\\", r"\\").replace("\n", r"\n")
        lines += [f"# HELP {gauge.name} {said}", f"# TYPE {gauge.name} gauge"]
        lines += [f"{gauge.name}{_labels(labels)} {_number(value)}" for labels, value in gauge.samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Labels) -> str:
    return "{" + ",".join(f'{k}="{_escaped(v)}"' for k, v in labels.items()) + "}" if labels else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) else repr(float(value))
