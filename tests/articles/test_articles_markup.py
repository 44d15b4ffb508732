"""Markdown, template tags and sanitising: what reaches readers."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from publisher.articles import read, template_tags
from publisher.articles.sanitising import sanitise


def html_of(body: str, path: str = "a.md") -> str:
    return read(f"---\ntitle: A title\n---\n{body}".encode(), path, zone=ZoneInfo("UTC")).html


def test_tables_boxes_and_strikes() -> None:
    found = html_of("| a | b |\n|---|--:|\n| 1 | ~~2~~ |\n\n- [x] done\n- [ ] open\n\n## Head {#here}")
    assert '<td style="text-align:right"><del>2</del></td>' in found
    assert "\u2611 done" in found
    assert "\u2610 open" in found
    assert '<h2 id="here">Head</h2>' in found
    assert "<input" not in found


def test_footnotes_lead_there_and_back_and_differ_between_articles() -> None:
    body = "One[^1], two[^b], again[^1].\n\n[^1]: First.\n[^b]: Second.\n\nLast."
    root = lxml_html.fragment_fromstring(html_of(body), "div")
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    links = [a.get("href") for a in root.iter("a")]
    assert len(ids) == len(set(ids)) == 4
    assert {link.removeprefix("#") for link in links} == set(ids)
    assert len(links) == 5
    assert root[-1].tag == "ol"
    assert not set(ids) & set(lxml_html.fragment_fromstring(html_of(body, "b.md"), "div").xpath("//@id"))


def test_code_is_coloured_by_inline_styles() -> None:
    found = html_of("```python\nif x < 1:\n    pass  # {% tag %}\n```\n\n```klingon\na < b\n```\n\n    plain")
    assert found.count('<pre style="background-color:#f8f8f8;color:#222222"><code>') == 3
    assert '<span style="color:#008000;font-weight:bold">if</span>' in found
    assert "{% tag %}" in found
    assert "a &lt; b" in found
    assert "class=" not in found


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        '<a href="javascript:alert(1)">x</a>',
        '<a href="data:text/html,<script>alert(1)</script>">x</a>',
        '<p style="background-image:url(https://spy.example/)">x</p>',
        '<form action="https://evil.example"><input name=a></form>',
        '<svg><style><img src=x onerror="alert(1)"></style></svg>',
        '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
        '<object data="https://evil.example"></object><meta http-equiv=refresh content="0">',
    ],
)
def test_nothing_active_gets_through(evil: str) -> None:
    found = html_of(f"before\n\n{evil}\n\nafter")
    for word in (
        "<script",
        "onerror",
        "javascript:",
        "data:",
        "spy.example",
        "evil.example",
        "<form",
        "<input",
    ):
        assert word not in found, found
    assert "before" in found
    assert "after" in found


@given(st.text(alphabet="<>/=\"' abdivscrptonlg&#8;\x08\ufffe", max_size=60))
def test_sanitised_html_has_no_script_and_no_forbidden_character(text: str) -> None:
    found = sanitise(text)
    assert "<script" not in found
    assert "\x08" not in found
    assert "\ufffe" not in found
    assert sanitise(found) == found


def test_frames_become_links_and_pictures_get_an_alternative_text() -> None:
    found = html_of(
        '<iframe width="3" src="https://www.video.example/e/1?x=1&y=2"></iframe>\n\n<img src="a.png">'
    )
    assert '<a href="https://www.video.example/e/1?x=1&amp;y=2">video.example/e/1</a>' in found
    assert '<img src="a.png" alt="">' in found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see [it]({{ '/x/' | url }})", "see [it](/x/)"),
        ("{% raw %}kept{% endraw %}", "kept"),
        ("`{{ code }}` \u00fc `{% x %}`", "`{{ code }}` \u00fc `{% x %}`"),
        ("{{< note >}}kept{{< /note >}}", "kept"),
        ("one {{ stray\n\nparagraph }}", "one {{ stray\n\nparagraph }}"),
        ('{{% img src="/m/a.png" class="left" alt="A boat" %}}', '<img src="/m/a.png" alt="A boat"><!-- -->'),
        (
            '{% image "a/b.jpg" "He said "go"." %}',
            '<img src="a/b.jpg" alt="He said &quot;go&quot;."><!-- -->',
        ),
        ("{% highlight ruby %}\nx\n{% endhighlight %}", "~~~ruby\nx\n~~~\n"),
        ("{: .center}\ntext{:.x} [a](b){:target='_blank'}", "text{:.x} [a](b)"),
        ('[caption id="1"]![x](y)[/caption]', "![x](y)"),
    ],
)
def test_template_tags(text: str, expected: str) -> None:
    assert template_tags.resolve(text)[0] == expected


def test_dropped_tags_are_named() -> None:
    _, notes = template_tags.resolve("{% include a.html %} {{ site.url }} {{ site.name }}")
    assert notes == ("template tags were dropped: {% include, {{ site",)


def test_indented_html_is_no_code() -> None:
    assert (
        html_of("<ul>\n\n    <li>{{ 'kept' }}{{ site.dropped }}</li>\n</ul>", "a.html").count("kept</li>")
        == 1
    )


def test_markdown_goes_on_below_a_picture_tag() -> None:
    assert "<em>From page 2</em>" in html_of('{% image "a.png" "A" %}\n*From page 2*')
