"""instructions.py [--record] [PROGRAM]: compares the instructions per call of cgi-server's functions with the recorded ones.

valgrind's callgrind counts them. Its count is the same every time and needs nothing of the machine. Each piece of work
runs a few times and many times. The difference gives the cost of one time, without the start of the program.

Compilers differ by a few per cent, so instructions.json holds counts for each compiler. A rise of more than 10 % over
the counts of the same compiler fails. A release without counts is compared with the nearest release of the same
compiler, and a rise of more than 30 % fails. Work without a recorded count fails, too. The script prints falls as well:
--record then writes the counts of this compiler and keeps the others.

The work must grow in proportion to what it handles: the pairs in GROWTH show it. Sorting may add a little.

Exit status: 0 no rise; 1 a rise; 2 usage; 77 no valgrind, or no counts of any release of this compiler.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BASELINE = HERE / "instructions.json"
FEW, MANY = 20, 120
ONCE, TWICE = 1, 2  # for work that takes long
# The work with little and with much to handle, how many times as much that is, and how many times as long it may take.
GROWTH = (
    ("request_head/9-fields", "request_head/90-fields", 10, 1.0),
    ("url_path/query-1k", "url_path/query-60k", 60, 1.0),
    ("meta_variables/9-fields", "meta_variables/90-fields", 10, 1.2),
    ("listing/100-entries", "listing/10000-entries", 100, 1.6),
)
_GROWN = {name for pair in GROWTH for name in pair[:2]}  # these need no recorded count
RISE, RISE_ELSEWHERE = 1.10, 1.30  # over the counts of the same release, and of another one

Counts = dict[str, int]


def counted(program: Path, name: str, times: int) -> int:
    """Returns the instructions of the whole program."""
    words = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(program), "--work", name, str(times)]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or found is None:
        raise SystemExit(f"instructions.py: {' '.join(words)}: {done.stderr}")
    return int(found[1])


def cost_of(program: Path, name: str) -> int:
    """Returns the instructions of doing the work once."""
    few, many = (ONCE, TWICE) if name == "listing/10000-entries" else (FEW, MANY)
    return (counted(program, name, many) - counted(program, name, few)) // (many - few)


def too_steep(found: Counts) -> list[str]:
    """Returns a line for each pair of GROWTH whose work grows faster than it may."""
    lines = []
    for little, much, times, allowed in GROWTH:
        grown = found[much] / found[little]
        if grown > times * allowed:
            lines.append(f"{much}: {grown:.1f} times as many instructions as {little}, for {times} times as much")
    return lines


def lines_of(program: Path, option: str) -> list[str]:
    """Returns the lines that the program prints."""
    return subprocess.run([str(program), option], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()


def baseline_for(built_by: str, recorded: dict[str, Counts]) -> tuple[str, float] | None:
    """Returns the release to compare with, and the rise that is allowed; None if this compiler has no counts."""
    if built_by in recorded:
        return built_by, RISE
    family, version = _family(built_by), _version(built_by)
    others = [name for name in recorded if _family(name) == family]
    if not others:
        return None
    return min(others, key=lambda name: [abs(a - b) for a, b in zip(_version(name), version)]), RISE_ELSEWHERE


def _family(built_by: str) -> list[str]:
    compiler, _, *rest = built_by.split(" ")
    return [compiler, *rest]


def _version(built_by: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", built_by.split(" ")[1])]


def judge(found: Counts, recorded: Counts, rise: float = RISE) -> list[str]:
    """Returns the problems, one line each."""
    wrong = []
    for name, count in found.items():
        before = recorded.get(name)
        if before is None and name not in _GROWN:
            wrong.append(f"{name}: {count} instructions, and none recorded (--record)")
        elif before is not None and count > rise * before:
            wrong.append(f"{name}: {count} instructions, {count / before - 1:+.0%} over the {before} recorded")
    wrong += [f"{name}: recorded, but no longer there (--record)" for name in recorded if name not in found]
    return wrong


def read(file: Path) -> dict[str, Counts]:
    """Returns the recorded counts by compiler."""
    recorded: dict[str, Counts] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return recorded


def main(words: list[str]) -> int:
    record = "--record" in words
    names = [word for word in words if not word.startswith("-")]
    if len(names) > 1 or any(word not in ("--record", *names) for word in words):
        print(__doc__)
        return 2
    build = Path(os.environ.get("CGI_CONFORM_BUILD") or HERE.parents[1] / "build")
    program = Path(names[0]) if names else build / "bench" / "cgi-bench-micro"
    if shutil.which("valgrind") is None:
        print("instructions.py: valgrind is not installed")
        return 77
    built_by = lines_of(program, "--about")[0]
    recorded = read(BASELINE)
    chosen = baseline_for(built_by, recorded)
    if chosen is None and not record:
        print(f'instructions.py: no counts for "{built_by}" (recorded: {", ".join(sorted(recorded))}; --record adds them)')
        return 77
    release, rise = chosen or (built_by, RISE)
    before = recorded.get(release, {})
    names = lines_of(program, "--list")
    found = {name: cost_of(program, name) for name in names}
    print(f"built by {built_by}, compared with {release}: a rise of more than {rise - 1:.0%} fails")
    for name, count in found.items():
        print(f"{name:32}{count:10}" + (f"  {count / before[name] - 1:+.1%}" if name in before else ""))
    for little, much, times, _ in GROWTH:
        print(f"{much}: {found[much] / found[little]:.1f} times {little}, for {times} times as much")
    if record:
        BASELINE.write_text(json.dumps(dict(sorted({**recorded, built_by: found}.items())), indent=2) + "\n", "utf-8")
        return 0
    wrong = [*judge(found, before, rise), *too_steep(found)]
    for line in wrong:
        print(f"instructions.py: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
