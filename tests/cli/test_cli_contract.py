"""What scripts rely on: the names of commands, options and JSON keys, the exit codes, and what goes where."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from typer.main import get_command

from publisher.cli import app

OPTIONS = {
    "init": "--templates",
    "check": "--show --json",
    "gather": "--accept-gone --json",
    "build": "--accept-gone --json",
    "articles": "--topic --limit --json",
    "cut": "--cadence --now --at --articles --intro --dry-run --json",
    "editions": "--json",
    "preview": "--html --text --eml --as",
    "send": "--now --local --at --no-wait --json",
    "deliver": "--json",
    "status": "--watch --json",
    "approve": "--json",
    "editors add": "--role --json",
    "editors link": "--json",
    "editors list": "--json",
    "editors passwd": "--json",
    "editors role": "--json",
    "editors remove": "--json",
    "pause": "--json",
    "resume": "--json",
    "cancel": "--json",
    "retry": "--status --address --no-wait --json",
    "acknowledge": "--address --json",
    "explain": "--json",
    "deliveries": "--status --json",
    "run": "--host --port",
    "serve": "--host --port",
    "worker": "",
    "tick": "--json",
    "migrate": "--json",
    "subscribers add": "--newsletter --name --topics --cadence --weekday --day --hour --zone --language"
    " --status --json",
    "subscribers import": "--newsletter --status --json",
    "subscribers export": "--newsletter",
    "subscribers show": "--json",
    "subscribers remove": "--json",
    "suppressions list": "--json",
    "suppressions add": "--reason --json",
    "suppressions remove": "--json",
    "suppressions import": "--json",
    "suppressions export": "",
}
COUNTS = "planned queued sending sent deferred bounced expired suppressed cancelled unknown seconds"


def _command(path: str) -> Any:
    found: Any = get_command(app)
    for name in path.split():
        found = found.commands[name]
    return found


@pytest.mark.parametrize(("command", "options"), OPTIONS.items())
def test_every_command_keeps_its_options_and_says_what_it_does(site: Any, command: str, options: str) -> None:
    have = {text for p in _command(command).params for text in p.opts if text.startswith("-")}
    assert have >= set(options.split())
    told = site(*command.split(), "--help")
    assert told.code == 0
    assert f"Usage: publisher {command} " in told.out


def test_the_list_of_commands_can_be_read() -> None:
    nested = ("subscribers", "suppressions", "editors")
    groups: list[Any] = [get_command(app), *map(_command, nested)]
    for group in groups:
        for command in group.commands.values():
            assert not command.get_short_help_str(60).endswith("..."), command.name


@pytest.mark.parametrize("command", OPTIONS)
def test_every_default_is_one_that_may_be_given(command: str) -> None:
    arguments = [p for p in _command(command).params if p.param_type_name == "argument" and p.required]
    _command(command).make_context(command, ["x"] * len(arguments))


def test_help_loads_nothing_heavy() -> None:
    heavy = ["sqlalchemy", "pydantic", "jinja2", "lxml", "rich", "starlette", "apscheduler"]
    code = f"import publisher.cli, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_main_job_by_hand(site: Any) -> None:
    gathered = site("gather", "--json")
    assert gathered.code == 0
    assert set(gathered.json) >= {"new", "updated", "unchanged", "drafts", "waiting", "gone", "refused"}
    assert gathered.json["new"] == 1
    assert set(site("build", "--json").json) >= {"written", "unchanged", "removed"}
    keys = "id path title published_at updated_at released_at release authors topics url status"
    (article,) = site("articles", "--json").json
    assert set(article) >= set(keys.split())
    assert article["status"] == "published"

    added = site("subscribers", "add", "ann@example.org", "--name", "Ann", "--hour", "9", "--json")
    assert added.json == {"address": "ann@example.org", "newsletter": "daily", "result": "added"}
    dry = site("cut", "daily", "--now", "--dry-run", "--json").json
    assert dry["edition"] is None
    assert dry["recipients"] == 1
    assert site("editions", "--json").json == []
    cut = site("cut", "daily", "--now", "--json").json
    assert cut == {"edition": "daily/1", "variants": 1, "articles": [article["id"]], "recipients": 1}
    (edition,) = site("editions", "daily", "--json").json
    assert set(edition) >= {"edition", "state", "slot", "subject", "articles", "planned", "sent"}
    assert (edition["state"], edition["subject"]) == ("held", "High water")

    shown = site("preview", "daily/1", "--as", "ann@example.org", "--eml", "look.eml")
    assert (shown.code, shown.out) == (0, "")
    preview = (site.folder / "look.eml").read_bytes()
    sent = site("send", "daily/1", "--json")
    assert set(sent.json) >= set(COUNTS.split())
    assert (sent.code, sent.json["sent"]) == (0, 1)
    (message,) = site.sent()
    assert _without_date(message) == _without_date(preview)

    status = site("status", "daily/1", "--json").json
    assert set(status) >= (set(COUNTS.split()) - {"seconds"}) | {"state"}
    assert status["state"] == "done"
    (delivery,) = site("deliveries", "daily/1", "--status", "sent", "--json").json
    assert set(delivery) >= {"address", "status", "code", "reply", "attempts", "message_id", "at"}
    assert delivery["message_id"].encode() in message
    assert set(site("deliver", "--json").json) >= set(COUNTS.split())
    assert site("tick", "--json").json["cut"] == []
    again = site("cut", "daily", "--now", "--json")
    assert (again.code, again.json["edition"]) == (0, None)
    by_hand = site("cut", "daily", "--articles", "tides.md", "--json")
    assert (by_hand.code, by_hand.json["edition"]) == (0, None)


def _without_date(message: bytes) -> list[bytes]:
    own = (b"Date:", b"Return-Path:", b"Delivered-To:")
    return [line for line in message.split(b"\n") if line and not line.startswith(own)]


def test_people(site: Any) -> None:
    assert site("subscribers", "add", "ann@example.org").out == "ann@example.org, daily: added\n"
    assert (
        site("subscribers", "show", "ANN@example.org", "--json").json["subscriptions"][0]["cadence"]
        == "daily"
    )
    assert site("suppressions", "add", "ann@example.org", "--json").json["added"] is True
    refused = site("subscribers", "add", "ann@example.org", "--hour", "9")
    assert (refused.code, refused.err) == (65, "publisher: ann@example.org is suppressed: by hand\n")
    exported = site("suppressions", "export").out
    assert site("suppressions", "remove", "ann@example.org").code == 0
    assert site("suppressions", "remove", "ann@example.org").code == 66
    assert site("suppressions", "list", "--json").json == []
    site.write("left.csv", exported)
    taken = site("suppressions", "import", "left.csv", "--json").json
    assert taken == {"added": 1, "refused_count": 0, "refused": []}
    assert site("suppressions", "export").out == exported
    assert site("subscribers", "remove", "ann@example.org", "--json").json["ended"] == 1
    assert site("subscribers", "remove", "ann@example.org").out == "ann@example.org: 0 subscriptions ended\n"


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("sennd", 64, "no such command 'sennd'; did you mean 'send'? (see publisher --help)"),
        (
            "gather --jsn",
            64,
            "no such option: --jsn; did you mean one of (--json) (see ",
        ),
        ("cut", 64, "missing argument 'NEWSLETTER' (see publisher cut --help)"),
        ("gather --config x.yaml", 64, "--config stands before the command"),
        ("articles --limit many", 64, "'--limit': expected a whole number"),
        ("serve --port 70000", 64, "'--port': expected a number less than or equal to 65535"),
        ("cut daily --now --at 2026-11-21T07:00", 64, "expected --now or --at, not both"),
        ("cut daily tides", 64, "unexpected 'tides': articles come after --articles"),
        ("cut daily --articles ,", 64, "--articles: expected an article's id, path or slug"),
        ("cut daily --at soon", 64, "expected a moment such as 2026-11-21T07:00, got 'soon'"),
        ("cut daily --at 0001-01-01", 64, "expected a moment"),
        ("send daily/1 --now --local", 64, "expected one of --now, --local and --at"),
        ("deliveries daily/1 --status failed", 64, "got 'failed'"),
        ("cut weekly", 66, "no newsletter 'weekly'; there is: daily"),
        ("cut daily --articles nothing", 66, "no article 'nothing'; `publisher articles` lists them"),
        ("cut daily --cadence yearly", 65, "got 'yearly'"),
        ("cut daily --intro nothing.md", 65, "nothing.md: cannot be read: No such file or directory"),
        ("send daily/7", 66, "no edition 'daily/7'"),
        ("status ../etc", 66, "no edition '../etc'"),
        ("preview weekly", 66, "no newsletter 'weekly'"),
        ("subscribers show x@example.org", 66, "no subscriber x@example.org"),
        (
            "subscribers import nothing.csv --status confirmed",
            65,
            "nothing.csv: cannot be read: No such file",
        ),
        ("init .", 65, "config.yaml is there already: nothing was changed"),
    ],
)
def test_a_mistake_is_one_line_that_helps(site: Any, command: str, code: int, says: str) -> None:
    ran = site(*command.split())
    assert (ran.code, ran.out) == (code, "")
    assert says in ran.err
    assert ran.err.count("\n") == 1
    assert ran.err.startswith("publisher: ")


def test_without_a_command_the_help_is_shown(site: Any) -> None:
    for command in ([], ["subscribers"], ["suppressions"]):
        ran = site(*command)
        assert (ran.code, ran.out) == (64, "")
        assert ran.err.startswith("Usage: publisher")


def test_the_configuration_may_be_elsewhere(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    away = type(site)(site.write("elsewhere/note", "").parent)
    assert away("gather", "--json", config="../config.yaml").json["new"] == 1
    monkeypatch.setenv("PUBLISHER_CONFIG", str(site.folder / "config.yaml"))
    out, err = away.start("articles", "--json", config="", before=["env"]).communicate(timeout=20)
    assert (json.loads(out)[0]["title"], err) == ("High water", "")
    assert not (away.folder / "var").exists()


def test_a_missing_configuration_is_exit_78_with_advice(site: Any) -> None:
    ran = site("gather", config="nothing.yaml")
    assert ran.code == 78
    assert "publisher init DIR" in ran.err
    assert ran.err.count("\n") == 1


def test_check_gives_its_problems_as_json_whatever_they_are(site: Any) -> None:
    sound = site("check", "--json")
    assert sound.code == 0
    assert all(set(p) >= {"place", "rule", "message", "level"} for p in sound.json["problems"])
    site.write("content/bad.md", "---\ntitle: [\n---\n")
    broken = site("check", "--json")
    assert broken.code == 1
    assert any("bad.md:" in p["place"] and p["level"] == "error" for p in broken.json["problems"])
    site.write("config.yaml", "publication: {titel: x}\n")
    unreadable = site("check", "--json")
    assert unreadable.code == 78
    assert unreadable.json["problems"][0]["place"] == "config.yaml:1"


def test_a_changed_address_is_read_before_it_is_mailed(site: Any) -> None:
    site("gather")
    site("subscribers", "add", "reader@example.org")
    before = (site.folder / "config.yaml").read_text()
    site.write("config.yaml", before.replace('courier.example"', 'new.example"', 1))
    cut = site("cut", "daily", "--now")
    assert "reading them" in cut.err
    assert "https://new.example/" in site("preview", "daily/1").out
    assert "reading them" not in site("cut", "daily", "--now").err


def test_a_fault_of_pages_keeps_no_mail_back(site: Any) -> None:
    (site.folder / "public").mkdir(exist_ok=True)
    site.write("public/index.html", "not ours")
    site("subscribers", "add", "reader@example.org")
    site("cut", "daily", "--now")
    site("send", "daily/1", "--no-wait")
    ticked = site("tick")
    assert (ticked.code, len(ticked.err.splitlines())) == (65, 1)
    assert site("status", "daily/1", "--json").json["sent"] == 1


def test_an_open_edition_cannot_be_put_off(site: Any) -> None:
    site("subscribers", "add", "reader@example.org")
    site("cut", "daily", "--now")
    site("send", "daily/1", "--no-wait")
    late = site("send", "daily/1", "--at", "2099-01-01T07:00")
    assert (late.code, len(late.err.splitlines())) == (65, 1)
    assert site("status", "daily/1", "--json").json["queued"] == 1, "and it was not sent instead"
