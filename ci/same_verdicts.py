"""build/bin/python ci/same_verdicts.py A B: compares two results.json. B has the cases of A or some of them.

Prints the cases of B that have another verdict in A, and exits with 1 if there is one. `cgi-conform diff` compares the
answers, too. Use this script where answers may differ and verdicts must not.
"""

import json
import sys
from pathlib import Path


def verdicts(path: str) -> dict[str, str]:
    """Returns the verdicts of a run by the ids of the cases."""
    return {case["id"]: case["verdict"] for case in json.loads(Path(path).read_text("utf-8"))["cases"]}


def main() -> int:
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    if len(sys.argv) != 3:
        print(f"ci/same_verdicts.py: two results.json, not {len(sys.argv) - 1} (ci/same_verdicts.py A B)", file=sys.stderr)
        return 2
    a, b = map(verdicts, sys.argv[1:])
    others = sorted(name for name, verdict in b.items() if a.get(name) != verdict)
    for name in others:
        print(f"{name}: {a.get(name, 'absent')} in A, {b[name]} in B")
    print(f"{len(b)} cases: {len(others)} with another verdict")
    return 1 if others or not b else 0


if __name__ == "__main__":
    sys.exit(main())
