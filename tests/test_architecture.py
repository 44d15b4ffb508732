"""The walls: imports point down, and rooms of one floor are strangers; read by the standard `ast`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "publisher"

FLOORS = [
    {"errors"},
    {"model"},
    {"config"},
    {"languages"},
    {
        "articles",
        "feeds",
        "rendering",
        "editions",
        "messages",
        "links",
        "retries",
        "pacing",
        "bounces",
        "permissions",
    },
    {"guard"},
    {
        "store",
        "output",
        "transports",
        "sources",
        "crew",
        "aside",
        "dkim",
        "dns_records",
        "mailbox",
        "hubs",
        "endpoints",
        "passwords",
    },
    {"freezing"},
    {
        "gathering",
        "publishing",
        "cutting",
        "delivering",
        "subscribing",
        "checking",
        "receiving",
        "admitting",
        "surveying",
        "webhooks",
    },
    {"app"},
    {"web", "scheduler"},
    {"cli"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
NAMELESS = {"utils", "helpers", "common", "base", "manager", "misc"}
FILES = sorted(ROOT.rglob("*.py"))


def room_of(file: Path) -> str:
    return file.relative_to(ROOT).with_suffix("").parts[0]


def imports(file: Path) -> Iterator[tuple[int, str]]:
    """Every room that a file imports, inside functions and `if TYPE_CHECKING` too."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: relative import"
            if node.module == "publisher":
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif (node.module or "").startswith("publisher."):
                yield node.lineno, (node.module or "").split(".")[1]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("publisher."):
                    yield node.lineno, alias.name.split(".")[1]


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_imports_point_down(file: Path) -> None:
    here = room_of(file)
    if here in ("__init__", "__main__"):
        return
    assert here in FLOOR, f"{here} has no floor: put it into FLOORS, and into docs/architecture.md"
    for line, there in imports(file):
        if there in (here, "__version__"):
            continue
        assert FLOOR[there] < FLOOR[here], f"{file}:{line}: {here} must not import {there}"


def test_modules_of_a_room_have_no_cycle() -> None:
    graph: dict[str, set[str]] = {}
    for file in FILES:
        parts = file.relative_to(ROOT).with_suffix("").parts
        name = ".".join(("publisher", *parts)).removesuffix(".__init__")
        graph[name] = set()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("publisher."):
                module = node.module or ""
                for alias in node.names:
                    inner = ROOT.parent / Path(*module.split("."), alias.name)
                    is_module = inner.with_suffix(".py").exists() or (inner / "__init__.py").exists()
                    graph[name].add(f"{module}.{alias.name}" if is_module else module)
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"cycle: {' > '.join((*path, name))}"
        if name in done:
            return
        for other in graph.get(name, set()) - {name}:
            visit(other, (*path, name))
        done.add(name)

    for name in graph:
        visit(name, ())


def test_no_room_without_a_meaning() -> None:
    assert not [f for f in FILES if f.stem in NAMELESS]


def test_rendering_opens_no_socket_and_no_clock() -> None:
    """Invariant 2 and 12: pure rooms read no clock and open no connection."""
    forbidden = {"socket", "ssl", "smtplib", "urllib.request", "httpx", "requests", "subprocess", "sqlite3"}
    for file in FILES:
        if FLOOR.get(room_of(file)) != FLOOR["feeds"]:
            continue
        source = file.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                assert not forbidden & {a.name for a in node.names}, file
            elif isinstance(node, ast.ImportFrom):
                assert node.module not in forbidden, file
        assert ".now(" not in source, f"{file} reads the clock"
        assert "time.time(" not in source, f"{file} reads the clock"
