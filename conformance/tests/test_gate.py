"""Gates in CI systems: each step of ci/action and ci/gitlab runs in the repository of a stranger, without its host.

The test reads the YAML files and runs what they run, in the environment that GitHub and GitLab document. It cannot
upload an artifact: there it checks that the files exist.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cgi_conform import __version__
from document_reader import BUILD
from documents import CHECKOUT, blocks, read

yaml = pytest.importorskip("yaml")
CI = CHECKOUT / "ci"
CASES = "post/plain-file static/missing-file"
SERVER = r"""
import functools, http.server, sys

class Handler(http.server.SimpleHTTPRequestHandler):
    def do_POST(self):
        self.send_error(REFUSAL, "Can only POST to CGI scripts")

_, port, root = sys.argv
here = functools.partial(Handler, directory=root)
http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), here).serve_forever()
"""
OTHER_ERRORS = """    error_message_format = "%(code)d"

    def send_error(self, code, message=None, explain=None):
        super().send_error(code, "None here")
"""
EXPECT = "['post/plain-file']\noutcome = 'fail'\nsaw = 405\nreason = 'refuses with 405'\n"
pytestmark = pytest.mark.skipif(not (BUILD / "bin" / "cgi-conform").exists(), reason="ci/setup has not run")


@dataclass(frozen=True)
class Ended:
    """The end of a step or a job: its exit status, and what it printed and wrote."""

    status: int
    printed: str
    outputs: dict[str, str]
    summary: str

    @property
    def annotations(self) -> list[str]:
        return [line for line in self.printed.splitlines() if line.startswith("::error")]


@dataclass(frozen=True)
class Stranger:
    """The repository of a stranger, with a server of his own, and the folder that a CI system has beside it."""

    repository: Path
    host: Path

    @property
    def environment(self) -> dict[str, str]:
        path = f"{self.host / 'bin'}:{os.environ['PATH']}"
        return {"PATH": path, "HOME": str(self.host), "LC_ALL": "C.UTF-8", "CGI_CONFORM_BUILD": str(BUILD)}

    def writes(self, name: str, text: str) -> None:
        (self.repository / name).write_text(text)

    @property
    def command(self) -> str:
        return f"{shlex.quote(sys.executable)} server.py {{port}} {{root}}"


@pytest.fixture
def stranger(tmp_path: Path) -> Stranger:
    here = Stranger(tmp_path / "repository", tmp_path / "host")
    here.repository.mkdir()
    (here.host / "bin").mkdir(parents=True)
    here.writes("server.py", SERVER.replace("REFUSAL", "501"))
    return here


def published(stranger: Stranger, *tags: str) -> str:
    """Publishes a cgi-conform whose ci/judge is the one of this checkout, and returns the address of its repository."""
    folder = stranger.host / "server" / "owner" / "cgi-conform"
    (folder / "ci").mkdir(parents=True)
    (folder / "ci" / "judge").write_text(f'#!/bin/sh\necho "judged by $0"\nexec {shlex.quote(str(CI / "judge"))} "$@"\n')
    (folder / "ci" / "judge").chmod(0o755)
    git = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"], *(["tag", tag] for tag in tags)):
        subprocess.run([*git, *words], check=True)
    return folder.as_uri()


def filled(text: str, inputs: dict[str, str], outputs: dict[str, dict[str, str]]) -> str:
    """Returns the text with GitHub's expressions replaced by their values."""

    def value(found: "re.Match[str]") -> str:
        kind, *names = found[1].split(".")
        return inputs[names[0]] if kind == "inputs" else outputs[names[0]].get(names[2], "")

    return re.sub(r"\$\{\{ ([\w.]+) \}\}", value, text)


def acted(stranger: Stranger, *, action: Path = CI / "action", **given: str) -> Ended:
    """Does what GitHub's runner does with the action: runs its steps until one fails, then those that always run."""
    definition = yaml.safe_load((CI / "action" / "action.yml").read_text())
    assert set(given) <= set(definition["inputs"])
    inputs = {name: given.get(name, item["default"]) for name, item in definition["inputs"].items()}
    outputs: dict[str, dict[str, str]] = {}
    status, printed = 0, ""
    (stranger.host / "summary").write_text("")
    for step in definition["runs"]["steps"]:
        if "uses" in step:
            assert step["uses"].startswith("actions/upload-artifact@v4") and step["if"].startswith("${{ always() && ")
            kept = Path(filled(step["with"]["path"], inputs, outputs)) if "report" in outputs.get("judge", {}) else None
            if kept is not None and status in (0, 1):
                profile = json.loads((kept / "results.json").read_text())["profile"]
                assert filled(step["with"]["name"], inputs, outputs) == f"cgi-conform-{profile}"
                assert {path.name for path in kept.iterdir()} == {"index.html", "results.json", "junit.xml", "summary.md", "badge.json"}
            continue
        if status:
            continue
        assert step["shell"] == "bash"
        (stranger.host / "output").write_text("")
        environment = {name: filled(text, inputs, outputs) for name, text in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=stranger.repository,
            env={**stranger.environment, **in_github(stranger, action), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        status, printed = done.returncode, printed + done.stdout
        lines = (stranger.host / "output").read_text().splitlines()
        outputs[step["id"]] = {name: text for name, _, text in (line.partition("=") for line in lines)}
    told = {name: filled(item["value"], inputs, {"judge": {}, **outputs}) for name, item in definition["outputs"].items()}
    return Ended(status, printed, told, (stranger.host / "summary").read_text())


def in_github(stranger: Stranger, action: Path) -> dict[str, str]:
    return {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTION_PATH": str(action),
        "GITHUB_WORKSPACE": str(stranger.repository),
        "GITHUB_SERVER_URL": (stranger.host / "server").as_uri(),
        "GITHUB_OUTPUT": str(stranger.host / "output"),
        "GITHUB_STEP_SUMMARY": str(stranger.host / "summary"),
        "RUNNER_TEMP": str(stranger.host),
    }


def badge(ended: Ended) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(ended.outputs["badge"]).read_text())
    return found


def test_a_server_that_conforms_passes_the_action(stranger: Stranger) -> None:
    ended = acted(stranger, command=stranger.command, cases=CASES)
    assert (ended.status, ended.outputs["status"], ended.annotations) == (0, "0", []), ended.printed
    assert ended.outputs["report"] == str(stranger.repository / "cgi-conform-report")
    assert badge(ended)["message"].startswith("conforms (2 of ") and ended.summary.startswith("## ✅")
    assert "::stop-commands::" in ended.printed
    assert {path.name for path in stranger.repository.iterdir()} == {"server.py", "cgi-conform-report"}


def test_a_server_that_does_not_conform_fails_the_action(stranger: Stranger) -> None:
    stranger.writes("server.py", SERVER.replace("REFUSAL", "405"))
    ended = acted(stranger, command=stranger.command, cases=CASES, report="out/report")
    assert (ended.status, ended.outputs["status"]) == (1, "1"), ended.printed
    [annotation] = ended.annotations
    assert annotation.startswith("::error title=post/plain-file (fail)::POST to a file")  # the repository has no such file
    assert "expected 501, got 405" in annotation
    assert ended.outputs["report"] == str(stranger.repository / "out" / "report")
    assert badge(ended)["color"] == "red" and ended.summary.startswith("## ❌") and "<code>post/plain-file</code>" in ended.summary


def test_a_refused_run_keeps_no_report_of_an_earlier_one(stranger: Stranger) -> None:
    assert acted(stranger, command=stranger.command, cases=CASES).outputs["badge"]
    (stranger.repository / "cgi-conform-report" / "mine.txt").write_text("")
    ended = acted(stranger, command=stranger.command, cases=CASES, strict="obs")
    assert (ended.status, ended.outputs["badge"]) == (2, ""), ended.printed
    assert [path.name for path in (stranger.repository / "cgi-conform-report").iterdir()] == ["mine.txt"]
    assert "profile=\n" in (stranger.host / "output").read_text()


def test_a_command_that_does_not_exist_gets_an_annotation_and_a_summary(stranger: Stranger) -> None:
    ended = acted(stranger, command="./myserver {port}")
    said = 'command "./myserver {port}" names no program (looked for ./myserver)'
    assert (ended.status, ended.annotations) == (3, [f"::error title=cgi-conform::{said}"]), ended.printed
    assert ended.summary == f"## ⚠️ The server was not judged\n\n{said}\n"


@pytest.mark.long
def test_a_known_failure_passes_until_the_server_follows_the_rule(stranger: Stranger) -> None:
    stranger.writes("known.toml", EXPECT)
    stranger.writes("server.py", SERVER.replace("REFUSAL", "405"))
    assert acted(stranger, command=stranger.command, cases=CASES, expect="known.toml").status == 0
    stranger.writes("server.py", SERVER.replace("REFUSAL", "501"))
    ended = acted(stranger, command=stranger.command, cases=CASES, expect="known.toml")
    assert ended.status == 1 and "title=post/plain-file (unexpected-pass)" in ended.annotations[0]


@pytest.mark.long
def test_a_stale_expectation_is_marked_in_the_repository(stranger: Stranger) -> None:
    stranger.writes("known.toml", EXPECT + "['post/gone']\noutcome = 'fail'\nreason = 'x'\n")
    ended = acted(stranger, command=stranger.command, cases="static/missing-file", expect="known.toml")
    assert ended.status == 1
    assert ended.annotations[0].startswith("::error file=known.toml,line=5,title=stale expectation::repository/known.toml: ")


@pytest.mark.long
@pytest.mark.parametrize(
    ("strict", "cases", "status"),
    [
        ("required", "static/missing-file-phrase error-page/template", 0),
        ("recommended", "error-page/template", 0),
        ("recommended", "static/missing-file-phrase", 1),
        ("observed", "error-page/template", 1),
    ],
)
def test_strict_chooses_the_level_that_turns_the_run_red(stranger: Stranger, strict: str, cases: str, status: int) -> None:
    stranger.writes("server.py", SERVER.replace("REFUSAL", "501").replace("\n_, port", OTHER_ERRORS + "\n_, port"))
    ended = acted(stranger, command=stranger.command, cases=cases, strict=strict)
    assert ended.status == status and not re.search(r"\d pass", ended.printed), ended.printed


@pytest.mark.long
def test_the_action_takes_the_folder_of_a_definition(stranger: Stranger) -> None:
    folder = stranger.repository / "mine"
    folder.mkdir()
    (folder / "server.toml").write_text(
        f'title = "mine"\nprogram = ["{sys.executable}"]\nprofiles = ["cgihttpserver"]\n'
        'command = ["{program}", "{here}/../server.py", "{port}", "{root}"]\n'
    )
    ended = acted(stranger, server="mine", cases=CASES, skip="static/*", args="-j 1 --case-timeout '20'")
    assert ended.status == 0 and "2 cases: 1 pass, 1 skip" in ended.printed, ended.printed
    text = (folder / "server.toml").read_text()
    (folder / "server.toml").write_text(text.replace("cgihttpserver", "rfc3875"))
    assert "profile rfc3875" in acted(stranger, server="mine", cases=CASES).printed
    ended = acted(stranger, server="mine", cases=CASES, profile="cgihttpserver")
    assert ended.status == 2 and "cannot be judged in profile cgihttpserver" in ended.printed, ended.printed


@pytest.mark.long
@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({"profile": "cgi"}, 2, 'profile "cgi" is unknown (cgihttpserver or rfc3875)'),
        ({"strict": "yes"}, 2, 'strict "yes" is unknown (required, recommended or observed)'),
        ({"expect": "none.toml"}, 2, 'expect "none.toml" is no file here (give its path from the folder '),
        ({"server": "mine"}, 2, " are both given (name one)"),
        ({"args": "--skip 'post"}, 2, "args '--skip 'post' has a quote without an end"),
        ({"cases": "pots/plain-file"}, 5, "the server was not judged: the log of this step says why (exit status 5)"),
        ({"version": "-v9"}, 2, 'version "-v9" is no name of a tag or a branch'),
        ({"command": "false {port}"}, 3, 'server "command" did not start'),
    ],
)
def test_bad_inputs_fail_the_action_with_a_message(stranger: Stranger, given: dict[str, str], status: int, said: str) -> None:
    ended = acted(stranger, **{"command": stranger.command, "cases": CASES, **given})
    assert ended.status == status and said in ended.printed and "Traceback" not in ended.printed, ended.printed
    [annotation] = ended.annotations
    assert said in annotation and ended.outputs["status"] == ("" if "version" in given else str(status))


@pytest.mark.long
def test_another_version_judges_if_it_is_named(stranger: Stranger) -> None:
    published(stranger, "v0.2.0")
    fetched = stranger.host / "_actions" / "owner" / "cgi-conform" / "v1"
    fetched.mkdir(parents=True)
    (fetched / "ci").symlink_to(CI)
    ended = acted(stranger, action=fetched / "ci" / "action", command=stranger.command, cases=CASES, version="0.2.0")
    assert ended.status == 0 and f"judged by {stranger.host}/cgi-conform-0.2.0/ci/judge\n" in ended.printed, ended.printed
    environment = {**stranger.environment, **in_github(stranger, fetched / "ci" / "action")}
    for _ in range(2):  # the second call finds the clone
        done = subprocess.run([CI / "fetch", "v0.2.0"], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout == f"{stranger.host}/cgi-conform-v0.2.0\n"
    ended = acted(stranger, action=fetched / "ci" / "action", command=stranger.command, version="v9")
    annotation, line = ended.printed.splitlines()
    assert ended.status == 2 and line.startswith('ci/fetch: version "v9" cannot be fetched from file://'), ended.printed
    assert "Remote branch v9 not found" in line and annotation == f"::error title=cgi-conform::{line.removeprefix('ci/fetch: ')}"
    assert [path.name for path in stranger.host.glob("cgi-conform-v9*")] == []


def in_gitlab(stranger: Stranger, **variables: str) -> Ended:
    """Does what GitLab does with a job that extends the template: runs the lines of its script in one shell."""
    job = yaml.safe_load((CI / "gitlab" / "conformance.yml").read_text())[".cgi-conform"]
    apt = stranger.host / "bin" / "apt-get"
    apt.write_text("#!/bin/sh\n")
    apt.chmod(0o755)
    environment = {"CI": "true", "GITLAB_CI": "true", "CI_PROJECT_DIR": str(stranger.repository), **job["variables"]}
    environment |= {"CGI_CONFORM_FOLDER": str(stranger.host / "clone"), **variables}
    # ci/setup must find what is installed: the first command needs apt-get, the others do not.
    first, *others = job["script"]
    script = "\n".join([first, f"rm -- {apt}", *others])
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=stranger.repository,
        env={**stranger.environment, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    kept = [stranger.repository / path for path in [*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]]]
    assert done.returncode not in (0, 1) or all(path.exists() for path in kept)
    assert job["artifacts"]["when"] == "always"
    return Ended(done.returncode, done.stdout, {"badge": str(kept[0] / "badge.json")}, "")


@pytest.mark.long
def test_the_template_of_gitlab_judges_a_server(stranger: Stranger) -> None:
    address = published(stranger, "v0.1.0")
    given = {"CGI_CONFORM": address, "CGI_CONFORM_COMMAND": stranger.command, "CGI_CONFORM_CASES": CASES}
    ended = in_gitlab(stranger, **given)
    assert ended.status == 0 and "2 cases: 2 pass" in ended.printed and ended.annotations == [], ended.printed
    assert badge(ended)["message"].startswith("conforms (2 of ")


@pytest.mark.long
def test_the_template_of_gitlab_fails_with_the_exit_status(stranger: Stranger) -> None:
    address = published(stranger, "v0.1.0", "v0.2.0")
    stranger.writes("server.py", SERVER.replace("REFUSAL", "405"))
    given = {"CGI_CONFORM": address, "CGI_CONFORM_COMMAND": stranger.command, "CGI_CONFORM_CASES": CASES, "CGI_CONFORM_VERSION": "v0.2.0"}
    assert in_gitlab(stranger, **given).status == 1
    assert "the address of the cgi-conform repository" in in_gitlab(stranger, CGI_CONFORM_FOLDER="other").printed


@pytest.mark.long
def test_the_three_lines_for_any_other_ci_system_judge_a_server(stranger: Stranger) -> None:
    address = published(stranger, "v0.1.0")
    [lines] = [block.lines for block in blocks(read("ci/README.md")) if block.lines[0].startswith("git clone ")]
    assert len(lines) == 3
    text = "\n".join(lines).replace("https://HOST/OWNER/cgi-conform", address).replace("/tmp/cgi-conform", f"{stranger.host}/clone")
    text = text.replace("./my-server --port {port} --root {root}", stranger.command)
    done = subprocess.run(
        ["sh", "-ec", text],
        cwd=stranger.repository,
        env={**stranger.environment, "CGI_CONFORM_CASES": CASES},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0 and "\n## ✅" in done.stdout, done.stdout + done.stderr


@pytest.mark.long
def test_a_gate_needs_a_compiler_only_for_a_server_that_is_built_here(tmp_path: Path) -> None:
    """Puts programs into a copy of ci/ that only print which packages ci/setup gets, and whether ci/build runs."""
    copied = tmp_path / "ci"
    copied.mkdir()
    for name in ("gate.sh", "conform", "judge"):
        (copied / name).write_bytes((CI / name).read_bytes())
        (copied / name).chmod(0o755)
    for name in ("setup", "build"):
        (copied / name).write_text(f'#!/bin/sh\necho "{name} $*"\n')
        (copied / name).chmod(0o755)
    (tmp_path / "conformance").symlink_to(CHECKOUT / "conformance")
    runner = tmp_path / "build" / "bin" / "cgi-conform"
    runner.parent.mkdir(parents=True)
    runner.write_text('#!/bin/sh\necho "run $*"\n')
    runner.chmod(0o755)

    def asked(**variables: str) -> list[str]:
        environment = {"PATH": os.environ["PATH"], **variables}
        done = subprocess.run([copied / "judge"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        return [line for line in done.stdout.splitlines() if not line.startswith("run ")]

    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("id", "echo 0"), ("sudo", '[ "$2" = true ] || echo "sudo ${2##*/} $3 $4 $5"')):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    path = f"{programs}:{os.environ['PATH']}"
    assert asked(PATH=path, CGI_CONFORM_COMMAND="x {port}") == ["setup run"]
    assert asked(PATH=path, CGI_CONFORM_SERVER="lighttpd") == ["setup run"]
    assert asked(PATH=path, CGI_CONFORM_SERVER="cgi-server") == asked(PATH=path) == ["setup run build", "build "]
    (programs / "id").write_text("#!/bin/sh\necho 1000\n")
    assert asked(PATH=path, CGI_CONFORM_COMMAND="x {port}") == ["sudo setup --packages-only run ", "setup run"]
    assert asked(PATH=path) == ["sudo setup --packages-only run build", "setup run build", "build "]
    (programs / "sudo").write_text("#!/bin/sh\necho sudo asks for a password\nexit 1\n")
    assert asked(PATH=path) == ["sudo asks for a password", "setup run build", "build "]


WITH_TAG = ("gitlab/conformance.yml", "action/action.yml", "README.md")


@pytest.mark.parametrize("name", WITH_TAG)
def test_the_tag_is_that_of_this_version(name: str) -> None:
    assert set(re.findall(r"\bv\d+\.\d+\.\d+\b", (CI / name).read_text("utf-8"))) == {f"v{__version__}"}


@pytest.mark.parametrize("name", WITH_TAG)
def test_no_release_is_made_if_a_gate_names_another_tag(tmp_path: Path, name: str) -> None:
    texts = {f"ci/{each}": f"ci/action@v{9 if each == name else 1}.2.3, judge v1.2.3, upload-artifact@v4\n" for each in WITH_TAG}
    texts |= {f"ci/{each}": (CI / each).read_text("utf-8") for each in ("release", "gate.sh")}
    texts |= {"CMakeLists.txt": "project(cgi-conform VERSION 1.2.3 LANGUAGES CXX)\n"}
    texts |= {f"{each}/__init__.py": '__version__ = "1.2.3"\n' for each in ("conformance/cgi_conform", "server/python/cgi_server")}
    for file, text in texts.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    done = subprocess.run(["bash", tmp_path / "ci" / "release", "1.2.3"], capture_output=True, text=True, check=False)
    told = f'ci/release: version "1.2.3" is not that of ci/{name}, which says "v1.2.3 v9.2.3"\n'
    assert (done.returncode, done.stderr) == (2, told)
