"""One edited file among many, told to a process that keeps running."""

from __future__ import annotations

import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from building import texts
from publisher import gathering
from publisher.app import open_publisher, utc_now
from publisher.crew import Crew
from publisher.publishing import Changed
from publisher.scheduler import telling

T = TypeVar("T")
EDITS, LIMIT_SECONDS, LIMIT_MB = 15, 1.0, 400


def one_edited(count: int, config: str) -> int:
    """Write the articles, and measure in a process of its own: what this one holds does not count."""
    with tempfile.TemporaryDirectory() as folder:
        texts.write(Path(folder, "content"), count)
        Path(folder, "config.yaml").write_text(config, encoding="utf-8")
        print(f"{count:,} articles", flush=True)
        command = [sys.executable, "-m", "building.editing", folder]
        bench, root = Path(__file__).parent.parent, Path(__file__).parent.parent.parent
        env = os.environ | {"PYTHONPATH": f"{bench}{os.pathsep}{root}"}
        return subprocess.run(command, env=env, check=False).returncode


def measured(target: Path) -> int:
    """Print the table; 1 when an edit takes longer than it may, or the memory is more."""
    crew = Crew()
    crew.begin()
    p = open_publisher(target / "config.yaml", utc_now, crew)
    first = timed("first gather", lambda: gathering.gather(p.store, p.config, p.clock(), crew=crew))
    timed("first build", lambda: p.press.refresh(Changed("", first.after)))
    crew.dismiss()
    scan = timed("scan, nothing changed", lambda: gathering.gather(p.store, p.config, p.clock()))
    timed("and nothing to publish", lambda: p.press.refresh(Changed(scan.before, scan.after, around=True)))
    took, made = [], []
    for file in some_of(target / "content"):
        edit(file)
        start = time.perf_counter()
        telling.tell(p, [file])
        took.append(time.perf_counter() - start)
        made.append(changed_since(p.config.output.path, file))
    held, hands = most(), most(resource.RUSAGE_CHILDREN)
    new = one_more(file)
    timed("told of one new file", lambda: telling.tell(p, [new]))
    most_of_all = most()
    p.close()
    print(f"{'told of one edited file':28}{statistics.median(took):9.3f} s, at most {max(took):.3f} s")
    print(f"{'':28}{statistics.median(made):9.0f} files made, at most {max(made)}")
    print(f"{'most memory':28}{held:9,} MB, and {hands} MB in the largest process that helped")
    print(f"{'':28}{most_of_all:9,} MB with the new file, for which everything was looked at")
    return 1 if max(took) > LIMIT_SECONDS or held > LIMIT_MB else 0


def most(who: int = resource.RUSAGE_SELF) -> int:
    """The most memory that this process has had so far, or one that it waited for (MB)."""
    return resource.getrusage(who).ru_maxrss * 1024 // 10**6


def one_more(file: Path) -> Path:
    """A new article, like one that is there."""
    new = file.with_name(f"one-more-{file.name}")
    new.write_text(
        file.read_text(encoding="utf-8").replace('title: "', 'title: "Not before: '), encoding="utf-8"
    )
    return new


def some_of(folder: Path) -> list[Path]:
    """A few files, without a list of all."""
    dice, found = random.Random(6), list[Path]()
    every = (Path(root, name) for root, _, names in os.walk(folder) for name in names)
    for number, file in enumerate(every):
        if number < EDITS:
            found.append(file)
        elif (place := dice.randrange(number + 1)) < EDITS:
            found[place] = file
    return found


def timed(what: str, work: Callable[[], T]) -> T:
    """Do it, and print how long it took."""
    start = time.perf_counter()
    result = work()
    print(f"{what:28}{time.perf_counter() - start:9.2f} s", flush=True)
    return result


def edit(file: Path) -> None:
    """Another title, other words, and so another page, other neighbours, lists and feeds."""
    text = file.read_text(encoding="utf-8")
    title = text.index('title: "') + len('title: "')
    file.write_text(f"{text[:title]}Edited: {text[title:]}\nOne more sentence.\n", encoding="utf-8")
    os.utime(file)


def changed_since(folder: Path, file: Path) -> int:
    """How many files below the folder are younger than another."""
    since = file.stat().st_mtime_ns
    found = 0
    for root, _, names in os.walk(folder):
        found += sum(os.lstat(os.path.join(root, name)).st_mtime_ns > since for name in names)
    return found


if __name__ == "__main__":
    sys.exit(measured(Path(sys.argv[1])))
