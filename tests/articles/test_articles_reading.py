"""From bytes to a manuscript: the shapes of real files, with invented text."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from lxml import html as lxml_html

from publisher.articles import MAX_BYTES, read
from publisher.errors import ContentError
from publisher.model.articles import Author, Manuscript, Picture

LISBON = ZoneInfo("Europe/Lisbon")

NEWS = """---
title: Ferry's Last Crossing - Captain Turns Back
subhed: After forty years the harbour's oldest boat goes ashore.
author: Ana Sousa, Jr.
author-title: Staff Writer
featured-image:
  path: https://pictures.example/ferry.jpg?width=620&s=none
  cutline: The ferry at the quay.
  credit: Rui Melo/Harbour Pictures
  alt-text: A white ferry.
layout: post
category: News
date: 2023-08-24 12:55
---

In a last crossing the boat turned back.

### An Old Hull

It was **old**.
"""

PLAIN = """Why did the ferry stop? This is her story

What was the ferry?
The last captain
Nobody said \u201cgoodbye\u201d
What was the ferry?

She carried\u00a0everybody, and the island's post. \u00a0

The last captain

He was \u201ctired\u201d, he said: see https://ferry.example/log.

Nobody said \u201cgoodbye\u201d

They simply left.

"Sold for scrap"

In May she was sold.

More for you"""


def manuscript(text: str | bytes, path: str = "a.md") -> Manuscript:
    return read(text if isinstance(text, bytes) else text.encode(), path, zone=LISBON)


def refused(text: str | bytes, path: str = "a.md") -> ContentError:
    with pytest.raises(ContentError) as caught:
        manuscript(text, path)
    assert caught.value.path == path
    return caught.value


@pytest.mark.parametrize("path", ["news.txt", "news.md"])
def test_newsroom_file_is_read_whole(path: str) -> None:
    found = manuscript(NEWS.replace("\n", "\r\n"), path)
    assert found.title == "Ferry's Last Crossing - Captain Turns Back"
    assert found.summary == "After forty years the harbour's oldest boat goes ashore."
    assert found.authors == (Author("Ana Sousa, Jr.", "Staff Writer"),)
    assert found.picture == Picture(
        url="https://pictures.example/ferry.jpg?width=620&s=none",
        alt="A white ferry.",
        caption="The ferry at the quay.",
        credit="Rui Melo/Harbour Pictures",
    )
    assert found.labels == ("News",)
    assert found.published_at == datetime(2023, 8, 24, 11, 55, tzinfo=UTC)
    assert "<h3>An Old Hull</h3>" in found.html
    assert found.notes == ()


def test_plain_text_gets_title_headings_and_paragraphs() -> None:
    found = manuscript(PLAIN, "story.txt")
    assert found.title == "Why did the ferry stop? This is her story"
    headings = [h.text_content() for h in lxml_html.fragment_fromstring(found.html, "div").iter("h2")]
    assert headings == [
        "What was the ferry?",
        "The last captain",
        "Nobody said \u201cgoodbye\u201d",
        '"Sold for scrap"',
    ]
    assert found.html.count("<p>") == 4
    assert "She carried\u00a0everybody, and the island's post. \u00a0</p>" in found.html
    assert '<a href="https://ferry.example/log">https://ferry.example/log</a>.' in found.html
    assert "More for you" not in found.html
    assert any("More for you" in note for note in found.notes)
    assert found.published_at is None


def test_plain_text_without_a_contents_keeps_its_last_line() -> None:
    assert manuscript("A title\n\nOne sentence.\n\nJane Doe", "a.txt").html.endswith("<p>Jane Doe</p>")


@pytest.mark.parametrize(
    "text", ["One line of a paragraph\nthat goes on.", "\n\nHere are the changes in this version:\n\n* a"]
)
def test_plain_text_without_a_title_is_called_after_its_file_and_loses_nothing(text: str) -> None:
    article = manuscript(text, "2020-05-06-the_ferry-is-late.txt")
    assert article.title == "The ferry is late"
    assert text.split()[0] in article.html
    assert "called after its file" in article.notes[-1]


@pytest.mark.parametrize(
    "text",
    [
        '+++\ntitle = "Ferry"\ndate = 2020-05-06\ntags = ["Sea"]\ndraft = true\n+++\nText',
        '{\n"Title": "Ferry", "Date": "2020-05-06",\n"Tags": ["Sea"], "Draft": true\n}\nText',
        "\u2014\ntitle: Ferry\ndate: 2020-05-06\ntags: [Sea]\ndraft: yes\n\u2014\nText",
        "\ufeff\n\n---\nTITLE: Ferry\nDate: 2020-05-06\ntags: [Sea]\ndraft: yes\n---\nText",
        "Title: Ferry\ndate: 2020-05-06\nTags: Sea\nStatus: draft\n\nText",
        ".. title: Ferry\n.. date: 2020-05-06\n.. tags: Sea\n.. status: draft\n\nText",
        "<!--\n .. title: Ferry\n .. date: 2020-05-06\n .. tags: Sea,draft\n-->\nText",
        "title: Ferry\ndate: 2020-05-06\ntags:\n- Sea\npublished: false\n---\nText",
        'title: "Ferry"\ndate: 2020-05-06\ncategories: ""\ntags: [Sea,]\npublished: false\n\n----\n\nText',
        "title: Ferry\ntags:\n- Sea\n- Old\ndate: 2020-05-06\npublished: false\n\nText",
        '+++\ntitle = "Ferry"\ndate = 2020-05-06\ndraft = true\n[taxonomies]\ntags = ["Sea"]\n+++\nText',
        '---\n# new\ntitle = "Ferry"\ndate = 2020-05-06\ntags = ["Sea"]\ndraft = true\n---\nText',
        "<!--[metadata]>\n+++\ntitle = 'Ferry'\ndate = 2020-05-06\ntags = ['Sea']\ndraft = true\n+++\n"
        "<![end-metadata]-->\n\nText",
        "<!--\n---\ntitle: Ferry\ndate: 2020-05-06\ntags: Sea\ndraft: true\n---\n-->\nText",
    ],
    ids=[
        *("toml", "json", "yaml between dashes", "yaml after a mark", "lines", "nikola", "nikola's comment"),
        *("hexo", "hexo apart", "flatpages", "zola"),
        *("toml between dashes", "toml in a comment", "yaml in a comment"),
    ],
)
def test_every_notation_says_the_same(text: str) -> None:
    found = manuscript(text)
    assert (found.title, found.labels[0], found.draft) == ("Ferry", "Sea", True)
    assert found.published_at == datetime(2020, 5, 5, 23, tzinfo=UTC)
    assert found.html == "<p>Text</p>"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("---\nlayout: x\ntitle: {{ title }}\n---\n", 3),
        ("\n---\ntitle: A\n", 2),
        ("---\nno mapping\n---\ntext", 2),
        ("---\ntitle: A\na: &x [1]\nb: *x\n---\n", 4),
        ("---\ntitle: A\nb: " + "[" * 30_000 + "]" * 30_000 + "\n---\n", 2),
        ("---\ntitle: A\nb: " + "x" * 70_000 + "\n---\n", 1),
        ('+++\ntitle = "A"\ndate = 2020-13-01\n+++\n', 3),
        ('{\n"title": "A",\n"date" 3\n}\n', 3),
    ],
    ids=["colon", "unclosed", "no mapping", "alias", "deep", "long", "toml", "json"],
)
def test_broken_front_matter_is_named_with_its_line(text: str, line: int) -> None:
    assert refused(text).line == line


def test_front_matter_without_a_space_behind_any_colon() -> None:
    found = manuscript(
        "---\nlayout:post\ntitle:Gone\ncover:![](a.png)\ntags:[a,b]\ndate:2020-01-01 10:00\n---\nText"
    )
    assert (found.title, found.labels, found.html) == ("Gone", ("a", "b"), "<p>Text</p>")
    assert found.published_at == datetime(2020, 1, 1, 10, tzinfo=UTC)
    assert len(found.notes) == 5
    assert manuscript("---\ntitle: # to come\n---\n# Gone").title == "Gone"


@pytest.mark.parametrize(
    ("lines", "title"),
    [
        ("title: Ferry: the end", "Ferry: the end"),
        ('title: "Ferry" goes', '"Ferry" goes'),
        ("title: 'It's gone'", "It's gone"),
        ('title: "The "old" boat"', 'The "old" boat'),
        ("title: @harbour news", "@harbour news"),
        ("title: *Gone*", "Gone"),
        ("title: [Video] Gone", "[Video] Gone"),
        ("title: 'Gone", "Gone"),
        ("title:Gone", "Gone"),
        ("title: Gone\nsidebar_label:Off it goes", "Gone"),
        ("title: ! 'Gone: for good'\nx: a: b", "Gone: for good"),
        ("title:\u00a0Gone", "Gone"),
        ("title: #1 is gone", "#1 is gone"),
        ("title: ##gone##", "##gone##"),
        ("title: Gone\nimage:\n\tpath: a.png", "Gone"),
        ("title: Gone\nfor good", "Gone for good"),
        ("title: Gone\ntags: [a, @b, c: d]", "Gone"),
        ("title: Gone\ntags:\n- sea\n-old", "Gone"),
        ("layout: y\ntitle\uff1aGone", "Gone"),
        ("title: !binary |\n  RsOkaHJl", "F\u00e4hre"),
    ],
)
def test_front_matter_of_plain_meaning_is_mended_and_the_line_named(lines: str, title: str) -> None:
    found = manuscript(f"---\nlayout: x\n{lines}\nsubhed: Below\n---\nText")
    assert (found.title, found.summary, found.html) == (title, "Below", "<p>Text</p>")
    at = lines.count("\n") + 3
    assert "!binary" in lines or found.notes[0].startswith(f"line {at}: ")


def test_a_block_that_nothing_closes_ends_at_the_first_blank_line() -> None:
    found = manuscript("---\ntitle: A\ntags:\n- sea\n\nText\n\nMore")
    assert (found.title, found.labels, found.html) == ("A", ("sea",), "<p>Text</p>\n<p>More</p>")
    assert "first blank line" in found.notes[0]
    early = manuscript("---\ntitle: A\n---```\nText\n```\n\n---\nMore")
    assert (early.title, early.html.count("Text"), early.html.count("More")) == ("A", 1, 1)
    assert manuscript("----\ntitle: A\n-----\nText").html == "<p>Text</p>"
    assert manuscript("---toml\ntitle = 'A'\n---\nText").title == "A"
    assert "js is not read" in refused("---js\n{}\n---\nText").reason


def test_an_alias_of_a_plain_value_is_followed() -> None:
    assert manuscript("---\ntitle: &t A\nsubhed: *t\n---\n").summary == "A"


def test_values_stay_as_written() -> None:
    found = manuscript("---\ntitle: 1.10\nid: 010\ntags: [no, 12:30]\ncontent: x\nhandler: y\n---\n")
    assert (found.title, found.explicit_id, found.labels) == ("1.10", "010", ("no", "12:30"))


@pytest.mark.parametrize(
    ("header", "path", "draft"),
    [
        ("draft: true", "a.md", True),
        ("published: false", "a.md", True),
        ("draft: 'false'", "a.md", False),
        ("layout: x", "news/_drafts/a.md", True),
        ("published: 2020-01-01", "a.md", False),
        ("unlisted: true", "a.md", True),
        ("_build:\n  list: never", "a.md", True),
        ("build: {list: local, render: always}", "a.md", False),
        ("published: false\nPublished: true", "a.md", True),
        ("draft: flase", "a.md", False),
        ("public: no", "a.md", True),
        ("password: 1234", "a.md", True),
        ("password: ''", "a.md", False),
    ],
)
def test_drafts(header: str, path: str, draft: bool) -> None:
    assert manuscript(f"---\ntitle: A\n{header}\n---\n", path).draft is draft


def test_an_unclear_switch_is_refused() -> None:
    assert refused("---\ntitle: A\ndraft: maybe\n---\n").line == 3


def test_authors_without_a_name() -> None:
    header = (
        "authors:\n- {id: ana, role: Editor}\n- {id: 1, title: Ben Lima}\n- {id: eve, role: Translator}\n"
        "- {login: zoe, display_name: '', email: z@x.example}\n"
    )
    found = manuscript(f"---\ntitle: A\n{header}---\n").authors
    assert found == (Author("ana", "Editor"), Author("Ben Lima"), Author("zoe"))


def test_titles_and_names_become_plain_text() -> None:
    found = manuscript(
        "---\ntitle: >\n  The `ferry` isn&#8217;t\n  *really* <b>gone</b>\n"
        "authors:\n- {name: Ana, role: Editor}\n- Ben, Jr. <ben@example.org>\n- '[[people/eve|Eve Lima]]'\n"
        "translator: Eve\n---\n"
    )
    assert found.title == "The ferry isn\u2019t really gone"
    assert found.authors == (Author("Ana", "Editor"), Author("Ben, Jr."), Author("Eve Lima"))
    assert manuscript("---\ntitle: A\nauthor: Jos&eacute; Lima; Ben\n---\n").authors == (
        Author("Jos\u00e9 Lima"),
        Author("Ben"),
    )
    for table in ("taxonomies", "extra", "data"):
        assert manuscript(f"+++\ntitle = 'A'\n[{table}]\nauthors = ['Ana']\n+++\n").authors == (
            Author("Ana"),
        )


@pytest.mark.parametrize(
    ("header", "path", "labels"),
    [
        ("tags: a, b c", "x.md", ("a", "b c")),
        ("tags: open data", "x.md", ("open data",)),
        ("tags: open data", "_posts/2020-01-01-x.md", ("open", "data")),
        ("tags: open data", "_news/x.md", ("open", "data")),
        ("tags: open data", "source/_posts/x.md", ("open data",)),
        ("tags: open data", "content/2020-01-01-x.md", ("open data",)),
        ("tags: open data", "source/2020-01-01-x.html.md", ("open data",)),
        ("category: Arts, Culture", "_posts/x.md", ("Arts, Culture",)),
        ("tags: '[open data, \"sea\"]'", "x.md", ("open data", "sea")),
        ("tags: ['[[sea]]', '[[notes/boats|Boats]]']", "x.md", ("sea", "Boats")),
        (":tags: open data\n:category: sea", "x.md", ("sea", "open data")),
        ("categories: [News, Sea]\ntags: [sea, 'R&amp;D']", "x.md", ("News", "Sea", "R&D")),
    ],
)
def test_labels(header: str, path: str, labels: tuple[str, ...]) -> None:
    assert manuscript(f"---\ntitle: A\n{header}\n---\n", path).labels == labels


@pytest.mark.parametrize(
    ("header", "url"),
    [
        ("image: null\nhero: true\nthumbnail: t.png", "t.png"),
        ("images: [a.jpg, b.jpg]", "a.jpg"),
        ("image: {filename: a.jpg, focal_point: Center}", "a.jpg"),
        ("coverImage: a.jpg", "a.jpg"),
        ("hero: no", ""),
    ],
)
def test_pictures(header: str, url: str) -> None:
    picture = manuscript(f"---\ntitle: A\n{header}\n---\n").picture
    assert (picture.url if picture else "") == url


@pytest.mark.parametrize(
    ("body", "summary"),
    [
        ("[The film](https://x.example)\n\nOne.", "One."),
        ("[The film](https://x.example)", "The film"),
        ("Loose <b>text</b><br>in HTML.<p>Two.</p>", "Loose text in HTML."),
        ("<p><img src='a.png'></p>Behind a picture.<p>Two.</p>", "Behind a picture."),
        ("<h2>Head</h2><a href='b'>See it</a><p>One.</p>Two.", "One."),
    ],
)
def test_summary_is_the_first_that_says_something(body: str, summary: str) -> None:
    path = "a.html" if body.startswith(("<", "L")) else "a.md"
    assert manuscript(f"---\ntitle: A\nexcerpt: true\n---\n{body}", path).summary == summary


def test_an_entity_ends_with_a_semicolon() -> None:
    found = manuscript("---\ntitle: Q&notes &amp; R&D\nhero: a.png\nalt: A boat&nbsp;\n---\n")
    assert found.title == "Q&notes & R&D"
    assert found.picture is not None
    assert found.picture.alt == "A boat"


def test_summary_comes_from_the_mark_or_the_first_paragraph() -> None:
    body = "# A\n\n> quoted\n\nFirst *one*.\n\n{}\n\nSecond."
    assert manuscript(body.format("<!-- more -->")).summary == "quoted First one."
    assert manuscript(body.format("")).summary == "First one."
    assert manuscript("---\ntitle: A\nabstract: We look.\n---\nText").summary == "We look."
    cut = manuscript("---\ntitle: A\ndescription: " + "word " * 100 + "\n---\n").summary
    assert cut.endswith("word\u2026")
    assert len(cut) <= 300


def test_full_width_signs_are_signs() -> None:
    found = manuscript("---\ntitle\uff1a\u6e2f\ntags: \u6d77\n---\n")
    assert (found.title, found.labels) == ("\u6e2f", ("\u6d77",))
    assert manuscript("---\ntags: sea\u3001old\uff0clate, x y\n---\nText").labels == (
        "sea",
        "old",
        "late",
        "x y",
    )
    assert manuscript("---\ntags:\n-sea\n-old\nalias:\n-b\n---\nText").labels == ("sea", "old")


def test_a_release_and_a_letter_in_plain_text() -> None:
    found = manuscript("PRESS RELEASE\n\nFerry Returns\n\nIn May she comes.\n\n# # #\n", "a.txt")
    assert (found.title, found.html) == ("Ferry Returns", "<p>In May she comes.</p>\n<hr>")
    found = manuscript("For immediate release:\nLisbon, May\n\nFerry Returns\n\nIn May.", "a.txt")
    assert (found.title, found.html) == ("Ferry Returns", "<h2>Lisbon, May</h2>\n<p>In May.</p>")
    found = manuscript(
        "From: Ana <a@x.example>\nDate: 6 May 2020\nSubject: Ferry\n\nDear all,\n\nText.", "a.txt"
    )
    assert (found.title, found.authors, found.summary) == ("Ferry", (Author("Ana"),), "Dear all,")


def test_titles_without_front_matter() -> None:
    assert manuscript("# \u6bcf\u5468\u5206\u4eab\n\ntext").title == "\u6bcf\u5468\u5206\u4eab"
    assert manuscript("Just text.", "2020-01-02-old-boats.md").title == "Old boats"
    assert manuscript("---\ntitle: A\n---\n# a\n\n# B\n").html == "<h2>B</h2>"
    assert manuscript("---\ntitle: A\n---").html == ""
    assert "neither" in refused("").reason
    assert "/other" in refused("---\nredirect: /other\n---\n").reason


@pytest.mark.parametrize(
    ("path", "header", "slug"),
    [
        ("2016-3-8-Our_Boat.aspx.markdown", "", "our-boat"),
        ("news/late-boats/index.md", "", "late-boats"),
        ("late-boats.de.md", "", "late-boats"),
        ("late-boats/index.en.md", "", "late-boats"),
        ("old.net.md", "", "old-net"),
        ("a.md", "slug: '%c2%abst%c3%b8rste%c2%bb'", "st\u00f8rste"),
    ],
)
def test_slugs(path: str, header: str, slug: str) -> None:
    assert manuscript(f"---\ntitle: A\n{header}\n---\n", path).slug == slug


@pytest.mark.parametrize(
    ("header", "aliases"),
    [
        ("aliases: [old, /older/]\nredirect_from: /oldest.html", ("/old", "/older/", "/oldest.html")),
        ("permalink: /sea/boat/\nurl: https://elsewhere.example/", ("/sea/boat/",)),
        ("permalink: /:year/:title\naliases: [/, '../x', '//x', 'a b', '']", ()),
        ("permalink: pretty\npath: 2020/boat", ("/2020/boat",)),
        ("url: false", ()),
    ],
)
def test_aliases_are_paths(header: str, aliases: tuple[str, ...]) -> None:
    assert manuscript(f"---\ntitle: A\n{header}\n---\n").aliases == aliases


def test_the_page_of_a_section_is_kept_back() -> None:
    found = manuscript("---\ntitle: A\n---\n", "news/_index.md")
    assert found.draft
    assert "section" in found.notes[0]


def test_mdx_keeps_what_components_hold() -> None:
    found = manuscript(
        "import X from './x'\n\nexport const meta = {\n  title: 'Ferry',\n  date: '2020-05-06',\n}\n\n"
        "{/* note */}<Box>**Bold**</Box>\n\n<YouTube id='abcDEF12345' />\n\n"
        "~~~js\nimport Y from './y'\n~~~\n",
        "a.mdx",
    )
    assert (found.title, found.published_at) == ("Ferry", datetime(2020, 5, 5, 23, tzinfo=UTC))
    assert "<strong>Bold</strong>" in found.html
    assert "Watch on YouTube" in found.html
    assert "from &#39;./y&#39;" in found.html or "./y" in found.html
    assert "./x" not in found.html
    assert "note" not in found.html


def test_what_mdx_computes_goes_or_becomes_plain() -> None:
    found = manuscript(
        "import {\n  A,\n} from '../a';\n\nFirst{' '}*line*.\n\n{/* truncate */}\n\n"
        "export const all = [\n  {\n    a: 1,\n\n    b: 2,\n  },\n];\n\n"
        "<img src={useBaseUrl('a.png')} style={{width: 5}} onClick={() => go()} />\n\n"
        "<img src={require('./b.png').default} />\n",
        "a.md",
    )
    assert found.summary == "First line."
    assert found.html.startswith("<p>First <em>line</em>.</p>")
    assert [part.split('"')[0] for part in found.html.split('src="')[1:]] == ["/a.png", "./b.png"]
    assert "{" not in found.html
    assert "import of goods" in manuscript("import of goods from 'afar'\nis dear", "a.md").html


@pytest.mark.parametrize(
    "meta",
    [
        """{\n  title: 'Don\\'t',\n  'tags': ["sea, old", 'boats'],\n  author: { mail: 'x' },\n}""",
        """{ title: "Don't", tags: ['sea, old', `boats`] };""",
    ],
)
def test_mdx_says_what_it_is_about_in_script(meta: str) -> None:
    found = manuscript(f"export const metadata = {meta}\n\nText", "a.mdx")
    assert (found.title, found.labels, found.html) == ("Don't", ("sea, old", "boats"), "<p>Text</p>")


def test_languages_are_tags() -> None:
    assert manuscript("# A", "a.de.md").language == "de"
    assert manuscript("---\ntitle: A\nlang: zh_tw\n---\n").language == "zh-TW"
    assert refused("---\ntitle: A\nlang: not a language\n---\n").line == 3
    assert manuscript("---\ntitle: A\nlanguage: Python\n---\n").language == ""


def test_encodings() -> None:
    assert manuscript("# \u00dcber".encode("utf-16")).title == "\u00dcber"
    for encoding in ("utf-16-le", "utf-16-be"):
        found = manuscript("# \u00dcber die F\u00e4hre\n\nText".encode(encoding))
        assert (found.title, "UTF-16" in found.notes[0]) == ("\u00dcber die F\u00e4hre", True)
    old = manuscript("Caf\u00e9\n\n\u201cYes\u201d, he said.".encode("cp1252"), "a.txt")
    assert (old.title, old.html) == ("Caf\u00e9", "<p>\u201cYes\u201d, he said.</p>")
    assert "Windows-1252" in old.notes[0]
    assert "not a text" in refused(b"\x89PNG\r\n\x1a\n\0\0").reason
    assert manuscript("---\ntitle: A\x08B\n---\nx\x0b&#8;&#xFFFE;y").html == "<p>xy</p>"


def test_a_large_article_is_read_and_one_over_ten_megabytes_refused() -> None:
    found = manuscript("---\ntitle: Big\n---\n" + "Some *words* and a [link](/x).\n\n" * 16_000)
    assert found.summary == "Some words and a link."
    assert "10 MB" in refused(b"x" * (MAX_BYTES + 1)).reason
    assert "closed" in refused("# A\n\n" + "<div>" * 50_000).reason


def test_a_renamed_file_keeps_the_hash_of_its_body() -> None:
    one, two = manuscript("---\ntitle: A\n---\nText"), manuscript("---\ntitle: B\n---\nText", "b.md")
    assert one.body_hash == two.body_hash != manuscript("---\ntitle: A\n---\nTexts").body_hash


def test_whole_html_documents() -> None:
    found = manuscript(
        '<!doctype html><html lang="pt"><head><title>Barco</title><meta name="author" content="Ana">'
        '<meta property="article:published_time" content="2020-05-06T10:00:00Z"></head>'
        "<body><h1>Barco</h1><p>Texto</p></body></html>",
        "a.html",
    )
    assert (found.title, found.language, found.authors) == ("Barco", "pt", (Author("Ana"),))
    assert found.published_at == datetime(2020, 5, 6, 10, tzinfo=UTC)
    assert found.html == "<p>Texto</p>"


@pytest.mark.parametrize("opens", ["---\n", "---json\n"])
def test_an_escaped_nul_is_in_no_value(opens: str) -> None:
    lines = 'title: "a\\0b"\nid: "i\\0d"\naliases: ["/old\\0er"]\n'
    if "json" in opens:
        lines = '{"title": "a\\u0000b", "id": "i\\u0000d", "aliases": ["/old\\u0000er"]}\n'
    found = manuscript(f"{opens}{lines}---\nText.\n")
    assert (found.title, found.explicit_id, found.aliases) == ("ab", "id", ("/older",))
