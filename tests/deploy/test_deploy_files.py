"""The files in deploy/ fit the program: commands, options, settings, paths, ports and time limits."""

from __future__ import annotations

import configparser
import json
import re
import shlex
from collections.abc import Iterator
from datetime import timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from publisher import cli, config
from publisher.config.schema import Config, Web

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
TIMERS = sorted((DEPLOY / "systemd").glob("*.timer"))
SHARED = DEPLOY / "systemd" / "publisher-.service.d" / "hardening.conf"
README = (DEPLOY / "README.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
OURS = {name: each for name, each in COMPOSE["services"].items() if each["image"] == "publisher"}


class _Unit(configparser.RawConfigParser):
    """systemd's dialect: a key may stand several times, and its values add up, one a line."""

    def __init__(self, file: Path) -> None:
        super().__init__(strict=False, delimiters=("=",), comment_prefixes=("#", ";"), interpolation=None)
        self.optionxform = str  # type: ignore[assignment, method-assign]
        text = file.read_text(encoding="utf-8")
        self.lines = [
            line.partition("=")[::2] for line in text.splitlines() if "=" in line and line[0] != "#"
        ]
        self.read_string(text)

    def all(self, key: str) -> list[str]:
        return [value for name, value in self.lines if name == key]


def _parse(arguments: list[str]) -> None:
    """Raises click's UsageError for a command or an option that the program does not have."""
    group: Any = get_command(cli.app)
    with group.make_context("publisher", list(arguments), resilient_parsing=False) as context:
        rest = [*context._protected_args, *context.args]
        name, command, rest = group.resolve_command(context, rest)
        command.make_context(name, rest, parent=context).close()


def _typed_in_units() -> Iterator[list[str]]:
    for file in UNITS:
        for line in _Unit(file).all("ExecStart"):
            words = shlex.split(line.replace("%i", "Mon"))
            assert words[0].startswith("/"), line
            if words[0].endswith("/publisher"):
                yield words[1:]


def _typed_in_readme() -> Iterator[list[str]]:
    for kind, text in FENCE.findall(README):
        for line in text.replace("\\\n", " ").splitlines() if kind == "sh" else []:
            found = re.search(r"(?:/bin/publisher|^p|worker publisher|run --rm worker) (?!-g)(.*)$", line)
            if found and not line.startswith("alias"):
                yield shlex.split(found[1])


def test_every_command_exists() -> None:
    containers = [each["command"] for each in OURS.values()]
    image = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    default = re.search(r"^CMD (\[.*\])$", image, re.MULTILINE)
    assert default
    typed = [*_typed_in_units(), *_typed_in_readme(), *containers, json.loads(default[1])]
    assert {words[0] for words in typed} >= {"run", "serve", "worker", "backup", "init"}
    assert len(typed) >= 15
    for words in typed:
        _parse([str(word) for word in words])


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_a_unit_is_covered_by_the_shared_part_and_stops_gently(file: Path) -> None:
    unit, shared = _Unit(file), _Unit(SHARED)
    assert fnmatch(file.name, "publisher-*.service")
    assert shared["Service"]["NoNewPrivileges"] == "yes"
    assert shared["Service"]["ProtectSystem"] == "strict"
    if unit["Service"].get("Type") != "oneshot":
        longest = Config().delivery.stop_timeout
        assert timedelta(seconds=int(unit["Service"]["TimeoutStopSec"])) > longest
        assert unit["Service"]["KillSignal"] == "SIGTERM"
        assert unit["Service"]["RestartPreventExitStatus"].split() == ["64", "78"]


def test_what_a_unit_may_write_is_what_the_program_writes() -> None:
    """The folders of the defaults, beside config.yaml; a copy goes into the folder that systemd makes."""
    shared = _Unit(SHARED)
    folder = Path(shared["Service"]["WorkingDirectory"])
    found = config.parse("", folder / "config.yaml")
    store = folder / found.store.removeprefix("sqlite:///")
    assert set(shared["Service"]["ReadWritePaths"].split()) == {str(store.parent), str(found.output.path)}
    assert f"PUBLISHER_CONFIG={folder}/config.yaml" in shared.all("Environment")
    for file in UNITS:
        unit = _Unit(file)
        written = re.findall(r"/var/lib/\S+?(?=/%i)", "\n".join(unit.all("ExecStart")))
        assert {f"/var/lib/{unit['Service'].get('StateDirectory')}"} >= set(written)


def test_a_timer_has_its_unit_and_one_copy_for_each_day() -> None:
    assert {file.stem for file in TIMERS} <= {file.stem for file in UNITS}
    for file in TIMERS:
        assert _Unit(file)["Timer"]["OnCalendar"].startswith("%i ")
        assert f"{file.stem}{{Mon,Tue,Wed,Thu,Fri,Sat,Sun}}.timer" in README


def test_paths_of_the_repository_exist() -> None:
    image = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    copied = [words.split()[:-1] for words in re.findall(r"^COPY (?!--from)(.+)$", image, re.MULTILINE)]
    named = [ROOT / name for names in copied for name in names]
    table = README.partition("## One machine")[0]
    named += [
        DEPLOY / name
        for name in re.findall(r"`([\w./@-]+\.\w+|Containerfile|Caddyfile)`", table)
        if name not in ("config.yaml", "requirements-dev.txt")
    ]
    named += [DEPLOY / target.partition("#")[0] for target in re.findall(r"\]\(([^()\s]+)\)", README)]
    context = (DEPLOY / OURS["serve"]["build"]["context"]).resolve()
    named += [context / OURS["serve"]["build"]["dockerfile"], DEPLOY / "Caddyfile"]
    assert len(named) > 20
    assert [path for path in named if not path.exists()] == []
    assert [f.name for f in DEPLOY.iterdir() if f.is_file() and f.name not in README + "README.md"] == []


def test_the_configuration_of_the_readme_loads_and_names_files_that_are_mounted(tmp_path: Path) -> None:
    (text,) = [text for kind, text in FENCE.findall(README) if kind == "yaml"]
    found = config.parse(text, tmp_path / "config.yaml")
    secrets = {secret["target"] for secret in OURS["worker"]["secrets"]}
    dkim = found.mail.dkim
    assert dkim
    assert {str(found.mail.smtp[0].password_file), str(dkim.key_file)} < secrets
    assert OURS["worker"]["environment"]["PGSERVICEFILE"] in secrets
    assert f"PGSERVICEFILE={OURS['worker']['environment']['PGSERVICEFILE']}" in _Unit(SHARED).all(
        "Environment"
    )
    service = re.search(r"service=(\w+)", found.store)
    assert service
    assert f"\n[{service[1]}]\n" in README
    (network,) = COMPOSE["networks"]["outside"]["ipam"]["config"]
    assert network["subnet"] in found.web.trusted_proxies


def test_compose_refers_to_what_is_there() -> None:
    services = COMPOSE["services"]
    for each in services.values():
        sources = [s["source"] if isinstance(s, dict) else s for s in each.get("secrets", [])]
        named = [volume.split(":")[0] for volume in each.get("volumes", []) if volume[0] not in "./$"]
        assert set(sources) <= set(COMPOSE["secrets"])
        assert set(named) <= set(COMPOSE["volumes"])
        assert set(each["networks"]) <= set(COMPOSE["networks"])
        assert set(each.get("depends_on", [])) <= set(services)
    assert services["worker"]["deploy"]["replicas"] == 2
    assert "healthcheck" in services["db"]
    for each in OURS.values():
        assert timedelta(seconds=int(each["stop_grace_period"][:-1])) > Config().delivery.stop_timeout
    for secret in COMPOSE["secrets"].values():
        assert f"`{Path(secret['file']).name}`" in README


def test_the_ports_agree() -> None:
    port = Web().port
    image = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    assert f"EXPOSE {port}" in image
    assert f"http://127.0.0.1:{port}/healthz" in image
    assert COMPOSE["services"]["proxy"]["environment"]["PUBLISHER_WEB"] == f"serve:{port}"
    assert f"{{$PUBLISHER_WEB:127.0.0.1:{port}}}" in (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    assert f"server 127.0.0.1:{port};" in (DEPLOY / "nginx.conf").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["Caddyfile", "nginx.conf"])
def test_a_proxy_keeps_the_insides_to_itself(name: str) -> None:
    text = (DEPLOY / name).read_text(encoding="utf-8")
    for path in ("/metrics", "/healthz", "/readyz"):
        refused = rf"location = {path} \{{ return 404; \}}|@inside path .*{path}"
        assert re.search(refused, text), path


def test_the_locked_driver_is_the_one_that_the_tests_use() -> None:
    """The image must not run on another psycopg than every test did."""
    lock = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    entries = re.findall(r"^psycopg(?:-binary)?==.*?(?=^\w|\Z)", lock, re.MULTILINE | re.DOTALL)
    assert len(entries) == 2
    assert (DEPLOY / "requirements-postgres.txt").read_text(encoding="utf-8") == "".join(entries)
