"""The text part is written to be read: wrapped, numbered, aligned."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.rendering.plaintext import plain
from publisher.rendering.wrapping import underlined, width, wrap

WORDS = st.lists(st.text("abc漢字かな。、「」é\u00a0", min_size=1, max_size=12), max_size=40).map(" ".join)


@given(WORDS, st.integers(10, 80))
def test_wrapping_loses_nothing_and_keeps_to_the_width(text: str, columns: int) -> None:
    lines = wrap(text, columns)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(width(line) <= columns or " " not in line for line in lines)


def test_ideographs_take_two_columns_and_break_anywhere() -> None:
    assert wrap("港は来年の春に閉まる。誰も予想しなかった。", 20) == [
        "港は来年の春に閉ま",
        "る。誰も予想しなかっ",
        "た。",
    ]


def test_a_number_of_a_link_is_not_left_alone_on_a_line() -> None:
    assert underlined("Why the keeper would not retire, and what the sea that night did then [1]").split(
        "\n"
    ) == [
        "Why the keeper would not retire, and what the sea that night did",
        "then [1]",
        "-" * 64,
    ]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<h2>Title</h2><p>One\n two</p>", "Title\n-----\n\nOne two"),
        ("<h3>Small</h3>text<p>p</p>tail", "SMALL\n\ntext\n\np\n\ntail"),
        (
            '<p><a href="https://a.example/">A</a> <a href="https://b.example/">B</a> '
            '<a href="https://a.example/">A</a></p>',
            "A [1] B [2] A [1]\n\n[1] https://a.example/\n[2] https://b.example/",
        ),
        ('<p><a href="https://a.example/">https://a.example</a></p>', "https://a.example"),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>", "- a\n- b\n  - c"),
        ("<ul><li><p>a</p><p>b</p><li><p>c</p></ul>", "- a\n\n  b\n\n- c"),
        ('<ol start="9"><li>a</li><li value="12">b</li></ol>', "9. a\n12. b"),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b"),
        ("<pre><code>x = 1\n\n    y  =  2\n</code></pre>", "x = 1\n\n    y  =  2"),
        ('<p>a<br>b <img src="x" alt="A boat."> <img src="y" alt=""></p>', "a\nb [A boat.]"),
        ("<p>x<sup>2</sup>, 1<sup>st</sup></p>", "x^2, 1st"),
        ("<script>x</script><style>y</style>", ""),
        (
            '<table><tr><th>Year<th align="right">Ships<tr><td>2024<td align="right">5</table>',
            "Year   Ships\n----   -----\n2024       5",
        ),
    ],
)
def test_html_reads_as_text(html: str, text: str) -> None:
    assert plain(html) == text


def test_a_table_too_wide_becomes_one_block_a_row() -> None:
    cell = "many words " * 6
    text = plain(f"<table><tr><th>A</th><th>B</th></tr><tr><td>{cell}</td><td>{cell}</td></tr></table>")
    assert text.startswith("A: many words")
    assert "\nB: many words" in text
    assert max(map(len, text.split("\n"))) <= 72


@given(st.text(max_size=300))
def test_any_text_is_survived(html: str) -> None:
    assert isinstance(plain(html), str)
