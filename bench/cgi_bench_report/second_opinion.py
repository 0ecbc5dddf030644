"""python3 -m cgi_bench_report.second_opinion SERVER SERVER…: checks that wrk ranks the servers as cgi-bench does.

Starts the servers ([NAME=]SERVER[:PROFILE], as in cgi-bench --servers) on one document root. cgi-bench and wrk measure each
server in turn, in random order and several rounds, each with one thread and the same number of connections. Prints the
figures of both. Fails if both programs are sure which of two servers is faster, and disagree. The last column compares
the load that the two clients can make: below 1, the client of cgi-bench may be the limit and not the server.
"""

import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cgi_bench_report.compare import ratio

_BUILD = Path(os.environ.get("CGI_CONFORM_BUILD") or Path(__file__).resolve().parents[2] / "build")
_PATHS = {"static-1k": "/1k.bin", "cgi-hello": "/cgi-bin/hello-static", "not-found": "/no-such-file"}
_UNKNOWN = 77

Samples = dict[tuple[str, str], list[float]]  # by server and program


def name_of(text: str) -> str:
    """Returns the name of a server in the table: NAME, or the last part of the path in SERVER."""
    name, equals, _ = text.partition("=")
    return name if equals else text.partition(":")[0].rstrip("/").rpartition("/")[2]


@contextmanager
def served(text: str, root: Path) -> Iterator[str]:
    """Starts the server, yields its URL, and ends it."""
    server, _, profile = text.rpartition("=")[2].partition(":")
    words = [str(_BUILD / "bin/cgi-conform"), "serve", server, "--root", str(root)]
    words += ["--profile", profile] if profile else []
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        url = ""
        for line in process.stdout:
            url = line.split(" ", 1)[1].strip() if line.startswith("url ") else url
            if line == "ready\n":
                break
        if not url:
            raise SystemExit(2)  # cgi-conform has printed the reason
        try:
            yield url
        finally:
            process.stdin.close()


def by_cgi_bench(url: str, scenario: str, clients: int, seconds: float) -> float:
    """Returns the requests per second that cgi-bench measures."""
    point = f"^{scenario}/{clients}/x/"
    words = [str(_BUILD / "bench/cgi-bench"), f"x={url}", f"--benchmark_filter={point}", "--benchmark_repetitions=1"]
    words += [f"--benchmark_min_time={seconds}", "--benchmark_format=json"]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)  # status 1: some requests failed
    run = json.loads(done.stdout)["benchmarks"][0]
    if run.get("error_occurred"):
        raise SystemExit(f"second_opinion: {url}: {run['error_message']}")
    return float(run["requests_per_second"])


def by_wrk(url: str, scenario: str, clients: int, seconds: float) -> float:
    """Returns the requests per second that wrk measures. wrk takes whole seconds only."""
    words = ["wrk", "-t1", f"-c{clients}", f"-d{max(1, round(seconds))}s", url + _PATHS[scenario]]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    found = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    return float(found[1]) if found else 0.0


def measure(urls: dict[str, str], scenario: str, clients: int, rounds: int, seconds: float) -> Samples:
    """Measures every server with both programs in each round, in random order."""
    samples: Samples = {}
    for _ in range(rounds):
        turns = [(name, program) for name in urls for program in ("cgi-bench", "wrk")]
        random.shuffle(turns)
        for name, program in turns:
            ask = by_wrk if program == "wrk" else by_cgi_bench
            samples.setdefault((name, program), []).append(ask(urls[name], scenario, clients, seconds))
    return samples


def disagreements(samples: Samples, names: list[str]) -> list[str]:
    """Returns the pairs of servers that both programs rank with certainty, but differently."""
    found = []
    for index, a in enumerate(names):
        for b in names[index + 1 :]:
            one, other = (ratio(samples[a, program], samples[b, program]) for program in ("cgi-bench", "wrk"))
            if one and other and not one.is_one and not other.is_one and (one.value > 1) != (other.value > 1):
                found.append(f"{a} / {b}: {one} by cgi-bench, {other} by wrk")
    return found


def table(samples: Samples, names: list[str], point: str) -> str:
    """Returns the medians of both programs as a Markdown table."""
    first = names[0]
    lines = [
        f"| {point} | cgi-bench, requests/s | wrk, requests/s | cgi-bench: ÷ {first} | wrk: ÷ {first} | cgi-bench ÷ wrk |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name in names:
        mine, theirs = samples[name, "cgi-bench"], samples[name, "wrk"]
        relative = [ratio(samples[name, program], samples[first, program]) for program in ("cgi-bench", "wrk")]
        cells = [f"{statistics.median(mine):,.0f}", f"{statistics.median(theirs):,.0f}"]
        cells += ["" if name == first else str(each) for each in relative] + [str(ratio(mine, theirs))]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> int:
    about = "Checks that wrk ranks the servers as cgi-bench does."
    parser = argparse.ArgumentParser(prog="second_opinion", description=about)
    add = parser.add_argument
    add("servers", nargs="+", metavar="SERVER", help="[NAME=]SERVER[:PROFILE], as in cgi-bench --servers")
    add("--point", action="append", metavar="POINT", help="SCENARIO/CLIENTS (default: static-1k/64 and cgi-hello/8)")
    add("--rounds", type=int, default=5, help="number of rounds (default: %(default)s)")
    add("--seconds", type=float, default=1.0, help="seconds of each measurement (default: %(default)g)")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        print("second_opinion: wrk is not installed ('ci/setup bench' installs it)")
        return _UNKNOWN
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="cgi-bench-") as base, ExitStack() as stack:
        Path(base).chmod(0o755)
        root = Path(base) / "root"
        subprocess.run([str(_BUILD / "bench/cgi-bench"), "--lay-out", str(root)], stdout=subprocess.DEVNULL, check=True)
        names = [name_of(text) for text in options.servers]
        urls = {name: stack.enter_context(served(text, root)) for name, text in zip(names, options.servers)}
        for point in options.point or ["static-1k/64", "cgi-hello/8"]:
            scenario, _, clients = point.partition("/")
            samples = measure(urls, scenario, int(clients), options.rounds, options.seconds)
            print(table(samples, names, point), flush=True)
            wrong += disagreements(samples, names)
    for line in wrong:
        print(f"second_opinion: cgi-bench and wrk disagree: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
