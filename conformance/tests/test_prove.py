"""cgi-conform prove and the package proof: which cases, faults and branches count as proven, and the reports."""

import json
import os
import select
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from case_files import SEND, case, corpus
from cgi_conform.cases.docroot import Docroot
from cgi_conform.cases.load import load_cases
from cgi_conform.data.faulty.faults import Edit, Fault
from cgi_conform.errors import UserError
from cgi_conform.judging.results import MismatchEntry, Server
from cgi_conform.paths import REPO
from cgi_conform.proof import forked_server, proofs
from cgi_conform.proof.fault_files import load_faults, unmatched
from cgi_conform.proof.fresh_docroot import FreshDocroot
from cgi_conform.proof.kills_json import Kills, assembled, not_proven
from cgi_conform.proof.proofs import Branch, Tried, branch_proof, branches, case_proof
from cgi_conform.report.kills import html, junit, markdown, terminal
from cgi_conform.running.plan import Options
from cgi_conform.servers.definition import load_server
from cgi_conform.servers.instance import running
from cgi_conform.servers.launch import start
from sample_run import case_of, result_of
from test_runs import cgi_conform
from toy_server import SERVER, fault, toy

GENERAL = ("answers-{status}", "closes-unanswered", "never-answers", "answers-without-a-head")
FILE = ("file-cut-short", *GENERAL)


def named(text: str, name: str) -> str:
    return text.replace("file-cut-short", name)


def get(path: str) -> str:
    return f"send = 'GET {path} HTTP/1.0\\r\\n\\r\\n'"


def prove(fixtures: Path, server: Path, *words: str) -> tuple[int, str, dict[str, Any]]:
    report = fixtures / "report"
    done = cgi_conform(fixtures, "prove", f"--server={server}/", f"--report={report}", *words)
    kills = json.loads((report / "kills.json").read_text()) if (report / "kills.json").exists() else {}
    return done.returncode, done.stdout + done.stderr, kills


def proven(fixtures: Path, server: Path, *words: str, status: int) -> dict[str, Any]:
    returned, said, kills = prove(fixtures, server, *words)
    assert returned == status, said
    return kills


def test_a_proof_of_a_good_suite_is_green_and_gives_the_same_file_each_time(tmp_path: Path) -> None:
    listed = named(case("a/list", "status = [404, 403, 'closed']", get("/none")), "everything-is-there")
    fixtures = corpus(tmp_path / "f", case("a/file", "status = 200\nbody.file = 'hello.txt'"), listed)
    server = toy(tmp_path / "s", *FILE, "everything-is-there")
    kills = proven(fixtures, server, status=0)
    assert kills["totals"] == {
        "cases": {"killed": 2, "survived": 0, "unsound": 0, "skipped": 0},
        "faults": {"proven": 2, "unproven": 0, "skipped": 0},
        "branches": {"proven": 3, "unproven": 0, "skipped": 0},
    }
    by = {one["id"]: one["by"] for one in kills["cases"]}
    assert by["a/file"] == {"what": "body", "expected": '"hello static\\n"', "got": '"hello"', "at": 5}
    assert (by["a/list"]["what"], by["a/list"]["got"]) == ("status", "200")
    assert [one["kills"] for one in kills["faults"]] == [["a/list cgihttpserver"], ["a/file cgihttpserver"]]
    assert [one["fault"] for one in kills["branches"]] == ["answers-403", "answers-404", "closes-unanswered"]
    first = (fixtures / "report" / "kills.json").read_bytes()
    proven(fixtures, server, "-j1", status=0)
    assert (fixtures / "report" / "kills.json").read_bytes() == first


def test_a_case_that_passes_with_its_fault_is_survived(tmp_path: Path) -> None:
    fixtures = corpus(tmp_path / "f", case("a/file", "status = 200"))
    status, said, kills = prove(fixtures, toy(tmp_path / "s", *FILE))
    assert status == 1
    assert kills["totals"]["cases"]["survived"] == 1 and kills["totals"]["faults"]["unproven"] == 1
    assert "SURVIVED  a/file  cgihttpserver" in said and "it passes with its fault in the server" in said
    assert "NO KILL   fault file-cut-short (faults/toy.toml) kills no case" in said


def test_a_case_that_survives_is_tried_once_more_at_the_end(tmp_path: Path) -> None:
    count = str(tmp_path / "count")
    third = f'open({count!r}, "ab").write(b".") and os.path.getsize({count!r}) > 2'  # a case that passes is played twice
    late = fault("late", 'b"hello static\\n" if', f'(b"hello" if {third} else b"hello static\\n") if')
    fixtures = corpus(tmp_path / "f", named(case("a/file", "body.file = 'hello.txt'"), "late"))
    kills = proven(fixtures, toy(tmp_path / "s", *GENERAL, faults=late), status=0)
    assert kills["cases"][0]["by"]["got"] == '"hello"'
    assert (tmp_path / "count").read_bytes() == b"..."


def test_a_case_that_fails_without_a_fault_is_unsound(tmp_path: Path) -> None:
    fixtures = corpus(tmp_path / "f", case("a/file", "body = 'other'"))
    status, said, kills = prove(fixtures, toy(tmp_path / "s", *FILE))
    assert status == 1 and kills["totals"]["cases"]["unsound"] == 1
    assert "UNSOUND   a/file" in said and "got       body \"hello static" in said


def test_a_case_that_is_unsound_is_tried_once_more_before_the_faults(tmp_path: Path) -> None:
    count = str(tmp_path / "count")
    first = f'open({count!r}, "ab").write(b".") and os.path.getsize({count!r}) == 1'
    early = SERVER.replace('b"hello static\\n" if', f'(b"hello" if {first} else b"hello static\\n") if')
    assert early != SERVER
    fixtures = corpus(tmp_path / "f", named(case("a/file", "body.file = 'hello.txt'\nheader.X-Toy = 'yes'"), "field-lost"))
    status, said, kills = prove(fixtures, toy(tmp_path / "s", *GENERAL, "field-lost", server=early))
    assert status == 0 and kills["totals"]["cases"]["killed"] == 1, said
    assert "tried once more: a/file in cgihttpserver" in said


def test_a_fault_is_proven_if_one_of_its_cases_fails(tmp_path: Path) -> None:
    fixtures = corpus(tmp_path / "f", case("a/file", "body.file = 'hello.txt'"), case("a/other", "status = 200"))
    kills = proven(fixtures, toy(tmp_path / "s", *FILE), status=1)
    assert kills["faults"][0]["verdict"] == "proven"
    assert kills["totals"]["cases"] == {"killed": 1, "survived": 1, "unsound": 0, "skipped": 0}


@pytest.mark.long
def test_each_profile_is_proven_with_its_own_fault(tmp_path: Path) -> None:
    both = case("a/file", "body.file = 'hello.txt'")
    both += "[case.rfc3875]\nlevel = 'required'\nfault = 'field-lost'\nheader.X-Toy = 'yes'\n"
    fixtures = corpus(tmp_path / "f", both)
    server = toy(tmp_path / "s", *FILE, "field-lost", profiles="'cgihttpserver', 'rfc3875'")
    kills = proven(fixtures, server, status=0)
    assert [(one["profile"], one["by"]["what"]) for one in kills["cases"]] == [
        ("cgihttpserver", "body"), ("rfc3875", "header.X-Toy"),
    ]  # fmt: skip
    kills = proven(fixtures, server, "--profile=rfc3875", status=0)
    assert [one["name"] for one in kills["faults"]] == ["field-lost"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("expect", "path", "note"),
    [
        ("status = [404, 403]", "/stubborn", "cannot be taken: a server that answers so is seen to answer 404"),
        ("status = [404, 404]", "/none", "is not looked at: the case accepts that status without it"),
    ],
)
def test_a_status_that_never_occurs_or_is_never_checked_is_unproven(
    tmp_path: Path, expect: str, path: str, note: str
) -> None:
    server = toy(tmp_path / "s", *GENERAL, "everything-is-there")
    fixtures = corpus(tmp_path / "f", named(case("a/list", expect, get(path)), "everything-is-there"))
    status, said, kills = prove(fixtures, server)
    assert status == 1 and "BRANCH" in said
    assert note in {one["note"] for one in kills["branches"]}


def test_only_the_judged_response_counts_for_a_branch(tmp_path: Path) -> None:
    steps = "".join(f"[[case.step]]\nconnection = '{name}'\n{get('/none')}\n" for name in "ab")
    expect = "".join(
        f"[[case.cgihttpserver.response]]\nconnection = '{name}'\nstatus = {status}\n"
        for name, status in (("a", "404"), ("b", "[404, 403]"))
    )
    fixtures = corpus(tmp_path / "f", named(case("a/two", expect, steps), "everything-is-there"))
    kills = proven(fixtures, toy(tmp_path / "s", *GENERAL, "everything-is-there"), status=0)
    assert [(one["response"], one["status"], one["verdict"]) for one in kills["branches"]] == [
        (2, 403, "proven"), (2, 404, "proven"),
    ]  # fmt: skip


DIES = fault("dies", "    status = status", "    os._exit(3)")


@pytest.mark.long
def test_a_server_that_dies_proves_a_case_only_if_the_fault_has_dies(tmp_path: Path) -> None:
    fixtures = corpus(tmp_path / "f", named(case("a/file", "body.file = 'hello.txt'"), "dies"))
    status, said, kills = prove(fixtures, toy(tmp_path / "s", *GENERAL, faults=DIES))
    assert status == 1 and kills["cases"][0]["verdict"] == "survived"
    assert 'no proof: server "s" died in case "a/file": it exited with status 3' in " ".join(said.split())
    kills = proven(fixtures, toy(tmp_path / "s", *GENERAL, faults=DIES + "dies = true\n"), status=0)
    assert kills["cases"][0]["by"]["what"] == "end of the server"
    later = fault("dies", "+ body)", "+ body)\n    client.close()\n    os._exit(3)", "dies = true")
    kills = proven(fixtures, toy(tmp_path / "s", *GENERAL, faults=later), status=0)
    assert kills["cases"][0]["by"]["what"] == "end of the server"
    assert "1 killed by end of the server" in terminal.text(kills)  # type: ignore[arg-type]


def test_the_report_leaves_out_mismatches_of_a_fault_that_varies(tmp_path: Path) -> None:
    some = fault("dies", "status = status", "status = status + os.getpid() % 50 + 1", "varies = true")
    fixtures = corpus(tmp_path / "f", named(case("a/file", "status = 200"), "dies"))
    kills = proven(fixtures, toy(tmp_path / "s", *GENERAL, faults=some), status=0)
    assert (kills["cases"][0]["by"]["what"], kills["cases"][0]["by"]["got"]) == (
        "one thing or another", "not the same each time"
    )  # fmt: skip


def test_a_server_that_does_not_start_proves_no_case(tmp_path: Path) -> None:
    broken = fault("dies", "import os, socket, sys", "import os, socket, sys\nraise SystemExit(4)")
    fixtures = corpus(tmp_path / "f", named(case("a/file", "body.file = 'hello.txt'"), "dies"))
    kills = proven(fixtures, toy(tmp_path / "s", *GENERAL, faults=broken), status=1)
    assert kills["cases"][0]["note"].startswith('no proof: server "s" did not start: it exited with status 4')


def test_cases_for_another_user_are_skipped_and_a_proof_without_others_exits_with_5(tmp_path: Path) -> None:
    other = "user" if os.geteuid() == 0 else "root"
    fixtures = corpus(tmp_path / "f", case("a/file", "status = [200, 404]", f"{SEND}\nneeds = ['{other}']"))
    status, said, kills = prove(fixtures, toy(tmp_path / "s", *FILE))
    assert status == 5
    assert kills["totals"]["cases"]["skipped"] == 1 and kills["faults"][0]["verdict"] == "skipped"
    assert {one["verdict"] for one in kills["branches"]} == {"skipped"}
    assert "skipped   1  needs a server started by" in said


@pytest.mark.long
def test_globs_choose_cases_and_faults(tmp_path: Path) -> None:
    fixtures = corpus(
        tmp_path / "f",
        case("a/file", "body.file = 'hello.txt'"),
        named(case("b/list", "status = [404, 403]", get("/none")), "everything-is-there"),
    )
    server = toy(tmp_path / "s", *FILE, "everything-is-there")
    for words, cases, taken in (
        (("a",), ["a/file"], 0),
        (("--fault=everything-is-there",), ["b/list"], 0),
        (("--fault=answers-4*",), [], 2),
        (("b/list", "--fault=file*", "--fault=answers-403"), [], 1),
    ):
        kills = proven(fixtures, server, *words, status=0)
        assert ([one["id"] for one in kills["cases"]], len(kills["branches"])) == (cases, taken)
    for word, hint in (("--fault=file-cut-shot", ' (did you mean "file-cut-short"?)'), ("--fault=x", "")):
        status, said, _ = prove(fixtures, server, word)
        assert (status, said) == (2, f'cgi-conform: no fault "{word[8:]}"{hint}\n')


def test_a_sample_of_the_cases_is_proven(tmp_path: Path) -> None:
    fixtures = corpus(tmp_path / "f", *(case(f"a/{name}", "body.file = 'hello.txt'") for name in "bcdefghi"))
    server = toy(tmp_path / "s", *FILE)
    sampled = [name for name in "bcdefghi" if Options(sample=4).samples(f"a/{name}")]
    assert 0 < len(sampled) < 8
    assert [one["id"] for one in proven(fixtures, server, "--sample=4", status=0)["cases"]] == [f"a/{name}" for name in sampled]


EDIT = "was = 'else 404'\nnow = 'else 200'\n"
WRONG = [
    ("[a]\nfile = 'server.py'\nwsa = 'x'\n" + EDIT, 'unknown key "wsa" in "a" (did you mean "was"?)'),
    ("[a]\nfile = 'server.py'\nwas = 'x'\n", 'missing key "now" in "a"'),
    ("[a]\nfile = '../x.py'\n" + EDIT, '"a.file" is "../x.py", which is not of the form ^[a-z0-9_]+\\.py$'),
    ("[A]\nfile = 'server.py'\n" + EDIT, 'the name "A" is not of the form ^[a-z0-9]+(-[a-z0-9]+)*(-\\{status\\})?$'),
    ("[a]\nfile = 'sever.py'\n" + EDIT,
     'fault "a": cannot find the file "sever.py" (did you mean "server.py"?)'),
    (fault("a", "else 405", ""), 'fault "a": `was` does not occur in server.py (it must occur exactly once): else 405'),
    (fault("a", "status", ""), 'fault "a": `was` occurs 5 times in server.py (it must occur exactly once): status'),
    (fault("a", "else 404", "else 404"), 'fault "a": changes nothing in server.py: `now` equals `was`'),
    (fault("a", "else 404", "else 1") + fault("b", "hello.txt\" else 404", "hello.txt\" else 1"),
     'fault "b" is the defect of "a" under another name'),
    ("[a]\nedit = []\n", '"a.edit" is empty'),
    ("[a]\nedit = [{ file = 'server.py', was = 'x' }]\n", 'missing key "now" in "a.edit[1]"'),
    ("[a\n", "broken TOML: "),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), WRONG, ids=[said for _, said in WRONG])
def test_an_error_in_a_fault_is_reported_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    toy(tmp_path, faults=text)
    _, wrong = load_faults(tmp_path / "toy")
    assert len(wrong) == 1 and wrong[0].startswith(f"faults/toy.toml: {said}")


def test_a_fault_that_breaks_the_source_is_reported_after_the_other_proofs(tmp_path: Path) -> None:
    fixtures = corpus(tmp_path / "f", named(case("a/file"), "broken"), case("a/good", "body.file = 'hello.txt'"))
    server = toy(tmp_path / "s", *FILE, faults=fault("broken", "def main(argv):", "def main(argv:"))
    status, said, kills = prove(fixtures, server)
    assert status == 2
    assert kills["totals"]["cases"] == {"killed": 1, "survived": 1, "unsound": 0, "skipped": 0}
    assert said.splitlines()[-1].startswith('cgi-conform: fault "broken": server.py is not valid Python, line 4: ')


def test_unknown_and_unused_faults_are_reported(tmp_path: Path) -> None:
    fixtures = corpus(
        tmp_path / "f",
        named(case("a/file", "status = [200, 404]"), "file-cut-shrt"),
        *(named(case(f"b/{name}"), "none") for name in "ab"),
    )
    server = toy(tmp_path / "s", "file-cut-short")
    status, said, kills = prove(fixtures, server)
    assert status == 2
    assert kills["cases"][0]["note"] == 'no proof: no fault "file-cut-shrt" (did you mean "file-cut-short"?)'
    lines = [line.removeprefix("cgi-conform: ") for line in said.splitlines() if line.startswith("cgi-conform: ")]
    assert lines == [
        'cases/a.toml: case "a/file": no fault "file-cut-shrt" (did you mean "file-cut-short"?)',
        'cases/b.toml: case "b/a" and 1 more: no fault "none"',
        'faults/toy.toml: fault "file-cut-short" is named by no case (did you mean "file-cut-shrt"?)',
        'no fault "answers-200"',
        'no fault "answers-404"',
    ]
    assert prove(fixtures, server, "a/file")[0] == 2 and "named by no case" not in prove(fixtures, server, "a/file")[1]


def test_every_fault_of_this_suite_applies_and_is_named_by_a_case() -> None:
    folder = forked_server.subject(load_server("faulty")).folder
    known, wrong = load_faults(folder)
    assert wrong + unmatched(known, load_cases(REPO / "fixtures" / "cases")) == []


LOOK = """
import grp, os, signal, socket, sys

def main(argv):
    print(argv[1:], sys.argv[1:], os.getcwd(), os.getpgid(0) == os.getpid(), sorted(os.getgroups()), sys.stdin.read())
    print(sorted(os.environ.items()), [name for name in os.listdir("/proc/self/fd") if int(name) > 4])
    print([signal.getsignal(number) for number in sorted(signal.valid_signals())], signal.pthread_sigmask(0, ()))
    print("on stderr", sys.stderr.line_buffering, sys.stderr.errors, file=sys.stderr)
    print(f"Serving HTTP on 127.0.0.1 port {argv[0]} (look) ...", flush=True)
    listener = socket.create_server(("127.0.0.1", int(argv[0])))  # last: then the log is complete
    signal.pause()
"""


def test_a_forked_server_has_the_same_surroundings_as_a_new_interpreter(tmp_path: Path) -> None:
    (tmp_path / "base" / "root").mkdir(parents=True)
    server = load_server(f"{toy(tmp_path / 's', server=LOOK)}/")
    whole = forked_server.subject(server)
    script = (
        "import sys\nfrom pathlib import Path\nfrom cgi_conform.proof import forked_server\n"
        "from cgi_conform.servers import launch\nfrom cgi_conform.cases.docroot import Docroot\nfrom cgi_conform.servers.definition import load_server\n"
        "server = load_server(sys.argv[1])\nwhole = forked_server.subject(server)\n"
        "for starter in (launch.started, forked_server.Zygote(whole).starter({})):\n"
        "    instance = launch.start(server, Docroot(Path(sys.argv[2])), '', {'A': b'\\xff'}, starter)\n"
        "    print(instance.log_since(0).decode().replace(str(instance.port), 'PORT'), end='\\f')\n"
        "    instance.stop()\n"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", script, f"{server.here}/", str(tmp_path / "base")],
        env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    popen, fork, _ = done.stdout.split("\f")
    assert fork == popen and "Serving HTTP" in fork
    assert whole.folder.name == "toy"


def test_a_forked_server_has_the_wait_and_poll_of_popen(tmp_path: Path) -> None:
    (tmp_path / "base" / "root").mkdir(parents=True)
    server = load_server(f"{toy(tmp_path / 's')}/")
    zygote = forked_server.Zygote(forked_server.subject(server))
    instance = start(server, Docroot(tmp_path / "base"), starter=zygote.starter({}))
    with pytest.raises(subprocess.TimeoutExpired):
        instance.process.wait(0.01)
    assert instance.process.poll() is None and instance.died() is None
    instance.stop()
    assert instance.process.wait() == instance.process.poll() == -15
    zygote.end()


def test_forked_servers_end_with_the_process_that_they_are_forked_from(tmp_path: Path) -> None:
    (tmp_path / "base" / "root").mkdir(parents=True)
    server = load_server(f"{toy(tmp_path / 's')}/")
    zygote = forked_server.Zygote(forked_server.subject(server))
    instance = start(server, Docroot(tmp_path / "base"), starter=zygote.starter({}))
    ending = os.pidfd_open(instance.process.pid)
    zygote.end()
    assert select.select([ending], [], [], 10)[0]
    os.close(ending)
    running.pop(id(instance)).scratch.cleanup()


def test_a_package_that_cannot_be_imported_is_an_error(tmp_path: Path) -> None:
    server = load_server(f"{toy(tmp_path / 's', server='raise SystemExit(3)')}/")
    zygote = forked_server.Zygote(forked_server.subject(server))
    with pytest.raises(UserError, match="toy: the process that has imported this package ended with status 3"):
        start(server, Docroot(tmp_path), starter=zygote.starter({}))
    zygote.end()


def test_a_server_that_cannot_be_forked_is_an_error(tmp_path: Path) -> None:
    folder = toy(tmp_path / "s")
    (folder / "server.toml").write_text((folder / "server.toml").read_text().replace("'-m', ", ""))
    with pytest.raises(UserError, match="is not started by python3 -m PACKAGE with a PYTHONPATH"):
        forked_server.subject(load_server(f"{folder}/"))
    (toy(tmp_path / "s") / "toy" / "server.py").write_text("def (")
    with pytest.raises(UserError, match="server.py, line 1: "):
        forked_server.subject(load_server(f"{folder}/"))


def test_a_changed_document_root_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixtures = corpus(tmp_path / "f")
    (tmp_path / "base").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "base"))
    docroot = FreshDocroot(fixtures)
    first = docroot.get()
    assert docroot.get() == first
    (first.root / "hello.txt").read_text()
    assert not docroot.has_changed()
    for change in (lambda root: (root / "new").touch(), lambda root: (root / "hello.txt").chmod(0o600)):
        change(docroot.get().root)
        assert docroot.has_changed()
        assert docroot.get().root.joinpath("hello.txt").read_text() == "hello static\n"
    assert len(list((tmp_path / "base").iterdir())) == 1


def test_a_branch_is_judged_by_its_status_only(tmp_path: Path) -> None:
    [found] = load_cases(corpus(tmp_path, case("a/b", "status = [200, 'closed']\nbody = 'x'\ncount = 2")) / "cases")
    two = branches(found, "cgihttpserver")
    assert [(one.index, one.status, one.fault) for one in two] == [(0, 200, "answers-200"), (0, "closed", "closes-unanswered")]
    reduced = proofs.on_the_status(found.expect["cgihttpserver"], 0, [200])
    assert [(one.status, one.body, one.count) for one in reduced.answers] == [((200,), None, None)]
    branch = Branch("a/b", "cgihttpserver", 0, "bare")
    assert branch.fault == "answers-without-a-head"
    for taken, refused, verdict in ((True, True, "proven"), (False, True, "unproven"), (True, False, "unproven")):
        assert branch_proof(branch, 200, taken=taken, refused=refused)["verdict"] == verdict


@pytest.mark.parametrize(
    ("expected", "got", "kept"),
    [
        ("[0, 1, 2]", "[0, 1, 2, 4, 5]", "[0, 1, 2, 4, …]"),
        ("[0, 1, 2]", "[0, 2]", "[0, 2]"),
        ("[]", "[7, 8]", "[7, …]"),
        ('"a"', '"REMOTE_PORT":"45678", 1345678, 8000', '"REMOTE_PORT":"{client-port}", 1345678, 8000'),
        ('"a"', '"Mon, 23 Nov 2026 09:33:44 -0000, 02 Jan 2020 03:04:05"', '"Mon, {time} -0000, 02 Jan 2020 03:04:05"'),
        ("a complete response", "connection closed, lacking 17 of the 20", "connection closed, lacking some of the 20"),
        ('"a"', '"' + "x" * 400, '"' + "x" * 299 + "…"),
    ],
)
def test_numbers_that_vary_between_runs_are_left_out_of_a_mismatch(expected: str, got: str, kept: str) -> None:
    result = result_of(case_of("a/b"), "fail")
    result["mismatches"] = [{"what": "probe.fds", "expected": expected, "got": got, "at": None}]
    by = Tried.of(result).by
    assert by is not None and (by["expected"], by["got"]) == (expected, kept)
    result["mismatches"].append({"what": "reset", "expected": "the connection is not reset", "got": "reset", "at": None})
    by = Tried.of(result).by
    assert by is not None and by["what"] == "reset"


def sample() -> Kills:
    """Returns a proof with every verdict."""
    nasty = "<script>&|`x`"
    by: MismatchEntry = {"what": "body", "expected": '"a\\nb"', "got": f'"a\\n{nasty}"', "at": 2}
    names = ("a/killed", "a/survived", "b/unsound", "b/skipped")
    found = {name: replace(case_of(name), fault=name.replace("/", "-")) for name in names}
    good = Tried("pass")
    cases = [
        case_proof(found["a/killed"], "cgihttpserver", good, Tried("fail", "", by)),
        case_proof(found["a/survived"], "cgihttpserver", good, good),
        case_proof(found["b/unsound"], "cgihttpserver", Tried("warn", "", by), None),
        case_proof(found["b/skipped"], "cgihttpserver", Tried("skip", "needs root"), None),
    ]
    faults = proofs.fault_proofs(
        [Fault(one.fault, (Edit("server.py", "was <this>", "now <that>"),), written="faults/a.toml")
         for one in found.values()],
        cases,
    )
    taken = [
        branch_proof(Branch("a/killed", "cgihttpserver", 0, status), 200, taken=status == 200, refused=True)
        for status in (200, 404)
    ]
    server: Server = {"name": "toy", "title": "toy", "version": ""}
    return assembled(server, "user", ["cgihttpserver"], 4, cases, faults, taken)


def test_the_reports_show_every_missing_proof() -> None:
    kills = sample()
    assert [len(each) for each in not_proven(kills)] == [1 + 1, 2, 1]
    told = terminal.text(kills)
    for word in ("SURVIVED  a/survived", "UNSOUND   b/unsound", "NO KILL   fault a-survived", "BRANCH    a/killed"):
        assert word in told
    assert told.endswith("not proven\n") and "4 cases: 1 killed, 1 survived, 1 unsound, 1 skipped" in told
    table = markdown.text(kills)
    assert "| cases | 1 | 2 | 1 |" in table and "\\<script" not in table and "<script>" not in table
    page = html.text(kills)
    assert page.count("<details id=") == 4 and "<script>&" not in page and "was &lt;this&gt;" in page


def test_junit_counts_every_proof_once() -> None:
    kills = sample()
    root = ElementTree.fromstring(junit.text(kills))
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("10", "5", "2")
    assert len(root.findall(".//testcase")) == 10
    assert len(root.findall(".//failure")) == 5 and len(root.findall(".//skipped")) == 2
