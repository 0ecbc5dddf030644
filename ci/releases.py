"""build/bin/python ci/releases.py [--check]: holds conformance/CHANGELOG.md to the cases.

fixtures/released.txt lists the cases of the last release, each with a digest of what it sends and expects.

If the first section of the changelog is "Unreleased", that section must name every case that came, changed or went
since then. If the first section is a release, this tree becomes that release: the script writes the list. The first
release of all must name every case. With --check, the script writes nothing and exits with 1 if the list would change.
"""

import fnmatch
import sys
from collections.abc import Mapping
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "conformance"))

from cgi_conform import __version__
from cgi_conform.cases.changelog import KINDS, UNRELEASED, Changelog, parsed, told
from cgi_conform.cases.digest import digest
from cgi_conform.cases.load import load_cases
from cgi_conform.usage import Parser
from cgi_conform.write import write_whole

CHANGELOG = CHECKOUT / "conformance" / "CHANGELOG.md"
RELEASED = CHECKOUT / "fixtures" / "released.txt"
_HEAD = "# The cases of the last release, with a digest of each. Written by ci/releases.py.\n"


def listed(cases: Mapping[str, str]) -> str:
    """Returns the text of the list. The keys are ids, the values digests."""
    return _HEAD + "".join(f"{name} {cases[name]}\n" for name in sorted(cases))


def read(text: str) -> dict[str, str]:
    """Returns the cases of a list."""
    return dict(line.split() for line in text.splitlines() if not line.startswith("#"))


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, list[str]]:
    """Returns the ids of the cases that came, changed or went, by kind."""
    return {
        "new": sorted(now.keys() - before.keys()),
        "changed": sorted(name for name in now.keys() & before.keys() if now[name] != before[name]),
        "removed": sorted(before.keys() - now.keys()),
    }


def faults(changelog: Changelog, release: str, before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Returns a line for each case that a release does not name, and for each of its entries that names no such case."""
    found: list[str] = []
    heads = {kind: title for title, kind in KINDS.items()}
    own = [entry for entry in changelog.entries if entry.release == release]
    for kind, names in changes(before, now).items():
        for name in names:
            if not told(own, name, kind):
                found.append(f'"{release}" does not name case "{name}" below "### {heads[kind]}"')
        for entry in own:
            for glob in entry.globs:
                if entry.kind == kind and not fnmatch.filter(names, glob):
                    found.append(f'"{glob}" below "### {heads[kind]}" of "{release}" is no {kind} case')
    return found


def of_this_release(changelog: Changelog, now: Mapping[str, str], *, check: bool) -> list[str]:
    """Returns what is wrong if this tree becomes the newest release. Without `check`, writes its list of cases."""
    newest = changelog.releases[0]
    if newest != __version__:
        return [f'the first section is "{newest}", but this is version {__version__}']
    found = faults(changelog, newest, {}, now) if len(changelog.releases) == 1 else []
    if RELEASED.exists() and RELEASED.read_text("utf-8") == listed(now):
        return found
    if not check:
        write_whole(RELEASED, listed(now))
        return found
    return [
        *found,
        f'the cases are not those of fixtures/released.txt. If {newest} is released, begin a section "## {UNRELEASED}"; '
        "else run build/bin/python ci/releases.py",
    ]


def main() -> int:
    parser = Parser(prog="ci/releases.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_all(sys.argv[1:])
    now = {case.id: digest(case.digests) for case in load_cases(CHECKOUT / "fixtures" / "cases")}
    changelog = parsed(CHANGELOG.read_text("utf-8"))
    found = [f'no entry: "{line}" (* `id`, `glob`: reason)' for line in changelog.broken]
    if changelog.releases[0] == UNRELEASED:
        found += faults(changelog, UNRELEASED, read(RELEASED.read_text("utf-8")), now)
    else:
        found += of_this_release(changelog, now, check=options.check)
    for fault in found:
        print(f"conformance/CHANGELOG.md: {fault}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
