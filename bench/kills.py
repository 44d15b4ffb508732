"""Fifty times kill -9 while a digest is being sent: who got it, who is unknown, and whether anybody was lost.

`python bench/kills.py [KILLS] [CONNECTIONS]` sends to an SMTP server in this process;
its record is the judge.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from sending import ROOT, Sink, ledger_of, publication


def main() -> None:
    kills, connections = (*map(int, sys.argv[1:]), *(50, 4)[len(sys.argv) - 1 :])
    people, seed = 40 * kills, random.randrange(1 << 32)
    dice = random.Random(seed)
    with Sink(delay=0.005) as sink, tempfile.TemporaryDirectory() as folder:
        p = publication(Path(folder), people, sink.port, connections)
        command = [sys.executable, "-m", "publisher", "--config", f"{folder}/config.yaml", "send", "daily/1"]
        env = os.environ | {"PYTHONPATH": str(ROOT)}
        for _ in range(kills):
            with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as process:
                time.sleep(0.2)
                sink.wait_for(min(len(sink.kept) + dice.randrange(1, 30), people))
                time.sleep(dice.random() * 0.02)
                process.send_signal(signal.SIGKILL)
        code = subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=False).returncode
        rows = ledger_of(p)
        p.close()
    copies = Counter(sink.recipients)
    by_status = Counter(rows.values())
    unknown = {a for a, status in rows.items() if status == "unknown"}
    sent = {a for a, status in rows.items() if status == "sent"}
    print(f"{kills} kills, {connections} connections, {people:,} readers, seed {seed}; last exit {code}")
    print(f"ledger               {dict(by_status)}")
    print(f"unknown, by name     {len(unknown)}, {len(unknown & set(copies))} of them had arrived")
    print(f"most allowed         {kills * connections}")
    print(f"sent, not arrived    {len(sent - set(copies))}")
    print(f"lost                 {len(set(rows) - sent - unknown)}")
    print(f"two copies           {sum(n > 1 for n in copies.values())}")
    assert len(unknown) <= kills * connections
    assert sent <= set(copies)
    assert set(rows) == sent | unknown
    assert set(copies) - sent <= unknown
    assert max(copies.values()) == 1


if __name__ == "__main__":
    main()
