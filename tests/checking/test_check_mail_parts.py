"""The judge of mails: our own templates are sound, and each way to spoil them is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher import checking
from publisher import config as configuration
from publisher.rendering.environment import builtin

CONFIG = """
publication: {title: Courier, url: "https://courier.example", postal_address: "Courier\\n1 Quay, Haven"}
newsletters:
  daily: {from: "Courier <daily@courier.example>"%s}
"""
POST = "---\ntitle: The ferry\ndate: 2026-11-0%d\nimage: https://courier.example/a.png\n---\nText and more.\n"


def found(folder: Path, subject: str = "", **templates: str) -> set[str]:
    for number in (1, 2, 3):
        (folder / "content").mkdir(exist_ok=True)
        (folder / f"content/{number}.md").write_text(POST % number)
    for name, text in templates.items():
        file = folder / "templates/mail" / name.replace("_html", ".html").replace("_txt", ".txt")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    config = configuration.parse(CONFIG % subject, folder / "config.yaml")
    return {f.rule for f in checking.check(config, None) if f.place == "newsletters.daily"}


def ours(name: str, old: str, new: str) -> str:
    text = (builtin() / "mail" / name).read_text(encoding="utf-8")
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize("template", ["digest", "letter"])
def test_our_own_mails_have_nothing_to_complain_of(tmp_path: Path, template: str) -> None:
    assert found(tmp_path, f", template: {template}") == set()


@pytest.mark.parametrize(
    ("rule", "name", "old", "new"),
    [
        ("unsubscribe link", "footer.html", '<a class="small-link" href="{{ unsubscribe_url }}">', "<a>"),
        ("unsubscribe link", "footer.html", "{% trans %}Unsubscribe{% endtrans %}", ""),
        ("unsubscribe link", "footer.html", "<p>", '<p style="display: none">'),
        ("unsubscribe link", "footer.txt", "url=unsubscribe_url", "url=preferences_url"),
        ("mail html", "item.html", "", "<script>x</script>"),
        ("mail html", "item.html", "", "<form></form>"),
        ("mail html", "item.html", "", '<p onclick="x()">x</p>'),
        ("mail html", "item.html", "", '<a href="javascript:x()">x</a>'),
        ("mail html", "item.html", "", '<img alt="" src="data:image/png;base64,AAAA">'),
        ("mail address", "item.html", "", '<a href="/news/">x</a>'),
        ("mail address", "item.html", "", '<img alt="" src="logo.png">'),
        ("alternative text", "item.html", "", '<img src="https://courier.example/x.png">'),
        ("language", "frame.html", ' lang="{{ language }}"', ""),
        ("text part", "item.txt", "", "<p>x</p>"),
        ("hidden text", "item.html", "", '<p style="display:none">win</p>'),
    ],
)  # fmt: skip
def test_whatever_is_spoiled_is_found(tmp_path: Path, rule: str, name: str, old: str, new: str) -> None:
    text = ours(name, old, new) if old else new + (builtin() / "mail" / name).read_text(encoding="utf-8")
    assert rule in found(tmp_path, **{name.replace(".", "_"): text})


def test_a_subject_that_looks_like_an_answer_is_found(tmp_path: Path) -> None:
    assert found(tmp_path, ', subject: "Re: your ferry"') == {"subject"}


@pytest.mark.parametrize("name", ["footer.html", "footer.txt"])
def test_a_missing_postal_address_is_found(tmp_path: Path, name: str) -> None:
    text = ours(name, "{% if publication.postal_address %}", "{% if false %}")
    assert found(tmp_path, **{name.replace(".", "_"): text}) == {"postal address"}
