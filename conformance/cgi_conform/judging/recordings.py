"""What real servers answered, recorded once: fixtures/recordings/NAME.json, one server per file.

Since Python 3.15 has no CGI server any more, the recordings of the older ones are its specification by example.

A recording is of one release. `otherwise` holds what other releases of the same branch answer otherwise, to the
octet and but for the version they report: each answer with the first release that gives it (`since`), or the first
that no longer does (`before`). `record` knows only the releases it saw, and writes those; a person who knows from the
changelog which release brought the change puts that one there, and `record` keeps it.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NotRequired, TypedDict, cast

from cgi_conform.judging.releases import Release, branch, dotted, release_in
from cgi_conform.judging.results import FORMAT, Received, Results, Saw, Server, Suite, read_json

_VERSION = re.compile(r"Python/[0-9][0-9A-Za-z.+]*")


class Recorded(TypedDict):
    saw: Saw
    received: list[Received]
    since: NotRequired[str]  # in `otherwise` alone, and there one of the two
    before: NotRequired[str]


class Otherwise(TypedDict):
    """The answers in which another release differs."""

    version: str
    user: str
    cases: dict[str, Recorded]


class Recording(TypedDict):
    format: int
    suite: Suite
    server: Server
    profile: str
    user: str
    cases: dict[str, Recorded]
    otherwise: NotRequired[list[Otherwise]]


def read_recording(path: Path) -> Recording:
    """Returns a recording; anything else is said in one line."""
    return cast(Recording, read_json(path, "recording.schema.json", "a recording"))


def read_recordings(folder: Path) -> list[Recording]:
    """Returns every recording in a folder, CPython's in the order of its versions."""
    return sorted((read_recording(path) for path in folder.glob("*.json")), key=_order)


def recording_of(results: Results) -> Recording:
    """Returns what a run received; cases that were skipped or broke off have no answer to record."""
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
    """Returns the JSON text, the same octets for the same recording."""
    return json.dumps(recording, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def changed(old: Recording, new: Recording) -> list[str]:
    """Returns the ids of cases that differ, those missing on one side included."""
    ids = old["cases"].keys() | new["cases"].keys()
    return sorted(name for name in ids if old["cases"].get(name) != new["cases"].get(name))


def is_other_release(old: Recording, new: Recording) -> bool:
    """Returns whether the second is of another release of the server that the first is of, from the same branch."""
    was, became = release_in(old["server"]["version"]), release_in(new["server"]["version"])
    if was is None or became is None or was == became or branch(was) != branch(became):
        return False
    same = [(each["server"]["name"], each["server"]["title"], each["profile"]) for each in (old, new)]
    return same[0] == same[1]


def with_release(old: Recording, new: Recording) -> Recording:
    """Returns the old recording and what the new one, of another release, answers otherwise.

    A case that the new one does not have keeps what is known of it. So does an answer that was recorded before:
    its first release may have been corrected.
    """
    became = release_of(new["server"]["version"])
    others = [each for each in old.get("otherwise", []) if release_of(each["version"]) != became]
    before = next((each for each in old.get("otherwise", []) if release_of(each["version"]) == became), None)
    cases = {name: answer for name, answer in (before["cases"] if before else {}).items() if name in old["cases"]}
    for name, answer in new["cases"].items():
        known = cases.pop(name, None)
        if name not in old["cases"]:
            continue
        if known is not None and octets(known) == octets(answer):
            cases[name] = known
        elif octets(answer) != octets(old["cases"][name]) or any(name in each["cases"] for each in others):
            cases[name] = _bounded(answer, became, answers_by_release(old, others, name))
    found: Otherwise = {"version": new["server"]["version"], "user": new["user"], "cases": cases}
    whole = old.copy()
    whole["otherwise"] = sorted([*others, found], key=lambda each: release_of(each["version"]))
    return whole


def _bounded(answer: Recorded, release: Release, answers: list[tuple[Release, Recorded]]) -> Recorded:
    """Returns the answer with its bound: the first recorded release that gives it, or that no longer gives it."""
    base = next(at for at, each in answers if "since" not in each and "before" not in each)
    bounded = answer.copy()
    if release > base:
        _, older = [pair for pair in answers if pair[0] < release][-1]
        goes_on = "since" in older and octets(older) == octets(answer)
        bounded["since"] = older["since"] if goes_on else dotted(release)
    else:
        at, newer = next(pair for pair in answers if pair[0] > release)
        goes_on = "before" in newer and octets(newer) == octets(answer)
        bounded["before"] = newer["before"] if goes_on else dotted(at)
    return bounded


def answers_by_release(recording: Recording, others: Iterable[Otherwise], case: str) -> list[tuple[Release, Recorded]]:
    """Returns what each recorded release answers to a case, in the order of the releases."""
    answers = [(release_of(each["version"]), each["cases"][case]) for each in others if case in each["cases"]]
    return sorted(
        [(release_of(recording["server"]["version"]), recording["cases"][case]), *answers], key=lambda pair: pair[0]
    )


def with_otherwise_of(old: Recording, new: Recording) -> Recording:
    """Returns the new recording, with what the old one knew of other releases, as far as the cases are still there."""
    if "otherwise" not in old:
        return new
    whole = new.copy()
    whole["otherwise"] = []
    for each in old["otherwise"]:
        left = {name: answer for name, answer in each["cases"].items() if name in new["cases"]}
        whole["otherwise"].append({"version": each["version"], "user": each["user"], "cases": left})
    return whole


def same_version(text: str) -> str:
    """Returns the text with one version for all that report their own."""
    return _VERSION.sub("Python/…", text)


def octets(answer: Recorded) -> str:
    """Returns what was received; whether the end of it was awaited may depend on how busy the machine was."""
    received = [(each["connection"], each["bytes"]) for each in answer["received"]]
    return same_version(json.dumps([answer["saw"], received]))


def release_of(version: str) -> Release:
    """Returns the release that a version names."""
    return release_in(version) or (0, 0, 0, 0)


def _order(recording: Mapping[str, object] | Recording) -> tuple[bool, list[int], str]:
    name = cast(Recording, recording)["server"]["name"]
    return not name.startswith("cpython-"), [int(digits) for digits in re.findall(r"\d+", name)], name
