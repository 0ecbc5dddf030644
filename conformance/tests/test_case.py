"""cases/load.py, cases/answer.py, schema.py: reading case files, and the message for each error in them."""

from pathlib import Path

import pytest

from case_files import SEND, case, corpus
from cgi_conform.cases.answer import Answer, Host
from cgi_conform.cases.case import Step
from cgi_conform.cases.load import case_ids, load_cases
from cgi_conform.cases.matcher import Matcher, Repeat
from cgi_conform.commands.list import as_json, as_text
from cgi_conform.commands.show import page
from cgi_conform.errors import UserError
from cgi_conform.paths import REPO
from cgi_conform.running.capabilities import Capabilities, missing

REQUEST = b"GET /hello.txt HTTP/1.0\r\n\r\n"


def message(folder: Path, *globs: str) -> str:
    with pytest.raises(UserError) as caught:
        load_cases(folder / "cases", globs)
    return caught.value.message


def test_send_without_steps_is_one_step(tmp_path: Path) -> None:
    more = f"{SEND}\nbody = {{ repeat = 'x\\0', times = 3 }}\nhalf-close = true\nlimit = 0.5\nsee = ['x']\ncontrol = '/a\\x20'"
    [found] = load_cases(corpus(tmp_path, case("a/b", more=more)) / "cases")
    assert found.steps == (Step(send=REQUEST, body=Repeat(b"x\0", 3), half_close=True),)
    assert (found.id, found.topic, found.variant, found.limit, found.control) == ("a/b", "a", "", 0.5, b"/a ")
    assert found.connections == ("main",)


def test_steps_come_in_order(tmp_path: Path) -> None:
    more = """
        needs = ["http11"]
        [[case.step]]
        send = 'a'
        [[case.step]]
        connection = "b"
        await = '\\r'
        pause = 0.25
        reset = true
        [[case.step]]
        wait-blocked = 1
        signal = "TERM"
        wait-gone = 2
        [[case.step]]
        connection = "c"
        read-late = true
        start = "second"
    """
    [found] = load_cases(corpus(tmp_path, case("a/b", more=more)) / "cases")
    assert found.steps == (
        Step(send=b"a"),
        Step("b", await_bytes=b"\r", pause=0.25, reset=True),
        Step(wait_blocked=1, signal="TERM", wait_gone=2),
        Step("c", read_late=True, start="second"),
    )
    assert found.ends_server
    assert (found.needs, found.variant) == (("http11", "host", "same-port", "proc"), "http11")
    assert found.connections == ("main", "b", "c")


def test_environment_and_log_imply_the_capabilities_launch_and_log(tmp_path: Path) -> None:
    text = case("a/b", more=f"{SEND}\nenvironment.A = '\\xff'", expect="log.contains = 'x'")
    [found] = load_cases(corpus(tmp_path, text) / "cases")
    assert found.needs == ("launch", "log") and found.environment == {"A": b"\xff"}


def test_host_expectations_imply_the_capabilities_launch_and_host(tmp_path: Path) -> None:
    text = case("a/b", "host = { zombies = 0, written = ['x'], ended = true }", more=f"{SEND}\ntimes = 3\ndescriptor = 9")
    [found] = load_cases(corpus(tmp_path, text) / "cases")
    assert (found.needs, found.times, found.descriptor) == (("launch", "host", "proc"), 3, 9)
    assert found.expect["cgihttpserver"].host == Host(zombies=0, written=("x",), ended=True)
    [plain] = load_cases(corpus(tmp_path / "plain", case("a/b")) / "cases")
    assert (plain.needs, plain.times, plain.expect["cgihttpserver"].host) == ((), 1, None)


def test_a_case_with_a_signal_cannot_repeat_its_steps(tmp_path: Path) -> None:
    text = case("a/b", more="times = 2\n[[case.step]]\nsend = 'a'\nsignal = 'TERM'")
    assert message(corpus(tmp_path, text)).endswith(
        '"signal" ends the server: the steps cannot be played several times'
    )


def test_read_late_must_stand_in_the_first_step_of_its_connection(tmp_path: Path) -> None:
    steps = "[[case.step]]\nsend = 'a'\n[[case.step]]\nread-late = true\n"
    assert message(corpus(tmp_path, case("a/b", more=steps))).endswith(
        'step 2: "read-late" on connection "main", which is open: put it into its first step'
    )
    other = case("a/b", more=steps + "connection = 'other'")
    assert load_cases(corpus(tmp_path / "other", other) / "cases")


def test_start_again_is_skipped_for_a_server_that_chooses_its_port(tmp_path: Path) -> None:
    [found] = load_cases(corpus(tmp_path, case("a/b", more=f"[[case.step]]\n{SEND}\nstart = 'again'")) / "cases")
    assert found.needs == ("same-port",) and found.ends_server
    assert missing(found, Capabilities(True, "user")) is None
    assert missing(found, Capabilities(False, "user")) == (
        "needs a server that cgi-conform starts (--server or --command) for same-port"
    )
    assert missing(found, Capabilities(True, "user", takes_free_port=True)) == (
        "needs same-port: the server chooses its port itself (write {port} into its command)"
    )


def test_no_step_may_send_after_a_large_body_on_the_same_connection(tmp_path: Path) -> None:
    body = "[[case.step]]\nsend = 'a'\nbody = { repeat = 'xy', times = 600000 }\n[[case.step]]\nsend = 'b'\n"
    assert message(corpus(tmp_path, case("a/b", more=body))).endswith(
        "step 2 sends after the 1200000 octets of a body: the case cannot judge what follows a large body"
    )
    elsewhere = case("a/b", more=body + "connection = 'second'")
    assert load_cases(corpus(tmp_path / "elsewhere", elsewhere) / "cases")


def test_an_expectation_without_responses_is_one_answer(tmp_path: Path) -> None:
    expect = """
        status = [200, "closed"]
        reason = 'OK'
        header.Location.absent = true
        body = { starts-with = 'a\\n', lacks = ['x', 'y'], matches = '^\\w' }
        raw.repeat = { repeat = "ab", times = 2 }
        closes = true
        count = 1
        env.A = 'b'
        env-names = ["A"]
        argv = ['\\x00']
        within = 0.5
        probe.uid = "nobody"
        probe.groups = []
        probe.stdin-eof = true
        probe.gid = 5
    """
    [found] = load_cases(corpus(tmp_path, case("a/b", expect)) / "cases")
    assert found.expect["cgihttpserver"].answers == (
        Answer(
            status=(200, "closed"),
            reason=Matcher(equals=b"OK"),
            header={"Location": Matcher(absent=True)},
            body=Matcher(starts_with=b"a\n", lacks=(b"x", b"y"), matches=rb"^\w"),
            raw=Matcher(repeat=Repeat(b"ab", 2)),
            closes=True,
            count=1,
            env={"A": Matcher(equals=b"b")},
            env_names=("A",),
            argv=(b"\0",),
            within=0.5,
            probe={
                "uid": Matcher(equals=b"nobody"),
                "groups": Matcher(words=()),
                "stdin-eof": Matcher(value=True),
                "gid": Matcher(value=5),
            },
        ),
    )


def test_listed_responses_are_answers_in_order(tmp_path: Path) -> None:
    expect = """
        count = 2
        [[case.cgihttpserver.response]]
        status = 200
        [[case.cgihttpserver.response]]
        status = 404
    """
    [found] = load_cases(corpus(tmp_path, case("a/b", expect)) / "cases")
    expectation = found.expect["cgihttpserver"]
    assert expectation.answers == (Answer(status=(200,), count=2), Answer(status=(404,)))
    assert expectation.count("main") == 2 and expectation.count("other") is None


def test_the_only_connection_of_a_case_is_judged(tmp_path: Path) -> None:
    more = "[[case.step]]\nconnection = 'x'\nsend = 'a'"
    [found] = load_cases(corpus(tmp_path, case("a/b", more=more)) / "cases")
    assert found.expect["cgihttpserver"].answers[0].connection == "x"


def test_a_profile_may_name_its_own_fault(tmp_path: Path) -> None:
    text = case("a/b") + "[case.rfc3875]\nlevel = 'required'\nfault = 'other-fault'"
    [found] = load_cases(corpus(tmp_path, text) / "cases")
    assert (found.fault_in("cgihttpserver"), found.fault_in("rfc3875")) == ("file-cut-short", "other-fault")
    assert '"fault": "other-fault"' in as_json([found], "rfc3875")
    assert "broken by fault other-fault" in " ".join(page(found, "rfc3875", {}, (), None).split())


def test_a_profile_may_have_its_own_title_and_clauses(tmp_path: Path) -> None:
    text = case("a/b", more=f"{SEND}\n") + "[case.rfc3875]\nlevel = 'required'\ntitle = 'T'\nclauses = ['seed/b']"
    [found] = load_cases(corpus(tmp_path, text) / "cases", validate=False)
    assert (found.title_in("cgihttpserver"), found.title_in("rfc3875")) == (found.title, "T")
    assert (found.clauses_in("cgihttpserver"), found.clauses_in("rfc3875")) == (("seed/a",), ("seed/a", "seed/b"))
    assert found.clauses == ("seed/a", "seed/b")
    assert "seed/a,seed/b  -  T\n" in as_text([found], "rfc3875")
    assert page(found, "rfc3875", {}, (), None).splitlines()[1] == "T"
    assert "seed/b" not in page(found, "cgihttpserver", {}, (), None)


FAULTS = [
    (case("a/b", "fault = 'x'"), 'case "a/b": "fault" of the case is never used: every profile sets its own '
     '(move it to the case)'),
    (case("a/b", "title = 'x'"), 'case "a/b": "title" of the case is never used: every profile sets its own '
     '(move it to the case)'),
    (case("a/b").replace('clauses = ["seed/a"]', ""),
     'case "a/b": names no clause: it needs "clauses", in the case or in each profile'),
    (case("a/b", "fault = 'X'"),
     'case "a/b": "cgihttpserver.fault" is "X", which is not a name of small letters, digits and hyphens'),
    (case("a/b", "stauts = 1"), 'case "a/b": unknown key "stauts" in "cgihttpserver" (did you mean "status"?)'),
    (case("a/b", more=SEND + "\nlmit = 1"), 'case "a/b": unknown key "lmit" (did you mean "limit"?)'),
    (case("a/b", "body.contians = 'x'"),
     'case "a/b": unknown key "contians" in "cgihttpserver.body" (did you mean "contains"?)'),
    (case("a/b", "status = '4xx'"), 'case "a/b": "cgihttpserver.status" is "4xx", not one of closed, silent, bare'),
    (case("a/b", "status = [200, 'clsed']"),
     'case "a/b": "cgihttpserver.status[2]" is "clsed", not one of closed, silent, bare (did you mean "closed"?)'),
    (case("a/b", "status = 1.5"), 'case "a/b": "cgihttpserver.status" is 1.5, not an integer or a string or a list'),
    (case("a/b", "closes = 'yes'"), 'case "a/b": "cgihttpserver.closes" is "yes", not true or false'),
    (case("a/b", "body = 5"), 'case "a/b": "cgihttpserver.body" is 5, not a string or a table'),
    (case("a/b", "body = {}"), 'case "a/b": "cgihttpserver.body" is empty'),
    (case("a/b", "probe.pid = 5"), 'case "a/b": unknown key "pid" in "cgihttpserver.probe" (did you mean "uid"?)'),
    (case("a/b", level="requird"),
     'case "a/b": "cgihttpserver.level" is "requird", not one of required, recommended, observed (did you mean "required"?)'),
    (case("a/b", more=SEND + "\nneeds = ['http2']"),
     'case "a/b": "needs[1]" is "http2", not one of launch, root, user, host, log, same-port, script-directories, http11, cgi-directories, cgi-root, limits, '
     'follow-symlinks, pass-authorization (did you mean "http11"?)'),
    (case("a/b", more=SEND + "\nneeds = ['http11', 'limits']"),
     'case "a/b": needs http11 and limits at once: one variant per case'),
    (case("a/b", more="send = 'a\\qb'"),
     'case "a/b": bad escape "\\q" (\\r \\n \\t \\0 \\\\ \\xHH are known) in "send"'),
    (case("a/b", "header.A.contains = ['x', '\\x1']"),
     'case "a/b": bad escape "\\x1" (\\r \\n \\t \\0 \\\\ \\xHH are known) in "cgihttpserver.header.A.contains[2]"'),
    (case("a/b", "body.matches = '('"),
     'case "a/b": "matches" is no regular expression: missing ), unterminated subpattern at position 0'),
    (case("a/b").replace('"seed/a"', '"sed/a"'), 'case "a/b": unknown clause "sed/a" (did you mean "seed/a"?)'),
    (case("a/b").replace('["seed/a"]', "[]"), 'case "a/b": "clauses" is empty'),
    (case("a/b").replace('fault   = "file-cut-short"', ""), 'case "a/b": missing key "fault"'),
    (case("a/b").replace("file-cut-short", "File cut"),
     'case "a/b": "fault" is "File cut", which is not a name of small letters, digits and hyphens'),
    (case("a/B"), 'case "a/B": "id" is "a/B", which is not a topic, a slash and a name, of small letters, digits and hyphens'),
    (case("a/b").replace('id      = "a/b"', ""), 'case 1: missing key "id"'),
    (case("a/b", more=""), 'case "a/b": sends nothing: it needs "send" or "step"'),
    (case("a/b", more=SEND + "\n[[case.step]]\nsend = 'x'"), 'case "a/b": "send" beside "step": put it into a step'),
    (case("a/b", "connection = 'z'"), 'case "a/b": expects an answer on connection "z", which no step opens'),
    (case("a/b", "status = 200\n[[case.cgihttpserver.response]]\nstatus = 200"),
     'case "a/b": "status" beside "response": put it into the response it belongs to'),
    (case("a/b").partition("[case.cgi")[0], 'case "a/b": expects nothing: it needs [case.cgihttpserver] or [case.rfc3875]'),
    (case("a/b", "status = '501'"),
     'case "a/b": "cgihttpserver.status" is "501", not one of closed, silent, bare (a number is written without quotes)'),
    (case("a/b", "status = 600"), 'case "a/b": "cgihttpserver.status" is 600, more than 599'),
    (case("a/b", "count = '1'"),
     'case "a/b": "cgihttpserver.count" is "1", not an integer (a number is written without quotes)'),
    (case("a/b", "count = -1"), 'case "a/b": "cgihttpserver.count" is -1, less than 0'),
    (case("a/b", more=SEND + "\nlimit = 0"), 'case "a/b": "limit" is 0, not more than 0'),
    (case("a/b", more=SEND + "\ncontrol = 'x'"), 'case "a/b": "control" is "x", which is not a path from the root on'),
    (case("a/b", more=SEND + "\nawait = 'x'"), 'case "a/b": unknown key "await" (it belongs in a [[case.step]])'),
    (case("a/b", more=SEND + "\nargv = []"), 'case "a/b": unknown key "argv" (it belongs in [case.PROFILE])'),
    (case("a/b", "control = '/'"),
     'case "a/b": unknown key "control" in "cgihttpserver" (it belongs in [[case]] itself)'),
    (case("a/b", "body.file = 'helo.txt'"),
     'case "a/b": "file" is "helo.txt", which docroot/ does not have (did you mean "hello.txt"?)'),
    ("[case]\nid = 'a/b'", '"case" is a table: begin each case with [[case]], not [case]'),
    (case("a/b", 'body = "\\xff"'),
     "broken TOML: Unescaped '\\' in a string (at line 10, column 11) (put it between single quotes: the "
     "escapes of cases are not TOML escapes)"),
    ("case = 5", '"case" is 5, not a list'),
    ("[[case]]\n[other]", 'unknown key "other"'),
    ("", 'missing key "case"'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), FAULTS, ids=[said for _, said in FAULTS])
def test_an_error_in_a_case_is_reported_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    folder = corpus(tmp_path, files={"a": text})
    assert message(folder).splitlines()[0] == f"cases/a.toml: {said}"


def test_broken_toml_is_named_with_its_line(tmp_path: Path) -> None:
    folder = corpus(tmp_path, files={"a": "[[case]]\nid =\n"})
    assert message(folder) == "cases/a.toml: broken TOML: Invalid value (at line 2, column 5)"


def test_text_that_is_not_utf_8_is_broken_toml(tmp_path: Path) -> None:
    folder = corpus(tmp_path)
    (folder / "cases" / "a.toml").write_bytes(b"id = '\xff'")
    assert message(folder).startswith("cases/a.toml: broken TOML: 'utf-8' codec can't decode byte 0xff")


def test_a_repeated_key_is_broken_toml(tmp_path: Path) -> None:
    folder = corpus(tmp_path, case("a/b", "status = 200\nstatus = 404"))
    assert message(folder).startswith("cases/a.toml: broken TOML: Cannot overwrite a value (at line ")


def test_an_id_that_is_used_twice_is_an_error(tmp_path: Path) -> None:
    folder = corpus(tmp_path, case("a/b"), case("a/b"))
    assert message(folder) == 'cases/a.toml: case "a/b": the id is used twice'


def test_a_case_in_the_file_of_another_topic_is_an_error(tmp_path: Path) -> None:
    folder = corpus(tmp_path, files={"a": case("z/b")})
    assert message(folder) == 'cases/a.toml: case "z/b": belongs in z.toml: the file is named after the part before "/"'


def test_all_errors_are_reported_at_once(tmp_path: Path) -> None:
    folder = corpus(tmp_path, case("a/b", "stauts = 1"), case("c/d", "body = 1"))
    assert len(message(folder).splitlines()) == 2


def test_globs_select_by_id_and_topic(tmp_path: Path) -> None:
    folder = corpus(tmp_path, case("a/b"), case("a/c"), case("ab/c"))
    for globs, names in {
        (): ["a/b", "a/c", "ab/c"], ("a",): ["a/b", "a/c"], ("*/c",): ["a/c", "ab/c"], ("a/b", "ab"): ["a/b", "ab/c"],
        ("*",): ["a/b", "a/c", "ab/c"],
    }.items():  # fmt: skip
        assert [found.id for found in load_cases(folder / "cases", globs)] == names
    assert case_ids(folder / "cases") == ["a/b", "a/c", "ab/c"]


def test_a_glob_that_matches_nothing_is_an_error(tmp_path: Path) -> None:
    folder = corpus(tmp_path, case("static/file"))
    assert message(folder, "static/flie") == 'no case matches "static/flie" (did you mean "static/file"?)'
    assert message(folder, "zzz") == 'no case matches "zzz" (cgi-conform list shows them)'


def test_the_cases_of_this_suite_are_valid() -> None:
    cases = load_cases(REPO / "fixtures" / "cases")
    assert sorted(found.id for found in cases) == case_ids(REPO / "fixtures" / "cases")
