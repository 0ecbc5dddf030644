"""crew.py: several cases at a time, and who shares what."""

import socket
import threading
from pathlib import Path

import pytest

from case_files import SEND, case, corpus
from cgi_conform.case import Case, load_cases
from cgi_conform.crew import Crew
from cgi_conform.plan import Options, Plan, make_plan
from cgi_conform.results import CaseResult
from scripted import Talk, read_until, scripted
from whole_run import command_of, get


def cases_of(folder: Path, *texts: str) -> list[Case]:
    return load_cases(corpus(folder, *texts) / "cases")


def launched(folder: Path) -> Plan:
    return make_plan(Options(command=command_of(folder).removeprefix("--command="), timeout=20))


def tried(crew: Crew, cases: list[Case], folder: Path) -> list[CaseResult]:
    crew.begin([(each, folder) for each in cases])
    try:
        return [crew.result(each, folder)[0] for each in cases]
    finally:
        crew.stop()


def answering(meeting: threading.Barrier) -> Talk:
    """Answers when as many clients have come as the meeting needs."""

    def talk(client: socket.socket) -> None:
        read_until(client, b"\r\n\r\n")
        meeting.wait()
        client.sendall(b"HTTP/1.0 200 OK\r\n\r\n")

    return talk


@pytest.mark.parametrize("hands", [2, 3])
def test_as_many_cases_at_a_time_as_there_are_hands(tmp_path: Path, hands: int) -> None:
    cases = cases_of(tmp_path, *(case(f"a/{number}") for number in range(2 * hands)))
    meeting = threading.Barrier(hands, timeout=20)
    with scripted(*[answering(meeting)] * len(cases)) as (host, port):
        plan = make_plan(Options(url=f"http://{host}:{port}", root=str(tmp_path / "docroot"), timeout=20))
        results = tried(Crew(plan, hands), cases, tmp_path)
    assert [result["verdict"] for result in results] == ["pass"] * len(cases)


def test_one_hand_tries_a_case_when_it_is_asked_for(tmp_path: Path) -> None:
    cases = cases_of(tmp_path, case("a/b"), case("a/c"))
    crew = Crew(launched(tmp_path), 1)
    crew.begin([(each, tmp_path) for each in cases])
    assert crew.result(cases[1], tmp_path)[0]["verdict"] == "pass" and crew.obituaries() == []
    crew.stop()


@pytest.mark.parametrize(("more", "roots"), [("status = 200", 1), ("status = 200\nhost.written = []", 3)])
def test_who_looks_for_files_that_were_written_has_a_document_root_alone(tmp_path: Path, more: str, roots: int) -> None:
    cases = cases_of(tmp_path, *(case(f"a/{number}", more) for number in range(3)))
    crew = Crew(launched(tmp_path), 3)
    meeting = threading.Barrier(3, timeout=20)
    found: list[str] = []

    def hand(each: Case) -> None:
        meeting.wait()
        if crew.result(each, tmp_path)[0]["verdict"] == "pass":
            found.extend(str(one.docroot.root) for one in crew._own.running.values())
        meeting.wait()

    threads = [threading.Thread(target=hand, args=(each,)) for each in cases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    crew.stop()
    assert len(found) == 3 and len(set(found)) == roots
    assert not any(Path(root).exists() for root in found)


def test_who_stops_does_not_wait_for_an_answer(tmp_path: Path) -> None:
    cases = cases_of(tmp_path, *(case(f"a/{number}", more=get("/silence")) for number in range(6)))
    crew = Crew(make_plan(Options(command=command_of(tmp_path).removeprefix("--command="), timeout=600)), 3)
    crew.begin([(each, tmp_path) for each in cases])
    while len(crew._all) < 3:
        pass
    crew.stop()
    with pytest.raises(RuntimeError, match="the run is over"):
        crew.result(case_of_its_own(tmp_path), tmp_path)


def case_of_its_own(folder: Path) -> Case:
    return cases_of(folder / "other", case("b/c"))[0]


def test_what_breaks_a_hand_is_told_to_who_asks(tmp_path: Path) -> None:
    [broken] = cases_of(tmp_path, case("a/b", "body.file = 'hello.txt'", more=SEND))
    (tmp_path / "docroot" / "hello.txt").unlink()
    crew = Crew(launched(tmp_path), 2)
    crew.begin([(broken, tmp_path)])
    try:
        with pytest.raises(FileNotFoundError):
            crew.result(broken, tmp_path)
    finally:
        crew.stop()
