"""Markdown, template tags and sanitising: what reaches readers."""

from __future__ import annotations

from html import unescape
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
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("~~~\n{% raw %}{{ x }}{% endraw %}\n~~~", "~~~\n{{ x }}\n~~~"),
        ("a{% comment %}note {{ x }}{% endcomment %}b{# note #}c", "abc"),
        ('{{< highlight go "linenos=table" >}}\nx\n{{< /highlight >}}', "~~~go\nx\n~~~\n"),
        ("{% codeblock A boat lang:ruby %}\nx\n{% endcodeblock %}", "~~~ruby\nx\n~~~\n"),
        ("`{{</* note */>}}`", "`{{< note >}}`"),
        ("[a]({{ site.baseurl }}{% post_url 2014-05-06-x %})", "[a](@post/2014-05-06-x)"),
        ("[a]({% link _posts/x.md %})", "[a](@/_posts/x.md)"),
        ('[a]({{< relref "x.md#top" >}})', "[a](@ref/x.md#top)"),
        ('[a]({{% ref path="sea/x" %}}) [b]({{< ref "#top" >}})', "[a](@ref/sea/x) [b](#top)"),
        ("{% post_link old-boat 'An old boat' %}", '<a href="@post/old-boat">An old boat</a>'),
        ('{% post_link "old boat" An old boat true %}', '<a href="@post/old%20boat">An old boat</a>'),
        ("before {% post_link %}", "before "),
        ("{% img left /m/a.png 350 20% Boat 7 %}", '<img src="/m/a.png" alt="Boat 7"><!-- -->'),
        ("{% img /m/a.png 9 'Title' 'A boat' %}", '<img src="/m/a.png" alt="A boat"><!-- -->'),
        ("a {% span red, red one %}, {% kbd Ctrl %} and {% u it %}", "a red one, Ctrl and it"),
        ("{% label info@new %} {% label old red %} {% font warning @hot %}", "new old hot"),
        ("{% ruby sea|mar %} {% cb done, true %} {% label %}b{% endlabel %}", "sea (mar) done b"),
        ("{% btn /b/, Go on, fa fa-x %}", '<a href="/b/">Go on</a>'),
        ("{% btn center::Go on::https://b.example/c::fa fa-x %}", '<a href="https://b.example/c">Go on</a>'),
        ("{% folding blue open, More %}\nx\n{% endfolding %}", "**More**\n\n\nx\n"),
        ("{% note info %}x{% endnote %}{% span #here /%}", "x"),
        ("[a]({filename}/sea/x.md) [b](link://slug/x)", "[a](/sea/x.md) [b](@post/x)"),
        ("`{{ code }}` \u00fc `{% x %}`", "`{{ code }}` \u00fc `{% x %}`"),
        ("{{< note >}}kept{{< /note >}}", "kept"),
        ("one {{ stray\n\nparagraph }}", "one {{ stray\n\nparagraph }}"),
        ('{{% img src="/m/a.png" class="left" alt="A boat" %}}', '<img src="/m/a.png" alt="A boat"><!-- -->'),
        (
            '{% image "a/b.jpg" "He said "go"." %}',
            '<img src="a/b.jpg" alt="He said &quot;go&quot;."><!-- -->',
        ),
        ("{% highlight ruby %}\nx\n{% endhighlight %}", "~~~ruby\nx\n~~~\n"),
        ("* TOC\n{:toc}\n\ntext", "\n\ntext"),
        ("## On this page\n{: .no_toc .small }\n\n1. TOC\n{:toc}\n\ntext", "\n\ntext"),
        ("{: .center}\n> text{:.x}\n> {: .tip}\n\n[a](b){:target='_blank'}", "> text\n\n[a](b)"),
        (
            '<https://x.example>{: width="2"} [a](b){:\nrel="me"}\n\n{: .last}',
            "<https://x.example> [a](b)\n\n",
        ),
        ("~~~ruby\n{:a => 1}\n{: .kept}\n~~~\n{:a => 1}", "~~~ruby\n{:a => 1}\n{: .kept}\n~~~\n{:a => 1}"),
        ("{::nomarkdown}a{:/} b\n{::comment}\nnote {x}\n{:/comment}\nc", "a b\nc"),
        ('{::options parse_block_html="true" /}\n{:wide: width="9"}\ntext', "text"),
        ('{% include tip.html content="See [a](b) \\"now\\" {{ x }}." %}', 'See [a](b) "now" .'),
        ('{% include picture.html url="/a.png" text="A boat" %}', '<img src="/a.png" alt=""><!-- -->'),
        ("![a]({{ page.image }}) [b]({% pst x %}) <img src='' width=9>", " b "),
        (
            "`[php]a[/php]`\n\n[php]$a[1]<br />b();[/php]",
            "`[php]a[/php]`\n\n\n\n~~~php\n$a[1]\nb();\n~~~\n\n",
        ),
        ("[gallery ids='1,2']\n[gallery](a.md)", "\n[gallery](a.md)"),
        (
            "[embed]https://vimeo.com/12[/embed]",
            '<a href="https://vimeo.com/12">Watch on Vimeo</a>',
        ),
        (
            "[youtube=http://www.youtube.com/watch?v=abcdef&w=6]",
            '<a href="https://www.youtube.com/watch?v=abcdef">Watch on YouTube</a>',
        ),
        (
            '{% include youtube.html youtube_id="abcdef" %}',
            '<a href="https://www.youtube.com/watch?v=abcdef">Watch on YouTube</a>',
        ),
        ("[toc]\ntext\n\n~~~\n[TOC]\n~~~", "\ntext\n\n~~~\n[TOC]\n~~~"),
        ("one\n\n(READMORE)\n\ntwo READMORE", "one\n\n<!--more-->\n\ntwo READMORE"),
        ("# {{ page.title }}\ntext", "\ntext"),
        ("{{ page.title }}\n======\ntext {{ page.title }}", "\ntext "),
        ("![a]({% image_path /m/a b.png %})", "![a](/m/a%20b.png)"),
        ("![a][1]\n\n[1]: {% image_path /m/a.png %}", "![a][1]\n\n[1]: /m/a.png"),
        ('a [sourcecode lang="go"]x &lt; y[/sourcecode]', "a \n\n~~~go\nx < y\n~~~\n\n"),
        ('[caption id="1"]![x](y)[/caption]', "![x](y)"),
        ('{{ image(src="/m/a.png", alt="A boat") }}', '<img src="/m/a.png" alt="A boat"><!-- -->'),
        ('![b]({{< cdn "a.png" >}})', "![b](a.png)"),
        ("# {{ title }}\n\ntext", "\n\n\ntext"),
        ("{{< mermaid >}}\na-->b\n{{< /mermaid >}}", "~~~\na-->b\n\n~~~"),
        ("{{% notice note %}}\nkept\n{{% /notice %}}", "\nkept\n"),
        ('{{< details "Mind" >}}\nkept\n{{< /details >}}', "**Mind**\n\nkept\n"),
        ('<div class="ox-hugo-toc toc">\n\n- [A](#a)\n\n</div>\n<!--endtoc-->\n\ntext', "\n\ntext"),
        ("[TOC]\n\n[toc] and toc", "\n\n[toc] and toc"),
        ("![a](b.png){width=50%}\n{.center}\n## C {#c}", "![a](b.png)\n## C {#c}"),
    ],
)
def test_template_tags(text: str, expected: str) -> None:
    assert template_tags.resolve(text)[0] == expected


def test_code_of_wordpress_in_html() -> None:
    found = template_tags.resolve('<p>[code lang="go"]<br />\nx &lt; y<br />\n[/code]</p>', markdown=False)[0]
    assert found == '<p><pre><code class="language-go">x &lt; y</code></pre></p>'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@[toc](Contents)\nText `@[toc]`", "<p>Text <code>@[toc]</code></p>"),
        ("@[TOC](All of it)\n\nText", "<p>Text</p>"),
        ("(here)=\n## Head", "<h2>Head</h2>"),
        ("See [[Old boat]], [[boats/old|it]]", "<p>See Old boat, it</p>"),
        (
            "`[[a]]` [[1]](/b) b[[i]] [[ -f a ]]",
            '<p><code>[[a]]</code> <a href="/b">[1]</a> b[[i]] [[ -f a ]]</p>',
        ),
        ("![[old boat.png|300]]", '<p><img src="old%20boat.png" alt=""></p>'),
        ("Hull\n: its body", "<dl>\n<dt>Hull</dt>\n<dd>its body</dd>\n</dl>"),
        ("Hull\n: its body\n\nSea\n:smile:", "<p>Hull\n: its body</p>\n<p>Sea\n:smile:</p>"),
    ],
)
def test_marks_that_markdown_has_elsewhere(text: str, expected: str) -> None:
    assert html_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{% blockquote %}\n*Go*.\n{% endblockquote %}", "<p><em>Go</em>.</p>"),
        ("{% quote Ana & Rui %}Go.{% endquote %}", "<p>Go.</p>\n<p>\u2014 Ana &amp; Rui</p>"),
        (
            "{% blockquote Ana, http://a.example/b The log %}\nGo.\n{% endblockquote %}",
            '<p>Go.</p>\n<p>\u2014 Ana, <a href="http://a.example/b">The log</a></p>',
        ),
    ],
)
def test_quotations_in_tags(text: str, expected: str) -> None:
    assert html_of(f"Said\n{text}\nso") == f"<p>Said</p>\n<blockquote>\n{expected}\n</blockquote>\n<p>so</p>"
    assert text.splitlines()[0] in unescape(html_of(f"~~~\n{text}\n~~~"))


def test_a_pulled_quotation_stays_in_its_text() -> None:
    assert html_of('{% pullquote %}He {" went off "}.{% endpullquote %}') == "<p>He went off.</p>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{< youtube abcDEF12345 >}}", "[Watch on YouTube](https://www.youtube.com/watch?v=abcDEF12345)"),
        ("{% vimeo 4711 %}", "[Watch on Vimeo](https://vimeo.com/4711)"),
        ('{{< tweet user="ferry" id="99" >}}', "[See it on X](https://twitter.com/ferry/status/99)"),
        ("{% gist ana/12ab %}", "[See the code on GitHub](https://gist.github.com/ana/12ab)"),
        ("{{< gist ana 12ab >}}", "[See the code on GitHub](https://gist.github.com/ana/12ab)"),
        (
            '{% include youtube.html id="abcDEF12345" %}',
            "[Watch on YouTube](https://www.youtube.com/watch?v=abcDEF12345)",
        ),
        (
            '<iframe src="//www.youtube.com/embed/abcDEF12345?t=1" title="A tour"></iframe>',
            "[A tour](https://www.youtube.com/watch?v=abcDEF12345)",
        ),
        (
            '<script src="https://gist.github.com/ana/12ab.js"></script>',
            "[See the code on GitHub](https://gist.github.com/ana/12ab)",
        ),
        (
            '<object><param name="movie" value="http://www.youtube.com/v/abcDEF12345"></object>',
            "[Watch on YouTube](https://www.youtube.com/watch?v=abcDEF12345)",
        ),
        (
            '<object><embed src="http://www.youtube.com/v/abcDEF12345"></embed></object>',
            "[Watch on YouTube](https://www.youtube.com/watch?v=abcDEF12345)",
        ),
    ],
)
def test_what_only_a_browser_shows_becomes_a_link_with_words(text: str, expected: str) -> None:
    words, address = expected.strip("[)").split("](")
    found = html_of(f"Before\n\n{text}\n\n*after*")
    assert f'<a href="{address}">{words}</a>' in found
    assert found.count("<a ") == 1
    assert "<em>after</em>" in found


def test_the_words_are_in_the_language_of_the_article() -> None:
    text = b"---\ntitle: A\n---\n{{< youtube abcDEF12345 >}}"
    assert "Auf YouTube ansehen" in read(text, "a.md", zone=ZoneInfo("UTC"), language="de").html
    assert (
        "Watch on YouTube"
        in read(text.replace(b"title", b"lang: en\ntitle"), "a.md", zone=ZoneInfo("UTC"), language="de").html
    )


def test_an_embedded_post_keeps_its_text_and_its_script_goes() -> None:
    found = html_of(
        '<blockquote><p>Ahoy</p><a href="https://twitter.com/f/status/1">May</a></blockquote>\n'
        '<script async src="https://platform.twitter.com/widgets.js"></script>\n'
        "<script>if (1 < 2) x()</script>\n\nMore"
    )
    assert "Ahoy" in found
    assert "<p>More</p>" in found
    assert "script" not in found
    assert "x()" not in found


def test_an_empty_item_is_closed() -> None:
    assert html_of("- \n- [a](b)").startswith("<ul>\n<li></li>\n<li>")


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n:::note\nkept\n:::\nb", "<p>a</p>\n<p>kept</p>\n<p>b</p>"),
        (":::tip[Mind *it*]\nkept\n:::", "<p>Mind <em>it</em></p>\n<p>kept</p>"),
        ("::: warning Mind\nkept\n:::", "<p><strong>Mind</strong></p>\n<p>kept</p>"),
        (
            '::::danger{#x title="Mind"}\n:::info\nkept\n:::\n::::',
            "<p><strong>Mind</strong></p>\n<p>kept</p>",
        ),
        ("- a\n\n  :::note\n  kept\n  :::\n", "<ul>\n<li>\n<p>a</p>\n<p>kept</p>\n</li>\n</ul>"),
        ("> [!NOTE]\n> kept", "<blockquote>\n<p>kept</p>\n</blockquote>"),
        (
            "> [!info]- Mind\n> kept",
            "<blockquote>\n<p><strong>Mind</strong></p>\n<p>kept</p>\n</blockquote>",
        ),
        ("it is :::note\n:::", "<p>it is :::note</p>"),
    ],
)
def test_boxes_beside_a_text_keep_what_they_hold(text: str, expected: str) -> None:
    assert html_of(text) == expected


def test_marks_of_boxes_in_code_stay() -> None:
    assert ":::note\nx\n:::" in html_of("~~~\n:::note\nx\n:::\n~~~\n\n:::tip\ny\n:::")


def test_a_picture_tag_of_its_own_line_has_its_caption_below() -> None:
    tag = '{{< figure src="a.png" alt="A boat" caption="By *Ana*" >}}'
    expected = '<figure><img src="a.png" alt="A boat"><figcaption>By Ana</figcaption></figure>'
    assert html_of(f"{tag}\nNext") == f"{expected}\n<p>Next</p>"
    assert read(f"One\n\n{tag}\n\n<!--more-->".encode(), "a.md", zone=ZoneInfo("UTC")).summary == "One"
    assert html_of(f"See {tag}") == '<p>See <img src="a.png" alt="A boat"></p>'
