"""Mails: stories rendered once, frames with slots, and the variant joined from them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import html as parser

from publisher.config.newsletters import Newsletter
from publisher.config.public import Look, Publication
from publisher.errors import ContentError
from publisher.model import fields
from publisher.model.articles import Article, Author, Picture
from publisher.model.mail import Piece, Role
from publisher.rendering import colours, joining, mail
from publisher.rendering.environment import Templates, builtin
from publisher.rendering.mail import Mail
from publisher.rendering.stories import byline, teaser

TEMPLATES = Templates([builtin()])
MOMENT = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
URL = "https://courier.example/2026/11/harbour/"
ARTICLE = Article(
    id="1",
    path="harbour.md",
    slug="harbour",
    url=URL,
    title="The harbour <closes> & nobody knows why",
    summary="The council voted nine to eight. Two members changed sides. Mr. Reis did not. A fourth one.",
    html="<p>The hall was half empty.</p>",
    published_at=MOMENT,
    updated_at=MOMENT,
    authors=(Author("Donna Teetree", "Staff Writer"),),
    labels=("News",),
    picture=Picture("https://courier.example/boat.jpg", "A boat.", "The last boat.", "Marta Reis"),
)
MAIL = Mail(
    publication=Publication(
        title="The Harbour Courier",
        url="https://courier.example",
        postal_address="12 Quay Street\nLisbon",
        timezone="Europe/Lisbon",
    ),
    look=Look(accent="#7a1f1f"),
    logo_url="",
    newsletter=Newsletter(title="Daily Briefing"),
    name="daily/12",
    number=12,
    date=date(2026, 11, 21),
    language="en",
    archive_url="https://courier.example/archive/daily/",
    feed_url="https://courier.example/feed.xml",
    index_url="https://courier.example/",
    web=False,
)
LETTER = replace(MAIL, newsletter=Newsletter(title="Letter", template="letter"))


def joined(part: Mail, roles: tuple[Role, ...] = ("lead", "item", "headline")) -> tuple[str, str]:
    html, text = joining.fill(
        mail.frame(TEMPLATES, part),
        subject="Harbour & <sea>",
        preheader=fields.mark("subscriber.name", "dear <reader>"),
        intro=mail.intro(TEMPLATES, "Good *morning*. <script>x</script>", part),
        stories=[mail.story(TEMPLATES, ARTICLE, role, part) for role in roles],
        more=mail.more(TEMPLATES, 40, "https://courier.example/all/", part),
    )
    return "".join(html), "".join(text)


def names(text: str) -> set[str]:
    return {part.name for part in fields.split(text) if isinstance(part, fields.Field)}


@pytest.mark.parametrize("part", [MAIL, LETTER], ids=["digest", "letter"])
def test_a_whole_mail_keeps_the_rules_for_senders(part: Mail) -> None:
    html, text = joined(part)
    root = parser.document_fromstring(html)
    assert html.startswith("<!doctype html>")
    assert (root.get("lang"), root.get("dir")) == ("en", "ltr")
    assert root.findtext(".//title") == "Harbour & <sea>"
    assert all(image.get("alt") and image.get("width") for image in root.iter("img"))
    assert all(t.get("role") == "presentation" and t.get("width") for t in root.iter("table"))
    assert not list(root.iter("script", "form", "iframe", "link"))
    assert {"unsubscribe", "view", "subscription.choice"} <= names(html)
    assert {"unsubscribe", "view", "subscription.choice"} <= names(text)
    assert "12 Quay Street<br>Lisbon" in html
    assert "12 Quay Street\nLisbon" in text
    assert "@media (prefers-color-scheme: dark)" in html
    assert "@media (max-width: 480px)" in html


def test_the_two_parts_say_the_same() -> None:
    html, text = joined(MAIL)
    seen = parser.document_fromstring(html).text_content()
    for words in (
        "Good morning.",
        ARTICLE.title,
        "Two members changed sides.",
        "By Donna Teetree",
        "Marta Reis",
    ):
        assert words in seen
        assert words in text
    assert text.count(f"[1] {URL}") == 3
    assert "And 40 more: https://courier.example/all/" in text


def test_values_are_escaped_and_fields_in_them_stay_fields() -> None:
    html, text = joined(MAIL)
    mark = fields.mark("subscriber.name", "dear <reader>")
    assert "<title>Harbour &amp; &lt;sea&gt;</title>" in html
    assert mark in html
    assert mark not in text
    assert "dear &lt;reader&gt;" in joining.without_fields(html, html=True)
    assert names(joining.without_fields(html, html=True)) == set()


def test_pieces_stay_separate_so_that_their_bytes_can_be_shared() -> None:
    stories = [mail.story(TEMPLATES, ARTICLE, role, MAIL) for role in ("lead", "item")]
    frame = mail.frame(TEMPLATES, MAIL)
    html, text = joining.fill(frame, subject="s", preheader="p", intro=None, stories=stories, more=None)
    assert [piece for piece in html if any(piece is story.html for story in stories)] == [
        s.html for s in stories
    ]
    assert [piece for piece in text if any(piece is story.text for story in stories)] == [
        s.text for s in stories
    ]


def test_the_copy_for_browsers_names_nobody() -> None:
    web = replace(MAIL, web=True)
    html, text = joined(web)
    assert names(joining.without_fields(html, html=True)) | names(text) == set()
    assert "nsubscribe" not in html + text
    assert URL in html


def test_fields_of_an_own_template_give_their_fallbacks_in_the_copy_for_browsers(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail/footer.html").write_text(
        'Dear {{ subscriber.name | fallback("<you>") }}', encoding="utf-8"
    )
    templates = Templates([tmp_path, builtin()])
    assert "Dear &lt;you&gt;" in mail.frame(templates, replace(MAIL, web=True)).html
    assert fields.mark("subscriber.name", "<you>") in mail.frame(templates, MAIL).html


@pytest.mark.parametrize("stories", ["", "{{ slot.stories }}{{ slot.stories }}"])
def test_a_frame_without_one_place_for_its_stories_is_refused(tmp_path: Path, stories: str) -> None:
    shutil.copytree(builtin() / "mail", tmp_path / "mail")
    frame = tmp_path / "mail/frame.txt"
    frame.write_text(
        frame.read_text(encoding="utf-8").replace("{{ slot.stories }}", stories), encoding="utf-8"
    )
    with pytest.raises(ContentError, match=r"mail/frame-digest\.txt: slot\.stories: expected once"):
        mail.frame(Templates([tmp_path]), MAIL)


def test_a_story_is_complete_in_itself() -> None:
    story = mail.story(TEMPLATES, ARTICLE, "lead", MAIL)
    assert story == mail.story(TEMPLATES, ARTICLE, "lead", MAIL)
    assert "<style" not in story.html
    assert "font-family" in story.html
    assert story.html.startswith("<table")
    assert story.html.endswith("</table>")
    assert "Mr. Reis" not in mail.story(TEMPLATES, ARTICLE, "item", MAIL).text


def test_an_article_cannot_bring_fields_in() -> None:
    forged = fields.mark("subscriber.name") + "https://unsubscribe.field.invalid/"
    hidden = "&#xf5e0;subscriber.name&#xf5e1;&#xf5e2;<a href='https://view.field&#46;invalid/'>x</a>"
    article = replace(
        ARTICLE, title=forged, summary=forged, html=f"<p>{forged}{hidden}</p>", labels=(forged,)
    )
    for role in ("lead", "letter"):
        story = mail.story(TEMPLATES, article, role, MAIL)
        assert names(story.html) | names(story.text) == set()
    intro = mail.intro(TEMPLATES, forged + hidden, MAIL)
    assert names(intro.html) | names(intro.text) == set()
    line = mail.line(TEMPLATES, "{{ lead.title }}", place="p", lead=article, articles=[], mail=MAIL)
    assert names(line) == set()


LETTER_HTML = """
<p>a</p><script>x</script><style>p { color: red }</style><iframe src="https://x.example"></iframe>
<img src="https://a.example/wide.png" width="2000" height="9" srcset="x">
<img src="https://a.example/s.png" width="40">
<img src="data:image/png;base64,AA" alt="Inside."><img src="https://a.example/n.png" onerror="x">
<table class="t" width="900"><tr><td style="text-align:right" onclick="x">1</td></tr></table>
<pre style="background:red"><code class="x"><span style="color:#080">def</span></code></pre>
<h1>One</h1><h2>Two</h2>
<a href="javascript:x">j</a><a href="#part">part</a><sup><a href="#fn-1">1</a></sup>
<a href="#fnref-1">\u21a9\ufe0e</a>
<video src="https://a.example/v.mp4">no</video><input type="checkbox" checked>done
<form><button>b</button></form>
"""


def test_a_letter_carries_the_whole_article_fit_for_mail() -> None:
    story = mail.story(TEMPLATES, replace(ARTICLE, html=LETTER_HTML), "letter", LETTER)
    root = parser.fromstring(story.html)
    assert {i.get("src"): i.get("width") for i in root.iter("img")} == {
        "https://courier.example/boat.jpg": "552",
        "https://a.example/wide.png": "552",
        "https://a.example/s.png": "40",
        "https://a.example/n.png": "552",
    }
    assert not list(root.iter("script", "style", "iframe", "video", "form", "button", "input"))
    assert [a.get("href") for a in root.iterfind(".//a")][2:] == [
        None,
        f"{URL}#part",
        "https://a.example/v.mp4",
    ]
    assert [h.text for h in root.iter("h2")] == ["One", "Two"]
    cell = root.find(".//div[@class='body']//td")
    assert "text-align:right" in cell.get("style")
    assert "border-bottom" in cell.get("style")
    assert 'style="color:#080"' in story.html
    assert "background:red" not in story.html
    assert "onclick" not in story.html
    assert "onerror" not in story.html
    assert "srcset" not in story.html
    assert "Inside." in story.text
    assert "☑ done" in story.text
    assert "def" in story.text


def test_a_letter_says_its_summary_and_shows_its_picture_once() -> None:
    body = '<p>The council <b>voted</b> nine to eight.</p><p><img src="https://courier.example/boat.jpg"></p>'
    article = replace(ARTICLE, summary="The council voted nine to eight.", html=body)
    story = mail.story(TEMPLATES, article, "letter", LETTER)
    assert story.html.count("boat.jpg") == 1
    assert story.text.count("nine to eight") == 1


def test_right_to_left_by_language_or_by_the_title() -> None:
    html = mail.frame(TEMPLATES, replace(MAIL, language="he")).html
    assert '<html lang="he" dir="rtl">' in html
    by_title = mail.story(TEMPLATES, replace(ARTICLE, title="שלום"), "item", MAIL).html
    by_tag = mail.story(TEMPLATES, replace(ARTICLE, language="fa-AF"), "item", MAIL).html
    assert 'dir="rtl"' in by_title
    assert 'dir="rtl"' in by_tag
    assert 'dir="ltr"' in mail.story(TEMPLATES, ARTICLE, "item", MAIL).html


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ lead.title }}", ARTICLE.title),
        ("{{ articles | length }} stories, No. {{ number }}", "2 stories, No. 12"),
        ("a\r\nBcc: x\x00\u2028 b\t\tc", "a Bcc: x b c"),
        ("=?utf-8?q?x?= ==??", "utf-8?q?x?="),
        ('{{ subscriber.name | fallback("You") }}, today', fields.mark("subscriber.name", "You") + ", today"),
    ],
)
def test_a_line_is_one_plain_line(source: str, expected: str) -> None:
    got = mail.line(TEMPLATES, source, place="p", lead=ARTICLE, articles=[ARTICLE] * 2, mail=MAIL)
    assert got == expected


@pytest.mark.parametrize("source", ["{{ led.title }}", "{{ lead.title", "{{ subscriber.name | upper }}"])
def test_a_fault_in_a_line_names_the_key(source: str) -> None:
    with pytest.raises(ContentError, match=r"^newsletters\.daily\.subject: "):
        mail.line(TEMPLATES, source, place="newsletters.daily.subject", lead=ARTICLE, articles=[], mail=MAIL)


@pytest.mark.parametrize(
    ("summary", "sentences", "characters", "expected"),
    [
        ("One two. Three “four.” Five.", 2, 99, "One two. Three “four.”"),
        ("The U.S. President and Mr. Reis met.", 1, 99, "The U.S. President and Mr. Reis met."),
        ("one two three four", 1, 12, "one two…"),
        ("一文。二文。三文。", 2, 99, "一文。二文。"),
        ("", 3, 99, ""),
    ],
)
def test_teasers_end_with_a_sentence(summary: str, sentences: int, characters: int, expected: str) -> None:
    assert teaser(summary, sentences, characters) == expected


def test_bylines_read_as_sentences() -> None:
    ann, bo, cy = Author("Ann Lee", "Staff Writer"), Author("Bo Ek"), Author("Cy Oz")
    assert byline(()) == ""
    assert byline((ann,)) == "By Ann Lee, Staff Writer"
    assert byline((ann, bo)) == "By Ann Lee, Staff Writer, and Bo Ek"
    assert byline((bo, cy)) == "By Bo Ek and Cy Oz"


def every_accent() -> Iterator[str]:
    steps = ("00", "55", "aa", "ff")
    return (f"#{r}{g}{b}" for r in steps for g in steps for b in steps)


def test_text_can_be_read_in_both_schemes() -> None:
    for accent in every_accent():
        for palette in colours.palettes(accent):
            for ink in ("ink", "soft", "accent"):
                for ground in ("paper", "wash"):
                    assert colours.contrast(palette[ink], palette[ground]) >= 4.5, (accent, ink, ground)


def test_an_article_with_a_title_and_nothing_else() -> None:
    bare = replace(ARTICLE, summary="", html="", authors=(), labels=(), picture=None)
    roles: tuple[Role, ...] = ("lead", "item", "headline", "letter")
    for role in roles:
        story = mail.story(TEMPLATES, bare, role, MAIL)
        assert isinstance(story, Piece)
        assert ARTICLE.title in story.text.replace("\n", " ")


def test_a_letter_too_long_for_any_mail_ends_with_a_link() -> None:
    html = "".join(f"<p>Paragraph {n}. {'word ' * 100}</p>" for n in range(10_000))
    story = mail.story(TEMPLATES, replace(ARTICLE, html=f"<div>{html}</div>"), "letter", LETTER)
    assert len(story.html.encode()) < 102_000
    assert "Paragraph 50." in story.text
    assert "Paragraph 99." not in story.text
    assert f"Read on: {URL}" in story.text
    assert ">Read on</a>" in story.html


@pytest.mark.parametrize("tag", ["div", "blockquote", "b", "table><tr><td"])
def test_an_article_nested_without_end_is_read_all_the_same(tag: str) -> None:
    story = mail.story(TEMPLATES, replace(ARTICLE, html=f"<{tag}>" * 600 + "at the bottom"), "letter", LETTER)
    assert "bottom" in story.html
    assert "bottom" in story.text
