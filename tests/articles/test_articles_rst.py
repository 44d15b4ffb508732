"""reStructuredText, Nikola's and Pelican's: read whole, within bounds, and without opening anything."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from docutils.parsers.rst import directives, roles

from publisher.articles import read
from publisher.model.articles import Author, Manuscript

BODY = """
Intro with ``code``, *stress* and :doc:`the boat <boat>` [1]_.

Below
-----

.. code-block:: python

   if x: pass

.. [1] A note.

.. youtube:: abcDEF12345

.. raw:: html

   <b onclick="x()">bold</b><script>y()</script>

.. unheard-of:: argument

   Kept *text*.
"""


def manuscript(text: str, path: str = "a.rst") -> Manuscript:
    return read(text.encode(), path, zone=ZoneInfo("UTC"))


def test_a_body_is_read_with_its_marks() -> None:
    found = manuscript(".. title: Boat\n.. date: 2012/04/09 21:41\n.. tags: sea, old\n\n" + BODY, "boat.txt")
    assert (found.title, found.labels) == ("Boat", ("sea", "old"))
    assert found.published_at == datetime(2012, 4, 9, 21, 41, tzinfo=UTC)
    for piece in (
        "<code>code</code>, <em>stress</em> and <span>the boat</span>",
        ">Below</h2>",
        '<span style="color:#008000;font-weight:bold">if</span>',
        '<a href="https://www.youtube.com/watch?v=abcDEF12345">Watch on YouTube</a>',
        "<b>bold</b>",
        "Kept <em>text</em>.",
    ):
        assert piece in found.html
    assert "script" not in found.html
    assert "onclick" not in found.html
    assert "unheard-of" in found.notes[0]
    note = found.html.split('href="#')[1].split('"')[0]
    assert f'id="{note}"' in found.html


@pytest.mark.parametrize(
    "text",
    [
        "Boat\n####\n\n:date: 2010-10-03 10:20\n:tags: sea\n:author: Ana\n:status: draft\n\nText",
        "####\nBoat\n####\n:date: 2010-10-03 10:20\n:tags: sea\n:author: Ana\n:status: draft\n\nText",
        ":title: Boat\n:date: 2010-10-03 10:20\n:tags: sea\n:author: Ana\n:status: hidden\n\nText",
    ],
)
def test_field_lists(text: str) -> None:
    found = manuscript(text)
    assert (found.title, found.labels, found.authors) == ("Boat", ("sea",), (Author("Ana"),))
    assert found.published_at == datetime(2010, 10, 3, 10, 20, tzinfo=UTC)
    assert (found.draft, found.html) == (True, "<p>Text</p>")


def test_a_title_comes_from_the_text_or_stays_in_it() -> None:
    assert manuscript("Boat\n====\n\nText").title == "Boat"
    found = manuscript(":title: Ship\n\nBoat\n====\n\nText")
    assert found.title == "Ship"
    assert ">Boat</h2>" in found.html


def test_fields_below_what_is_not_shown_and_a_subtitle() -> None:
    found = manuscript(
        ".. _here:\n\n.. a note\n\n====\nBoat\n====\n\nBelow\n-----\n\n:Date: 2020-05-06\n\nText"
    )
    assert (found.title, found.summary, found.html) == ("Boat", "Below", "<p>Text</p>")
    assert found.published_at == datetime(2020, 5, 6, tzinfo=UTC)


def test_the_only_section_stays() -> None:
    assert ">Below</h2>\n<p>Text</p>" in manuscript("Boat\n====\n\nBelow\n-----\n\nText").html


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("Boat\n====\n\n.. post:: May 06, 2020\n   :tags: sea, old\n   :author: Ana\n\nText", "a.rst"),
        ("# Boat\n\n:::{post} 2020-05-06\n:tags: sea, old\n:author: Ana\n:::\nText", "a.md"),
        ("# Boat\n\n```{post} 2020-05-06\n---\ntags: sea, old\nauthor: Ana\n---\n```\nText", "a.md"),
        ("Boat\n====\n\nText\n\n.. author:: Ana\n.. tags:: sea, old\n.. comments::", "2020/05/06/a.rst"),
    ],
    ids=["ablog", "myst", "myst in a fence", "tinkerer"],
)
def test_directives_that_say_what_it_is_about(text: str, path: str) -> None:
    found = manuscript(text, path)
    assert (found.title, found.labels, found.authors) == ("Boat", ("sea", "old"), (Author("Ana"),))
    assert (found.published_at, found.draft) == (datetime(2020, 5, 6, tzinfo=UTC), False)
    assert (found.html, found.notes) == ("<p>Text</p>", ())


def test_a_post_without_a_date_is_a_draft() -> None:
    assert manuscript("Boat\n====\n\n.. post::\n   :language: English\n\nText").draft
    found = manuscript("Boat\n====\n\n.. author:: default\n.. categories:: none\n\nText")
    assert (found.draft, found.authors, found.labels) == (False, (), ())


def test_a_box_names_itself_and_is_no_summary() -> None:
    found = manuscript("Boat\n====\n\n.. note::\n\n   Look at :class:`~sea.Boat`.\n\nText")
    assert found.html.startswith(
        "<aside>\n<p><strong>Note</strong></p>\n<p>Look at <span>sea.Boat</span>.</p>"
    )
    assert found.summary == "Text"


def test_shortcodes_of_nikola() -> None:
    found = manuscript(
        ".. title: Boat\n\n{{% youtube abcDEF12345 %}}\n\n{{% unheard of %}}\n\nText ``{{ x }}``"
    )
    assert ("{{%" in found.html, "Watch on YouTube" in found.html) == (False, True)
    assert "<code>{{ x }}</code>" in found.html


def test_a_directive_that_names_a_picture_shows_it() -> None:
    found = manuscript(
        ".. title: Boat\n\n.. thumbnail:: /a.png\n   :alt: A boat\n   :align: left\n\n   *Below*\n"
    )
    assert found.html == '<img alt="A boat" src="/a.png">\n<p><em>Below</em></p>'


def test_nothing_is_opened_and_nothing_stays_behind(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hidden,words")
    before = dict(directives._directives), dict(roles._roles)
    found = manuscript(
        f"T\n=\n\n.. include:: {secret}\n.. csv-table::\n   :file: {secret}\n"
        f".. raw:: html\n   :file: {secret}\n"
        ".. role:: mine(raw)\n   :format: html\n\n:mine:`<b>x</b>`\n\n.. |today| date::\n\n|today|\n"
    )
    assert "hidden" not in found.html
    assert "20" not in found.html
    assert (directives._directives, roles._roles) == before


@pytest.mark.parametrize(
    "text",
    [
        "`a " * 6_000,
        "a_ " * 6_000,
        "".join(" " * 2 * depth + "- a\n\n" for depth in range(300)),
        ".. note::\n\n" * 3_000,
        "".join(f".. |a{n}| replace:: |a{n + 1}| |a{n + 1}|\n" for n in range(30)) + "\n|a0|",
        "x" * 300_000,
    ],
)
def test_tangles_end_in_plain_text_soon(text: str) -> None:
    started = time.process_time()
    found = manuscript(f":title: T\n\n{text}")
    assert time.process_time() - started < 2
    assert "read as plain text" in found.notes[0]
