"""The template engine: overriding by file, errors with the true place, and no way out of the folders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from publisher.config.public import Publication
from publisher.errors import ContentError
from publisher.languages import long_date
from publisher.rendering.environment import Templates, builtin

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, text: str) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return write


def test_one_file_of_a_publication_replaces_the_builtin_one(write: Write, tmp_path: Path) -> None:
    write("own/pages/a.html", "own {% include 'pages/b.html' %}")
    write("main/pages/a.html", "builtin a")
    write("main/pages/b.html", "builtin b")
    templates = Templates([tmp_path / "own", tmp_path / "missing", tmp_path / "main"])
    assert templates.render("pages/a.html") == "own builtin b"


def test_a_changed_template_is_read_again(write: Write, tmp_path: Path) -> None:
    write("main/a.html", "one")
    templates = Templates([tmp_path / "own", tmp_path / "main"])
    assert templates.render("a.html") == "one"
    write("own/a.html", "two")
    assert templates.render("a.html") == "two"


def test_only_html_is_escaped(write: Write, tmp_path: Path) -> None:
    for name in ("a.html", "a.txt", "a.css"):
        write(name, "{{ x }}")
    templates = Templates([tmp_path])
    rendered = [templates.render(name, x="<&") for name in ("a.html", "a.txt")]
    assert (rendered, templates.css("a.css", x="<&")) == (["&lt;&amp;", "<&"], "<&")


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a\n{% if %}", 2, "Expected an expression"),
        ("a\n\n{{ unknown }}", 3, "'unknown' is undefined"),
        ("a\n{{ known.unknown }}", 2, "no attribute 'unknown'"),
        ("\n\n\n{{ 1 // 0 }}", 4, "division"),
        ("\n{% include 'pages/b.html' %}", 2, "no template 'pages/b.html'"),
        ("\n{% include '../secret.html' %}", 2, "no template '../secret.html'"),
        ("\n{% include 'link.html' %}", 2, "no template 'link.html'"),
        ("\n{{ ''.__class__.__mro__ }}", 2, "unsafe"),
        ("\n{{ path.read_text() }}", 2, "unsafe"),
        ("\n{{ publication.parse_file('/etc/hostname') }}", 2, "unsafe"),
        ("\n{% for x in range(10 ** 9) %}{% endfor %}", 2, "Range too big"),
    ],
)
def test_a_fault_names_file_and_line(write: Write, tmp_path: Path, text: str, line: int, reason: str) -> None:
    secret = write("secret.html", "secret")
    file = write("main/pages/a.html", text)
    (tmp_path / "main/link.html").symlink_to(secret)
    context: dict[str, Any] = {"known": "", "path": secret, "publication": Publication()}
    with pytest.raises(ContentError, match=reason) as caught:
        Templates([tmp_path / "main"]).render("pages/a.html", **context)
    assert (caught.value.path, caught.value.line) == (str(file), line)


def test_a_fault_in_an_included_file_names_that_file(write: Write, tmp_path: Path) -> None:
    write("a.html", "{% include 'b.html' %}")
    inner = write("b.html", "\n\n{{ unknown }}")
    with pytest.raises(ContentError) as caught:
        Templates([tmp_path]).render("a.html")
    assert (caught.value.path, caught.value.line) == (str(inner), 3)


def test_a_template_that_is_not_text_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ContentError, match=r"a\.html: cannot be read as UTF-8"):
        Templates([tmp_path]).render("a.html")


def test_every_builtin_template_is_valid() -> None:
    templates = Templates([builtin()])
    for file in builtin().rglob("*.*"):
        templates._environment.get_template(file.relative_to(builtin()).as_posix())


def test_dates_are_written_without_the_locale() -> None:
    assert long_date(date(2026, 11, 1)) == "Sunday 1 November 2026"
