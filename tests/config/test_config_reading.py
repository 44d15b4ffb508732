"""Reading config.yaml: everything that is wrong is named at once, with its line and what was expected."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from publisher import config
from publisher.errors import ConfigError

FILE = Path("/site/config.yaml")


def complaints(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        config.parse(text, FILE)
    assert refused.value.exit_code == 78
    lines = str(refused.value).splitlines()
    assert len(lines) == len(refused.value.problems)
    return [line.removeprefix("/site/config.yaml:").strip() for line in lines]


def test_all_problems_at_once_in_the_order_of_the_file() -> None:
    found = complaints(
        """\
publication:
  title: 2026
  urll: x
  timezone: Mars/Base
sources:
  - pth: x
topics: {no: Norway}
newsletters:
  daily:
    approval: maybe
    topics: 5
    default: {cadence: yearly, hour: 24}
  Bad Name: {}
  letter: {from: "a@x.org, b@y.org"}
web: {port: http}
look: {accent: red}
mail: [1]
delivery: {expire_after: 48}
"""
    )
    assert found == [
        "2: publication.title: expected text (in quotes, if YAML takes it for something else), got 2026",
        "3: publication.urll: unknown key; did you mean 'url'?",
        "4: publication.timezone: expected a time zone such as Europe/Lisbon, got 'Mars/Base'",
        "6: sources.0.pth: unknown key; did you mean 'path'?",
        "7: topics.no: expected a list, got 'Norway'",
        "10: newsletters.daily.approval: expected true or false, got 'maybe'",
        "11: newsletters.daily.topics: expected 'all' or expected a list, got 5",
        "12: newsletters.daily.default.cadence: "
        "expected 'instant', 'daily', 'weekly' or 'monthly', got 'yearly'",
        "12: newsletters.daily.default.hour: expected at most 23, got 24",
        "13: newsletters.Bad Name: expected a name of small letters, digits and hyphens, got 'Bad Name'",
        "14: newsletters.letter.from: expected \"Name <address>\", got 'a@x.org, b@y.org'",
        "15: web.port: expected a whole number, got 'http'",
        "16: look.accent: expected a colour such as '#7a1f1f', in quotes, got 'red'",
        "17: mail: expected keys and values, got [1]",
        "18: delivery.expire_after: "
        "expected a duration such as 30s, 5m, 48h or 7d, ten years at most, got 48",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("web: {port: 1}\nlook: {}\nweb: {port: 2}\n", "3: web: stands here twice, first in line 1"),
        ("web:\n  port: 1\n  host: x\n  port: 2\n", "4: web.port: stands here twice, first in line 2"),
        ("a: &a [x]\nb: *a\n", "2: not valid YAML: aliases (*name) are not taken: write the value again"),
        ("web: {port: 1\n", "2: not valid YAML: expected ',' or '}', but got '<stream end>'"),
        ("web:\n\tport: 1\n", "2: not valid YAML: found character '\\t' that cannot start any token"),
        ("web: x\n--- \nweb: y\n", "2: not valid YAML: but found another document"),
        ("# one\nweb: \x07\n", "2: not valid YAML: the character U+0007 may not stand here"),
        ("web: !!python/object:os.system {}\n", "1: not valid YAML: could not determine a constructor"),
        ("- web\n", "1: expected keys and values, such as `publication:`"),
        ("weeb: {}\n", "1: weeb: unknown key; did you mean 'web'?"),
        ("'':\n  x: 1\n", "1: "),
        ("delivery: {stop_timeout: 99999999999d}\n", "1: delivery.stop_timeout: expected a duration"),
        (
            "output: {article_url: '{url}/{slug.x}/'}\n",
            "1: output: article_url: expected only the fields",
        ),
        ("output: {article_url: '{slug:>999999999}'}\n", "1: output: article_url: expected only the fields"),
        ("output: {article_url: '{url}/x/'}\n", "1: output: article_url: expected {slug} in it"),
        ("publication: {url: 'https://a.example:99999'}\n", "1: publication.url: expected an address"),
        ("publication: {url: 'https://a.example/?q'}\n", "1: publication.url: expected an address"),
        ("publication: {url: '//a.example'}\n", "1: publication.url: expected an address"),
        ("publication: {url: 'https://'}\n", "1: publication.url: expected an address"),
        ("publication: {url: 'https://[x'}\n", "1: publication.url: expected an address"),
        ("publication: {url: 'https://u:pass@x.example'}\n", "1: publication.url: expected an address"),
        ('publication: {title: "a\\nBcc: x"}\n', "1: publication.title: expected one plain line"),
        ("templates: ~nobody-here/x\n", "1: templates: expected a path"),
        (
            "mail: {smtp: {host: mx.example, security: none}}\n",
            "1: mail.smtp: security: expected starttls",
        ),
        (
            "mail: {smtp: {password: hunter2}}\n",
            "1: mail.smtp.password: unknown key; did you mean",
        ),
        (
            "mail:\n  smtp:\n    - host: a\n    - host: b\n      prot: 25\n",
            "5: mail.smtp.1.prot: unknown key; did you mean 'port'?",
        ),
        ("mail: {smtp: []}\n", "1: mail.smtp: expected at least 1 in the list"),
        (
            "newsletters: {daily: {cadences: []}}\n",
            "1: newsletters.daily.cadences: expected at least 1",
        ),
    ],
)
def test_one_line_with_its_place(text: str, says: str) -> None:
    (found,) = complaints(text)
    assert found.startswith(says)
    assert "hunter2" not in found
    assert "pass@" not in found or "url" in found


def test_bombs_are_refused_at_once() -> None:
    laughs = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    assert "aliases" in complaints(laughs)[0]
    assert complaints("a: " + "[" * 20_000) == ["not valid YAML: nested too deeply"]
    assert complaints("a: " + "x" * 1_000_001) == ["expected less than a megabyte"]


@pytest.mark.parametrize("text", ["", "\n# nothing\n", "---\n", "publication:\nnewsletters:\nfeeds:\n"])
def test_an_empty_file_is_a_configuration(text: str) -> None:
    made = config.parse(text, FILE)
    assert [s.path for s in made.sources] == [Path("/site/content")]
    assert list(made.feeds) == ["main"]
    assert made.web.port == 8000


def test_keys_are_texts_and_empty_values_are_defaults() -> None:
    made = config.parse(
        "topics: {no: [Norway], 2026: [Year]}\nnewsletters: {daily: , weekly-note: {title: }}\n", FILE
    )
    assert list(made.topics) == ["no", "2026"]
    assert [n.title for n in made.newsletters.values()] == ["Daily", "Weekly Note"]
    assert made.delivery.max_lateness == timedelta(hours=24)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://courier.example/", "https://courier.example"),
        ("https://courier.example:8443/news/", "https://courier.example:8443/news"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://café.example:8443/é b", "https://xn--caf-dma.example:8443/%C3%A9%20b"),
    ],
)
def test_addresses_are_kept_in_ascii(given: str, kept: str) -> None:
    assert config.parse(f"publication: {{url: '{given}'}}", FILE).publication.url == kept


def test_relative_paths_count_from_the_file() -> None:
    made = config.parse("output: {path: ../out}\nlook: {logo: /logo.png}\nmail: {files: box}\n", FILE)
    assert (made.output.path, made.look.logo) == (Path("/site/../out"), Path("/logo.png"))
    assert made.mail.files == Path("/site/box")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such file: `publisher init DIR` makes a new publication"),
        (b"publication:\n  title: Caf\xe9\n", ":2: expected UTF-8 text, got the byte 0xe9"),
        (b"\xff\xfep\0", ":1: expected UTF-8 text, got the byte 0xff"),
        ("folder", "cannot be read: Is a directory"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes | str | None, says: str) -> None:
    file = tmp_path / "config.yaml"
    if content == "folder":
        file.mkdir()
    elif isinstance(content, bytes):
        file.write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        config.load(file)
    assert says in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("web: {port: 1}\n", encoding="utf-8-sig")
    assert config.load(tmp_path / "config.yaml").web.port == 1
