"""Whether the time of an answer tells that an address is known. Run: python bench/telling.py [ROUNDS]

One store with 20,000 subscribers. The sign-up page is sent addresses that it does not know, that it knows,
that have left and that are suppressed, in random order, each once, through the whole application. Printed for
each kind: the median, and how often one of it took longer than an unknown one (0.5: a coin). Exits 1 where
somebody could tell by more than 3 in 100, beyond what chance gives in one of a thousand runs.
"""

from __future__ import annotations

import math
import random
import re
import sys
import tempfile
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parent.parent))

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # about a client of another name
    from starlette.testclient import TestClient

from publisher import subscribing
from publisher.app import Publisher, open_publisher
from publisher.store import subscribers
from publisher.subscribing.taking import Register
from publisher.web.public import application

CROWD, MARGIN = 20_000, 0.03
KINDS = ("unknown", "known", "left", "suppressed")
CONFIG = """
publication: {url: https://courier.example, title: The Harbour Courier}
signup: {network_per_hour: 100000, total_per_hour: 1000000, minimum_time: 1s}
newsletters: {daily: {from: "Courier <daily@courier.example>"}}
"""


class Clock:
    """Stands still, but for what the form asks."""

    now = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def crowd(p: Publisher, rounds: int) -> dict[str, list[str]]:
    """Addresses of each kind, which all look alike, and a crowd around them."""
    dice, numbers = random.Random(7), list(range(CROWD + rounds * len(KINDS)))
    dice.shuffle(numbers)
    addresses = [f"reader{n:06}@mail.example.org" for n in numbers]
    kinds = {kind: addresses[at * rounds : (at + 1) * rounds] for at, kind in enumerate(KINDS)}
    for at in range(rounds, len(addresses), 1000):
        some = addresses[at : at + 1000]
        with p.store.write() as tx:
            register = Register(tx, p.config, some, p.clock())
            for address in some:
                status = "unsubscribed" if address in kinds["left"] else "confirmed"
                register.take(subscribing.checked(subscribing.Choice(address, "daily", status), p.config))
            register.flush()
    with p.store.write() as tx:
        for address in kinds["suppressed"]:
            subscribers.suppress(tx, address, "hard bounce", p.clock())
    return kinds


def times(http: TestClient, kinds: dict[str, list[str]], clock: Clock) -> dict[str, list[float]]:
    """Seconds of each answer, by kind."""
    stamp = re.findall(r'name="stamp" value="([^"]+)"', http.get("/subscribe").text)[0]
    clock.now += timedelta(seconds=5)
    asked = [(kind, address) for kind, addresses in kinds.items() for address in addresses]
    random.Random(8).shuffle(asked)
    took: dict[str, list[float]] = {kind: [] for kind in kinds}
    for kind, address in asked:
        form = {"stamp": stamp, "address": address, "newsletters": "daily"}
        begun = perf_counter()
        answer = http.post("/subscribe", data=form)
        took[kind].append(perf_counter() - begun)
        assert answer.status_code == 200
    return took


def longer(these: list[float], those: list[float]) -> float:
    """How often one of these is longer than one of those (the area under the curve of a guesser)."""
    ranked = sorted([(value, 1) for value in these] + [(value, 0) for value in those])
    ranks = sum(rank for rank, (_, mine) in enumerate(ranked, 1) if mine)
    return (ranks - len(these) * (len(these) + 1) / 2) / (len(these) * len(those))


def main() -> int:
    """Print the table; 1 where the time tells."""
    rounds, clock, told = int(sys.argv[1]) if len(sys.argv) > 1 else 1000, Clock(), False
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "content").mkdir()
        (Path(folder) / "config.yaml").write_text(CONFIG, encoding="utf-8")
        p = open_publisher(Path(folder) / "config.yaml", clock)
        http = TestClient(application(p), base_url="https://courier.example")
        took = times(http, crowd(p, rounds), clock)
        p.close()
    noise = 3.29 * math.sqrt((2 * rounds + 1) / (12 * rounds * rounds))
    for kind, seconds in took.items():
        often = longer(seconds, took["unknown"])
        told |= abs(often - 0.5) > MARGIN + noise
        print(f"{kind:<12}{median(seconds) * 1000:8.3f} ms   longer than an unknown one: {often:.3f}")
    print(f"chance alone gives 0.500 ± {noise:.3f}")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
