"""Phrasebooks: whole, right, found in order, and refused by file and line where a sentence would break."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from publisher.errors import ContentError
from publisher.languages import Phrasebooks, po_files
from publisher.languages.po_files import placeholders
from publisher.rendering.environment import Templates

ROOT = Path(__file__).parents[2]
OURS = sorted((ROOT / "publisher/languages").glob("*.po"))
TAG = re.compile(r"</?\w+")


@cache
def extracted() -> dict[str, Message]:
    """Every sentence in templates and Python, as `make words` finds them."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    catalog = Catalog()
    for _, line, text, _, context in extract_from_dir(str(ROOT), methods, options):
        catalog.add(text, context=context, lineno=line)
    return {one(message): message for message in catalog if message.id}


def one(message: Message) -> str:
    return message.id if isinstance(message.id, str) else str(message.id[0])


def strings(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def translated(file: Path) -> dict[str, Message]:
    with file.open("rb") as opened:
        return {one(m): m for m in read_po(opened, locale=file.stem, abort_invalid=True) if m.id}


def po(entries: str, plurals: str = "nplurals=2; plural=(n != 1);") -> str:
    head = f"Content-Type: text/plain; charset=utf-8\\nPlural-Forms: {plurals}\\n"
    return f'msgid ""\nmsgstr "{head}"\n\n{entries}'


def entry(text: str, words: str) -> str:
    quoted = (part.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for part in (text, words))
    return 'msgid "{}"\nmsgstr "{}"\n\n'.format(*quoted)


def test_the_extraction_finds_sentences_of_both_kinds() -> None:
    assert {"By %(names)s", "View in browser", "And %(count)s more", "this newsletter"} <= extracted().keys()
    assert extracted()["And %(count)s more"].id == ("And %(count)s more", "And %(count)s more")


@pytest.mark.parametrize("file", OURS, ids=lambda f: f.stem)
def test_ours_say_every_sentence_with_all_that_is_filled_in(file: Path) -> None:
    """`make words` brings new sentences into the files; the words are a person's to write."""
    found = translated(file)
    assert sorted(extracted().keys() - found.keys()) == [], "new: run `make words`, then translate"
    assert sorted(found.keys() - extracted().keys()) == [], "no longer said: run `make words`"
    for text, message in found.items():
        assert not message.fuzzy, text
        assert message.id == extracted()[text].id
        assert strings(message), text
        for string in strings(message):
            assert string.strip() == string, text
            assert string, f"no words for {text!r}"
            # the form for one may say it in a word
            ids = [message.id] if isinstance(message.id, str) else message.id
            needed = frozenset().union(*(placeholders(text) or () for text in ids))
            loose = {"count"} if len(ids) > 1 else set[str]()
            found_in = placeholders(string)
            assert found_in is not None, string
            assert needed - loose <= found_in <= needed, text
            assert Counter(TAG.findall(string)) == Counter(TAG.findall(text)), text
            assert text[-1] not in ".?:" or string[-1] in ".?:", text
            assert "!" not in string


def test_german_is_german() -> None:
    """A sentence that was copied and not translated; these are the same in both."""
    copied = {text for text, message in translated(OURS[0]).items() if text in strings(message)}
    assert copied <= {"Feeds:", "%(title)s:", "Name", "Newsletter", "Status", "Export"}


def test_nothing_is_said_past_the_phrasebooks() -> None:
    """Between the tags of the templates stand no words of their own."""
    for file in sorted(ROOT.glob("templates/[dmp]*/*.*")):
        if file.suffix in (".html", ".txt") and file.name != "robots.txt":
            assert list(bare(file.read_text(encoding="utf-8"))) == [], file


def bare(template: str) -> Iterator[str]:
    text = re.sub(r"\{#.*?#\}|<!--.*?-->|<code\b.*?</code>|<style.*?</style>", " ", template, flags=re.DOTALL)
    text = re.sub(r"\{% block \w+_class %\}.*?\{% endblock %\}", " ", text)
    text = re.sub(r"\{%-? *trans\b.*?endtrans *[-+]?%\}", " ", text, flags=re.DOTALL)
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", text, flags=re.DOTALL)
    spoken = re.findall(r"""(?:alt|title|aria-label|placeholder)="([^"]*)\"""", text)
    for words in (*spoken, re.sub(r"""<[^>]*>|&#?\w+;|[\w-]+="[^"]*\"""", " ", text)):
        yield from re.findall(r"[^\W\d_]{2,}", words)


def test_parts_of_pages_know_the_language() -> None:
    """A macro that is imported without context would say everything in English."""
    for file in (ROOT / "templates").rglob("*.html"):
        for line in re.findall(r"\{%-? *(?:import|from).*?%\}", file.read_text(encoding="utf-8")):
            assert "with context" in line, (file, line)


def test_a_publications_own_words_go_before_ours_and_the_nearer_language_first(tmp_path: Path) -> None:
    (tmp_path / "de.po").write_text(po(entry("Read on", "Hier weiter")), encoding="utf-8")
    (tmp_path / "de-AT.po").write_text(po(entry("Older", "Früher")), encoding="utf-8")
    (tmp_path / "fr.po").write_text(po(entry("Older", "")), encoding="utf-8")
    books = Phrasebooks([tmp_path])
    said = [books.of("de-AT").gettext(text) for text in ("Older", "Read on", "Newer", "Nobody says this")]
    assert said == ["Früher", "Hier weiter", "Neuer", "Nobody says this"]
    assert books.of("de").gettext("Older") == "Älter"
    assert books.of("fr").gettext("Older") == "Older", "an empty entry is a gap"
    assert books.of("../../etc/x").gettext("Older") == "Older"
    assert books.of("DE-at").gettext("Older") == "Früher", "a tag is the same in any letters"
    assert books.known() == ["de", "de-AT", "en", "fr"]
    assert [books.spoken(tag) for tag in ("de-CH", "fr", "ar", "en-GB")] == ["de-CH", "fr", "en", "en-GB"]


def test_what_a_language_lacks_is_counted(tmp_path: Path) -> None:
    (tmp_path / "fr.po").write_text(po(entry("Older", "Avant") + entry("Not ours", "x")), encoding="utf-8")
    books, every = Phrasebooks([tmp_path]), len(extracted())
    assert books.lacking("de-AT") == books.lacking("en-GB") == (0, every)
    assert books.lacking("fr") == (every - 1, every)
    assert books.lacking("ar") == (every, every)


POLISH = "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);"
ARTICLES = """msgid "%(count)s article"
msgid_plural "%(count)s articles"
msgstr[0] "%(count)s artykuł"
msgstr[1] "%(count)s artykuły"
msgstr[2] "%(count)s artykułów"
"""


def test_a_language_has_as_many_forms_as_it_has(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "words/pl.po").write_text(po(ARTICLES, POLISH), encoding="utf-8")
    (tmp_path / "a.html").write_text(
        "{% trans count=n %}{{ count }} article{% pluralize %}{{ count }} articles{% endtrans %}",
        encoding="utf-8",
    )
    templates = Templates([tmp_path])
    said = [templates.render("a.html", n=n, language="pl") for n in (1, 3, 5, 12, 22, 112)]
    assert said == [
        "1 artykuł",
        "3 artykuły",
        "5 artykułów",
        "12 artykułów",
        "22 artykuły",
        "112 artykułów",
    ]


@pytest.mark.parametrize(
    ("body", "line", "reason"),
    [
        (po(entry("Older", "Avant") + entry("By %(names)s", "Par %(nams)s")), 7, r"%\(nams\)s is not in"),
        (po(entry("By %(names)s", "Par %(names)s à 100 %")), 4, "expected %%"),
        (po(entry("By %(names)s", "Par %s")), 4, "expected %%"),
        (po('msgid "Older"\nmsgsrt "Avant"\n'), 5, "misformatted keyword"),
        (po(entry("Older", "Avant"), "nplurals=x"), 0, "cannot be read"),
        ("\xff\xfe nothing", 1, "misformatted"),
    ],
)
def test_a_broken_one_is_one_line_with_its_place(tmp_path: Path, body: str, line: int, reason: str) -> None:
    file = tmp_path / "fr.po"
    file.write_text(body, encoding="utf-8")
    with pytest.raises(ContentError, match=reason) as caught:
        Phrasebooks([tmp_path]).of("fr")
    assert caught.value.path == str(file)
    assert caught.value.line == line
    assert "\n" not in str(caught.value)


SENTENCES = (
    st.text(st.sampled_from("ab %s()dé{}<&\"'\\"), min_size=1, max_size=12).map(str.strip).filter(bool)
)


@given(SENTENCES)
def test_no_sign_of_percent_in_a_sentence_breaks_it(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """What stands in `trans` comes out as it is, whatever it holds."""
    folder = tmp_path_factory.mktemp("percent")
    safe = text.replace("{", "(").replace("}", ")")
    (folder / "a.txt").write_text(
        "{% trans x=x %}" + safe + "{{ x }}{% endtrans %}|{% trans %}" + safe + "{% endtrans %}",
        encoding="utf-8",
    )
    assert Templates([folder]).render("a.txt", x="%(x)s", language="de") == f"{safe}%(x)s|{safe}"


@given(SENTENCES, SENTENCES)
def test_words_are_put_together_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str, words: str
) -> None:
    """A translation never breaks a page when it is rendered: it was refused when it was read."""
    folder = tmp_path_factory.mktemp("words")
    (folder / "words").mkdir()
    msgid = text.replace("%", "%%").replace("{", "(").replace("}", ")")
    (folder / "words/fr.po").write_text(po(entry(msgid, words)), encoding="utf-8")
    (folder / "a.txt").write_text(
        "{% trans %}" + msgid.replace("%%", "%") + "{% endtrans %}", encoding="utf-8"
    )
    templates = Templates([folder])
    if placeholders(words) == frozenset():
        assert templates.render("a.txt", language="fr") == words.replace("%%", "%")
    else:
        with pytest.raises(ContentError):
            templates.render("a.txt", language="fr")


def test_sentences_of_a_file_are_those_with_words() -> None:
    assert {text for _, text in po_files.sentences(OURS[0])} == extracted().keys()
