"""tally.py FILE…: adds up JUnit files and prints "passed failed skipped".

Counts test cases, not the totals that a file claims; an error is a failure. Exit status 1 where a file
is missing or is no XML.
"""

import sys
from collections import Counter
from xml.etree import ElementTree


def verdict(case: ElementTree.Element) -> str:
    tags = {child.tag for child in case}
    if tags & {"failure", "error"}:
        return "failed"
    # CTest marks a disabled or skipped test by its status as well.
    skipped = "skipped" in tags or case.get("status") in ("notrun", "disabled")
    return "skipped" if skipped else "passed"


def main(files: list[str]) -> int:
    if not files or files[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    count: Counter[str] = Counter()
    for file in files:
        try:
            count.update(verdict(case) for case in ElementTree.parse(file).iter("testcase"))
        except (OSError, ElementTree.ParseError) as problem:
            print(f"ci/tally.py: {file}: {problem}", file=sys.stderr)
            return 1
    print(count["passed"], count["failed"], count["skipped"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
