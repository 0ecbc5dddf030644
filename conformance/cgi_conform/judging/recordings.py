"""Reads and writes the recorded answers of real servers. fixtures/recordings.toml lists the servers.

fixtures/recordings/TOPIC.toml holds their answers to the cases of a topic.

Python 3.15 has no CGI server any more. The recordings of older versions are its specification by example.

The key `by` of an answer lists the servers that gave it: "3.12" is cpython-3.12, "3.12-no-fork" cpython-3.12-no-fork.
Releases of one branch may differ. Then "3.13 before 3.13.4" gave one answer, and "3.13 since 3.13.4" another. `record`
writes the releases that it knows. A person who finds the release of the change in the changelog puts it into both
answers, and `record` keeps it. An answer that reports the version of its own server holds Python/{version} in its
place.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cgi_conform.errors import UserError
from cgi_conform.escaped import lines
from cgi_conform.judging.results import Results, Server, Suite
from cgi_conform.judging.timelines import RecordedAnswer, Came, Span, Timeline, release_of, spans
from cgi_conform.schema import faults, read_toml
from cgi_conform.write import write_whole

_BY = re.compile(r"(\S+)(?: since (\S+))?(?: before (\S+))?")
_SERVERS = "# These servers gave the answers in recordings/: the versions that were asked, the profile, and the user.\n"
_TOPIC = """\
# Servers gave these answers to the cases of fixtures/cases/{topic}.toml. `cgi-conform record` writes this file.
# Python/{{version}} is the version that answers. fixtures/recordings.toml has the versions that were asked.
"""


@dataclass(frozen=True)
class Recording:
    """The answers of a server. The first version answered all cases; the others, of the same branch, some or all."""

    name: str
    title: str
    versions: tuple[str, ...]
    profile: str
    user: str
    suite: Suite
    cases: dict[str, Timeline]

    @property
    def server(self) -> Server:
        """Returns the server that answered all cases."""
        return {"name": self.name, "title": self.title, "version": self.versions[0]}


def recording_of(results: Results) -> Recording:
    """Returns the answers in the results of a run. Cases that were skipped or broke off have none."""
    server = results["server"]
    own = f"Python/{server['version'].removeprefix('Python ')}"
    cases: dict[str, Timeline] = {}
    for case in results["cases"]:
        if case["verdict"] not in ("skip", "error"):
            received = [
                Came(each["connection"], each["end"], each["bytes"].replace(own, "Python/{version}"))
                for each in case["received"]
            ]
            cases[case["id"]] = {"": RecordedAnswer(case["saw"], tuple(received))}
    return Recording(
        name=server["name"],
        title=server["title"],
        versions=(server["version"],),
        profile=results["profile"],
        user=results["user"],
        suite=results["suite"],
        cases=cases,
    )


def read_recordings(fixtures: Path, topic: str = "*") -> list[Recording]:
    """Returns the recorded servers in their order, with their answers to the cases of a topic, or to all."""
    if not (fixtures / "recordings.toml").exists():
        return []
    servers = _read(fixtures / "recordings.toml", "recordings.schema.json")
    found: dict[str, Recording] = {}
    for name, facts in servers.items():
        found[short(name)] = Recording(name=name, versions=tuple(facts.pop("versions")), cases={}, **facts)
    for path in sorted((fixtures / "recordings").glob(f"{topic}.toml")):
        for case, answers in _read(path, "recording.schema.json").items():
            for name, given in _spans(answers).items():
                where = f'recordings/{path.name}: case "{case}": the server "{name}"'
                if name not in found:
                    raise UserError(f"{where} is not in recordings.toml")
                timeline = {span.since: span.answer for span in given}
                if given[0].since or given != spans(timeline):
                    raise UserError(f'{where} has no answer or two for some releases (each "before" needs a "since")')
                found[name].cases[case] = timeline
    return in_order(found.values())


def _read(path: Path, schema: str) -> dict[str, Any]:
    shown = f"{path.parent.name}/{path.name}"
    document = read_toml(path, shown)
    for fault in faults(document, schema):
        raise UserError(f"{shown}: {fault}")
    return document


def _spans(answers: Iterable[Mapping[str, Any]]) -> dict[str, list[Span]]:
    """Returns the answers of each server's releases, in the order of the releases."""
    found: dict[str, list[Span]] = {}
    for each in answers:
        received = [
            Came(connection, end, octets.replace("\n", ""))
            for connection, came in each.get("received", {}).items()
            for end, octets in came.items()
        ]
        answer = RecordedAnswer(each.get("saw"), tuple(received))
        for name, since, before in (by for words in each["by"] for by in _BY.findall(words)):
            found.setdefault(name, []).append(Span(since, before, answer))
    return {name: sorted(given, key=lambda span: release_of(span.since)) for name, given in found.items()}


def write_recordings(fixtures: Path, old: Iterable[Recording], new: Iterable[Recording]) -> None:
    """Writes the files in which the recordings differ, each one whole; removes the file of a topic without answers."""
    was, became = _texts(in_order(old)), _texts(in_order(new))
    for name in sorted(was.keys() | became.keys()):
        if name not in became:
            (fixtures / name).unlink()
        elif was.get(name) != became[name]:
            write_whole(fixtures / name, became[name])


def _texts(recordings: Iterable[Recording]) -> dict[str, str]:
    """Returns the text of each file, the same octets for the same recordings."""
    texts = {"recordings.toml": _SERVERS}
    cases: dict[str, dict[RecordedAnswer, list[str]]] = {}
    for each in recordings:
        texts["recordings.toml"] += _server_text(each)
        for case, timeline in each.cases.items():
            for since, before, answer in spans(timeline):
                by = short(each.name) + (f" since {since}" if since else "") + (f" before {before}" if before else "")
                cases.setdefault(case, {}).setdefault(answer, []).append(by)
    for case, answers in sorted(cases.items()):
        topic = case.partition("/")[0]
        text = "".join(_answer_text(case, answer, by) for answer, by in answers.items())
        texts.setdefault(f"recordings/{topic}.toml", _TOPIC.format(topic=topic))
        texts[f"recordings/{topic}.toml"] += text
    return texts


def _server_text(recording: Recording) -> str:
    facts = {key: getattr(recording, key) for key in ("title", "versions", "profile", "user")}
    told = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in facts.items()]
    suite = 'suite = {{ version = "{version}", cases = {cases} }}'.format(**recording.suite)
    return "\n".join(["", f'["{recording.name}"]', *told, suite, ""])


def _answer_text(case: str, answer: RecordedAnswer, by: list[str]) -> str:
    told = ["", f'[["{case}"]]', f"by = {json.dumps(by)}"]
    if answer.saw is not None:
        told.append(f"saw = {json.dumps(answer.saw)}")
    for came in answer.received:
        key = came.connection if re.fullmatch(r"[A-Za-z0-9_-]+", came.connection) else json.dumps(came.connection)
        told.append(f"received.{key}.{came.end} = {_literal(came.octets)}")
    return "\n".join([*told, ""])


def _literal(octets: str) -> str:
    """Returns printable octets as a TOML string, with a line for each of their lines. Readers remove its line ends."""
    if not octets or "'''" in octets:
        return json.dumps(octets)
    return "\n".join(["'''", *lines(octets), "'''"])


def in_order(recordings: Iterable[Recording]) -> list[Recording]:
    """Returns CPython's recordings in the order of its versions, then its variants, then the other servers."""
    return sorted(recordings, key=lambda each: (_kind(short(each.name)), release_of(each.name), each.name))


def _kind(readers_know: str) -> int:
    return 0 if is_branch(readers_know) else 1 if readers_know[:1].isdigit() else 2


def short(name: str) -> str:
    """Returns the name of a server as readers know it: "3.12" for cpython-3.12."""
    return name.removeprefix("cpython-")


def is_branch(name: str) -> bool:
    """Tells whether a short name is only a branch of CPython: "3.12" is one, "3.12-no-fork" and "lighttpd" are not."""
    return re.fullmatch(r"\d+\.\d+", name) is not None
