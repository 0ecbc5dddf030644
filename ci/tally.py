"""tally.py FILE…: adds up JUnit files and prints "passed failed skipped", and the packages that were missing.

Counts test cases, not the totals that a file claims; an error is a failure. A test that is skipped with the message
"package NAME is not installed" names a package. Exit status 1 where a file is missing or is no XML.
"""

import re
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


def packages(case: ElementTree.Element) -> set[str]:
    """Returns the packages for want of which a test was skipped."""
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
