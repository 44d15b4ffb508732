"""The documents say what the program does: names are there, links lead on, commands parse, YAML loads."""

from __future__ import annotations

import inspect
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.main import get_command

from publisher import cli, config, errors
from publisher.config.schema import Config
from publisher.model.mail import Status

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
TEXT = {page: page.read_text(encoding="utf-8") for page in PAGES}
ALL = "\n".join(TEXT.values())
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^()\s]+)\)")
TYPED = re.compile(r"(?:^|(?<=[`/ ]))publisher((?: [^\s`|&;]+)+)", re.MULTILINE)


def _commands(group: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        inner = hasattr(command, "commands")
        yield from _commands(command, f"{at}{name} ") if inner else [(f"{at}{name}", command)]


COMMANDS = dict(_commands(get_command(cli.app)))


def _names() -> Iterator[str]:
    yield from (f"publisher {name}" for name in COMMANDS)
    yield from (
        option for c in COMMANDS.values() for p in c.params for option in p.opts if option.startswith("--")
    )
    yield from (f"`{status}`" for status in get_args(Status))
    yield from _keys(Config)
    yield from (f"`{n}`" for n, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, Exception))


def _keys(section: Any) -> Iterator[str]:
    for name, field in section.model_fields.items():
        inner = [a for a in (field.annotation, *get_args(field.annotation)) if hasattr(a, "model_fields")]
        yield from _keys(inner[0]) if inner else [f"`{field.alias or name}`"]


def test_every_name_is_documented() -> None:
    assert [name for name in sorted({*_names()} - {"--help"}) if name not in ALL] == []


def test_the_words_of_the_glossary_are_those_that_are_used() -> None:
    """A word nobody uses has no place there; statuses and states are all in it."""
    glossary = TEXT[ROOT / "docs" / "glossary.md"]
    words = re.findall(r"^\| ([\w -]+?) \|", glossary, re.MULTILINE)[1:]
    assert len(words) == len({word.lower() for word in words}) > 40
    used = "\n".join(text for page, text in TEXT.items() if page.name != "glossary.md")
    used += "".join(f.read_text(encoding="utf-8") for f in (ROOT / "publisher").rglob("*.py"))
    assert [word for word in words if not re.search(rf"\b{word}", used, re.IGNORECASE)] == []
    assert [status for status in get_args(Status) if status not in glossary] == []


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_links_lead_somewhere() -> None:
    links = [(page, link) for page, text in TEXT.items() for link in LINK.findall(FENCE.sub("", text))]
    assert links
    for page, link in links:
        if not link.startswith("https://"):
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), f"{page.name}: {link}"
            assert not anchor or anchor in _anchors(target), f"{page.name}: {link}"


def _typed() -> Iterator[tuple[str, list[str], bool]]:
    """Page, words after `publisher`, and whether they are only named in a sentence."""
    for page, text in TEXT.items():
        if page.name == "reference.md":
            continue
        fenced = (body for kind, body in FENCE.findall(text) if kind not in ("text", "yaml", "markdown"))
        inline = re.findall(r"`[^`\n]+`", FENCE.sub("", text))
        for code, named in (("\n".join(fenced), False), ("\n".join(inline), True)):
            yield from ((page.name, shlex.split(line), named) for line in TYPED.findall(code))


def test_commands_in_documents_parse() -> None:
    typed = [*_typed()]
    assert len(typed) > 30
    for page, words, named in typed:
        while words and words[0] == "--config":
            words = words[2:]
        if words[:1] in (["COMMAND"], ["--help"]):
            continue
        name = next((n for n in (" ".join(words[:2]), " ".join(words[:1])) if n in COMMANDS), "")
        assert name, f"{page}: publisher {' '.join(words)}"
        rest = words[len(name.split()) :]
        if rest or not named:
            # raises the usage error that somebody who typed it would see
            COMMANDS[name].make_context(name, rest)


def test_yaml_in_documents_is_a_configuration() -> None:
    found = [
        (page, body) for page, text in TEXT.items() for kind, body in FENCE.findall(text) if kind == "yaml"
    ]
    assert found
    for page, body in found:
        config.parse(body, ROOT / page.name)


def test_the_pictures_are_small() -> None:
    pictures = sorted((ROOT / "docs" / "images").glob("*"))
    assert {p.name for p in pictures} >= {"digest.png", "page.png"}
    assert [p.name for p in pictures if p.stat().st_size > 150_000] == []


def _files() -> list[Path]:
    listed = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    found = subprocess.run(listed, capture_output=True, check=False)
    if found.returncode:
        pytest.skip("not a git checkout: there is no list of its files")
    return [file for name in found.stdout.decode().split("\0") if name and (file := ROOT / name).is_file()]


def test_no_file_names_a_registry_this_machine_or_an_unfinished_place() -> None:
    registry = r"pypi\.org|pythonhosted\.|npmjs\.|crates\.io|--(?:extra-)?index-url|--trusted-host"
    here = rf"{re.escape(str(Path.home()))}/|(?<![\w./:$}}-])/(?:work|root|home)/"
    unfinished = r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b"
    wrong = []
    for file in _files():
        if file == Path(__file__):
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(f"{registry}|{here}|{unfinished}", line):
                wrong.append(f"{file.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert wrong == []


def test_documents_are_calm() -> None:
    prose = {page: re.sub(r"`[^`\n]*`|!\[", "", FENCE.sub("", text)) for page, text in TEXT.items()}
    assert [page.name for page, text in prose.items() if "!" in text] == []
