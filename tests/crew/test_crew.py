"""Processes that compute beside this one: their results, their faults, and that none stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from publisher.crew import Crew
from publisher.errors import ContentError, PublisherError


def cubes(offset: int) -> Callable[[int], tuple[int, int]]:
    def cube(number: int) -> tuple[int, int]:
        print("noise that a library makes")
        if number == -1:
            raise ContentError("a.md", 3, "date", "expected a date")
        if number == -2:
            os.kill(os.getpid(), signal.SIGKILL)
        return os.getpid(), number**3 + offset

    return cube


def unready() -> Callable[[int], int]:
    raise ContentError("config.yaml", 1, "", "never ready")


@pytest.fixture(params=["spawned", "forked"])
def crew(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crew]:
    made = Crew(2)
    if request.param == "forked":
        with warnings.catch_warnings():  # the process that runs the tests has threads of its own
            warnings.simplefilter("ignore", DeprecationWarning)
            monkeypatch.setattr(threading, "active_count", lambda: 1)
            made.begin()
        assert len(made._hands) == 2
    yield made
    made.dismiss()


def test_much_work_is_shared_and_little_is_done_here(crew: Crew) -> None:
    results = list(crew.work(cubes, (1,), range(40), 10))
    assert sorted(value for _, value in results) == [n**3 + 1 for n in range(40)]
    assert os.getpid() not in {pid for pid, _ in results}
    assert {pid for pid, _ in crew.work(cubes, (1,), range(9), 10)} == {os.getpid()}
    # who comes while it is at work computes alone
    at_work = crew.work(cubes, (1,), range(40), 10)
    next(at_work)
    assert {pid for pid, _ in crew.work(cubes, (1,), range(40), 10)} == {os.getpid()}
    assert len(list(at_work)) == 39


def test_large_items_and_results_never_wait_for_each_other(crew: Crew) -> None:
    large = [os.urandom(1_000_000) for _ in range(6)]
    assert sorted(crew.work(same, (), large, 2)) == sorted(large)


def same() -> Callable[[bytes], bytes]:
    return bytes


def test_what_fails_there_is_raised_here(crew: Crew) -> None:
    for task, arguments, item in ((cubes, (1,), -1), (unready, (), 1)):
        with pytest.raises(ContentError, match=r"a\.md:3: date|config\.yaml:1: never ready") as raised:
            list(crew.work(task, arguments, [1, item, *range(20)], 2))
        assert raised.value.line in (1, 3)
    with pytest.raises(PublisherError, match="ended early"):
        list(crew.work(cubes, (1,), [1, -2, *range(20)], 2))
    assert len(list(crew.work(cubes, (1,), range(20), 2))) == 20


def test_nobody_stays_behind_when_the_process_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(
        f"import sys, time; sys.path[:] = {sys.path!r} + [{str(Path(__file__).parent)!r}]\n"
        "from publisher.crew import Crew; from test_crew import cubes\n"
        "crew = Crew(2)\n"
        "for pid, _ in crew.work(cubes, (1,), range(9), 2): print(pid, flush=True)\n"
        "print('done', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    pids = {int(line) for line in iter(process.stdout.readline, "done\n") if line.strip().isdigit()}
    process.kill()
    process.wait()
    process.stdout.close()
    patience = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < patience:
        time.sleep(0.02)
    assert len(pids) == 2
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
