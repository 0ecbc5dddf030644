"""Runs the scenarios of cgi-bench in Locust, for more load than one machine can make.

    locust -f bench/locustfile.py --host http://SERVER:8000 --headless -u 200 -r 50 -t 1m       one client machine
    locust -f bench/locustfile.py --master …   and on others: --worker --master-host HOST        several client machines

The server runs on another machine, on a document root made by `cgi-bench --lay-out DIR`. CGI_BENCH_SCENARIOS names the
scenarios, such as "cgi-hello,static-1k" (default: mix). Each scenario is a task with its own line in Locust's
statistics. As in cgi-bench, an answer must have the right status, length and content.
"""

import os
import tomllib
from pathlib import Path
from typing import Any

from locust import FastHttpUser, constant, runners

FILE = Path(os.environ.get("CGI_BENCH_FILE") or Path(__file__).resolve().parents[1] / "fixtures" / "scenarios.toml")
SCENARIOS: dict[str, dict[str, Any]] = {each["name"]: each for each in tomllib.loads(FILE.read_text("utf-8"))["scenario"]}

# The package of Debian 12 has no version. Its master treats a worker without a version as one from before Locust 2.0.
runners.__version__ = runners.__version__ or "2"


def weights() -> dict[str, int]:
    """Returns the weight of each scenario. A mix counts as its parts."""
    found: dict[str, int] = {}
    for name in os.environ.get("CGI_BENCH_SCENARIOS", "mix").split(","):
        if name not in SCENARIOS:
            raise SystemExit(f'locustfile.py: unknown scenario "{name}" (known: {", ".join(SCENARIOS)})')
        if {"idle", "beside"} & SCENARIOS[name].keys():
            raise SystemExit(f'locustfile.py: scenario "{name}" has a crowd, which only cgi-bench makes')
        for part, weight in SCENARIOS[name].get("mix", {name: 1}).items():
            found[part] = found.get(part, 0) + weight
    return found


def content(value: Any) -> bytes | None:
    """Returns the octets of a text or of a repeated text."""
    if value is None or isinstance(value, str):
        return None if value is None else value.encode()
    return str(value["repeat"]).encode() * int(value["times"])


def verdict(scenario: dict[str, Any], status: int, got: bytes) -> str:
    """Returns what is wrong with the answer, or an empty text."""
    wanted = scenario.get("status", 200)
    if status not in (wanted if isinstance(wanted, list) else [wanted]):
        return f"status {status} instead of {wanted}"
    body = content(scenario.get("body"))
    if body is None:
        return "" if got else "no content"
    return "" if got == body else f"{len(got)} octets that differ from the {len(body)} expected ones"


def make_task(name: str) -> Any:
    """Returns the task that sends one request of a scenario and checks the answer."""
    scenario = SCENARIOS[name]
    send = content(scenario.get("send"))
    fields = {f"X-Field-{number}": f"value {number}" for number in range(1, scenario.get("fields", 0) + 1)}
    if scenario.get("close"):
        fields["Connection"] = "close"

    def ask(user: FastHttpUser) -> None:
        method = scenario.get("method", "GET")
        with user.client.request(
            method, scenario["path"], data=send, headers=fields, name=name, catch_response=True
        ) as answer:
            if answer.status_code == 0:
                answer.failure("no answer")
                return
            wrong = verdict(scenario, answer.status_code, answer.content or b"")
            if wrong:
                answer.failure(wrong)
            else:
                answer.success()  # needed because Locust counts an expected 404 as a failure

    ask.__name__ = name.replace("-", "_")
    return ask


class Client(FastHttpUser):
    """A client of the closed loop: it sends the next request as soon as it has an answer."""

    wait_time = constant(0)
    tasks = {make_task(name): weight for name, weight in weights().items()}
