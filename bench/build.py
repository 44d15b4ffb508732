"""How long a build takes: 10,000 articles beside Hugo, and one edited file among 100,000.

    python bench/build.py [ARTICLES] [TURNS]
    python bench/build.py edit [ARTICLES]

The articles are made here, as long and as rich as those of newsrooms and blogs. Both programs start with
nothing but the files, take turns, and make the same kinds of pages: one of each article with its neighbours
and JSON-LD, the front page, lists by topic and by author in pages, and their feeds; neither colours code.
Hugo is asked for the same documents: RSS, Atom and JSON Feed of everything, of each topic and each author,
the complete history of all three, and a file to search in; `hugo rss` is asked for RSS alone. Publisher
also gathers into its store, and makes a page of each month. Processor time is that of the program with all
its processes; memory the most that they held together, each counted alone. Exit 1 when the median is slower
than Hugo's.

`edit` builds once, then tells a running process of edited files, one at a time.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from building import texts

ROOT = Path(__file__).resolve().parent.parent
HUGO = ROOT / "bench/building/hugo"
CONFIG = """\
publication: {url: "https://courier.example", title: The Harbour Courier}
derived_feeds: [topic, author]
look: {highlight: false}
"""
RIVALS = {"hugo": ["hugo", "--config", "config.yaml,documents.yaml"], "hugo rss": ["hugo"]}
PUBLISHER = [sys.executable, "-m", "publisher", "build", "--json"]


@dataclass
class Run:
    """What one build took (seconds of the clock, of processors; bytes of memory), and what it made."""

    wall: float
    processors: float
    memory: int
    files: int
    size: int


def run(command: list[str], folder: Path, made: Path) -> Run:
    """Build into a new folder, and count."""
    # nothing is deleted between the turns: ext4 looks long for room where much was deleted lately
    if made.exists():
        made.rename(folder / f"public-{len(list(folder.iterdir()))}")
    before, start = os.times(), time.perf_counter()
    env = os.environ | {"PYTHONPATH": str(ROOT), "HUGO_CACHEDIR": str(folder / "cache")}
    process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL)
    watch = Watch(process.pid)
    status = process.wait()
    wall, after = time.perf_counter() - start, os.times()
    if status:
        raise SystemExit(f"{command[0]} ended with status {status}")
    spent = after.children_user - before.children_user + after.children_system - before.children_system
    files = [file.stat().st_size for file in made.rglob("*") if file.is_file() and file.name[0] != "."]
    return Run(wall, spent, watch.ended(), len(files), sum(files))


class Watch(threading.Thread):
    """Looks twenty times a second how much memory a process and its children hold."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.most, self.over = pid, 0, threading.Event()
        self.start()

    def run(self) -> None:
        """Until `ended`."""
        while not self.over.wait(0.05):
            self.most = max(self.most, sum(map(held, family(self.pid))))

    def ended(self) -> int:
        """The most bytes that there were at once."""
        self.over.set()
        self.join()
        return self.most


def family(pid: int) -> list[int]:
    """A process and all below it."""
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(one for child in below for one in family(int(child)))]


def held(pid: int) -> int:
    """Bytes in memory, without what the process shares with files."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def prepared(folder: Path, count: int) -> tuple[Path, Path]:
    """The folders of publisher and of Hugo, with the same articles."""
    ours, theirs = folder / "publisher", folder / "hugo"
    texts.write(ours / "content", count)
    (ours / "config.yaml").write_text(CONFIG, encoding="utf-8")
    shutil.copytree(HUGO, theirs)
    shutil.copytree(ours / "content", theirs / "content/articles")
    return ours, theirs


def ours_anew(folder: Path) -> Run:
    """A first build, the store included."""
    if (folder / "var").exists():
        (folder / "var").rename(folder / f"var-{len(list(folder.iterdir()))}")
    return run(PUBLISHER, folder, folder / "public")


def beside_hugo(count: int, turns: int) -> int:
    """Print what both take; 1 when ours takes longer."""
    found = {"publisher": list[Run](), **{name: list[Run]() for name in RIVALS}}
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = prepared(Path(folder), count)
        for _ in range(turns):
            found["publisher"].append(ours_anew(ours))
            for name, command in RIVALS.items() if shutil.which("hugo") else ():
                found[name].append(run([*command, "--quiet", "-d", "public"], theirs, theirs / "public"))
        again = run_again(ours)
    print(f"{count:,} articles, {turns} turns, medians")
    print(f"{'':12}{'seconds':>9}{'processors':>12}{'memory MB':>11}{'files':>8}{'MB':>6}")
    for name, runs in found.items():
        if runs:
            show(name, median(runs))
    show("  again", again)
    if not found["hugo"]:
        print("hugo is not installed: nothing to compare with")
        return 0
    ratio = median(found["publisher"]).wall / median(found["hugo"]).wall
    print(f"publisher takes {ratio:.2f} times as long as hugo")
    return 1 if ratio > 1 else 0


def run_again(folder: Path) -> Run:
    """A build with nothing changed."""
    start, before = time.perf_counter(), os.times()
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(PUBLISHER, cwd=folder, env=env, stdout=subprocess.DEVNULL)
    watch = Watch(process.pid)
    process.wait()
    after = os.times()
    spent = after.children_user - before.children_user + after.children_system - before.children_system
    return Run(time.perf_counter() - start, spent, watch.ended(), 0, 0)


def median(runs: list[Run]) -> Run:
    """Of each number its median."""
    return Run(
        statistics.median(r.wall for r in runs),
        statistics.median(r.processors for r in runs),
        int(statistics.median(r.memory for r in runs)),
        runs[0].files,
        runs[0].size,
    )


def show(name: str, run: Run) -> None:
    """One line of the table."""
    print(
        f"{name:12}{run.wall:9.2f}{run.processors:12.2f}{run.memory / 1e6:11.0f}"
        f"{run.files or '':>8}{run.size / 1e6 if run.files else 0:6.0f}"
    )


def main() -> int:
    """One of the two."""
    if sys.argv[1:2] == ["edit"]:
        sys.path.insert(0, str(ROOT))
        from building import editing

        return editing.one_edited(int(sys.argv[2]) if len(sys.argv) > 2 else 100_000, CONFIG)
    return beside_hugo(
        int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, int(sys.argv[2]) if len(sys.argv) > 2 else 3
    )


if __name__ == "__main__":
    sys.exit(main())
