"""Pages and mail in other languages: nothing of the English is left, dates and direction are the reader's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import cache
from html import unescape
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from lxml import html as parser

from publisher import checking, cutting, gathering, publishing
from publisher.app import Publisher
from publisher.delivering import copies, opening, previewing
from publisher.delivering.messages import Composer
from publisher.editions import choice
from publisher.errors import ContentError
from publisher.languages import clock_time, direction, long_date, month
from publisher.model import fields
from publisher.model.articles import Author
from publisher.rendering import pages, stories
from publisher.rendering.environment import Templates
from publisher.store import catalogue, editions, ledger, notices

ROOT = Path(__file__).parents[2]
SITE = {"title": "Hafenkurier", "url": "https://courier.example", "language": "de"}
SITE |= {"postal_address": "Kai 1\nBremen", "timezone": "Europe/Berlin"}
NEWSLETTERS = {"daily": {"title": "Morgenpost", "max_articles": 2}}


@cache
def english() -> list[re.Pattern[str]]:
    """What a German page may not say: each sentence that German says otherwise, whatever is filled in."""
    with (ROOT / "publisher/languages/de.po").open("rb") as file:
        entries = [m for m in read_po(file, locale="de") if m.id]
    texts = [(text, m) for m in entries for text in ((m.id,) if isinstance(m.id, str) else m.id)]
    plain = [re.sub(r"<[^>]*>", "", text) for text, m in texts if m.string != text]
    spoken = [text for text in plain if re.search("[A-Za-z]{2}", re.sub(r"%\(\w+\)s", "", text))]
    parts = (map(re.escape, re.split(r"%\(\w+\)s", text)) for text in spoken)
    return [
        re.compile(r"\b" * p[0].isalpha() + p + r"\b" * p[-1].isalpha()) for p in map(".{0,90}".join, parts)
    ]


def leftover(text: str) -> list[str]:
    """English in a page, its attributes, or a text part."""
    said = [text]
    if text.lstrip().startswith("<"):
        root = parser.document_fromstring(text)
        for silent in root.xpath("//style|//script|//comment()"):
            silent.drop_tree()
        said = [root.text_content(), *root.xpath("//@aria-label|//@alt|//@title|//@content")]
    folded = [" ".join(part.split()) for part in said]
    return [p.pattern for p in english() if any(p.search(part) for part in folded)]


def cut(p: Publisher) -> None:
    request = cutting.asked(p.config, "daily", "daily", p.clock(), everybody=True)
    edition = cutting.cut(p.store, p.config, p.templates, request, p.clock()).edition
    assert edition
    opening.open_edition(p.store, edition, p.clock())


@pytest.fixture
def german(publication: Callable[..., Publisher], post: Callable[..., str]) -> Publisher:
    body = 'Der Kran ist weg. <video src="film.mp4"></video>'
    texts = {
        f"{n}.md": post(
            f"Kran {n}", f"2026-11-{n + 10}T09:05Z", "hafen", body=body, author=["Ann Lee", "Bo Ek"]
        )
        for n in range(4)
    }
    texts["c.md"] = post("Kran wieder da", "2026-11-20T09:05Z", correction="Er war nie weg.", author="Bo Ek")
    p = publication(articles=texts, publication=SITE, newsletters=NEWSLETTERS, topics={"hafen": ["hafen"]})
    gathering.gather(p.store, p.config, p.clock())
    return p


def mails(p: Publisher, *addresses: str) -> Iterator[previewing.Preview]:
    for address in addresses:
        yield previewing.preview(p.store, p.config, p.templates, p.keys, "daily/1", address, p.clock())


def test_a_german_digest_says_nothing_in_english(german: Publisher, subscribe: Callable[..., str]) -> None:
    subscribe(german, "a@example.org", topics=["hafen"], hour=7)
    cut(german)
    (mail,) = mails(german, "a@example.org")
    html, text = mail.html.decode(), mail.text.decode()
    assert leftover(html) == []
    assert leftover(text) == []
    root = parser.document_fromstring(html)
    assert (root.get("lang"), root.get("dir")) == ("de", "ltr")
    footer = " ".join(root.xpath("//td[@class='footer']")[0].text_content().split())
    assert footer.startswith(
        "Dies ist Nr. 1 von Morgenpost. Ihre Auswahl: Hafen, jeden Tag um 7 Uhr. Zu einem Feed wechseln"
    )
    assert "Morgenpost, Samstag, 21. November 2026, Nr. 1" in text
    assert "Von Ann Lee und Bo Ek" in text
    assert "Und 2 weitere Artikel" in html
    assert "Und 2 weitere Artikel: https://courier.example" in text


def test_german_pages_say_nothing_in_english(german: Publisher, subscribe: Callable[..., str]) -> None:
    subscribe(german, "a@example.org")
    cut(german)
    publishing.publish(german.store, german.config, german.templates)
    made = sorted(german.config.output.path.rglob("*.html"))
    assert len(made) >= 7
    for file in made:
        assert leftover(file.read_text(encoding="utf-8")) == [], file
    front = parser.parse(german.config.output.path / "index.html").getroot()
    assert front.xpath("//h2/time/text()")[0] == "Freitag, 20. November 2026"
    assert front.xpath("//a[@class='skip']/text()") == ["Zum Text springen"]
    article = next(text for f in made if "<h1>Kran wieder da" in (text := f.read_text(encoding="utf-8")))
    assert "Freitag, 20. November 2026, 10:05 Uhr" in article
    assert "<b><bdi>Korrektur:</bdi></b> Er war nie weg." in article
    frame = pages.Frame(german.templates, publishing.site.site_of(german.config))
    with german.store.read() as tx:
        shown = catalogue.listings(tx)[0].article
    for page in (
        pages.ask_unsubscribe(frame, "Morgenpost", "/x"),
        pages.unsubscribed(frame, "Morgenpost", {"RSS": "/f"}),
        pages.not_found(frame),
        pages.expired_link(frame),
        pages.withdrawn(frame, shown),
        pages.archive(frame, "Morgenpost", []),
        pages.index(frame, []),
    ):
        assert leftover(page) == []


def test_the_search_for_english_finds_it(german: Publisher) -> None:
    assert leftover("Read on: https://x.example")
    assert leftover("<html><p>This is No. 3 of Morgenpost, from <a>Hafenkurier</a>.</p></html>")
    assert leftover("<html><nav aria-label='More articles'>x</nav></html>")
    assert not leftover("<html><nav aria-label='Weitere Artikel'>Ein Film, Frühere Ausgaben</nav></html>")


def test_each_reader_gets_the_mail_in_their_language(
    german: Publisher, subscribe: Callable[..., str], tmp_path: Path
) -> None:
    """One edition, four languages: with words of ours, of the publication's own, and with none."""
    own = tmp_path / "templates/words/fr.po"
    own.parent.mkdir(parents=True)
    own.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "Unsubscribe"\nmsgstr "Se désabonner"\n\n'
        'msgid "all topics"\nmsgstr "tous les sujets"\n\n'
        'msgid "%(topics)s, every day at %(hour)s"\nmsgstr "%(topics)s, chaque jour à %(hour)s h"\n',
        encoding="utf-8",
    )
    for language in ("de-AT", "en-GB", "fr", "ar"):
        subscribe(german, f"{language}@example.org", language=language, hour=7)
    cut(german)
    with german.store.read() as tx:
        rows = {row.address.partition("@")[0]: row for row in ledger.rows(tx, 1)}
    chosen = {tag: row.fields["subscription.choice"] for tag, row in rows.items()}
    assert chosen == {
        "de-AT": "alle Themen, jeden Tag um 7 Uhr",
        "en-GB": "all topics, every day at 7",
        "fr": "tous les sujets, chaque jour à 7 h",
        "ar": "all topics, every day at 7",
    }
    austrian, british, french, arabic = mails(
        german, *(f"{tag}@example.org" for tag in ("de-AT", "en-GB", "fr", "ar"))
    )
    assert "Abbestellen" in austrian.html.decode()
    assert leftover(austrian.text.decode()) == []
    assert "Saturday 21 November 2026, No. 1" in british.text.decode()
    assert "samedi 21 novembre 2026, No. 1" in french.text.decode()
    assert "Se désabonner: https" not in french.text.decode(), "that sentence is another, and has no words"
    assert ">Se désabonner<" in french.html.decode()
    root = parser.document_fromstring(arabic.html.decode())
    assert (root.get("lang"), root.get("dir")) == ("ar", "rtl")
    footer = root.xpath("//td[contains(@class, 'footer')]")[0]
    assert (footer.get("lang"), footer.get("dir")) == ("en", "ltr"), "English words are marked as such"
    assert "السبت، 21 نوفمبر 2026" in root.text_content()
    assert root.xpath("//td[contains(@class, 'column')]/@align") == ["right"]
    for mail in (austrian, british, french):
        assert not parser.document_fromstring(mail.html.decode()).xpath(
            "//td[contains(@class,'footer')]/@lang"
        )


def test_a_test_copy_is_marked_in_the_language_of_the_edition(
    german: Publisher, subscribe: Callable[..., str]
) -> None:
    subscribe(german, "a@example.org")
    cut(german)
    with german.store.read() as tx:
        edition = editions.listed(tx)[0]
    composer = Composer(german.store, german.config, german.keys)
    ids = copies.queue_copies(composer, edition, ["b@example.org"], german.clock())
    with german.store.read() as tx:
        (row,) = notices.listed(tx, ids=ids)
    assert row.subject.startswith("[Probe] Kran")


def test_check_names_faults_and_what_a_language_lacks(
    publication: Callable[..., Publisher], tmp_path: Path
) -> None:
    words = tmp_path / "templates/words"
    words.mkdir(parents=True)
    p = publication(publication=SITE | {"language": "ja"}, newsletters={})
    (words / "fr.po").write_text('msgid "Older"\nmsgstr "Avant"\n', encoding="utf-8")
    (words / "da.po").write_text('msgid "By %(names)s"\nmsgstr "Af %(navne)s"\n', encoding="utf-8")
    found = {f.place: f for f in checking.check(p.config, None)}
    broken = found[f"{words / 'da.po'}:1"]
    assert (broken.level, broken.message[:12]) == ("error", "%(navne)s is")
    lacking = found[str(words / "fr.po")]
    assert (lacking.level, lacking.rule) == ("warning", "words")
    assert re.fullmatch(r"fr: \d+ of \d+ sentences \(99 %\) are said in English", lacking.message)
    assert re.fullmatch(r"ja: (\d+) of \1 sentences \(100 %\) .*", found["publication.language"].message)
    assert len(found) == 3, "German is complete, and the broken one is named once"


@pytest.mark.parametrize(
    ("language", "day", "of_month", "time", "way"),
    [
        ("de", "Samstag, 21. November 2026", "November 2026", "07:05", "ltr"),
        ("en", "Saturday 21 November 2026", "November 2026", "07:05", "ltr"),
        ("fr", "samedi 21 novembre 2026", "novembre 2026", "07:05", "ltr"),
        ("ja", "2026年11月21日土曜日", "2026年11月", "7:05", "ltr"),
        ("ar", "السبت، 21 نوفمبر 2026", "نوفمبر 2026", "7:05 ص", "rtl"),
        ("tlh", "Saturday 21 November 2026", "November 2026", "07:05", "ltr"),
    ],
)
def test_dates_are_written_as_a_language_writes_them(
    language: str, day: str, of_month: str, time: str, way: str
) -> None:
    at = datetime(2026, 11, 21, 7, 5, tzinfo=UTC)
    assert long_date(at, language) == long_date(date(2026, 11, 21), language) == day
    assert month(at, language) == of_month
    assert clock_time(at, language) == time
    assert direction(language) == way


@pytest.mark.parametrize(
    ("language", "asked", "said"),
    [
        ("en", (["a", "local-news", "b"], "weekly", 9, 6, 1), "A, Local News and B, every Sunday at 9"),
        ("en-US", (["world"], "monthly", 7, 0, 22), "World, on the 22nd of every month at 7"),
        ("en", ([], "instant", 7, 0, 1), "no topics, as soon as they appear"),
        ("de", (["rat", "kunst", "see"], "weekly", 9, 5, 1), "Rat, Kunst und See, jeden Samstag um 9 Uhr"),
        ("de-CH", (None, "monthly", 0, 0, 31), "alle Themen, am 31. jedes Monats um 0 Uhr"),
        ("de", (None, "instant", 7, 0, 1), "alle Themen, sobald etwas erscheint"),
        ("ja", (["world", "art"], "weekly", 7, 0, 1), "World and Art, every Monday at 7"),
    ],
)  # fmt: skip
def test_a_choice_in_words(
    language: str, asked: tuple[list[str] | None, str, int, int, int], said: str
) -> None:
    assert choice.words(*asked, language) == said


def test_bylines_in_german() -> None:
    ann, bo, cy = Author("Ann Lee", "Redaktion"), Author("Bo Ek"), Author("Cy Oz")
    assert stories.byline((bo, cy, ann), "de") == "Von Bo Ek, Cy Oz und Ann Lee, Redaktion"
    assert stories.byline((ann, bo), "de") == "Von Ann Lee, Redaktion, und Bo Ek"
    assert stories.byline((bo, cy, bo), "ar") == "By Bo Ek, Cy Oz, and Bo Ek"


@pytest.mark.parametrize("name", ["mail/a.html", "mail/a.txt"])
def test_what_stands_for_an_empty_field_is_translated_too(tmp_path: Path, name: str) -> None:
    """In a sentence or by itself; what nobody translates stays, and is no markup."""
    (tmp_path / "mail").mkdir()
    (tmp_path / name).write_text(
        "{% trans who=subscriber.name | fallback(_('this newsletter')) %}You get {{ who }}{% endtrans %} "
        "{{ subscriber.name | fallback('<you> & \"us\"') }}",
        encoding="utf-8",
    )
    said = Templates([tmp_path]).render(name, language="de")
    found = [part for part in fields.split(said) if isinstance(part, fields.Field)]
    plain = [unescape(field.fallback) if name.endswith("html") else field.fallback for field in found]
    assert plain == ["dieser Newsletter", '<you> & "us"']
    assert ("<you>" in said) == name.endswith("txt")


@pytest.mark.parametrize("written", ["_(x)", "_('a', 'b')", "_('a') ~ 'b'", "gettext"])
def test_only_a_sentence_may_stand_for_an_empty_field(tmp_path: Path, written: str) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail/a.txt").write_text(
        f"\n{{{{ subscriber.name | fallback({written}) }}}}", encoding="utf-8"
    )
    with pytest.raises(ContentError, match=r"mail/a\.txt:2: subscriber\.name: only"):
        Templates([tmp_path]).render("mail/a.txt", x="y")


def test_words_in_an_attribute_cannot_end_it(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "words/fr.po").write_text(
        'msgid "Follow %(title)s"\nmsgstr "\\"Suivre\\" <%(title)s>"\n', encoding="utf-8"
    )
    (tmp_path / "a.html").write_text(
        '<nav aria-label="{{ _("Follow %(title)s", title=title) | in_quotes }}">x</nav>', encoding="utf-8"
    )
    page = parser.fromstring(Templates([tmp_path]).render("a.html", language="fr", title='A "b" & c'))
    assert dict(page.attrib) == {"aria-label": '"Suivre" <A "b" & c>'}
