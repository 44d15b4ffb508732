"""The store's tables: made at once or by the migrations they are the same, and what was there stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from publisher.errors import StoreError
from publisher.model.articles import Author
from publisher.store import Store, anew, article_texts, catalogue, connect, open_store, outlines
from publisher.store.migrating import HEAD, OLDEST, migrate, upgrade, version
from publisher.store.schema import article_words

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
BEFORE_THE_TEXT_WAS_APART = "0007"
HTML = '<p>Half \\ the "budget", and \u2028 a \U0001f33b</p>'


def made(store: Store) -> str:
    with store.read() as tx:
        return anew.statements(tx)


def test_tables_made_at_once_are_those_of_the_migrations(tmp_path: Path) -> None:
    old, new = connect(tmp_path / "old.db"), connect(tmp_path / "new.db")
    upgrade(old)
    assert migrate(new)
    assert made(new) == made(old) == anew.FILE.read_text("utf-8"), "make tables"
    for store in (old, new):
        assert version(store) == HEAD
        with store.read() as tx:
            assert tx.scalar(text("SELECT oldest FROM alembic_version")) == OLDEST
        assert not migrate(store)
        store.close()


@pytest.fixture
def old_store(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store of the version before articles had their texts apart."""
    postgres = database == "postgresql"
    url = request.getfixturevalue("databases").create() if postgres else "sqlite:///store.db"
    store = open_store(url, tmp_path)
    upgrade(store, BEFORE_THE_TEXT_WAS_APART)
    yield store
    store.close()


def written(html: str, **more: Any) -> dict[str, Any]:
    """What a program of that version keeps of an article."""
    return {
        "key": "0123456789abcdef",
        **{"id": "a", "path": "a.md", "slug": "a", "url": "https://example.org/a", "title": "Vögel"},
        **{"summary": "Short.", "html": html, "published_at": NOW.isoformat(), "updated_at": NOW.isoformat()},
        "authors": [{"name": "Ada"}],
        **more,
    }


def insert(store: Store, data: dict[str, Any]) -> None:
    with store.write() as tx:
        about = {
            "id": data["id"],
            "path": data["id"],
            "slug": data["id"],
            "data": json.dumps(data),
            "now": NOW.isoformat(" "),
        }
        tx.execute(text(INSERT), about)


def test_texts_are_found_after_they_were_set_apart(old_store: Store) -> None:
    insert(old_store, written(HTML))
    assert migrate(old_store)
    with old_store.read() as tx:
        (listing,) = catalogue.listings(tx)
        (outline,) = outlines.outlines(tx)
        whole = article_texts.from_text(outlines.texts(tx, ["a"])["a"])
        words: Any = tx.execute(select(article_words)).one()
    assert listing.article == whole
    assert (whole.html, whole.title, whole.authors) == (HTML, "Vögel", (Author("Ada"),))
    assert (outline.key, outline.article.html) == ("0123456789abcdef", "")
    assert "Vögel" in words.words


INSERT = """INSERT INTO articles
    (id, source, path, stamp, explicit_id, body_hash, slug, status, published_at, revision, topics, data)
    VALUES (:id, 'content', :path, '', '', '', :slug, 'published', :now, 1, '[]', :data)"""


def test_who_cannot_work_on_the_new_tables_must_be_stopped_first(old_store: Store) -> None:
    with old_store.hold("early"), pytest.raises(StoreError, match=r"worker early\).* stop it first"):
        migrate(old_store)
    assert version(old_store) == BEFORE_THE_TEXT_WAS_APART
    assert migrate(old_store)
    assert version(old_store) == HEAD


def test_what_an_earlier_program_wrote_after_all_is_read_as_it_meant(old_store: Store) -> None:
    insert(old_store, written(HTML))
    assert migrate(old_store)
    insert(old_store, written("<p>New.</p>", id="b"))
    with old_store.write() as tx:
        tx.execute(
            text("UPDATE articles SET data = :data WHERE id = 'a'"),
            {"data": json.dumps(written("<p>Edited.</p>"))},
        )
    with old_store.read() as tx:
        assert {x.article.id: x.article.html for x in catalogue.listings(tx)} == {
            "a": "<p>Edited.</p>",
            "b": "<p>New.</p>",
        }
        assert {article_texts.from_text(one).html for one in outlines.texts(tx, "ab").values()} == {
            "<p>Edited.</p>",
            "<p>New.</p>",
        }
        assert [x.article.html for x in outlines.outlines(tx)] == ["", ""]
