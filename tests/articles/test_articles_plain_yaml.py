"""The quick reader of front matter says what a YAML parser says, or nothing."""

from __future__ import annotations

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher.articles import plain_yaml

PIECE = st.sampled_from(
    [
        *(
            "title",
            "a-b",
            "x_1",
            "no",
            "1",
            ":",
            ": ",
            " :",
            " ",
            "  ",
            "#",
            " #",
            "- ",
            "-",
            "?",
            "? ",
            "[",
            "]",
        ),
        *(
            "{",
            "}",
            ",",
            ", ",
            '"',
            "'",
            "\\",
            "\\n",
            "&a",
            "*a",
            "!t",
            "|",
            ">",
            "%",
            "@",
            "`",
            "~",
            "null",
            "ü",
        ),
        *(
            "\n",
            "\n ",
            "\n- ",
            "---",
            "...",
            "\t",
            "\u00a0",
            "\u2028",
            "\ufeff",
            "\x85",
            "12:30",
            "a:b",
            "0x1",
            "=",
        ),
    ]
)
LINES = st.lists(st.lists(PIECE, max_size=7).map("".join).map("key: {}\n".format), min_size=1, max_size=3)


@settings(max_examples=1500)
@given(st.one_of(LINES.map("".join), st.lists(PIECE, max_size=12).map("".join)))
@example("a: b\n")
@example("a: [b, c d, e]\nb: \"x: y\"\nc: 'it'\nd: https://x.example/#a\ne:\n")
@example("a: b\na: c\n")
@example("a: b \nb: [ ]\n")
def test_it_agrees_with_the_parser(block: str) -> None:
    found = plain_yaml.read(block)
    if found is not None:
        assert (yaml.load(block, Loader=yaml.CBaseLoader) or {}) == found, block


def test_it_reads_what_most_articles_have() -> None:
    block = (
        'title: "Ships: a list"\ndate: 2023-08-24 12:55\nauthor: Donna Teetree\ntags: [News, Old Town]\n'
        "layout: post\npermalink: /2023/08/ships.html\nsubhed:\ndraft: false\n"
    )
    found = plain_yaml.read(block)
    assert found == yaml.load(block, Loader=yaml.CBaseLoader)
