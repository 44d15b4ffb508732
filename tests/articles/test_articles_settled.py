"""What is settled is what the parsers would have made of it, whatever stands in it."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher.articles import markdown, settled
from publisher.articles.sanitising import markup, repair, sanitise, tree

_ADDRESSES = ["/a/", "b.html?x=1&amp;y=(2)", "https://a.example:80/~b/#c", "http://1.2", "//c.example/d:e"]
_ADDRESSES += ["mailto:a@b.example", "javascript:alert(1)", "http://xn--a.example/", "data:text/html,x", "é"]
_ADDRESSES += ["http://a.example:99999/", "http://256.256.256.256/", "%zz", "a b", "&quot;", "\\\\a", "x'y"]
_ADDRESSES += ["", "#e", "\r", "ftp://A.example/", "FTP:a", "/a:b", "?a:b", "/javascript:a", "//a:b:c@d"]
_BARE = ["p", "h1", "h2", "em", "strong", "del", "code", "span", "ul", "ol", "li", "blockquote", "pre"]
_BARE += ["table", "thead", "tbody", "tr", "th", "td", "hr", "br", "a", "img", "b", "tt", "div", "script"]
_BARE += ["style", "svg", "iframe", "dl", "dt"]
_OPENING = [f"<{name}>" for name in _BARE] + [f"<br />{name}" for name in ("", " ", "\n")]
_OPENING += [f'<a href="{address}">' for address in _ADDRESSES]
_OPENING += [f'<img src="{address}" alt="{address}" />' for address in _ADDRESSES]
_OPENING += [
    '<h2 id="x">',
    '<ol start="3">',
    "<!-- - -->",
    "<p onclick='x'>",
    '<span style="color: #008000">',
]
_OPENING += ['<pre style="background-color:#f8f8f8;color:#222222"><code>', '<td style="text-align:right">']
_OPENING += ['<a title="x" href="y">', '<a href="x" title="it&#x27;s">', '<a href="x" title="&#39;">']
_TEXTS = [
    *" \n\t\rx<>&\"'é\xa0\x85\x7f\x0c\u2028\ufffe\U0001f600",
    "&amp;",
    "&lt;",
    "&gt;",
    "&quot;",
    "&nbsp;",
]
_TEXTS += ["&#8;", "&#39;", "&#x27;", "-->", "]]>"]
_PIECES = st.sampled_from([*_OPENING, *(f"</{name}>" for name in _BARE), *_TEXTS])


def _closed(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    inner = st.lists(children, max_size=4).map("".join)
    wrapped = st.tuples(st.sampled_from(_OPENING), inner).map(
        lambda made: f"{made[0]}{made[1]}</{made[0][1:].rstrip('>').split(' ')[0]}>"
    )
    lists = inner.map(lambda held: f"<ul>\n<li>{held}</li>\n</ul>\n")
    return st.one_of(wrapped, lists, inner)


_HTML = st.lists(st.one_of(_PIECES, st.recursive(_PIECES, _closed)), max_size=8).map("".join)


@settings(max_examples=1_500, deadline=None)
@given(_HTML)
@example('<p><img src="a.png" alt="a &quot;b&quot;" /></p>')
@example("<table>x<tr></tr></table>")
@example('<p title="<!-- a -->">b</p>')
def test_what_is_settled_is_what_the_parsers_make_of_it(html: str) -> None:
    final = settled.form(html)
    if final is None:
        return
    root = tree(sanitise(html))
    assert markup(root) == final
    assert markup(tree(final)) == final
    repair(root)
    assert markup(root) == final.replace("<h1", "<h2").replace("</h1>", "</h2>")


@settings(max_examples=1_000, deadline=None)
@given(
    st.lists(st.sampled_from([*"ab*_`[]()!#>-|~<&\\\"'1.: \n", "\n\n", "    ", "](/x)", "|-|\n", "```\n"]))
)
def test_markdown_that_is_settled(pieces: list[str]) -> None:
    html = markdown.render("".join(pieces), "mark")
    final = settled.form(html)
    if final is not None:
        assert final == markup(tree(sanitise(html)))


_TEXT = """
# A *title* {#anchor}

It's "so": 1 < 2 & **3** in [a link](https://a.example/b?c=1&d=2 "said") and ![a *picture*](c.png).<!-- x -->

- one

  > two
- ~~three~~

| a | b |
|---|--:|
| `1 < 2` | 2 |

```python
print("x")
```
---
5. last\\
   line
"""


def test_an_ordinary_article_is_settled() -> None:
    assert settled.form(markdown.render(_TEXT, "mark")) is not None


@pytest.mark.parametrize("tag", ["script", "style", "iframe", "form", "svg", "object", "p onclick"])
def test_what_must_not_reach_readers_is_never_settled(tag: str) -> None:
    assert settled.form(f"<p>a</p><{tag}>b</{tag}>") is None


def test_what_is_nested_deeper_than_a_parser_should_go_is_not_settled() -> None:
    assert settled.form("<blockquote>" * 600 + "</blockquote>" * 600) is None
