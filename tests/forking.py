"""`publisher` in a process of its own, forked from one that has loaded everything: a tenth of the time.

    process = Forked(["status", "--json"], cwd=folder, text=True, stdout=PIPE)

is `subprocess.Popen` of `python -m publisher status --json`: its own memory, streams, signals and exit.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


class Forked(subprocess.Popen[str]):
    """A process of `publisher` with these arguments; all else as with `Popen`, but for preexec and shell.

    `first` is (path of a Python file, the name of a function in it, its argument): done before anything else.
    """

    def __init__(
        self, arguments: Sequence[str], *, first: tuple[str, str, Any] | None = None, **options: Any
    ) -> None:
        self._first = first
        super().__init__(arguments, **options)

    def _execute_child(self, arguments: Any, *rest: Any) -> None:
        cwd, env, pipes = rest[4], rest[5], rest[9:15]
        self._ends, theirs = socket.socketpair()
        started = {"argv": ["publisher", *arguments], "cwd": str(cwd or Path.cwd())}
        started["env"] = dict(os.environ if env is None else env)
        started["first"] = self._first
        streams = [own if pipe == -1 else pipe for own, pipe in enumerate((pipes[0], pipes[3], pipes[5]))]
        socket.send_fds(_nursery(), [json.dumps(started).encode()], [theirs.fileno(), *streams])
        theirs.close()
        self.pid = int(self._ends.recv(20))
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        if self.returncode is None and select.select([self._ends], [], [], 0)[0]:
            self.returncode = int(self._ends.recv(20))
            self._ends.close()
        return self.returncode

    def _wait(self, timeout: float | None) -> int | None:
        if self.returncode is None and not select.select([self._ends], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self._internal_poll()


@functools.cache
def _nursery() -> socket.socket:
    """The way to ask for a process; where they come from ends when this process does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()], env=env
    )
    atexit.register(process.wait)
    atexit.register(ours.close)  # what is registered last is done first
    theirs.close()
    return ours


def _load() -> None:
    import publisher

    for module in pkgutil.walk_packages(publisher.__path__, "publisher."):
        if not module.name.endswith("__main__") and ".versions" not in module.name:
            importlib.import_module(module.name)
    for name in ("uvicorn.protocols.http.h11_impl", "uvicorn.lifespan.on", "sqlalchemy.dialects.sqlite"):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _serve(asked: socket.socket) -> Any:
    """Fork for each request; only the child returns, and is then as a process that has just begun."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        request, files, *_ = socket.recv_fds(asked, 1 << 20, 4)
        if not request:
            os._exit(0)
        if not os.fork():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            asked.close()
            if child := os.fork():
                _watch(child, socket.socket(fileno=files[0]))
            started = json.loads(request)
            _become(started, files)
            return started["first"]
        for file in files:
            os.close(file)


def _watch(child: int, told: socket.socket) -> None:
    """Say who it is and, later, how it ended."""
    told.send(b"%d" % child)
    os.closerange(0, told.fileno())  # or a pipe would seem open when the child has closed it
    os.closerange(told.fileno() + 1, 256)
    told.send(b"%d" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    os._exit(0)


def _become(started: dict[str, Any], files: list[int]) -> None:
    told, *streams = files
    for own, file in enumerate(streams):
        os.dup2(file, own)
        os.close(file)
    os.close(told)
    os.environ.clear()
    os.environ.update(started["env"])
    time.tzset()
    os.chdir(started["cwd"])
    sys.argv = started["argv"]
    streams = [open(own, mode, closefd=False) for own, mode in enumerate("rww")]  # noqa: SIM115
    sys.stdin, sys.stdout, sys.stderr = sys.__stdin__, sys.__stdout__, sys.__stderr__ = streams
    sys.stderr.reconfigure(line_buffering=True)


def _run(argument: Any) -> None:
    """As the interpreter would, without taking itself apart at the end, which takes longest."""
    code: Any = 0
    if argument:
        runpy.run_path(argument[0])[argument[1]](argument[2])
    try:
        runpy.run_module("publisher", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(int(code or 0))


if __name__ == "__main__":
    _load()
    _run(_serve(socket.socket(fileno=int(sys.argv[1]))))
