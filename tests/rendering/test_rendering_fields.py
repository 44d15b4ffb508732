"""Rule 15: fields render to marks, stand only where they can be filled, and cannot be forged."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.errors import ContentError
from publisher.model import fields
from publisher.model.fields import Field
from publisher.rendering.environment import Templates
from publisher.rendering.inlining import inline

ALPHABET = st.sampled_from(
    [
        fields.OPEN,
        fields.MIDDLE,
        fields.CLOSE,
        "subscriber.name",
        "https://view",
        ".field.invalid",
        "/",
        "a",
        "<",
        "&",
    ]
)


def render(folder: Path, text: str, name: str = "mail/a.html", **context: object) -> str:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return Templates([folder]).render(name, **context)


def found(text: str) -> list[Field]:
    return [part for part in fields.split(text) if isinstance(part, Field)]


@pytest.mark.parametrize("name", ["mail/a.html", "mail/a.txt"])
def test_fields_become_marks_with_plain_fallbacks(tmp_path: Path, name: str) -> None:
    text = render(
        tmp_path,
        """{{ subscriber.name | fallback("O'Hara <friend> & co") }} {{ subscription.choice }}
        {{ unsubscribe_url }}""",
        name,
    )
    finished = inline(text, "") if name.endswith("html") else text
    assert found(finished) == [
        Field("subscriber.name", "O'Hara <friend> & co"),
        Field("subscription.choice"),
        Field("unsubscribe"),
    ]


def test_an_address_may_stand_in_a_link(tmp_path: Path) -> None:
    text = render(tmp_path, '<a href="{{ view_url }}">here</a>')
    assert (
        inline(text, "a { color: red }")
        == f'<a href="{fields.address_mark("view")}" style="color:red">here</a>'
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\n{{ subscriber.name | upper }}", 2),
        ('\n{{ subscriber.name | fallback("a") | upper }}', 2),
        ("\n{{ subscriber.name | fallback(1) }}", 2),
        ('\n{{ subscriber.name | fallback("a", "b") }}', 2),
        ("\n{{ subscriber.name | fallback(word) }}", 2),
        ("\n{{ subscriber.name ~ '!' }}", 2),
        ("\n{{ subscriber.name == 'x' }}", 2),
        ("\n{{ subscriber.name.first }}", 2),
        ("\n{{ subscriber['name'] }}", 2),
        ("\n{{ subscriber }}", 2),
        ("\n\n{% if subscriber.name %}x{% endif %}", 3),
        ("\n{% for x in subscriber.topics %}x{% endfor %}", 2),
        ("\n{% set x = subscriber.name %}", 2),
        ("\n{% if unsubscribe_url %}x{% endif %}", 2),
        ("\n{% filter upper %}{{ subscriber.name }}{% endfilter %}", 2),
        ("\n{% macro m() %}{{ subscriber.name }}{% endmacro %}{{ m() | upper }}", 2),
        ("\n{{ subscription.zone }}", 2),
        ("\n{{ slot.unknown }}", 2),
        ('\n<b title="{{ subscriber.name }}">', 2),
        ("\n<b title='a > b' {{ subscriber.name }}>", 2),
        ("\n<style>\nb { color: {{ subscriber.name }} }</style>", 3),
        ("<title>\n{{ subscriber.name }}</title>", 2),
        ("<!-- \n{{ subscriber.name }} -->", 2),
        ("\n<style>{{ unsubscribe_url }}</style>", 2),
    ],
)
def test_a_field_in_the_wrong_place_is_refused_with_file_and_line(
    tmp_path: Path, text: str, line: int
) -> None:
    with pytest.raises(ContentError) as caught:
        render(tmp_path, text, word="x")
    assert (caught.value.path, caught.value.line) == (str(tmp_path / "mail/a.html"), line)


def test_a_field_that_a_filter_changed_through_a_block_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="changed by a filter"):
        render(tmp_path, "{% block b %}{{ subscriber.name }}{% endblock %}{{ self.b() | upper }}")


def test_pages_have_no_fields(tmp_path: Path) -> None:
    assert render(tmp_path, "{{ subscriber.name | upper }}", "pages.html", subscriber={"name": "a"}) == "A"


@given(st.lists(ALPHABET, max_size=30).map("".join))
def test_no_value_can_forge_a_field(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    templates = Templates([])
    text = templates.line("{{ value }} {{ subscriber.name }} {{ value }}", "place", value=value)
    assert found(text) == [Field("subscriber.name")]
    assert all(part == "" or fields.OPEN not in part for part in fields.split(text) if isinstance(part, str))
