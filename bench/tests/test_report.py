"""The page and the table: targets that must not be compared are left out, and hostile text stays text."""

from pathlib import Path

import pytest
from bench_json import broken, run, write

from cgi_bench_report.cli import main
from cgi_bench_report.markdown import BEGIN, END

SLOW = [100.0, 101, 99, 102, 98]


def report(tmp_path: Path, *words: str, status: int = 0) -> tuple[str, str]:
    assert main([str(tmp_path / "results.json"), "--report", str(tmp_path / "out"), *words]) == status
    return (tmp_path / "out/index.html").read_text("utf-8"), (tmp_path / "out/summary.md").read_text("utf-8")


def test_one_server_under_two_names_shows_no_difference(tmp_path: Path) -> None:
    write(tmp_path, [*run("a/8", "one", SLOW), *run("a/8", "two", SLOW[::-1])], targets="one two")
    page, table = report(tmp_path)
    assert "these runs show no difference from one: 1.00" in page
    assert "| a/8 | 100 | 100 | 1.00 (0.97–1.03) |" in table.replace("\u202f", " ")


def test_the_same_server_twice_gives_a_sentence_about_noise(tmp_path: Path) -> None:
    runs = [*run("a/8", "one", SLOW), *run("a/8", "two", [each * 1.1 for each in SLOW]), *run("a/8", "other", SLOW)]
    again = [*run("b/8", "one", SLOW), *run("b/8", "two", [each * 0.9 for each in SLOW])]
    about = {"target one": "server 1.0", "target two": "server 1.0", "target other": "server 2.0"}
    write(tmp_path, [*runs, *again], targets="one two other", **about)
    for text in report(tmp_path):
        assert "two is the same server as one, so their difference is noise: 0.90 to 1.10 ×" in text
        assert "other is the same" not in text and "same server as other" not in text


def test_an_invalid_target_is_not_compared(tmp_path: Path) -> None:
    runs = [*run("a/8", "ref", SLOW), *broken("a/8", "cheat", "INVALID: x"), *run("a/1", "cheat", [1e6] * 5)]
    write(tmp_path, runs, targets="ref cheat", **{"INVALID cheat": "check query: status 404 instead of 200"})
    page, table = report(tmp_path, status=1)
    assert "INVALID</b> cheat answers wrongly" in page
    assert "1 000 000" not in page.replace("\u202f", " ").replace(",", " ")
    assert "| `cheat`" not in table
    assert "`cheat` is INVALID and not compared: check query" in table


def test_wrong_answers_under_load_make_a_target_invalid(tmp_path: Path) -> None:
    runs = [*run("a/1", "ref", SLOW), *run("a/1", "t", SLOW), *broken("b/8", "t", "INVALID: 3 of 9 answers were wrong")]
    write(tmp_path, runs, targets="ref t")
    _, table = report(tmp_path, status=1)
    assert "`t` is INVALID and not compared: b/8: 3 of 9 answers were wrong" in table


def test_failed_requests_and_a_busy_client_are_noted(tmp_path: Path) -> None:
    runs = [
        *run("a/1", "ref", SLOW),
        *run("a/1", "t", SLOW, failures=2.0, label="FAILURES: cannot connect"),
        *run("a/1", "u", SLOW, client_cpu=0.97),
    ]
    write(tmp_path, runs, targets="ref t u")
    page, table = report(tmp_path)
    assert "10 requests failed (cannot connect): not compared" in page
    assert "the client was at its limit" in page
    assert "| 100 | 100 ⚠ | 100 ⚠ | – | 1.00 (0.97–1.03) |" in table.replace("\u202f", " ")


def test_the_processor_time_has_a_table_with_ratios(tmp_path: Path) -> None:
    runs = [
        *run("a/1", "ref", SLOW, server_cpu_us=10.0),
        *run("a/1", "t", SLOW, server_cpu_us=20.0),
        *run("a/1", "u", SLOW),
        *run("b/1", "ref", SLOW),
    ]
    write(tmp_path, runs, targets="ref t u")
    page, table = report(tmp_path)
    assert "| µs per request | `ref` | `t` | `u` | ref ÷ t | ref ÷ u |" in table
    assert "| a/1 | 10.0 | 20.0 | – | 0.50 (0.50–0.50) | – |" in table
    assert table.count("| b/1 |") == 1  # only in the first table
    assert "CPU per request, 2.00 (2.00–2.00) × ref" in page


def test_memory_and_threads_are_told_at_rest_and_under_load(tmp_path: Path) -> None:
    rest = {"rest_memory_mb": 2.0, "rest_threads": 3.0}
    runs = [
        *run("a/64", "ref", SLOW, **rest, server_memory_mb=8.0, server_threads=66.0),
        *run("a/64", "url", SLOW),
        *run("b/1", "ref", SLOW, **rest, server_memory_mb=300.0, server_threads=10002.0, beside_p50_ms=5.0, beside_max_ms=7.0),
    ]
    about = {"target ref": "server 1.0", "rest ref": "processes 1, threads 3", "cpu ref": "control group"}
    write(tmp_path, runs, targets="ref url", **about)
    page, table = report(tmp_path)
    assert "| MB (threads) | `ref` | `url` |" in table
    assert "| at rest | 2.00 (3) | – |\n| a/64 | 8.00 (66) | – |\n| b/1 | 300 (10002) | – |\n" in table
    assert "* `ref`: server 1.0; processes 1, threads 3; processor time from control group\n" in table
    assert "(processes 1, threads 3 at rest)" in page
    assert "beside: p50 5.00" in page


def test_targets_of_the_open_loop_are_compared_by_p99(tmp_path: Path) -> None:
    calm = [dict(one, p99_ms=2.0) for one in run("a/at-100", "ref", [100.0] * 5)]
    stalled = [dict(one, p99_ms=200.0) for one in run("a/at-100", "t", [100.0] * 5)]
    write(tmp_path, [*calm, *stalled], targets="ref t")
    page, _ = report(tmp_path)
    assert "its p99 is 100.00 (100.00–100.00) × ref" in page


def test_a_percentile_that_some_runs_lack_is_not_shown(tmp_path: Path) -> None:
    runs = run("a/1", "ref", SLOW)
    runs[0]["p99.9_ms"] = 0.001
    write(tmp_path, runs, targets="ref")
    page, _ = report(tmp_path)
    assert "p99 " in page and "p99.9" not in page


def test_names_and_messages_never_become_markup(tmp_path: Path) -> None:
    runs = [*run("a/1", "ref", SLOW), *broken("a/1", "t", "<script>alert(1)</script>")]
    write(tmp_path, runs, targets="ref t", kernel="<b>")
    page, _ = report(tmp_path)
    assert "<script>" not in page and "<dd><b>" not in page
    assert "&lt;script&gt;" in page


def test_readme_replaces_the_text_between_the_marks(tmp_path: Path) -> None:
    runs = [*run("a/1", "ref", SLOW), *run("a/1", "t", SLOW), *run("a/1", "u", SLOW), *run("b/1", "ref", SLOW)]
    write(tmp_path, runs, targets="ref t u")
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}old\n{END}\nafter\n")
    _, summary = report(tmp_path, "--readme", str(readme), "--only", "a/*", "--readme-targets", "ref,u")
    text = readme.read_text("utf-8")
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text
    assert "| a/1 |" in text and "| b/1 |" not in text
    assert "`u`" in text and "`t`" not in text and "`t`" in summary


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["none.json"], "No such file"),
        (["results.json", "--reference", "x"], '"x" was not measured (measured: ref)'),
        (["results.json", "--reference", "reff"], '"reff" was not measured (did you mean "ref"?)'),
        (["results.json", "--only", "x/*"], "matches no measured point"),
        (["results.json", "--only", "aa/1"], 'matches no measured point (did you mean "a/1"?)'),
        (["results.json", "--readme", "plain.md", "--readme-targets", "reff"], 'no measured target (did you mean "ref"?)'),
        (["result.json"], 'No such file or directory (did you mean "results.json"?)'),
        (["results.json", "--readme", "plain.md"], "has no marks"),
        (["results.json", "--report", "plain.md"], "\"plain.md\": File exists"),
    ],
)
def test_an_error_of_the_user_is_named(
    tmp_path: Path, words: list[str], told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, run("a/1", "ref", SLOW), targets="ref")
    (tmp_path / "plain.md").write_text("plain\n")
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    said = capsys.readouterr().err
    assert told in said and said.count("\n") == 1


def test_a_wrong_option_gets_one_line_with_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["results.json", "--reprt", "x"])
    said = 'cgi-bench-report: unknown option "--reprt" (did you mean "--report"?)\n'
    assert (ended.value.code, capsys.readouterr().err) == (2, said)


OTHER_JSON = (
    "{", "[" * 100_000, "{}", "[]", '{"context": [], "benchmarks": []}', '{"context": {}, "benchmarks": null}',
    '{"context": {}, "benchmarks": [1]}', '{"context": {}, "benchmarks": [{"family_index": "x"}]}',
    '{"context": {}, "benchmarks": [{"run_type": "iteration"}]}',
)  # fmt: skip


@pytest.mark.parametrize("text", OTHER_JSON)
def test_a_file_of_another_program_is_named(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "results.json").write_text(text)
    assert main([str(tmp_path / "results.json")]) == 2
    told = f'"{tmp_path}/results.json" is not JSON of cgi-bench (cgi-bench --benchmark_out=FILE writes it)\n'
    assert capsys.readouterr().err == f"cgi-bench-report: {told}"
