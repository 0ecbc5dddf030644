"""Mixed load with faults for minutes: no wrong answer, and no growth of memory, descriptors, threads and children.

ci/soak runs this file. CGI_SOAK_MINUTES has the minutes. The first fifth of the time is for warming up; growth is the
difference of the medians in the second and in the last fifth.
"""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import pytest

from acts import ACTS, LIMIT, Client, prepare
from under_attack import Attack, at_rest
from vitals import MB, Vitals, most_memory, rested, vitals_of

MINUTES = float(os.environ.get("CGI_SOAK_MINUTES", "10"))
CLIENTS = 8
PAUSE = 0.01  # seconds between two acts of a client, on average
SAMPLE = 0.5  # seconds between two looks at the server
MORE = 10  # so many more descriptors, threads or children in the last fifth are no growth


def growth(samples: Sequence[int]) -> tuple[float, float]:
    """Returns the medians of the second and of the last fifth."""
    fifth = len(samples) // 5
    return median(samples[fifth : 2 * fifth]), median(samples[-fifth:])


def act_until(client: Client, over: threading.Event) -> Counter[str]:
    """Chooses acts at random. Returns how many of each there were. A wrong answer raises."""
    count: Counter[str] = Counter()
    names, weights = list(ACTS), [act.weight for act in ACTS.values()]
    try:
        while not over.wait(client.random.expovariate(1 / PAUSE)):
            [name] = client.random.choices(names, weights)
            try:
                ACTS[name].run(client)
            except (AssertionError, OSError) as wrong:
                raise AssertionError(f"{name}: {wrong}") from wrong
            count[name] += 1
    finally:
        over.set()  # one wrong answer ends the test
    return count


@pytest.mark.parametrize("profile", ["cgihttpserver", "rfc3875"])
def test_mixed_load_with_faults(attack: Attack, profile: str) -> None:
    prepare(attack.root)
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")  # pytest shows it if the test fails
    words = ("--profile", profile, "-p", "HTTP/1.1", "--script-timeout", LIMIT)
    over = threading.Event()
    samples: list[Vitals] = []
    with attack.running(*words) as server, ThreadPoolExecutor(CLIENTS) as pool:
        pid = server.process.pid
        fresh = at_rest(pid)
        clients = [Client(server, attack.root, profile, random.Random(seed + number)) for number in range(CLIENTS)]
        begun = [pool.submit(act_until, client, over) for client in clients]
        until = time.monotonic() + 60 * MINUTES
        while time.monotonic() < until and not over.wait(SAMPLE):
            samples.append(vitals_of(pid))
        over.set()
        counts = sum((each.result() for each in begun), Counter[str]())
        rested(pid, fresh)
        for name in ACTS:
            attack.figure(f"acts: {name}", counts[name], "")
            assert counts[name], f"{name} was not tried: the time is too short"
        attack.figure("acts with a wrong answer", 0, "", 0)
        before, after = growth([each.memory for each in samples])
        attack.figure("memory in the second fifth", before / MB, "MB")
        attack.figure("memory in the last fifth", after / MB, "MB", most_memory(int(before)) / MB)
        for what, numbers in {
            "descriptors": [len(each.descriptors) for each in samples],
            "threads": [each.threads for each in samples],
            "children": [len(each.children) for each in samples],
        }.items():
            before, after = growth(numbers)
            attack.figure(f"{what} in the second fifth", before, "")
            attack.figure(f"{what} in the last fifth", after, "", before + MORE)
        assert server.end()[0] == 0
