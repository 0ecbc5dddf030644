"""build/bin/python ci/figures.py [--check]: counts the figures of README.md from the data.

Writes the text between the two "figures" marks of README.md. With --check, writes nothing and exits with 1 if the
text would change.
"""

import sys
import textwrap
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "conformance"))

from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.case import Case
from cgi_conform.cases.clauses import load_clauses
from cgi_conform.cases.load import load_cases
from cgi_conform.paths import fixtures
from cgi_conform.proof.proofs import branches
from cgi_conform.usage import Parser
from cgi_conform.write import write_whole

README = CHECKOUT / "README.md"
BEGIN, END = "<!-- figures: written by ci/figures.py -->\n", "<!-- end of figures -->"
LEVELS = ("required", "recommended", "observed")


def table(cases: list[Case], clauses: int, reached: int) -> str:
    """Returns as Markdown: the cases per profile and level, the clauses they reach, and the faults that prove them."""
    lines = ["| profile | " + " | ".join(LEVELS) + " | cases |", "|---|" + "--:|" * (len(LEVELS) + 1)]
    for profile in PROFILES:
        levels = [case.expect[profile].level for case in cases if profile in case.expect]
        if levels:
            counts = [levels.count(level) for level in LEVELS]
            lines.append(f"| `{profile}` | " + " | ".join(map(str, [*counts, len(levels)])) + " |")
    topics = len({case.topic for case in cases})
    faults = {case.fault_in(profile) for case in cases for profile in case.expect}
    listed = sum(len(branches(case, profile)) for case in cases for profile in case.expect)
    text = (
        f"{len(cases)} cases in {topics} topics reach {reached} of {clauses} clauses. Each other clause says why no case "
        f"reaches it. Each case can fail: it does so on a second server that has one of {len(faults)} deliberate "
        f"defects. Where a case accepts several statuses, each of them is proven to be checked: {listed} statuses in all."
    )
    return "\n".join(lines) + f"\n\n{textwrap.fill(text, 118)}\n"


def main() -> int:
    parser = Parser(prog="ci/figures.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_all(sys.argv[1:])
    cases = load_cases(fixtures() / "cases")
    clauses = load_clauses(fixtures() / "clauses.toml")
    reached = {name for case in cases for name in case.clauses}
    old = README.read_text(encoding="utf-8")
    before, begin, rest = old.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        sys.exit(f"ci/figures.py: README.md has no {(END if begin else BEGIN).strip()!r} (put both marks back)")
    new = before + BEGIN + table(cases, len(clauses), len(reached)) + END + after
    if new == old:
        return 0
    if options.check:
        print("README.md: the figures do not agree with the data (build/bin/python ci/figures.py writes them)")
        return 1
    write_whole(README, new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
