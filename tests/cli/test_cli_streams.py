"""Pipes, terminals and signals, with real processes."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import time
from typing import Any

import pytest


def test_a_reader_that_goes_away_is_no_fault(site: Any) -> None:
    for n in range(40):
        site.write(f"content/{n}.md", f"---\ntitle: {'Tides ' * 400}{n}\ndate: 2026-11-20\n---\nText.\n")
    site("gather")
    started = site.start("articles", "--json")
    started.stdout.close()
    assert (started.wait(20), started.stderr.read()) == (0, "")


def test_ctrl_c_ends_with_130_and_without_a_traceback(site: Any) -> None:
    os.mkfifo(site.folder / "never.csv")
    started = site.start("subscribers", "import", "never.csv", "--status", "confirmed")
    writer = os.open(site.folder / "never.csv", os.O_WRONLY)  # returns when the command has opened it to read
    started.send_signal(signal.SIGINT)
    assert (started.wait(20), started.stdout.read(), started.stderr.read()) == (130, "", "")
    os.close(writer)


def test_tables_fit_a_terminal_and_are_whole_in_a_pipe(site: Any) -> None:
    title = "The harbour master's long and patient account of every spring tide since 1871"
    site.write("content/tides.md", f'---\ntitle: "{title} \\e[2J 潮汐潮汐"\ndate: 2026-11-20\n---\nText.\n')
    site("gather")
    piped = site("articles").out
    assert title in piped
    assert "\x1b" not in piped
    shown = _on_a_terminal(site, 80, "articles")
    assert "…" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.splitlines()[1].endswith("tides.md")


def test_progress_stays_off_stdout(site: Any) -> None:
    rows = "".join(f"r{n}@example.org,confirmed\n" for n in range(300))
    site.write("many.csv", f"address,status\n{rows}")
    shown = _on_a_terminal(site, 80, "subscribers", "import", "many.csv", "--json", stderr_too=False)
    assert '"added": 300' in shown
    assert "Importing" not in shown


def _on_a_terminal(site: Any, columns: int, *arguments: str, stderr_too: bool = True) -> str:
    """What a command writes to a terminal so wide."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    started = site.start(*arguments, stdout=theirs, stderr=theirs if stderr_too else subprocess.DEVNULL)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert started.wait(20) == 0
    return shown.decode()


@pytest.mark.parametrize("command", ["run"])
def test_sigterm_ends_a_server_with_0(site: Any, command: str) -> None:
    started = site.start(command, "--port", "0", stdout=subprocess.DEVNULL)
    assert any("http://" in line for line in started.stderr)
    if command == "run":
        second = site("run", "--port", "0")
        assert (second.code, len(second.err.splitlines())) == (74, 1)
        assert str(started.pid) in second.err
    began = time.monotonic()
    started.terminate()
    assert started.wait(20) == 0
    assert time.monotonic() - began < 8
    assert "Traceback" not in started.stderr.read()
