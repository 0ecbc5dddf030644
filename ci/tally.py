"""tally.py FILE…: adds up JUnit files. Prints the numbers of passed, failed and skipped tests, then missing packages.

Counts the test cases and ignores the totals that a file claims. An error counts as a failure. A skipped test whose
message is "package NAME is not installed" names a missing package. Exit status 1 if a file is missing or is not XML.
"""

import re
import sys
from collections import Counter
from xml.etree import ElementTree


def verdict(case: ElementTree.Element) -> str:
    tags = {child.tag for child in case}
    if tags & {"failure", "error"}:
        return "failed"
    # CTest marks some skipped or disabled tests only by their status.
    skipped = "skipped" in tags or case.get("status") in ("notrun", "disabled")
    return "skipped" if skipped else "passed"


def packages(case: ElementTree.Element) -> set[str]:
    """Returns the missing packages that made the test skip."""
    messages = [child.get("message", "") for child in case if child.tag == "skipped"]
    return {name for message in messages for name in re.findall(r"package (\S+) is not installed", message)}


def main(files: list[str]) -> int:
    if not files or files[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    count: Counter[str] = Counter()
    missing: set[str] = set()
    for file in files:
        try:
            for case in ElementTree.parse(file).iter("testcase"):
                count[verdict(case)] += 1
                missing |= packages(case)
        except (OSError, ElementTree.ParseError) as problem:
            print(f"ci/tally.py: {file}: {problem}", file=sys.stderr)
            return 1
    print(count["passed"], count["failed"], count["skipped"], *sorted(missing))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
