"""What real servers answered, recorded once: fixtures/recordings/NAME.json, one server per file.

Since Python 3.15 has no CGI server any more, the recordings of the older ones are its specification by example.
Two servers agree on a case when they saw the same and answered with the same first lines; whether the rest is the
same too, but for the version they report, is said beside it.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, cast

from cgi_conform.report.escaped import lines
from cgi_conform.results import FORMAT, Received, Results, Saw, Server, Suite, read_json

_VERSION = re.compile(r"Python/[0-9][0-9A-Za-z.+]*")


class Recorded(TypedDict):
    saw: Saw
    received: list[Received]


class Recording(TypedDict):
    format: int
    suite: Suite
    server: Server
    profile: str
    user: str
    cases: dict[str, Recorded]


@dataclass(frozen=True)
class Agreement:
    """Servers that gave the same answer, such as "3.8–3.10, 3.12"."""

    servers: str
    answer: Recorded
    identical: bool  # to the octet, versions aside


def read_recording(path: Path) -> Recording:
    """A recording; anything else is said in one line."""
    return cast(Recording, read_json(path, "recording.schema.json", "a recording"))


def read_recordings(folder: Path) -> list[Recording]:
    """Every recording in a folder, CPython's in the order of its versions."""
    return sorted((read_recording(path) for path in folder.glob("*.json")), key=_order)


def recording_of(results: Results) -> Recording:
    """What a run received; cases that were skipped or broke off have no answer to record."""
    answered = [case for case in results["cases"] if case["verdict"] not in ("skip", "error")]
    return {
        "format": FORMAT,
        "suite": results["suite"],
        "server": results["server"],
        "profile": results["profile"],
        "user": results["user"],
        "cases": {case["id"]: {"saw": case["saw"], "received": case["received"]} for case in answered},
    }


def recording_text(recording: Recording) -> str:
    """The JSON text, the same octets for the same recording."""
    return json.dumps(recording, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def changed(old: Recording, new: Recording) -> list[str]:
    """The ids of cases that differ, those missing on one side included."""
    ids = old["cases"].keys() | new["cases"].keys()
    return sorted(name for name in ids if old["cases"].get(name) != new["cases"].get(name))


def agreements(recordings: Iterable[Recording], case: str, profile: str) -> list[Agreement]:
    """The answers to a case, equal ones folded, in the order in which servers first gave them."""
    asked = [recording for recording in recordings if recording["profile"] == profile and case in recording["cases"]]
    groups: dict[str, list[int]] = {}
    for number, recording in enumerate(asked):
        groups.setdefault(_gist(recording["cases"][case]), []).append(number)
    names = [_short(recording["server"]) for recording in asked]
    found: list[Agreement] = []
    for places in groups.values():
        answers = [asked[place]["cases"][case] for place in places]
        whole = {_VERSION.sub("Python/…", json.dumps(answer, sort_keys=True)) for answer in answers}
        found.append(Agreement(_ranges(places, names), answers[0], len(whole) == 1))
    return found


def first_lines(answer: Recorded) -> list[str]:
    """The first line of what came on each connection."""
    return [line for each in answer["received"] for line in lines(each["bytes"])[:1]]


def _gist(answer: Recorded) -> str:
    return _VERSION.sub("Python/…", json.dumps([answer["saw"], first_lines(answer)]))


def _short(server: Server) -> str:
    return server["name"].removeprefix("cpython-")


def _ranges(places: list[int], names: list[str]) -> str:
    """Neighbours as a range: 0 1 2 5 -> "3.8–3.10, 3.13"."""
    runs: list[list[int]] = []
    for place in places:
        if runs and place == runs[-1][-1] + 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return ", ".join(names[run[0]] if len(run) == 1 else f"{names[run[0]]}–{names[run[-1]]}" for run in runs)


def _order(recording: Mapping[str, object] | Recording) -> tuple[bool, list[int], str]:
    name = cast(Recording, recording)["server"]["name"]
    return not name.startswith("cpython-"), [int(digits) for digits in re.findall(r"\d+", name)], name
