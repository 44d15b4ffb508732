"""`check` names every problem with its place, changes nothing, and says nothing of a sound publication."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher import checking, config
from publisher.app import compose
from publisher.checking import Finding
from publisher.subscribing import Choice, subscribe

SOUND = """
publication: {title: Courier, url: "https://courier.example", postal_address: "1 Quay, Haven"}
newsletters:
  daily: {from: "Courier <daily@courier.example>"}
"""


def publication(folder: Path, text: str = SOUND, **files: str) -> config.Config:
    (folder / "content").mkdir(exist_ok=True)
    for name, body in {"content/a.md": "---\ntitle: One\ndate: 2026-11-01\n---\nText.", **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")
    return config.parse(text, folder / "config.yaml")


def found(folder: Path, text: str = SOUND, **files: str) -> list[Finding]:
    return checking.check(publication(folder, text, **files), None)


def test_a_sound_publication_has_nothing_to_complain_of(tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert found(tmp_path) == []
    made = [p for p in sorted(tmp_path.rglob("*")) if p not in before and "content" not in p.parts]
    assert made == [], "a check makes no file"


def test_a_broken_article_is_named_with_its_line_and_the_others_go_on(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        **{
            "content/b.md": "---\ntitle: Two\ndate: tomorrow\n---\nText.",
            "content/c.md": "---\ntitle: Three\n---\n![](x.png)",
        },
    )
    assert [(f.place, f.level, f.rule) for f in findings] == [
        ("b.md:3", "error", "article"),
        ("c.md", "warning", "alternative text"),
        ("c.md", "warning", "file"),
    ]
    assert "x.png, which is not there" in findings[2].message


def test_a_link_to_an_article_that_is_not_there_is_named(tmp_path: Path) -> None:
    body = (
        "---\ntitle: Two\ndate: 2026-11-01\n---\n[a](a.md) [b]({% post_url gone %}) [c](lost.md) [d](/about)"
    )
    findings = found(tmp_path, **{"content/b.md": body})
    assert [(f.place, f.rule, f.message) for f in findings] == [
        ("b.md", "link", "there is no article gone to link to"),
        ("b.md", "link", "there is no article lost.md to link to"),
    ]


@pytest.mark.parametrize(
    ("template", "text", "line", "said"),
    [
        ("mail/lead.html", "<p>\n{{ nobody.name }}</p>", 2, "nobody"),
        ("mail/item.html", "<p>{% if %}</p>", 1, ""),
        ("pages/article.html", "\n\n{{ missing }}", 3, "missing"),
        ("mail/lead.html", '<p>\n<a title="{{ subscriber.name }}">x</a></p>', 2, "subscriber.name"),
        ("mail/lead.html", "<p>{{ subscriber.name | upper }}</p>", 1, "subscriber.name"),
    ],
)
def test_a_fault_in_a_template_has_its_file_and_line(
    tmp_path: Path, template: str, text: str, line: int, said: str
) -> None:
    second = {"content/b.md": "---\ntitle: Two\ndate: 2026-11-02\n---\nText."}
    findings = found(tmp_path, **{f"templates/{template}": text}, **second)
    errors = [f for f in findings if f.level == "error"]
    assert errors
    assert all(f.rule == "template" for f in errors)
    assert errors[0].place == f"{tmp_path}/templates/{template}:{line}"
    assert said in errors[0].message


def test_a_mail_server_that_nobody_can_use_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_VARIABLE", raising=False)
    findings = found(
        tmp_path,
        """
newsletters: {daily: {from: me@host.localdomain}}
mail: {transport: smtp, smtp: {host: mx.example, username: me, password_env: NO_SUCH_VARIABLE}}
""",
    )
    rules = {f.rule: f for f in findings}
    assert "NO_SUCH_VARIABLE" in rules["mail server"].message
    assert rules["links"].place == "publication.url"
    assert rules["sender"].place == "newsletters.daily.from"
    assert rules["postal address"].level == "warning"


def test_a_subject_that_cannot_stand_in_a_header_and_a_source_that_is_gone(tmp_path: Path) -> None:
    text = SOUND + "sources: [{path: nowhere/}]\n"
    (missing,) = found(tmp_path, text)
    assert missing.place == str(tmp_path / "nowhere")
    assert missing.level == "error"


def test_topics_that_lead_nowhere(tmp_path: Path) -> None:
    text = """
publication: {postal_address: x}
topics: {world: [News], sport: [Football]}
newsletters: {daily: {topics: [world, sprot]}}
feeds: {sport: {topics: [sport]}}
"""
    findings = found(tmp_path, text, **{"content/a.md": "---\ntitle: One\ncategory: News\n---\nText."})
    assert [(f.place, f.level) for f in findings] == [
        ("newsletters.daily.topics", "error"),
        ("feeds.sport.topics", "warning"),
    ]


def test_subscribers_of_a_topic_that_left_the_configuration_are_counted(tmp_path: Path) -> None:
    text = SOUND + "topics: {world: [News], sport: [Football]}\n"
    before = publication(
        tmp_path, text, **{"content/a.md": "---\ntitle: One\ntags: [News, Football]\n---\nText."}
    )
    opened = compose(before, tmp_path)
    for name in ("a", "b"):
        choice = Choice(f"{name}@reader.example", "daily", "confirmed", topics=("sport",))
        subscribe(opened.store, before, choice, opened.clock())
    after = config.parse(SOUND + "topics: {world: [News]}\n", tmp_path / "config.yaml")
    findings = checking.check(after, opened.store)
    opened.close()
    assert ["2 subscriptions" in f.message for f in findings if f.rule == "topic"] == [True]


def test_what_is_shown_of_the_configuration_holds_no_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2")
    text = "mail: {smtp: {host: localhost, username: me, password_file: secret}}"
    shown = "\n".join(checking.shown(publication(tmp_path, text)))
    assert "mail.smtp.password_file" in shown
    assert "hunter2" not in shown
