"""A gather, an import and a cut never stop a running send (rule 23)."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from forking import Forked

from publisher.store import catalogue

PEOPLE, LINES, LONGEST = 500, 6000, 0.7


def test_a_send_goes_on_beside_an_import_a_gather_and_a_cut(
    mailing: Callable[..., Any], clock: Any, post: Callable[..., str]
) -> None:
    clock.now = datetime.now(UTC)
    m = mailing(people=PEOPLE, connections=2)
    m.sink.delay = 0.02
    folder = m.publisher.store.folder.parent
    rows = "".join(f"new{n}@example.net,confirmed\n" for n in range(LINES))
    (folder / "people.csv").write_text(f"address,status\n{rows}")
    for n in range(150):
        (folder / f"content/{n}.md").write_text(post(f"Story {n}"))
    sending = threading.Thread(target=m.deliver)
    sending.start()
    m.sink.wait_for(20)
    begun, options = len(m.sink.kept), {"cwd": folder, "stdout": subprocess.DEVNULL}
    beside = [Forked(["subscribers", "import", "people.csv"], **options), Forked(["gather"], **options)]
    assert [process.wait(60) for process in beside] == [0, 0]
    with m.publisher.store.read() as tx:
        one = next(x.article.id for x in catalogue.listings(tx) if x.article.title == "Story 7")
    assert Forked(["cut", "daily", "--articles", one], **options).wait(60) == 0
    went_on = len(m.sink.kept) - begun
    sending.join(60)
    assert m.counts() == {"sent": PEOPLE}
    assert m.sql("SELECT count(*) FROM deliveries") == [(2 * PEOPLE + LINES,)]
    assert len(set(m.sink.recipients)) == PEOPLE
    assert went_on > 20, "it went on meanwhile"
    gaps = [b[2] - a[2] for a, b in zip(m.sink.kept, m.sink.kept[1:], strict=False)]
    assert max(gaps) < LONGEST
