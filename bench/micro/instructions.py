"""instructions.py [--record] [PROGRAM]: instructions per call of the pure rooms, against the recorded ones.

Counted by valgrind's callgrind, which gives the same number every time and needs nothing of the machine: each room
does its work a few times and many times, and the difference is what one time costs, without the start of the program.
A rise of more than 10 % over instructions.json fails, and so does a room that is not in it; a fall is told, so that it
can be recorded. Exit status: 0 as recorded; 1 not; 2 usage; 77 no valgrind, or recorded with another compiler.
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
RISE = 1.10


def counted(program: Path, room: str, times: int) -> int:
    """Instructions of the whole program."""
    words = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(program), "--work", room, str(times)]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or found is None:
        raise SystemExit(f"instructions.py: {' '.join(words)}: {done.stderr}")
    return int(found[1])


def said(program: Path, question: str) -> list[str]:
    """The lines that the program answers."""
    return subprocess.run([str(program), question], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()


def judge(found: dict[str, int], recorded: dict[str, int]) -> list[str]:
    """What is wrong, a line each."""
    wrong = []
    for room, count in found.items():
        before = recorded.get(room)
        if before is None:
            wrong.append(f"{room}: {count} instructions, and none recorded (--record)")
        elif count > RISE * before:
            wrong.append(f"{room}: {count} instructions, {count / before - 1:+.0%} over the {before} recorded")
    wrong += [f"{room}: recorded, but no longer there (--record)" for room in recorded if room not in found]
    return wrong


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
    baseline = json.loads(BASELINE.read_text("utf-8")) if BASELINE.exists() else {}
    if not record and baseline.get("built by") != built_by:
        print(f'instructions.py: recorded with {baseline.get("built by")}, and this was built by {built_by}')
        return 77
    rooms = said(program, "--rooms")
    found = {room: (counted(program, room, MANY) - counted(program, room, FEW)) // (MANY - FEW) for room in rooms}
    if record:
        BASELINE.write_text(json.dumps({"built by": built_by, "instructions": found}, indent=2) + "\n", "utf-8")
    for room, count in found.items():
        before = baseline.get("instructions", {}).get(room)
        print(f"{room:32}{count:10}" + (f"  {count / before - 1:+.1%}" if before else ""))
    wrong = [] if record else judge(found, baseline["instructions"])
    for line in wrong:
        print(f"instructions.py: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
