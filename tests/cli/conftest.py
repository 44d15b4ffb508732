"""A publication in a folder, and the command line as one types it there."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from forking import ROOT, Forked

from publisher.cli import main

CONFIG = """\
publication: {title: The Courier, url: "https://courier.example", postal_address: 1 Quay}
newsletters:
  daily: {from: "The Courier <daily@courier.example>"}
"""


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Site:
    """A folder with a publication in it."""

    folder: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def __call__(self, *arguments: str, config: str = "config.yaml") -> Ran:
        """Run one command here, in this process."""
        out, err = io.StringIO(), io.StringIO()
        spoken = contextlib.redirect_stdout(out), contextlib.redirect_stderr(err)
        with contextlib.chdir(self.folder), spoken[0], spoken[1], pytest.raises(SystemExit) as ended:
            main(["--config", config, *arguments])
        assert "Traceback" not in err.getvalue()
        return Ran(int(str(ended.value.code)), out.getvalue(), err.getvalue())

    def start(self, *arguments: str, config: str = "config.yaml", **more: Any) -> subprocess.Popen[str]:
        """Start a command here in a process of its own; it is ended with the test at the latest."""
        before = more.pop("before", ())
        command = [*(["--config", config] if config else []), *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        options = {"cwd": self.folder, "text": True} | pipes | more
        if before:
            environment = os.environ | {"PYTHONPATH": str(ROOT)}
            command = [*before, sys.executable, "-m", "publisher", *command]
            process = subprocess.Popen(command, env=environment, **options)
        else:
            process = Forked(command, **options)
        self.started.append(process)
        return process

    def end(self) -> None:
        """End what was started and has not ended by itself."""
        for process in self.started:
            process.kill()
            process.wait()
            for pipe in (process.stdout, process.stderr):
                if pipe:
                    pipe.close()

    def write(self, path: str, text: str | bytes) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def sent(self) -> list[bytes]:
        """Every message in the outbox."""
        return [f.read_bytes() for f in sorted((self.folder / "var/outbox/new").iterdir())]


@pytest.fixture
def site(tmp_path: Path, empty_store: Path) -> Iterator[Site]:
    shutil.copytree(empty_store, tmp_path / "var")
    made = Site(tmp_path)
    made.write("config.yaml", CONFIG)
    made.write("content/tides.md", "---\ntitle: High water\ndate: 2026-11-20\ntags: [Sea]\n---\nAt noon.\n")
    yield made
    made.end()


@pytest.fixture
def mailed(site: Site) -> Callable[[], list[bytes]]:
    """Gather, cut for everybody and send; the messages."""

    def go() -> list[bytes]:
        assert site("gather").code == 0
        cut = site("cut", "daily", "--now", "--json")
        assert cut.code == 0, cut.err
        assert site("send", cut.json["edition"], "--json").code == 0
        return site.sent()

    return go
