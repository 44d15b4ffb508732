"""Profiles of authors: what is one, and whom it tells about."""

from __future__ import annotations

import pytest

from publisher.articles.profiles import credited, is_profile, read
from publisher.errors import ContentError
from publisher.model.articles import Author


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("_staff/ana.md", True),
        ("content/_authors/ana.markdown", True),
        ("_data/authors.yml", True),
        ("data/authors/ana.toml", True),
        ("blog/authors.yml", True),
        ("content/authors/ana/_index.md", True),
        ("authors/ana.md", False),
        ("authors.md", False),
        ("_data/boats.yml", False),
        ("data/authors/ana.png", False),
    ],
)
def test_which_files_are_profiles(path: str, expected: bool) -> None:
    assert is_profile(path) is expected


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("ana:\n  name: Ana Sousa\n  title: Editor\nben: Ben", "_data/authors.yml"),
        ("authors:\n- {username: ana, first_name: Ana, last_name: Sousa, role: Editor}", "authors.yaml"),
        ('{"ana": {"name": "Ana Sousa", "jobTitle": "Editor"}}', "authors.json"),
        ('name = "Ana Sousa"\nposition = "Editor"', "data/authors/ana.toml"),
        ("---\nname: Ana Sousa\ntitle: Editor\n---\nShe sails.", "_staff/ana.md"),
        ("---\ntitle: Ana Sousa\nshort_name: ana\nrole: Editor\n---\n", "_authors/sousa.md"),
        ("---\ntitle: Ana Sousa\nrole: Editor\n---\n", "content/authors/ana/_index.md"),
    ],
)
def test_a_key_becomes_a_name_and_a_title(text: str, path: str) -> None:
    people = read(text.encode(), path)
    assert credited([Author("ana")], people) == (Author("Ana Sousa", "Editor", "ana"),)
    assert credited([Author("Ana Sousa", "Captain")], people)[0].title == "Captain"
    assert credited([Author("Eve")], people) == (Author("Eve"),)


def test_a_broken_profile_is_named_with_its_line() -> None:
    with pytest.raises(ContentError) as caught:
        read(b"ana:\n  name: [\n", "authors.yml")
    assert (caught.value.path, caught.value.line) == ("authors.yml", 2)
