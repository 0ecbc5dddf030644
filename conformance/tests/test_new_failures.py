"""The new failures of `diff`, the digests of cases, the changelog, and ci/releases.py, which holds them together."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from case_files import case, corpus
from cgi_conform import __version__, schema
from cgi_conform.cases.changelog import Changelog, parsed, read_changelog, told
from cgi_conform.cases.digest import digests
from cgi_conform.cases.load import load_cases
from cgi_conform.judging.compare import compared
from cgi_conform.judging.new_failures import new_failures
from cgi_conform.judging.results import CaseResult, assembled, read, totals
from cgi_conform.report.comparison import html, markdown, text
from sample_run import NASTY, SERVER, case_of, result_of
from whole_run import cgi_conform, command_of, get

CHECKOUT = Path(__file__).resolve().parents[2]

LOG = """# Title

## Unreleased

### New cases

* `a/new`, `b/*`: an upload that
  ends early.

### Changed cases

* `a/changed`: it accepts 403, too.

Text.

## 0.2.0

### New cases

* `a/old`: why.

## 0.1.0
"""


def result(name: str, verdict: str = "pass", digest: str | None = "00000001", **more: Any) -> CaseResult:
    return result_of(case_of(name), verdict, **({"digest": digest} if digest else {}), **more)


def causes(before: list[CaseResult], now: list[CaseResult], version: str = "0.2.0") -> dict[str, tuple[str, str]]:
    runs = [assembled(SERVER, "cgihttpserver", "user", 9, cases) for cases in (before, now)]
    found = new_failures(*runs, parsed(LOG).since(version))
    return {each["id"]: (each["cause"], each["why"]) for each in found}


def test_a_new_failure_has_one_of_five_causes() -> None:
    before = [result("a/same"), result("a/changed"), result("a/unknown", digest=None), result("a/red", "fail"), result("a/warns", "warn")]
    now = [result(name, "fail") for name in ("a/same", "a/unknown", "a/red", "a/new", "b/c", "a/absent")]
    now += [result("a/changed", "fail", "00000002"), result("a/warns", "warn"), result("a/fine")]
    assert causes(before, now) == {
        "a/same": ("same", ""),
        "a/changed": ("changed", "Unreleased: it accepts 403, too."),
        "a/new": ("new", "Unreleased: an upload that ends early."),
        "b/c": ("new", "Unreleased: an upload that ends early."),
        "a/absent": ("absent", ""),
        "a/unknown": ("unknown", ""),
    }


def test_the_changelog_gives_no_reason_for_a_case_that_is_the_same() -> None:
    found = causes([result("a/new"), result("a/changed")], [result("a/new", "fail"), result("a/changed", "fail")], "a development version")
    assert found == {"a/new": ("same", ""), "a/changed": ("same", "")}


def test_a_known_failure_that_passes_is_a_new_failure() -> None:
    assert causes([result("a/b", "expected")], [result("a/b", "unexpected-pass")]) == {"a/b": ("same", "")}


@pytest.mark.parametrize(("version", "cause"), [("0.1.0", "new"), ("0.2.0", "absent"), ("0.0.7", "new")])
def test_only_entries_after_the_earlier_release_count(version: str, cause: str) -> None:
    assert causes([], [result("a/old", "fail")], version)["a/old"][0] == cause


def test_the_reports_show_the_groups_and_escape_the_octets() -> None:
    runs = [assembled(SERVER, "cgihttpserver", "user", 9, cases) for cases in (
        [result("a/same"), result("a/changed")],
        [result("a/same", "fail"), result("a/changed", "fail", "00000002")],
    )]  # fmt: skip
    runs[1]["cases"][1]["mismatches"][0]["got"] = NASTY
    comparison = compared(*runs)
    comparison["new_failures"] = new_failures(*runs, parsed(LOG).since("0.2.0"))
    assert schema.faults(comparison, "diff.schema.json") == []
    told = text(comparison).splitlines()
    at = told.index("2 new failures")
    assert told[at + 1 :] == [
        "  The case is the same, so the server changed (1):",
        f"    a/same  status: expected 501, got {NASTY}",
        "  The case changed (1):",
        "    a/changed  status: expected 501, got 405",
        "      Unreleased: it accepts 403, too.",
    ]
    paragraphs = markdown(comparison).partition("### 2 new failures\n\n")[2].partition("\n| case")[0]
    assert paragraphs.startswith("The case is the same") and "<script>" not in paragraphs
    assert "The case changed (1):" in html(comparison) and "<script>alert" not in html(comparison)


@pytest.mark.long
def test_diff_of_two_runs_names_new_failures_and_exits_with_1(tmp_path: Path) -> None:
    folder = corpus(tmp_path, case("a/b"), case("a/c", "status = [200, 404]", get("/other")))
    words = (command_of(folder), "--report")
    assert cgi_conform(folder, "run", *words, str(tmp_path / "old")).returncode == 0
    corpus(tmp_path, case("a/b"), case("a/c", "status = 200", get("/other")), case("a/d", more=get("/third")))
    assert cgi_conform(folder, "run", *words, str(tmp_path / "new")).returncode == 1
    old, new = (str(tmp_path / name / "results.json") for name in ("old", "new"))
    done = cgi_conform(folder, "diff", old, new)
    assert (done.returncode, done.stderr) == (1, "")
    assert "\n2 new failures\n  The case changed (1):\n    a/c  status: expected 200, got 404\n  The earlier run does not" in done.stdout
    only = json.loads(Path(new).read_text())
    only["cases"] = [each for each in only["cases"] if each["id"] == "a/d"]
    only["totals"] = totals(only["cases"])
    Path(new).write_text(json.dumps(only))
    assert cgi_conform(folder, "diff", old, new).returncode == 1  # no case in common, but a new failure
    assert cgi_conform(folder, "diff", new, old).returncode == 2


def test_results_without_digests_are_read_and_compared(tmp_path: Path) -> None:
    folder = corpus(tmp_path, case("a/b", "status = 404"))
    assert cgi_conform(folder, "run", command_of(folder), "--report", str(tmp_path / "new")).returncode == 1
    new = tmp_path / "new" / "results.json"
    old = json.loads(new.read_text())
    assert old["cases"][0].pop("digest") == load_cases(folder / "cases")[0].digests["cgihttpserver"]
    old["cases"][0].update(verdict="pass", mismatches=[])
    old["totals"] = totals(old["cases"])
    (tmp_path / "old.json").write_text(json.dumps(old))
    assert "digest" not in read(tmp_path / "old.json")["cases"][0]
    done = cgi_conform(folder, "diff", str(tmp_path / "old.json"), str(new))
    assert done.returncode == 1 and "they have no digests (1):\n    a/b  status" in done.stdout


def test_a_digest_changes_with_what_the_case_sends_or_expects_and_with_nothing_else() -> None:
    entry: dict[str, Any] = {"id": "a/b", "title": "T", "clauses": ["x"], "fault": "f", "send": "GET / HTTP/1.0",
                             "cgihttpserver": {"level": "required", "status": 200}, "rfc3875": {"status": 200}}  # fmt: skip
    first = digests(entry)
    explained = {**entry, "title": "U", "clauses": [], "fault": "g", "see": ["y"]}
    explained["cgihttpserver"] = {**entry["cgihttpserver"], "title": "V", "fault": "h"}
    assert digests(explained) == first
    assert digests(dict(reversed(entry.items()))) == first
    assert {*digests({**entry, "send": "GET /"}).values()}.isdisjoint(first.values())
    other = digests({**entry, "rfc3875": {"status": [200]}})
    assert other["cgihttpserver"] == first["cgihttpserver"] and other["rfc3875"] != first["rfc3875"]
    assert digests({"send": "x", "rfc3875": {"status": 200}}).keys() == {"rfc3875"}


def test_every_case_of_the_corpus_has_a_digest_in_each_profile() -> None:
    cases = load_cases(CHECKOUT / "fixtures" / "cases", validate=False)
    assert [case.id for case in cases if case.digests.keys() != case.expect.keys()] == []


def releases() -> Any:
    spec = importlib.util.spec_from_file_location("releases", CHECKOUT / "ci" / "releases.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_section_unreleased_must_name_what_changed_and_nothing_else() -> None:
    before = {"a/changed": "1", "a/kept": "1", "a/gone": "1"}
    now = {"a/changed": "2", "a/kept": "1", "a/new": "1", "b/c": "1"}
    gone = "\n### Removed cases\n\n* `a/gone`: it tested nothing.\n\nText."
    assert releases().faults(parsed(LOG.replace("\nText.", gone)), "Unreleased", before, now) == []
    assert releases().faults(parsed(LOG), "Unreleased", before, {**now, "c/d": "1", "a/kept": "2"}) == [
        '"Unreleased" does not name case "c/d" below "### New cases"',
        '"Unreleased" does not name case "a/kept" below "### Changed cases"',
        '"Unreleased" does not name case "a/gone" below "### Removed cases"',
    ]
    named = releases().faults(parsed(LOG), "Unreleased", {"a/changed": "2", "a/new": "1"}, {"a/changed": "2", "a/new": "1", "b/c": "1"})
    assert named == [
        '"a/new" below "### New cases" of "Unreleased" is no new case',
        '"a/changed" below "### Changed cases" of "Unreleased" is no changed case',
    ]


def test_an_entry_without_a_reason_is_reported() -> None:
    assert parsed(LOG.replace("`a/changed`: it", "`a/changed` it")).broken == ("* `a/changed` it accepts 403, too.",)
    assert parsed(LOG).broken == ()


def a_tree(folder: Path, changelog: str, released: dict[str, str] | None) -> Any:
    """Returns ci/releases.py for a tree with this changelog and list."""
    module = releases()
    module.CHANGELOG, module.RELEASED = folder / "CHANGELOG.md", folder / "released.txt"
    module.CHANGELOG.write_text(changelog)
    if released is not None:
        module.RELEASED.write_text(module.listed(released))
    return module


@pytest.mark.parametrize(
    ("changelog", "released", "said"),
    [
        (f"## {__version__}\n\n### New cases\n\n* `a/*`: x\n", {"a/b": "1"}, []),
        (f"## {__version__}\n", {"a/b": "1"}, [f'"{__version__}" does not name case "a/b" below "### New cases"']),
        (f"## {__version__}\n\n## 0.0.9\n", {"a/b": "1"}, []),
        ("## 0.9.0\n", {"a/b": "1"}, [f'the first section is "0.9.0", but this is version {__version__}']),
        (f"## {__version__}\n\n## 0.0.9\n", {"a/b": "2"}, [f"the cases are not those of fixtures/released.txt. If {__version__} is released, "
         'begin a section "## Unreleased"; else run build/bin/python ci/releases.py']),
    ],
)  # fmt: skip
def test_the_tree_of_a_release_has_its_list(tmp_path: Path, changelog: str, released: dict[str, str], said: list[str]) -> None:
    tree = a_tree(tmp_path, changelog, released)
    assert tree.of_this_release(parsed(changelog), {"a/b": "1"}, check=True) == said
    assert tree.RELEASED.read_text() == tree.listed(released)


def test_the_list_is_written_for_a_new_release(tmp_path: Path) -> None:
    for released in (None, {"a/b": "2"}):
        tree = a_tree(tmp_path, "", released)
        assert tree.of_this_release(parsed(f"## {__version__}\n\n## 0.0.9\n"), {"a/b": "1"}, check=False) == []
        assert tree.read(tree.RELEASED.read_text()) == {"a/b": "1"}


def test_the_list_of_a_release_is_read_as_it_was_written() -> None:
    cases = {"b/c": "00000001", "a/b": "00000002"}
    written = releases().listed(cases)
    assert releases().read(written) == cases and written.splitlines()[1:] == ["a/b 00000002", "b/c 00000001"]


def test_the_package_brings_its_changelog() -> None:
    found: Changelog = read_changelog()
    assert "0.1.0" in found.releases and found.broken == ()
    assert told(parsed(LOG).since("0.1.0"), "b/anything", "new") == "Unreleased: an upload that ends early."
