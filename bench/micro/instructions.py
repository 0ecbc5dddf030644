"""instructions.py [--record] [PROGRAM]: instructions per call of the pure rooms, against the recorded ones.

Counted by valgrind's callgrind, which gives the same number every time and needs nothing of the machine: each room
does its work a few times and many times, and the difference is what one time costs, without the start of the program.

Compilers differ by a few per cent. instructions.json therefore holds counts for each compiler, and a rise of more than
10 % over those of the same compiler fails. A release without counts is compared with the nearest release of the same
compiler, and only a rise of more than 30 % fails. A room without a recorded count fails, too. A fall is told, so that
it can be recorded: --record writes the counts of this compiler and keeps the others.

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
RISE, RISE_ELSEWHERE = 1.10, 1.30  # over the counts of the same release, and of another one

Counts = dict[str, int]


def counted(program: Path, room: str, times: int) -> int:
    """Instructions of the whole program."""
    words = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(program), "--work", room, str(times)]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or found is None:
        raise SystemExit(f"instructions.py: {' '.join(words)}: {done.stderr}")
    return int(found[1])


def said(program: Path, question: str) -> list[str]:
    """Returns the lines that the program answers."""
    return subprocess.run([str(program), question], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()


def baseline_for(built_by: str, recorded: dict[str, Counts]) -> tuple[str, float] | None:
    """Returns whose counts to compare with, and the rise they allow; None if no release of this compiler has any."""
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
    """Returns what is wrong, a line each."""
    wrong = []
    for room, count in found.items():
        before = recorded.get(room)
        if before is None:
            wrong.append(f"{room}: {count} instructions, and none recorded (--record)")
        elif count > rise * before:
            wrong.append(f"{room}: {count} instructions, {count / before - 1:+.0%} over the {before} recorded")
    wrong += [f"{room}: recorded, but no longer there (--record)" for room in recorded if room not in found]
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
    built_by = said(program, "--about")[0]
    recorded = read(BASELINE)
    chosen = baseline_for(built_by, recorded)
    if chosen is None and not record:
        print(f'instructions.py: no counts for "{built_by}" (recorded: {", ".join(sorted(recorded))}; --record adds them)')
        return 77
    whose, rise = chosen or (built_by, RISE)
    before = recorded.get(whose, {})
    rooms = said(program, "--rooms")
    found = {room: (counted(program, room, MANY) - counted(program, room, FEW)) // (MANY - FEW) for room in rooms}
    print(f"built by {built_by}, compared with {whose}: a rise of more than {rise - 1:.0%} fails")
    for room, count in found.items():
        print(f"{room:32}{count:10}" + (f"  {count / before[room] - 1:+.1%}" if room in before else ""))
    if record:
        BASELINE.write_text(json.dumps(dict(sorted({**recorded, built_by: found}.items())), indent=2) + "\n", "utf-8")
        return 0
    wrong = judge(found, before, rise)
    for line in wrong:
        print(f"instructions.py: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
