"""Laws of feeds: any text gives valid documents, and the same input gives the same bytes everywhere."""

from __future__ import annotations

import json
import locale
import os
import subprocess
import sys
import threading

import feed_samples
import pytest
from feed_samples import NOON, PICTURED, article, assert_valid_atom, documents
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from publisher.config.public import Feed, Publication
from publisher.feeds import render
from publisher.model.articles import Article, Asset, Author, Picture

ANY = st.text(
    st.characters() | st.sampled_from("\x00\x08\x0b\x0c\x1b\ud800\udfff\ufffe\uffff]<>&\"'\r\n\u2028")
)


@pytest.mark.usefixtures("wild_input")
@given(
    texts=st.lists(ANY, min_size=14, max_size=14),
    sized=st.booleans(),
    whole=st.sampled_from(["full", "summary"]),
)
@settings(max_examples=150, deadline=None)
def test_any_text_in_any_field_gives_valid_documents(texts: list[str], sized: bool, whole: str) -> None:
    t = iter(texts)
    wild = Article(
        id=next(t),
        path="a.md",
        slug="a",
        url=next(t),
        title=next(t),
        summary=next(t),
        html=next(t) + "]]>" + next(t),
        published_at=NOON,
        updated_at=NOON,
        authors=(Author(next(t)), Author(next(t))),
        labels=(next(t), next(t)),
        picture=Picture(next(t) + "/a.png", next(t), next(t), ""),
        assets=(Asset("a.mp3", texts[1] + ".mp3"),),
        language=next(t),
    )
    sizes = {wild.picture.url: 1, wild.assets[0].url: 2} if wild.picture and sized else {}
    made = documents(wild, PICTURED, content=whole, sizes=sizes)
    assert_valid_atom(made["atom.xml"])
    assert len(etree.fromstring(made["feed.xml"]).findall("channel/item")) == 2
    assert len(json.loads(made["feed.json"])["items"]) == 2


def test_settings_hold_any_text_too() -> None:
    odd = "Courier \ud800\ufffe <&>"
    publication = Publication(title=odd, description=odd, url="https://courier.example/\uffff")
    made = render("main", Feed(title=odd, description=odd), publication, [article(authors=())])
    assert_valid_atom(made[1].body)
    assert etree.fromstring(made[0].body).find("channel/title").text == "Courier <&>"


@pytest.mark.usefixtures("wild_input")
def test_an_article_of_five_megabytes() -> None:
    html = "<p>" + "tide \x08" * 900_000 + "</p>"
    made = documents(article(html=html))
    assert_valid_atom(made["atom.xml"])
    assert json.loads(made["feed.json"])["items"][0]["content_html"] == html.replace("\x08", "")


IN_ANOTHER_PROCESS = """
import sys, hashlib, runpy
feeds = runpy.run_path(sys.argv[1])
stories = [feeds["article"](n) for n in range(1, 20)]
made = feeds["documents"](*stories, feeds["PICTURED"], sizes=feeds["SIZES"])
print(hashlib.sha256(b"".join(made.values())).hexdigest())
"""


def test_bytes_are_the_same_in_any_process() -> None:
    def digest(**environment: str) -> str:
        command = [sys.executable, "-c", IN_ANOTHER_PROCESS, feed_samples.__file__]
        done = subprocess.run(
            command, env=os.environ | environment, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout

    here = digest(TZ="UTC", LC_ALL="C", PYTHONHASHSEED="1")
    assert here == digest(TZ="Asia/Kolkata", LC_ALL="C.UTF-8", PYTHONHASHSEED="2", PYTHONUTF8="0")
    assert len(here) == 65


def test_the_locale_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> str:
        raise AssertionError("setlocale changes every thread")

    monkeypatch.setattr(locale, "setlocale", refuse)
    assert b"Sat, 21 Nov 2026 13:00:00 +0000" in documents(article())["feed.xml"]


def test_threads_render_at_once() -> None:
    stories = [article(n) for n in range(1, 20)]
    alone = documents(*stories)
    found: list[dict[str, bytes]] = []
    threads = [threading.Thread(target=lambda: found.append(documents(*stories))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [alone] * 4
